"""CodeSystem: R4, R4B and R5 JSON ↔ model; the concepts travel beside the header.

Source: FHIR R4 and R5 CodeSystem. R5's versionAlgorithm[x] travels in R4 as HL7's cross-version extension.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import orjson

from termserver.fhir.coding import (
    read_designations,
    read_value,
    write_designations,
    write_value,
)
from termserver.fhir.elements import (
    Json,
    fault,
    flag,
    objects,
    required_text,
    resource_of_type,
    take_extensions,
    text,
    unread,
    without_empty,
)
from termserver.fhir.extensions import read_extensions, write_extensions
from termserver.fhir.metadata import R5_ONLY, VERSION_ALGORITHM
from termserver.fhir.primitives import plain_json
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition, property_codes
from termserver.model.coding import Coding

_READ = {
    "resourceType", "url", "version", "name", "title", "status", "language", "content", "supplements", "caseSensitive",
    "hierarchyMeaning", "publisher", "copyright", "description", "date", "valueSet", "property", "concept", "count",
}  # fmt: skip
_INACTIVE_STATUS = {"retired", "inactive", "deprecated-and-inactive"}
_CHUNK = 2_000
_DEEPEST_HIERARCHY = 400
_STANDARD = ("parent", "child", "inactive", "status", "notSelectable")


@dataclass(frozen=True, slots=True)
class _Roles:
    """The codes by which a code system calls FHIR's standard properties."""

    parent: frozenset[str]
    child: frozenset[str]
    inactive: frozenset[str]
    status: frozenset[str]
    not_selectable: frozenset[str]


def read_code_system(body: object, version: FhirVersion) -> tuple[CodeSystem, list[Concept]]:
    """The header and the concepts, in the resource's order; a nested hierarchy becomes parents.

    Raises
    ------
    BadInput
        Naming the element at fault; two concepts with one code are a fault.
    """
    resource = resource_of_type(body, "CodeSystem")
    definitions = tuple(
        PropertyDefinition(
            required_text(item, "code", f"CodeSystem.property[{place}]"),
            text(item, "type", f"CodeSystem.property[{place}]") or "string",
            text(item, "uri", f"CodeSystem.property[{place}]"),
            text(item, "description", f"CodeSystem.property[{place}]"),
        )
        for place, item in enumerate(objects(resource, "property", "CodeSystem"))
    )
    header = _read_header(resource, definitions, r5=version.is_r5)
    concepts: dict[str, Concept] = {}
    for concept in _read_concepts(resource, definitions):
        if concept.code in concepts:
            raise fault("CodeSystem.concept", f"the code '{concept.code}' occurs twice")
        concepts[concept.code] = concept
    return header, list(concepts.values())


def _read_header(resource: Json, definitions: tuple[PropertyDefinition, ...], *, r5: bool) -> CodeSystem:
    path = "CodeSystem"
    other = unread(resource, _READ)
    experimental = flag(resource, "experimental", path)
    if experimental:
        other.pop("experimental")
    if not r5:
        carried, other = take_extensions(other, VERSION_ALGORITHM)
        for item in carried:
            for kind in ("String", "Coding"):
                if f"value{kind}" in item:
                    other[f"versionAlgorithm{kind}"] = item[f"value{kind}"]
    case_sensitive = flag(resource, "caseSensitive", path)
    if case_sensitive is None:
        other["caseSensitive"] = None  # absent is not the same as true: nothing is written back
    return CodeSystem(
        text(resource, "url", path) or "",
        text(resource, "version", path) or "",
        text(resource, "name", path) or "",
        text(resource, "title", path),
        text(resource, "status", path) or "unknown",
        text(resource, "language", path),
        text(resource, "content", path) or "complete",
        text(resource, "supplements", path),
        case_sensitive is not False,
        text(resource, "hierarchyMeaning", path),
        bool(experimental),
        text(resource, "publisher", path),
        text(resource, "copyright", path),
        None,
        text(resource, "description", path),
        text(resource, "date", path),
        text(resource, "valueSet", path),
        definitions,
        (),
        other,
    )


def _read_concepts(resource: Json, definitions: tuple[PropertyDefinition, ...]) -> Iterator[Concept]:
    """All concepts, parents before their children, without recursion (depth is a client's choice)."""
    roles = _Roles(*(property_codes(definitions, name) for name in _STANDARD))
    parents_by_code: dict[str, list[str]] = {}
    found: list[Concept] = []
    top = objects(resource, "concept", "CodeSystem")
    stack = [(iter(enumerate(top)), "CodeSystem.concept", "")]
    while stack:
        items, path, parent = stack[-1]
        place, item = next(items, (-1, {}))
        if place < 0:
            stack.pop()
            continue
        here = f"{path}[{place}]"
        concept = _read_concept(item, here, parent, roles)
        found.append(concept)
        for prop in concept.properties:
            if prop.code in roles.child and isinstance(prop.value, str):
                parents_by_code.setdefault(prop.value, []).append(concept.code)
            if prop.code in roles.parent and isinstance(prop.value, str):
                parents_by_code.setdefault(concept.code, []).append(prop.value)
        below = objects(item, "concept", here)
        if below:
            if len(stack) > _DEEPEST_HIERARCHY:
                raise fault(here, f"concepts nest deeper than {_DEEPEST_HIERARCHY} levels")
            stack.append((iter(enumerate(below)), f"{here}.concept", concept.code))
    for concept in found:
        added = [code for code in parents_by_code.get(concept.code, ()) if code not in concept.parents]
        if not added:
            yield concept
        else:
            yield replace(concept, parents=(*concept.parents, *dict.fromkeys(added)))


def _read_concept(item: Json, path: str, parent: str, roles: _Roles) -> Concept:
    properties = []
    active, abstract = True, False
    for place, element in enumerate(objects(item, "property", path)):
        here = f"{path}.property[{place}]"
        value = read_value(element, here)
        if value is None:
            continue
        code = required_text(element, "code", here)
        properties.append(ConceptProperty(code, value[0], value[1]))
        if code in roles.inactive and value[0] in (True, "true"):
            active = False
        if code in roles.status and value[0] in _INACTIVE_STATUS:
            active = False
        if code in roles.not_selectable and value[0] in (True, "true"):
            abstract = True
    return Concept(
        required_text(item, "code", path),
        text(item, "display", path) or "",
        read_designations(item, path),
        tuple(properties),
        (parent,) if parent else (),
        active,
        abstract,
        text(item, "definition", path),
        read_extensions(item, path),
    )


def write_code_system_head(header: CodeSystem, version: FhirVersion, fhir_id: str | None, count: int | None) -> Json:
    """All of a CodeSystem but its concepts.

    >>> write_code_system_head(CodeSystem("http://a.b/c", "1", "C"), FhirVersion.R5, "c", 3)["count"]
    3
    """
    other = dict(header.other)
    own_id = other.pop("id", None)
    written: Json = {"resourceType": "CodeSystem"}
    if fhir_id or own_id:
        written["id"] = fhir_id or own_id
    for name in ("meta", "implicitRules", "text", "contained"):
        if name in other:
            written[name] = other.pop(name)
    if not version.is_r5:
        other = _other_to_r4(other)
    case_sensitive = other.pop("caseSensitive", header.case_sensitive)
    experimental = True if header.experimental else other.pop("experimental", None)
    return (
        written
        | other
        | without_empty(
            {
                "language": header.language,
                "url": header.url,
                "version": header.version,
                "name": header.name,
                "title": header.title,
                "status": header.status,
                "experimental": experimental,
                "date": header.date,
                "publisher": header.publisher,
                "description": header.description,
                "copyright": header.copyright or header.licence,
                "caseSensitive": case_sensitive,
                "valueSet": header.value_set,
                "hierarchyMeaning": header.hierarchy_meaning,
                "content": header.content,
                "supplements": header.supplements,
                "count": count,
                "property": [
                    without_empty(
                        {"code": item.code, "uri": item.uri, "description": item.description, "type": item.kind}
                    )
                    for item in header.properties
                ],
            }
        )
    )


def _other_to_r4(other: Json) -> Json:
    carried = [
        {"url": VERSION_ALGORITHM, f"value{kind}": other[f"versionAlgorithm{kind}"]}
        for kind in ("String", "Coding")
        if f"versionAlgorithm{kind}" in other
    ]
    if carried:
        other["extension"] = [*other.get("extension", []), *carried]
    return {name: value for name, value in other.items() if name not in R5_ONLY}


def write_concept(concept: Concept, below: Mapping[str, list[Concept]] | None = None) -> Json:
    """A concept with those below it where its parents allow nesting; further parents are `parent` properties."""
    properties: list[Json] = [{"code": item.code, **write_value(item.value, item.kind)} for item in concept.properties]
    said = {(item.code, str(item.value)) for item in concept.properties if not isinstance(item.value, Coding)}
    nested_under = concept.parents[0] if below is not None and concept.parents else None
    properties += [
        {"code": "parent", "valueCode": parent}
        for parent in concept.parents
        if parent != nested_under and ("parent", parent) not in said
    ]
    if not concept.active and not any(item.code in ("inactive", "status") for item in concept.properties):
        properties.append({"code": "inactive", "valueBoolean": True})
    if concept.abstract and not any(item.code == "notSelectable" for item in concept.properties):
        properties.append({"code": "notSelectable", "valueBoolean": True})
    return without_empty(
        {
            "extension": write_extensions(concept.extensions),
            "code": concept.code,
            "display": concept.display,
            "definition": concept.definition,
            "designation": write_designations(concept.designations),
            "property": properties,
            "concept": [write_concept(item, below) for item in (below or {}).get(concept.code, ())],
        }
    )


def write_code_system(
    header: CodeSystem, concepts: Iterable[Concept], version: FhirVersion, fhir_id: str | None = None
) -> Json:
    """A whole CodeSystem, its hierarchy nested: each concept stands under its first parent."""
    every = list(concepts)
    codes = {concept.code for concept in every}
    below: dict[str, list[Concept]] = {}
    tops = []
    for concept in every:
        if concept.parents and concept.parents[0] in codes and concept.parents[0] != concept.code:
            below.setdefault(concept.parents[0], []).append(concept)
        else:
            tops.append(concept)
    written = write_code_system_head(header, version, fhir_id, None)
    if tops:
        written["concept"] = [write_concept(concept, below) for concept in tops]
    return written


def write_flat_head(header: CodeSystem, version: FhirVersion, fhir_id: str | None, count: int) -> Json:
    """The head of a CodeSystem whose concepts follow as a flat list: it declares the property `parent`."""
    head: Json = write_code_system_head(header, version, fhir_id, count)
    if not any(item.code == "parent" for item in header.properties):
        parent = {"code": "parent", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}
        head["property"] = [*head.get("property", []), parent]
    return head


def code_system_chunks(
    header: CodeSystem, concepts: Iterable[Concept], version: FhirVersion, fhir_id: str | None, count: int
) -> Iterator[bytes]:
    """A CodeSystem as a stream of JSON bytes: a flat list of concepts, the hierarchy as `parent` properties."""
    opening = orjson.dumps(write_flat_head(header, version, fhir_id, count), default=plain_json)[:-1]
    batch: list[bytes] = []
    begun = False
    for concept in concepts:
        batch.append(orjson.dumps(write_concept(concept), default=plain_json))
        if len(batch) >= _CHUNK:
            yield (b"," if begun else opening + b',"concept":[') + b",".join(batch)
            begun, batch = True, []
    if batch:
        yield (b"," if begun else opening + b',"concept":[') + b",".join(batch)
        begun = True
    yield b"]}" if begun else opening + b"}"
