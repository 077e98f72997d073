"""The comparison of our conformance cases tells differences."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.conformance.pattern import difference, difference_of_answer


@pytest.mark.parametrize(
    ("pattern", "actual"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": None}, {"b": 2}),
        ({"a": "*"}, {"a": False}),
        (["x", "y"], ["x", "y"]),
        (["y", "..."], ["x", "y"]),
        (["..."], []),
        ("/v[0-9]+/", "v12"),
        ([{"a": [1]}], [{"a": [1], "b": 1}]),
    ],
)
def test_what_fits(pattern: Any, actual: Any) -> None:
    assert difference(pattern, actual) is None


@pytest.mark.parametrize(
    ("pattern", "actual", "told"),
    [
        ({"a": 1}, {"a": 2}, r"\$\.a: expected 1, got 2"),
        ({"a": True}, {"a": 1}, "expected True, got 1"),
        ({"a": "*"}, {}, "nothing is there"),
        ({"a": None}, {"a": 1}, "must be absent"),
        (["x"], ["x", "y"], "expected 1 items, got 2"),
        (["z", "..."], ["x", "y"], "nothing fits 'z'"),
        (["x", "x", "..."], ["x", "y"], "nothing fits 'x'"),
        ("/v[0-9]/", "v12", "does not fit"),
        ([1], {"a": 1}, "expected a list"),
        ({"a": 1}, [1], "expected an object"),
    ],
)
def test_what_differs(pattern: Any, actual: Any, told: str) -> None:
    found = difference(pattern, actual)
    assert found is not None
    assert re.search(told, found)


PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "result", "valueBoolean": True},
        {"name": "property", "part": [{"name": "code", "valueCode": "p"}]},
        {"name": "property", "part": [{"name": "code", "valueCode": "q"}]},
    ],
}
EXPANSION = {"expansion": {"contains": [{"code": "a", "contains": [{"code": "b"}]}, {"code": "c"}]}}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "not-found", "details": {"text": "No such thing"}}],
}


@pytest.mark.parametrize(
    ("expected", "body", "fits"),
    [
        ({"parameters": {"result": True, "property": [{"code": "p"}, {"code": "q"}]}}, PARAMETERS, True),
        ({"parameters": {"result": False}}, PARAMETERS, False),
        ({"parameters": {"message": None}}, PARAMETERS, True),
        ({"parameters": {"result": True}}, OUTCOME, False),
        ({"codes": ["a", "b", "c"]}, EXPANSION, True),
        ({"codes": ["a", "c"]}, EXPANSION, False),
        ({"codes": []}, PARAMETERS, False),
        ({"issue": {"code": "not-found", "text": "/No .*/"}}, OUTCOME, True),
        ({"issue": {"code": "invalid"}}, OUTCOME, False),
        ({"issue": {"code": "not-found"}}, PARAMETERS, False),
        ({"entries": [{"resource": "*"}]}, {"resourceType": "Bundle", "entry": [{"resource": {}}]}, True),
        ({"entries": []}, OUTCOME, False),
        ({"answer": {"resourceType": "Bundle"}}, OUTCOME, False),
    ],
)
def test_shorthands(expected: dict[str, Any], body: dict[str, Any], fits: bool) -> None:
    assert (difference_of_answer(expected, httpx.Response(200, json=body)) is None) is fits


def test_xml() -> None:
    text = '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="a"/><valueCode value="x"/></parameter></Parameters>'
    answer = httpx.Response(200, text=text)
    assert difference_of_answer({"xml": {".": "Parameters", "f:parameter/f:valueCode": "x"}}, answer) is None
    assert difference_of_answer({"xml": {".": "Bundle"}}, answer) is not None
    assert difference_of_answer({"xml": {"f:parameter/f:valueCode": ["x", "y"]}}, answer) is not None
    assert difference_of_answer({"xml": {"f:absent": None}}, answer) is None
