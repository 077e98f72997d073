"""Parts of a resource that a client asks for: _summary and _elements. Source: FHIR R4 and R5, search, summary.

A part is tagged SUBSETTED, so that nobody writes it back as the whole.
"""

from __future__ import annotations

from collections.abc import Collection

from termserver.errors import BadInput
from termserver.fhir.elements import Json
from termserver.fhir.schema import elements_of
from termserver.fhir.versions import FhirVersion

SUMMARIES = ("true", "text", "data", "count", "false")
_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_ALWAYS = {"resourceType", "id", "meta"}


def read_summary(value: str | None) -> str:
    """The parameter _summary; `false` where it is absent.

    Raises
    ------
    BadInput
        If it is none of FHIR's.
    """
    if value is None or value == "":
        return "false"
    if value not in SUMMARIES:
        raise BadInput(f"Parameter '_summary': must be one of {', '.join(SUMMARIES)}", expression="_summary")
    return value


def read_elements(value: str | None) -> tuple[str, ...]:
    """The names in the parameter _elements; a type before the dot is left out (`ConceptMap.url`).

    >>> read_elements("ConceptMap.url,name")
    ('url', 'name')
    """
    names = (name.strip().rpartition(".")[2] for name in (value or "").split(","))
    return tuple(name for name in names if name)


def is_whole(summary: str, elements: Collection[str]) -> bool:
    """True if no part but everything is asked for."""
    return summary in ("false", "count") and not elements


def subset(resource: Json, version: FhirVersion, *, summary: str = "false", elements: Collection[str] = ()) -> Json:
    """The part that is asked for; elements that must be there are always in it.

    >>> subset({"resourceType": "ValueSet", "id": "a", "status": "active", "title": "T"}, FhirVersion.R4,
    ...        elements=["title"])["status"]
    'active'
    """
    if is_whole(summary, elements):
        return resource
    known = elements_of(str(resource.get("resourceType")), version) or {}
    required = {name for name, definition in known.items() if definition.is_required}
    if elements:
        kept = required | set(elements)
    elif summary == "true":
        kept = required | {name for name, definition in known.items() if definition.in_summary}
    elif summary == "text":
        kept = required | {"text"}
    else:
        kept = set(known) - {"text"}
    kept |= _ALWAYS
    return subsetted({name: value for name, value in resource.items() if name.removeprefix("_") in kept})


def subsetted(resource: Json) -> Json:
    """The resource, tagged as a part."""
    meta = dict(resource.get("meta") or {})
    meta["tag"] = [*(tag for tag in meta.get("tag", []) if tag != _SUBSETTED), _SUBSETTED]
    first = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return first | {"meta": meta} | {name: value for name, value in resource.items() if name not in (*first, "meta")}
