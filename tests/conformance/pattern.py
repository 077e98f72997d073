"""Compare an answer with a pattern; the first difference is told with its place.

Maps: every key of the pattern must fit, further keys are free; null means that the key is absent. Lists: the same length, item
by item; a list that ends with `...` only needs its items somewhere. Strings: equal; `/…/` is a regular expression for all of
the string; `"*"` is anything that is there.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from httpx import Response

_FHIR = {"f": "http://hl7.org/fhir", "h": "http://www.w3.org/1999/xhtml"}


def difference(pattern: Any, actual: Any, place: str = "$") -> str | None:
    """The first difference, or None."""
    if pattern == "*":
        return None if actual is not None else f"{place}: nothing is there"
    if isinstance(pattern, dict):
        return _of_maps(pattern, actual, place)
    if isinstance(pattern, list):
        return _of_lists(pattern, actual, place)
    if isinstance(pattern, str) and len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        fits = isinstance(actual, str) and re.fullmatch(pattern[1:-1], actual, re.DOTALL) is not None
        return None if fits else f"{place}: {actual!r} does not fit {pattern}"
    if type(pattern) is not type(actual) or pattern != actual:
        return f"{place}: expected {pattern!r}, got {actual!r}"
    return None


def _of_maps(pattern: dict[str, Any], actual: Any, place: str) -> str | None:
    if not isinstance(actual, dict):
        return f"{place}: expected an object, got {actual!r}"
    for key, value in pattern.items():
        if value is None:
            if key in actual:
                return f"{place}.{key}: must be absent, is {actual[key]!r}"
            continue
        found = difference(value, actual.get(key), f"{place}.{key}")
        if found:
            return found
    return None


def _of_lists(pattern: list[Any], actual: Any, place: str) -> str | None:
    if not isinstance(actual, list):
        return f"{place}: expected a list, got {actual!r}"
    if pattern and pattern[-1] == "...":
        left = list(actual)
        for item in pattern[:-1]:
            at = next((index for index, one in enumerate(left) if difference(item, one) is None), None)
            if at is None:
                return f"{place}: nothing fits {item!r} in {left!r}"
            del left[at]
        return None
    if len(pattern) != len(actual):
        return f"{place}: expected {len(pattern)} items, got {len(actual)}: {actual!r}"
    pairs = enumerate(zip(pattern, actual, strict=True))
    return next((found for n, (a, b) in pairs if (found := difference(a, b, f"{place}[{n}]"))), None)


def difference_of_answer(expected: dict[str, Any], answer: Response) -> str | None:
    """The first thing in which an HTTP answer is not what a case expects (see `case_format`), or None."""
    for key, pattern in expected.items():
        found = _CHECKS[key](pattern, answer)
        if found:
            return f"{key} {found}"
    return None


def plain_parameters(listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Parameters (or parts) as name → value; a list where a name repeats; parts as maps of the same kind.

    >>> plain_parameters([{"name": "a", "valueCode": "x"}, {"name": "a", "part": [{"name": "b", "valueInteger": 1}]}])
    {'a': ['x', {'b': 1}]}
    """
    plain: dict[str, Any] = {}
    for one in listed:
        if "part" in one:
            value: Any = plain_parameters(one["part"])
        else:
            value = next(
                (content for key, content in one.items() if key.startswith("value") or key == "resource"), None
            )
        if one["name"] in plain:
            earlier = plain[one["name"]]
            plain[one["name"]] = [*earlier, value] if isinstance(earlier, list) else [earlier, value]
        else:
            plain[one["name"]] = value
    return plain


def _parameters(pattern: Any, answer: Response) -> str | None:
    body = answer.json()
    if body.get("resourceType") != "Parameters":
        return f"got {body}"
    return difference(pattern, plain_parameters(body["parameter"]))


def _codes(pattern: Any, answer: Response) -> str | None:
    body = answer.json()
    if "expansion" not in body:
        return f"got {body}"
    return difference(pattern, list(_codes_in(body["expansion"])))


def _codes_in(element: dict[str, Any]) -> list[str]:
    return [code for item in element.get("contains", []) for code in (item["code"], *_codes_in(item))]


def _issue(pattern: dict[str, str], answer: Response) -> str | None:
    body = answer.json()
    if body.get("resourceType") != "OperationOutcome":
        return f"got {body}"
    first = body["issue"][0]
    kinds = [coding["code"] for coding in first.get("details", {}).get("coding", [])]
    told = {
        "severity": first["severity"],
        "code": first["code"],
        "text": first.get("details", {}).get("text"),
        "type": kinds[0] if kinds else None,
        "expression": (first.get("expression") or [None])[0],
    }
    return difference(pattern, {key: value for key, value in told.items() if value is not None})


def _entries(pattern: Any, answer: Response) -> str | None:
    body = answer.json()
    return difference(pattern, body.get("entry", [])) if body.get("resourceType") == "Bundle" else f"got {body}"


def _xml(pattern: dict[str, Any], answer: Response) -> str | None:
    """Path of an element below the root (namespace `f`), or `.` for the root's name → its `value`, or its text."""
    root = ElementTree.fromstring(answer.text)
    for path, wanted in pattern.items():
        if path == ".":
            actual: Any = root.tag.rpartition("}")[2]
        else:
            found = root.findall(path, _FHIR)
            values = [element.get("value", element.text) for element in found]
            actual = values if isinstance(wanted, list) else (values[0] if values else None)
        if wanted is None and actual is None:
            continue
        if diff := difference(wanted, actual, path):
            return diff
    return None


_CHECKS = {
    "answer": lambda pattern, answer: difference(pattern, answer.json()),
    "parameters": _parameters,
    "codes": _codes,
    "issue": _issue,
    "entries": _entries,
    "xml": _xml,
    "answer_headers": lambda pattern, answer: difference(pattern, dict(answer.headers)),
}
