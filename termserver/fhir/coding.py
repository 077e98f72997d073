"""Coding, CodeableConcept, designations and the values of properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from termserver.fhir.elements import Json, fault, kind_of, objects, one_object, required_text, split_canonical, text
from termserver.fhir.extensions import read_extensions, write_extensions
from termserver.model.code_system import PropertyValue
from termserver.model.coding import Coding, Designation

_KIND_BY_NAME = {
    "valueCode": "code",
    "valueCoding": "Coding",
    "valueString": "string",
    "valueInteger": "integer",
    "valueBoolean": "boolean",
    "valueDateTime": "dateTime",
    "valueDecimal": "decimal",
    "valueUri": "uri",
    "valueCanonical": "canonical",
    "valueUrl": "url",
}
_NAME_BY_KIND = {kind: name for name, kind in _KIND_BY_NAME.items()}


def read_coding(element: Json, path: str, *, code_required: bool = True) -> Coding:
    """A Coding; a `|version` at the system's end moves to the version, where it belongs."""
    system, version = split_canonical(text(element, "system", path) or "")
    code = required_text(element, "code", path) if code_required else text(element, "code", path) or ""
    return Coding(system, code, text(element, "version", path) or version, text(element, "display", path))


def write_coding(coding: Coding) -> Json:
    """A Coding, without its empty members.

    >>> write_coding(Coding("", "A"))
    {'code': 'A'}
    """
    written: Json = {}
    if coding.system:
        written["system"] = coding.system
    if coding.version:
        written["version"] = coding.version
    if coding.code:
        written["code"] = coding.code
    if coding.display:
        written["display"] = coding.display
    return written


def read_codeable_concept(element: Json, path: str) -> tuple[Coding, ...]:
    """Every coding of a CodeableConcept; its text is no code and is not read."""
    return tuple(
        read_coding(item, f"{path}.coding[{place}]") for place, item in enumerate(objects(element, "coding", path))
    )


def read_designations(element: Json, path: str) -> tuple[Designation, ...]:
    """CodeSystem.concept.designation or ValueSet.compose.include.concept.designation."""
    found = []
    for place, item in enumerate(objects(element, "designation", path)):
        here = f"{path}.designation[{place}]"
        use = one_object(item, "use", here)
        found.append(
            Designation(
                required_text(item, "value", here),
                text(item, "language", here),
                read_coding(use, f"{here}.use", code_required=False) if use else None,
                extensions=read_extensions(item, here),
            )
        )
    return tuple(found)


def write_designations(designations: tuple[Designation, ...]) -> list[Json]:
    """Designations as FHIR writes them."""
    written = []
    for designation in designations:
        item: Json = {}
        if designation.extensions:
            item["extension"] = write_extensions(designation.extensions)
        if designation.language:
            item["language"] = designation.language
        if designation.use:
            item["use"] = write_coding(designation.use)
        item["value"] = designation.value
        written.append(item)
    return written


def read_value(element: Mapping[str, Any], path: str) -> tuple[PropertyValue, str] | None:
    """The element's value[x] and its FHIR type, or None without one.

    >>> read_value({"valueCode": "A"}, "property")
    ('A', 'code')
    """
    for name, value in element.items():
        kind = _KIND_BY_NAME.get(name)
        if kind is None:
            continue
        if kind == "Coding":
            if not isinstance(value, dict):
                raise fault(f"{path}.{name}", f"must be an object, not {kind_of(value)}")
            return read_coding(value, f"{path}.{name}", code_required=False), kind
        _check_primitive(value, kind, f"{path}.{name}")
        return value, kind
    return None


def _check_primitive(value: object, kind: str, path: str) -> None:
    if kind == "boolean":
        right = isinstance(value, bool)
    elif kind in ("integer", "decimal"):
        right = isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)
    else:
        right = isinstance(value, str)
    if not right:
        raise fault(path, f"must be of type {kind}, not {kind_of(value)}")


def write_value(value: PropertyValue, kind: str) -> Json:
    """A value[x] member of that FHIR type; where value and type disagree, of the value's own type.

    >>> write_value(True, "boolean")
    {'valueBoolean': True}
    """
    if isinstance(value, Coding):
        return {"valueCoding": write_coding(value)}
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueDecimal" if kind == "decimal" else "valueInteger": value}
    if isinstance(value, float):
        return {"valueDecimal": value}
    if kind in ("boolean", "integer", "decimal", "Coding"):
        return {"valueString": value}
    return {_NAME_BY_KIND.get(kind, "valueString"): value}
