"""What a ValueSet says of its own expansion: parameters it fixes, supplements it needs, resources it contains.

Source: FHIR extensions valueset-expansion-parameter and valueset-supplement; FHIR R5 ValueSet (contained resources,
stored expansions).
"""

from __future__ import annotations

from collections.abc import Collection

from termserver.fhir.code_system import read_code_system
from termserver.fhir.coding import read_designations
from termserver.fhir.elements import Json, fault, objects, required_text, text
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.value_set import Include, IncludedConcept

_PARAMETER = (
    "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter",
    "http://hl7.org/fhir/tools/StructureDefinition/valueset-expansion-parameter",
)
_SUPPLEMENT = "http://hl7.org/fhir/StructureDefinition/valueset-supplement"
_FLAGS = {"true": True, "false": False}
_DEEPEST_EXPANSION = 400


def read_expansion_parameters(*elements: Json | None) -> tuple[tuple[str, str | int | bool], ...]:
    """Pairs (name, value) of the expansion parameters that a value set fixes; `true` and `false` are booleans.

    >>> name = {"url": "name", "valueCode": "displayLanguage"}
    >>> value = {"url": "value", "valueCode": "de"}
    >>> read_expansion_parameters({"extension": [{"url": _PARAMETER[0], "extension": [name, value]}]})
    (('displayLanguage', 'de'),)
    """
    found: list[tuple[str, str | int | bool]] = []
    for element in elements:
        for item in _extensions(element, _PARAMETER):
            parts = {part.get("url"): _value_of(part) for part in _extensions(item, ("name", "value"))}
            name, value = parts.get("name"), parts.get("value")
            if isinstance(name, str) and isinstance(value, str | int | bool):
                found.append((name, _FLAGS.get(value, value) if isinstance(value, str) else value))
    return tuple(found)


def read_supplements(*elements: Json | None) -> tuple[str, ...]:
    """Canonicals of the supplements that a value set needs."""
    values = (_value_of(item) for element in elements for item in _extensions(element, (_SUPPLEMENT,)))
    return tuple(value for value in values if isinstance(value, str))


def _extensions(element: Json | None, urls: Collection[str]) -> list[Json]:
    every = (element or {}).get("extension")
    return (
        [item for item in every if isinstance(item, dict) and item.get("url") in urls]
        if isinstance(every, list)
        else []
    )


def _value_of(extension: Json) -> object:
    return next((value for name, value in extension.items() if name.startswith("value")), None)


def read_contained_code_systems(
    resource: Json, version: FhirVersion
) -> tuple[tuple[str, CodeSystem, tuple[Concept, ...]], ...]:
    """The code systems that a resource contains, with their ids."""
    found = []
    for item in objects(resource, "contained", "ValueSet"):
        identifier = text(item, "id", "ValueSet.contained")
        if identifier and item.get("resourceType") == "CodeSystem":
            header, concepts = read_code_system(item, version)
            found.append((identifier, header, tuple(concepts)))
    return tuple(found)


def read_listed(expansion: Json | None) -> tuple[Include, ...]:
    """A stored expansion as includes, one a code system version, in the order of first appearance."""
    by_system: dict[tuple[str, str | None], list[IncludedConcept]] = {}
    path = "ValueSet.expansion.contains"
    level = objects(expansion or {}, "contains", "ValueSet.expansion")
    for _ in range(_DEEPEST_EXPANSION):
        below: list[Json] = []
        for item in level:
            code = text(item, "code", path)
            if code:
                key = (required_text(item, "system", path), text(item, "version", path))
                concept = IncludedConcept(code, text(item, "display", path), read_designations(item, path))
                by_system.setdefault(key, []).append(concept)
            below += objects(item, "contains", path)
        if not below:
            break
        level = below
    else:
        raise fault(path, f"nests deeper than {_DEEPEST_EXPANSION} levels")
    return tuple(Include(system, version, tuple(concepts)) for (system, version), concepts in by_system.items())
