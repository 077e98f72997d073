"""An answer beside the expected one, whose `$…$` markers are rules. A small runner's part of HL7's test format.

Known here: `$optional$` (true, or `version:N`: optional where FHIR's version begins so), `$optional-properties$`, and
the values `$$` (any text), `$string$`, `$fragments:a|b$` (all of these stand in the text, whatever their case).
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def sorted_parts(resource: Json) -> Json:
    """A Parameters with its parameters and parts in the order of their names, as expected files have them."""
    if resource.get("resourceType") != "Parameters":
        return resource
    return {**resource, "parameter": _sorted(resource.get("parameter", []))}


def _sorted(items: list[Json]) -> list[Json]:
    inner = [{**item, "part": _sorted(item["part"])} if "part" in item else item for item in items]
    return sorted(inner, key=lambda item: str(item.get("name")))


def difference(expected: Any, actual: Any, fhir_version: str, path: str = "$") -> str | None:
    """The first difference, with its place; None where the answer is as expected."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _objects(expected, actual, fhir_version, path)
    if isinstance(expected, list) and isinstance(actual, list):
        return _arrays(expected, actual, fhir_version, path)
    if isinstance(expected, str) and isinstance(actual, str):
        same = _text_fits(expected, actual)
    else:
        same = type(expected) is type(actual) and expected == actual
    return None if same else f"{path}: expected {expected!r}, got {actual!r}"


def _text_fits(expected: str, actual: str) -> bool:
    if expected in ("$$", "$string$"):
        return bool(actual) or expected == "$$"
    if expected.startswith("$fragments:") and expected.endswith("$"):
        return all(part.lower() in actual.lower() for part in expected[11:-1].split("|"))
    return expected == actual


def _objects(expected: Json, actual: Json, fhir_version: str, path: str) -> str | None:
    optional = expected.get("$optional-properties$", [])
    for name, value in actual.items():
        if name in expected:
            found = difference(expected[name], value, fhir_version, f"{path}.{name}")
            if found:
                return found
        elif name not in optional:
            return f"{path}.{name}: not expected, got {value!r}"
    missing = [name for name in expected if name not in actual and not name.startswith("$") and name not in optional]
    return f"{path}.{missing[0]}: expected, not there" if missing else None


def _arrays(expected: list[Any], actual: list[Any], fhir_version: str, path: str) -> str | None:
    left = list(actual)
    for place, item in enumerate(expected):
        found = (
            difference(item, left[0], fhir_version, f"{path}[{place}]")
            if left
            else f"{path}[{place}]: {item} is missing"
        )
        if found is None:
            left.pop(0)
        elif not _is_optional(item, fhir_version):
            return found
    return f"{path}: not expected, got {left[0]!r}" if left else None


def _is_optional(item: Any, fhir_version: str) -> bool:
    token = item.get("$optional$", False) if isinstance(item, dict) else False
    return fhir_version.startswith(token.removeprefix("version:")) if isinstance(token, str) else bool(token)
