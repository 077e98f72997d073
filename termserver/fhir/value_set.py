"""ValueSet: R4, R4B and R5 JSON ↔ model, and the writing of expansions.

R4 carries R5's filter operators (`child-of`, `descendent-leaf`), expansion properties and version algorithm as
HL7's cross-version extensions. Source: FHIR R4 and R5 ValueSet.
"""

from __future__ import annotations

from termserver.fhir.coding import read_designations, write_designations
from termserver.fhir.elements import (
    Json,
    flag,
    objects,
    one_object,
    required_text,
    resource_of_type,
    take_extensions,
    text,
    texts,
    unread,
    without_empty,
)
from termserver.fhir.extensions import read_extensions, write_extensions
from termserver.fhir.metadata import R5_ONLY, VERSION_ALGORITHM
from termserver.fhir.value_set_parts import (
    read_contained_code_systems,
    read_expansion_parameters,
    read_listed,
    read_supplements,
)
from termserver.fhir.versions import FhirVersion
from termserver.model.value_set import Contained, Filter, Include, IncludedConcept, ValueSet

_READ = {"resourceType", "url", "version", "name", "title", "status", "description", "compose"}
_EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
_FILTER_OP = _EXTENSION + "ValueSet.compose.include.filter.op"
_R5_ONLY_OPERATORS = {"child-of", "descendent-leaf"}
_R5_ONLY = R5_ONLY | {"scope"}


def read_value_set(body: object, version: FhirVersion) -> ValueSet:
    """A ValueSet of any version.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    resource = resource_of_type(body, "ValueSet")
    path = "ValueSet"
    other = unread(resource, _READ)
    compose = one_object(resource, "compose", path)
    experimental = flag(resource, "experimental", path)
    if experimental:
        other.pop("experimental")
    carried, other = take_extensions(other, VERSION_ALGORITHM)
    for item in carried:
        for kind in ("String", "Coding"):
            if f"value{kind}" in item:
                other[f"versionAlgorithm{kind}"] = item[f"value{kind}"]
    inactive = None
    includes: tuple[Include, ...] = ()
    excludes: tuple[Include, ...] = ()
    if compose is not None:
        inactive = flag(compose, "inactive", "ValueSet.compose")
        includes = _read_parts(compose, "include")
        excludes = _read_parts(compose, "exclude")
        rest = unread(compose, {"include", "exclude", "inactive"})
        if rest:
            other["compose"] = rest
    contained = Contained(_contained_value_sets(resource, version), read_contained_code_systems(resource, version))
    return ValueSet(
        text(resource, "url", path) or "",
        text(resource, "version", path) or "",
        text(resource, "name", path) or "",
        text(resource, "title", path),
        text(resource, "status", path) or "unknown",
        text(resource, "description", path),
        bool(experimental),
        inactive,
        includes,
        excludes,
        other,
        text(resource, "language", path),
        read_supplements(resource, compose),
        read_expansion_parameters(resource, compose),
        contained,
        () if includes else read_listed(one_object(resource, "expansion", path)),
    )


def _contained_value_sets(resource: Json, version: FhirVersion) -> tuple[tuple[str, ValueSet], ...]:
    """The value sets that a resource contains, with their ids; contained resources contain none themselves."""
    found = []
    for item in objects(resource, "contained", "ValueSet"):
        identifier = text(item, "id", "ValueSet.contained")
        if identifier and item.get("resourceType") == "ValueSet":
            found.append((identifier, read_value_set({**item, "contained": []}, version)))
    return tuple(found)


def _read_parts(compose: Json, name: str) -> tuple[Include, ...]:
    return tuple(
        _read_include(item, f"ValueSet.compose.{name}[{place}]")
        for place, item in enumerate(objects(compose, name, "ValueSet.compose"))
    )


def _read_include(element: Json, path: str) -> Include:
    concepts = tuple(
        IncludedConcept(
            required_text(item, "code", f"{path}.concept[{place}]"),
            text(item, "display", f"{path}.concept[{place}]"),
            read_designations(item, f"{path}.concept[{place}]"),
            read_extensions(item, f"{path}.concept[{place}]"),
        )
        for place, item in enumerate(objects(element, "concept", path))
    )
    filters = tuple(
        _read_filter(item, f"{path}.filter[{place}]") for place, item in enumerate(objects(element, "filter", path))
    )
    return Include(
        text(element, "system", path),
        text(element, "version", path),
        concepts,
        filters,
        texts(element, "valueSet", path),
        unread(element, ("system", "version", "concept", "filter", "valueSet")),
    )


def _read_filter(element: Json, path: str) -> Filter:
    operator = text(element, "op", path)
    carried = one_object(element, "_op", path)
    if operator is None and carried is not None:
        found, _ = take_extensions(carried, _FILTER_OP)
        operator = text(found[0], "valueCode", f"{path}._op") if found else None
    return Filter(required_text(element, "property", path), operator or "", text(element, "value", path) or "")


def write_value_set_head(value_set: ValueSet, version: FhirVersion, fhir_id: str | None = None) -> Json:
    """A ValueSet without compose and expansion."""
    other: Json = {name: value for name, value in value_set.other.items() if name not in ("compose", "expansion")}
    own_id = other.pop("id", None)
    written: Json = {"resourceType": "ValueSet"}
    if fhir_id or own_id:
        written["id"] = fhir_id or own_id
    for name in ("meta", "implicitRules", "language", "text", "contained"):
        if name in other:
            written[name] = other.pop(name)
    if not version.is_r5:
        carried = [
            {"url": VERSION_ALGORITHM, f"value{kind}": other[f"versionAlgorithm{kind}"]}
            for kind in ("String", "Coding")
            if f"versionAlgorithm{kind}" in other
        ]
        if carried:
            other["extension"] = [*other.get("extension", []), *carried]
        other = {name: value for name, value in other.items() if name not in _R5_ONLY}
    experimental = True if value_set.experimental else other.pop("experimental", None)
    return (
        written
        | other
        | without_empty(
            {
                "url": value_set.url,
                "version": value_set.version,
                "name": value_set.name,
                "title": value_set.title,
                "status": value_set.status,
                "experimental": experimental,
                "description": value_set.description,
            }
        )
    )


def write_compose(value_set: ValueSet, version: FhirVersion) -> Json:
    """ValueSet.compose; empty where the value set has none."""
    rest = value_set.other.get("compose")
    written: Json = dict(rest) if isinstance(rest, dict) else {}
    if not version.is_r5:
        written.pop("property", None)
    if value_set.inactive is not None:
        written["inactive"] = value_set.inactive
    for name, parts in (("include", value_set.includes), ("exclude", value_set.excludes)):
        if parts:
            written[name] = [_write_include(part, version) for part in parts]
    return written


def write_value_set(value_set: ValueSet, version: FhirVersion, fhir_id: str | None = None) -> Json:
    """A whole ValueSet, an expansion that it came with included.

    >>> write_value_set(ValueSet("http://a.b/v", "1", "V"), FhirVersion.R4)["url"]
    'http://a.b/v'
    """
    written = write_value_set_head(value_set, version, fhir_id)
    compose = write_compose(value_set, version)
    if compose:
        written["compose"] = compose
    if "expansion" in value_set.other:
        written["expansion"] = value_set.other["expansion"]
    return written


def _write_include(part: Include, version: FhirVersion) -> Json:
    concepts = [
        without_empty(
            {
                "extension": write_extensions(item.extensions),
                "code": item.code,
                "display": item.display,
                "designation": write_designations(item.designations),
            }
        )
        for item in part.concepts
    ]
    other = part.other if version.is_r5 else {name: value for name, value in part.other.items() if name != "copyright"}
    return dict(other) | without_empty(
        {
            "system": part.system,
            "version": part.version,
            "concept": concepts,
            "filter": [_write_filter(item, version) for item in part.filters],
            "valueSet": list(part.value_sets),
        }
    )


def _write_filter(item: Filter, version: FhirVersion) -> Json:
    if item.op in _R5_ONLY_OPERATORS and not version.is_r5:
        carried = {"extension": [{"url": _FILTER_OP, "valueCode": item.op}]}
        return without_empty({"property": item.property, "_op": carried, "value": item.value})
    return without_empty({"property": item.property, "op": item.op, "value": item.value})
