"""$lookup as tables of cases: which properties, designations and names, at type and instance level."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.fhir.builders import ICD
from tests.unit.rest.client import BASES, FhirClient, value
from tests.unit.rest.synthetic import NAMES, TREE, Json, code_system, concept, parameter, tree


def _looked_up(
    fhir: FhirClient, code: str, *brought: Json, base: str = "/r5", system: str = TREE, **given: Any
) -> Json:
    listed = [parameter("code", code), parameter("system", system)]
    listed += [parameter("tx-resource", item) for item in brought or (tree(),)]
    for name, values in given.items():
        listed += [parameter(name, item) for item in (values if isinstance(values, list) else [values])]
    response = fhir.post(f"{base}/CodeSystem/$lookup", {"resourceType": "Parameters", "parameter": listed})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def _parts(answer: Json, name: str) -> list[Json]:
    """Part name → value, for each parameter of that name."""
    return [
        {part["name"]: next(content for key, content in part.items() if key != "name") for part in item["part"]}
        for item in answer["parameter"]
        if item["name"] == name
    ]


def _properties(answer: Json) -> list[tuple[str, Any]]:
    return [(item["code"], item["value"]) for item in _parts(answer, "property")]


CASES: list[tuple[str, list[str], list[tuple[str, Any]]]] = [
    ("B", [], [("inactive", False), ("parent", "A"), ("child", "D"), ("child", "E"), ("kind", "x"), ("notSelectable", True)]),
    ("B", ["*"], [("inactive", False), ("parent", "A"), ("child", "D"), ("child", "E"), ("kind", "x"), ("notSelectable", True)]),
    ("B", ["kind"], [("kind", "x")]),
    ("B", ["http://example.org/properties#kind"], [("kind", "x")]),
    ("B", ["child", "kind"], [("child", "D"), ("child", "E"), ("kind", "x")]),
    ("C", ["inactive", "status"], [("inactive", True), ("status", "retired")]),
    ("G", ["parent"], []),
    ("G", ["nothing"], []),
]  # fmt: skip


@pytest.mark.parametrize(("code", "asked", "found"), CASES)
def test_properties(fhir_sqlite: FhirClient, code: str, asked: list[str], found: list[tuple[str, Any]]) -> None:
    assert _properties(_looked_up(fhir_sqlite, code, property=asked)) == found


@pytest.mark.parametrize("base", BASES)
def test_the_head_of_an_answer(fhir_sqlite: FhirClient, base: str) -> None:
    answer = _looked_up(fhir_sqlite, "B", tree(name="Tree"), base=base)
    assert [value(answer, name) for name in ("name", "version", "display", "code", "system", "abstract")] == [
        "Tree", "1.0.0", "Name of B", "B", TREE, True,
    ]  # fmt: skip


def test_neighbours_are_described(fhir_sqlite: FhirClient) -> None:
    parent = _parts(_looked_up(fhir_sqlite, "B", property="parent"), "property")[0]
    assert parent == {"code": "parent", "value": "A", "description": "Name of A"}


@pytest.mark.parametrize(("asked", "shown"), [([], True), (["definition"], True), (["kind"], False)])
def test_definition(fhir_sqlite: FhirClient, asked: list[str], shown: bool) -> None:
    answer = _looked_up(fhir_sqlite, "A", property=asked)
    assert value(answer, "definition") == ("The first of all" if shown else None)


MULTI = code_system(
    NAMES,
    {
        "code": "1",
        "display": "Heart",
        "designation": [{"language": "sv", "value": "Hjärta"}, {"language": "nb", "value": "Hjerte"}],
    },
)
NAMED: list[tuple[dict[str, Any], str, list[str]]] = [
    ({}, "Heart", ["en Heart", "sv Hjärta", "nb Hjerte"]),
    ({"displayLanguage": "sv"}, "Hjärta", ["en Heart", "sv Hjärta", "nb Hjerte"]),
    ({"displayLanguage": "et"}, "Heart", ["en Heart", "sv Hjärta", "nb Hjerte"]),
    ({"property": "designation"}, "Heart", ["en Heart", "sv Hjärta", "nb Hjerte"]),
    ({"property": "lang.nb"}, "Heart", ["nb Hjerte"]),
    ({"property": ["lang.sv", "lang.en"]}, "Heart", ["en Heart", "sv Hjärta"]),
    ({"property": "kind"}, "Heart", []),
]


@pytest.mark.parametrize(("given", "display", "names"), NAMED)
def test_names(fhir_sqlite: FhirClient, given: dict[str, Any], display: str, names: list[str]) -> None:
    answer = _looked_up(fhir_sqlite, "1", MULTI, system=NAMES, **given)
    assert value(answer, "display") == display
    assert [f"{item['language']} {item['value']}" for item in _parts(answer, "designation")] == names


def test_supplements_say_what_they_add(fhir_sqlite: FhirClient) -> None:
    supplement = {
        "resourceType": "CodeSystem", "url": "http://example.org/cs/et", "version": "2", "status": "active",
        "content": "supplement", "supplements": NAMES, "language": "et", "concept": [{"code": "1", "display": "Süda"}],
    }  # fmt: skip
    answer = _looked_up(fhir_sqlite, "1", MULTI, supplement, system=NAMES, useSupplement="http://example.org/cs/et")
    assert {"language": "et", "value": "Süda", "source": "http://example.org/cs/et|2"} in _parts(answer, "designation")
    assert value(answer, "used-supplement") == "http://example.org/cs/et|2"


@pytest.mark.parametrize(("code", "found"), [("a", "A"), ("A", "A")])
def test_the_case_of_a_code_counts_only_where_the_code_system_says_so(
    fhir_sqlite: FhirClient, code: str, found: str
) -> None:
    answer = _looked_up(fhir_sqlite, code, code_system(TREE, concept("A"), caseSensitive=False))
    assert value(answer, "code") == found


def test_lookup_at_an_instance(fhir: FhirClient) -> None:
    answer = fhir.get("/r4/CodeSystem/icd10-2019/$lookup", code="I21").json()
    assert (value(answer, "system"), value(answer, "version")) == (ICD, "2019")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"code": "I21", "system": ICD, "date": "2001"}, 422),
        ({"code": "I21", "system": ICD, "date": "9999-12"}, 200),
        ({"code": "I21", "system": ICD, "date": "soon"}, 400),
        ({"code": "I21", "system": ICD, "displayLanguage": "-"}, 400),
        ({"code": "I21", "system": ICD, "useSupplement": "http://x.y"}, 404),
        ({"coding": f"{ICD}|I21", "code": "I21"}, 400),
        ({"code": "I21", "system": ICD, "propert": "parent"}, 400),
        ({"code": "I21", "system": ICD, "_pretty": "true", "x-mine": "1"}, 200),
    ],
)
def test_bad_parameters(fhir_sqlite: FhirClient, query: dict[str, str], status: int) -> None:
    assert fhir_sqlite.get("/r4/CodeSystem/$lookup", **query).status_code == status
