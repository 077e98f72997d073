"""ConceptMap: R4, R4B and R5 JSON ↔ model, whole or as a stream of bytes.

R4 and R4B are identical here. What R4 cannot carry, and what is lost, is listed in `docs/translate.md` and tested.
Source: FHIR R4 and R5 ConceptMap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product

import orjson

from termserver.fhir.elements import (
    Json,
    flag,
    objects,
    required_text,
    resource_of_type,
    take_extensions,
    text,
    unread,
    without_empty,
)
from termserver.fhir.map_group_writer import write_element, write_group_head, write_unmapped
from termserver.fhir.map_groups import Declarations, read_group
from termserver.fhir.primitives import plain_json
from termserver.fhir.versions import FhirVersion
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup

_READ = {
    "resourceType", "url", "version", "name", "title", "status", "description", "publisher", "date", "copyright",
    "group",
}  # fmt: skip
_SCOPES = (("source_scope", "sourceScope", "source"), ("target_scope", "targetScope", "target"))
_R5_EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap."
_VERSION_ALGORITHM = "http://hl7.org/fhir/5.0/StructureDefinition/extension-CanonicalResource.versionAlgorithm"
# What R5 says and R4 does not: the type of the cross-version extension in which it travels
_CARRIED = {
    "versionAlgorithmString": "String", "versionAlgorithmCoding": "Coding", "copyrightLabel": "String",
    "approvalDate": "Date", "lastReviewDate": "Date", "effectivePeriod": "Period", "topic": "CodeableConcept",
    "author": "ContactDetail", "editor": "ContactDetail", "reviewer": "ContactDetail", "endorser": "ContactDetail",
    "relatedArtifact": "RelatedArtifact", "identifier": "Identifier",
}  # fmt: skip
_REPEATED = frozenset(["topic", "author", "editor", "reviewer", "endorser", "relatedArtifact", "identifier"])
_DECLARED = ("property", "additionalAttribute")
R5_ONLY = (_CARRIED.keys() - {"identifier"}) | set(_DECLARED)
_DECLARED_VALUES = {
    "code": "valueCode", "uri": "valueUri", "description": "valueString", "type": "valueCode",
    "system": "valueCanonical",
}  # fmt: skip
_CHUNK = 2_000


def read_concept_map(body: object, version: FhirVersion, declared: Declarations | None = None) -> ConceptMap:
    """A ConceptMap of any of the versions; what a client mislabelled by version is read where its meaning is plain.

    Parameters
    ----------
    declared
        What elements declared that were read apart from this body (`concept_map_stream`).

    Raises
    ------
    BadInput
        Naming the element, if one is missing or has the wrong type or an unknown code.
    """
    resource = resource_of_type(body, "ConceptMap")
    head = _read_head(resource, r5=version.is_r5)
    declared = declared or declarations_of(head)
    groups = tuple(
        read_group(item, f"ConceptMap.group[{place}]", declared, r5=version.is_r5)
        for place, item in enumerate(objects(resource, "group", "ConceptMap"))
    )
    return replace(head, groups=groups, other=_with_declared_attributes(dict(head.other), declared))


def _read_head(resource: Json, *, r5: bool) -> ConceptMap:
    path = "ConceptMap"
    other = unread(resource, _READ)
    scopes: dict[str, str | None] = {}
    for attribute, r5_name, r4_name in _SCOPES:
        for name, kind in product((r5_name, r4_name), ("Canonical", "Uri")):
            value = text(resource, name + kind, path)
            other.pop(name + kind, None)
            if value is not None:
                scopes[attribute] = value
                if kind == "Uri":
                    other[f"{r5_name}Uri"] = value
    experimental = flag(resource, "experimental", path)
    if experimental:
        other.pop("experimental")
    if not r5:
        other = _other_from_r4(other)
    return ConceptMap(
        required_text(resource, "url", path) if "url" in resource else "",
        text(resource, "version", path) or "",
        text(resource, "name", path) or "",
        text(resource, "title", path),
        text(resource, "status", path) or "unknown",
        text(resource, "description", path),
        text(resource, "publisher", path),
        text(resource, "date", path),
        text(resource, "copyright", path),
        bool(experimental),
        scopes.get("source_scope"),
        scopes.get("target_scope"),
        (),
        other,
    )


def _other_from_r4(other: Json) -> Json:
    if isinstance(other.get("identifier"), dict):
        other["identifier"] = [other["identifier"]]
    for name in _DECLARED:
        carried, other = take_extensions(other, _R5_EXTENSION + name)
        declared = []
        for item in carried:
            parts = {part.get("url"): part for part in objects(item, "extension", "ConceptMap.extension")}
            declared.append(
                {key: parts[key][value] for key, value in _DECLARED_VALUES.items() if value in parts.get(key, {})}
            )
        if declared:
            other[name] = declared
    for name, kind in _CARRIED.items():
        values, other = _take_values(other, _extension_for(name), f"value{kind}")
        if values:
            other[name] = [*other.get(name, []), *values] if name in _REPEATED else values[0]
    return other


def _take_values(other: Json, url: str, named: str) -> tuple[list[object], Json]:
    """The values of that type in extensions of that url, and the members without them."""
    carried, rest = take_extensions(other, url)
    values = [item[named] for item in carried if named in item]
    return (values, rest) if len(values) == len(carried) else ([], other)


def _extension_for(name: str) -> str:
    return _VERSION_ALGORITHM if name.startswith("versionAlgorithm") else _R5_EXTENSION + name


def declarations_of(concept_map: ConceptMap) -> Declarations:
    """The attributes and properties that a map's head declares."""
    declared = Declarations()
    for name in _DECLARED:
        items = concept_map.other.get(name)
        for item in items if isinstance(items, list) else ():
            if not isinstance(item, dict) or not isinstance(item.get("code"), str):
                continue
            if isinstance(item.get("type"), str):
                declared.type_of[item["code"]] = item["type"]
            if name == "additionalAttribute" and isinstance(item.get("uri"), str):
                declared.uri_of_attribute[item["code"]] = item["uri"]
    return declared


def _with_declared_attributes(other: Json, declared: Declarations) -> Json:
    """R5 wants every attribute declared: those that R4's properties brought are added."""
    known = other.get("additionalAttribute")
    known = known if isinstance(known, list) else []
    codes = {item.get("code") for item in known if isinstance(item, dict)}
    added = [
        {"code": code, "uri": uri, "type": declared.type_of.get(code, "string")}
        for code, uri in declared.uri_of_attribute.items()
        if code not in codes
    ]
    if added:
        other["additionalAttribute"] = [*known, *added]
    return other


def write_concept_map(concept_map: ConceptMap, version: FhirVersion) -> Json:
    """A ConceptMap as JSON of that version, whole.

    >>> write_concept_map(ConceptMap("http://a.b/c", "1", "C"), FhirVersion.R4)["resourceType"]
    'ConceptMap'
    """
    declared = declarations_of(concept_map)
    written = write_concept_map_head(concept_map, version)
    groups = [
        _write_group(group, [write_element(item, declared, r5=version.is_r5) for item in group.elements], version)
        for group in concept_map.groups
    ]
    if groups:
        written["group"] = groups
    return written


def _write_group(group: MapGroup, elements: list[Json], version: FhirVersion) -> Json:
    written = write_group_head(group, r5=version.is_r5)
    if elements:
        written["element"] = elements
    if group.unmapped:
        written["unmapped"] = write_unmapped(group.unmapped, r5=version.is_r5)
    return written


def write_concept_map_head(concept_map: ConceptMap, version: FhirVersion, fhir_id: str | None = None) -> Json:
    """All of a ConceptMap but its groups."""
    other = dict(concept_map.other)
    own_id = other.pop("id", None)
    written: Json = {"resourceType": "ConceptMap"}
    if fhir_id or own_id:
        written["id"] = fhir_id or own_id
    for name in ("meta", "implicitRules", "language", "text", "contained"):
        if name in other:
            written[name] = other.pop(name)
    scopes: Json = {}
    for attribute, r5_name, r4_name in _SCOPES:
        value = getattr(concept_map, attribute)
        kind = "Uri" if other.pop(f"{r5_name}Uri", None) is not None else "Canonical"
        if value is not None:
            scopes[(r5_name if version.is_r5 else r4_name) + kind] = value
    if not version.is_r5:
        other = _other_to_r4(other)
    experimental = True if concept_map.experimental else other.pop("experimental", None)
    read = without_empty(
        {
            "url": concept_map.url,
            "version": concept_map.version,
            "name": concept_map.name,
            "title": concept_map.title,
            "status": concept_map.status,
            "experimental": experimental,
            "date": concept_map.date,
            "publisher": concept_map.publisher,
            "description": concept_map.description,
            "copyright": concept_map.copyright,
        }
    )
    return written | read | other | scopes


def _other_to_r4(other: Json) -> Json:
    carried: list[Json] = []
    for name in _DECLARED:
        items = other.get(name)
        for item in items if isinstance(items, list) else ():
            parts = [
                {"url": key, value: item[key]} for key, value in _DECLARED_VALUES.items() if item.get(key) is not None
            ]
            carried.append({"url": _R5_EXTENSION + name, "extension": parts})
    if isinstance(other.get("identifier"), list):
        # R4 has room for one identifier
        other["identifier"], *more = other["identifier"]
        carried += [{"url": _extension_for("identifier"), "valueIdentifier": value} for value in more]
    for name, kind in _CARRIED.items():
        if name in R5_ONLY and name in other:
            values = other[name] if isinstance(other[name], list) else [other[name]]
            carried += [{"url": _extension_for(name), f"value{kind}": value} for value in values]
    if carried:
        other["extension"] = [*other.get("extension", []), *carried]
    return {name: value for name, value in other.items() if name not in R5_ONLY}


def concept_map_chunks(
    head: ConceptMap,
    groups: Iterable[tuple[MapGroup, Iterable[MapElement]]],
    version: FhirVersion,
    fhir_id: str | None = None,
) -> Iterator[bytes]:
    """A ConceptMap as a stream of JSON bytes; holds some thousand elements at a time.

    Parameters
    ----------
    groups
        Each group's head with its elements, in order.
    """
    declared = declarations_of(head)
    opening = orjson.dumps(write_concept_map_head(head, version, fhir_id), default=plain_json)
    first = True
    for group, elements in groups:
        yield (opening[:-1] + b',"group":[') if first else b","
        yield from _group_chunks(group, elements, declared, version)
        first = False
    yield opening if first else b"]}"


def _group_chunks(
    group: MapGroup, elements: Iterable[MapElement], declared: Declarations, version: FhirVersion
) -> Iterator[bytes]:
    opening = orjson.dumps(write_group_head(group, r5=version.is_r5), default=plain_json)
    yield opening[:-1]
    separator = b"," if len(opening) > 2 else b""
    batch: list[bytes] = []
    begun = False
    for element in elements:
        batch.append(orjson.dumps(write_element(element, declared, r5=version.is_r5), default=plain_json))
        if len(batch) >= _CHUNK:
            yield (b"," if begun else separator + b'"element":[') + b",".join(batch)
            begun, batch = True, []
    if batch:
        yield (b"," if begun else separator + b'"element":[') + b",".join(batch)
        begun = True
    if begun:
        yield b"]"
        separator = b","
    if group.unmapped:
        yield (
            separator
            + b'"unmapped":'
            + orjson.dumps(write_unmapped(group.unmapped, r5=version.is_r5), default=plain_json)
        )
    yield b"}"
