"""NamingSystem: R4, R4B and R5 JSON ↔ model. Source: FHIR R4 and R5 NamingSystem.

R5 gave it url, version, title and other elements of canonical resources; in R4 they travel as HL7's cross-version
extensions. R5's new types of identifiers are `other` in R4, with the R5 code beside them.
"""

from __future__ import annotations

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
from termserver.fhir.schema import elements_of
from termserver.fhir.versions import FhirVersion
from termserver.model.naming_system import NamingSystem, UniqueId

_READ = {"resourceType", "url", "version", "name", "title", "status", "kind"}
_EXTENSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-NamingSystem."
_R5_TEXTS = {"url": "valueUri", "version": "valueString", "title": "valueString"}
_TYPE_EXTENSION = _EXTENSION + "uniqueId.type"
_R4_TYPES = {"oid", "uuid", "uri", "other"}


def read_naming_system(body: object, version: FhirVersion) -> NamingSystem:
    """A NamingSystem of any version.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    resource = resource_of_type(body, "NamingSystem")
    other = unread(resource, _READ)
    texts = {name: text(resource, name, "NamingSystem") for name in _R5_TEXTS}
    for name, member in _R5_TEXTS.items():
        carried, other = take_extensions(other, _EXTENSION + name)
        if carried and texts[name] is None:
            texts[name] = text(carried[0], member, "NamingSystem.extension")
    identifiers = [
        _read_identifier(item, place) for place, item in enumerate(objects(resource, "uniqueId", "NamingSystem"))
    ]
    other["uniqueId"] = [written for _, written in identifiers]
    return NamingSystem(
        texts["url"] or "",
        texts["version"] or "",
        required_text(resource, "name", "NamingSystem"),
        texts["title"],
        text(resource, "status", "NamingSystem") or "unknown",
        text(resource, "kind", "NamingSystem") or "codesystem",
        tuple(identifier for identifier, _ in identifiers),
        other,
    )


def _read_identifier(element: Json, place: int) -> tuple[UniqueId, Json]:
    path = f"NamingSystem.uniqueId[{place}]"
    carried, rest = take_extensions(element, _TYPE_EXTENSION)
    kind = text(carried[0], "valueCode", path) if carried else required_text(element, "type", path)
    value = required_text(element, "value", path)
    return UniqueId(kind or "other", value, bool(flag(element, "preferred", path))), rest | {"type": kind}


def write_naming_system(naming_system: NamingSystem, version: FhirVersion, fhir_id: str | None = None) -> Json:
    """A whole NamingSystem.

    >>> write_naming_system(NamingSystem("http://a.b/n", "1", "N"), FhirVersion.R5)["url"]
    'http://a.b/n'
    """
    other: Json = dict(naming_system.other)
    own_id = other.pop("id", None)
    written: Json = {"resourceType": "NamingSystem"}
    if fhir_id or own_id:
        written["id"] = fhir_id or own_id
    for name in ("meta", "implicitRules", "language", "text", "contained"):
        if name in other:
            written[name] = other.pop(name)
    head: Json = {name: getattr(naming_system, name) for name in _R5_TEXTS}
    if not version.is_r5:
        carried = [
            {"url": _EXTENSION + name, member: head.pop(name)} for name, member in _R5_TEXTS.items() if head[name]
        ]
        if carried:
            other["extension"] = [*other.get("extension", []), *carried]
        head = {}
        known = elements_of("NamingSystem", version) or {}
        other = {name: value for name, value in other.items() if name.removeprefix("_") in known}
        other["uniqueId"] = [_identifier_for_r4(item) for item in other.get("uniqueId", [])]
    head |= {"name": naming_system.name, "status": naming_system.status, "kind": naming_system.kind}
    return written | without_empty(head | other)


def _identifier_for_r4(element: Json) -> Json:
    if element.get("type") in _R4_TYPES:
        return element
    carried = {"url": _TYPE_EXTENSION, "valueCode": element.get("type")}
    return {**element, "type": "other", "extension": [*element.get("extension", []), carried]}
