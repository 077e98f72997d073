"""What extensions say of a value set or code system: its standing, the supplements it needs, how it is to be expanded.

They stay in the model's `other`, verbatim; these functions read them. Source: FHIR R5 extensions
structuredefinition-standards-status, valueset-deprecated, valueset-supplement, valueset-expansion-parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from termserver.fhir.elements import Json

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_STANDARDS_STATUS = _STRUCTURE + "structuredefinition-standards-status"
_DEPRECATED = _STRUCTURE + "valueset-deprecated"
_SUPPLEMENT = _STRUCTURE + "valueset-supplement"
_EXPANSION_PARAMETER = _STRUCTURE + "valueset-expansion-parameter"


def standards_status(other: Mapping[str, object]) -> str | None:
    """The standards status of an element (`deprecated`, `withdrawn`, `draft`, …), or None.

    >>> standards_status({"extension": [{"url": _STANDARDS_STATUS, "valueCode": "withdrawn"}]})
    'withdrawn'
    """
    return next((item for item in _values(other, _STANDARDS_STATUS) if isinstance(item, str)), None)


def marked_deprecated(other: Mapping[str, object]) -> bool:
    """True if a value set marks the concept it lists as deprecated, or withdrawn."""
    return standards_status(other) in ("deprecated", "withdrawn") or any(
        value in (True, "true") for value in _values(other, _DEPRECATED)
    )


def required_supplements(other: Mapping[str, object]) -> tuple[str, ...]:
    """Canonicals of the supplements that a value set needs."""
    return tuple(item for item in _values(other, _SUPPLEMENT) if isinstance(item, str))


def expansion_parameters(other: Mapping[str, object]) -> dict[str, str | int | bool]:
    """The parameters that a value set wants to be expanded with, by name (`displayLanguage`, `versionsMatch`, …).

    Parameters
    ----------
    other
        Of the value set: the extension stands on it, or on its compose.
    """
    found: dict[str, str | int | bool] = {}
    compose = other.get("compose")
    for element in (other, compose if isinstance(compose, dict) else {}):
        for extension in _extensions(element, _EXPANSION_PARAMETER):
            parts = {part.get("url"): _value_of(part) for part in _every(extension)}
            name, value = parts.get("name"), parts.get("value")
            if isinstance(name, str) and isinstance(value, str | int | bool):
                found[name] = value
    return found


def _values(element: Mapping[str, object], url: str) -> Iterator[object]:
    for extension in _extensions(element, url):
        yield _value_of(extension)


def _extensions(element: Mapping[str, object], url: str) -> Iterator[Json]:
    return (item for item in _every(element) if item.get("url") == url)


def _every(element: Mapping[str, object]) -> Iterator[Json]:
    items = element.get("extension")
    return (item for item in (items if isinstance(items, list) else ()) if isinstance(item, dict))


def _value_of(extension: Json) -> object:
    return next((value for name, value in extension.items() if name.startswith("value")), None)
