"""$closure: a client's closure table, begun, added to, repeated; both kinds of database."""

from __future__ import annotations

from typing import Any

import pytest

from termserver.model.code_system import CodeSystem, Concept
from termserver.store.closures import MOST_CLOSURES, begin_closure, open_closure
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from tests.unit.fhir.builders import ICD
from tests.unit.rest.client import FhirClient, outcome

Json = dict[str, Any]


def _ask(fhir: FhirClient, *codes: str, base: str = "/r4", name: str = "mine", version: str | None = None) -> Json:
    listed: list[Json] = [{"name": "name", "valueString": name}]
    listed += [{"name": "concept", "valueCoding": {"system": ICD, "code": code}} for code in codes]
    listed += [{"name": "version", "valueString": version}] if version else []
    response = fhir.post(f"{base}/$closure", {"resourceType": "Parameters", "parameter": listed})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def _pairs(answer: Json) -> set[tuple[str, str]]:
    return {
        (element["code"], target["code"])
        for group in answer.get("group", [])
        for element in group["element"]
        for target in element.get("target", [])
        if "code" in target
    }


def test_each_answer_has_the_pairs_that_are_new(fhir: FhirClient) -> None:
    assert (_ask(fhir)["version"], _pairs(_ask(fhir))) == ("1", set())
    assert _pairs(_ask(fhir, "I21.9", "N40")) == set()
    first = _ask(fhir, "I20-I25", "I21")
    assert _pairs(first) == {("I21.9", "I20-I25"), ("I21.9", "I21"), ("I21", "I20-I25")}
    assert first["version"] == "3"
    assert _pairs(_ask(fhir, "I22", "I21")) == {("I22", "I20-I25")}
    assert _pairs(_ask(fhir, version="3")) == {("I22", "I20-I25")}
    assert _pairs(_ask(fhir, version="1")) == {*_pairs(first), ("I22", "I20-I25")}
    assert _pairs(_ask(fhir)) == set()
    assert _pairs(_ask(fhir, version="1")) == set()


def test_r4_says_subsumes_and_r5_says_narrower(fhir: FhirClient) -> None:
    for base, word in (
        ("/r4", {"equivalence": "subsumes"}),
        ("/r5", {"relationship": "source-is-narrower-than-target"}),
    ):
        _ask(fhir, base=base)
        group = _ask(fhir, "I21", "I21.9", base=base)["group"][0]
        assert group["element"] == [{"code": "I21.9", "target": [{"code": "I21", **word}]}]
        assert group["source"] == group["target"] == ICD


def test_a_concept_that_is_not_known_is_said_so(fhir: FhirClient) -> None:
    _ask(fhir, base="/r5")
    element = _ask(fhir, "X99", base="/r5")["group"][0]["element"]
    assert element == [{"code": "X99", "noMap": True}]


def test_tables_of_different_names_do_not_meet(fhir: FhirClient) -> None:
    for name in ("one", "two"):
        _ask(fhir, name=name)
    _ask(fhir, "I21", name="one")
    assert _pairs(_ask(fhir, "I21.9", name="two")) == set()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([], 400),
        ([{"name": "name", "valueString": "never begun"}], 400),
        ([{"name": "name", "valueString": "absent"}, {"name": "version", "valueString": "1"}], 404),
        (
            [
                {"name": "name", "valueString": "absent"},
                {"name": "concept", "valueCoding": {"code": "A", "system": ICD}},
            ],
            404,
        ),
        ([{"name": "name", "valueString": "a"}, {"name": "concept", "valueCoding": {"code": "A"}}], 400),
        ([{"name": "name", "valueString": "a"}, {"name": "version", "valueString": "one"}], 400),
        (
            [
                {"name": "name", "valueString": "a"},
                {"name": "version", "valueString": "1"},
                {"name": "concept", "valueCoding": {"code": "A", "system": ICD}},
            ],
            400,
        ),
        ([{"name": "name", "valueString": "a"}, {"name": "other", "valueString": "1"}], 400),
    ],
)
def test_what_is_refused(fhir_sqlite: FhirClient, given: list[Json], status: int) -> None:
    response = fhir_sqlite.post("/r4/$closure", {"resourceType": "Parameters", "parameter": given})
    assert response.status_code == status
    assert outcome(response)


def test_get_changes_nothing(fhir_sqlite: FhirClient) -> None:
    assert fhir_sqlite.get("/r4/$closure", name="mine").status_code == 405


def test_the_tables_unused_for_longest_make_room(database: Database) -> None:
    with database.session(write=True) as session:
        for number in range(MOST_CLOSURES + 2):
            begin_closure(session, f"c{number}")
        assert open_closure(session, "c1") is None
        assert open_closure(session, "c2") is not None


def test_a_deep_polyhierarchy(database: Database, fhir: FhirClient) -> None:
    concepts = [
        Concept("0", "top"),
        *(Concept(str(n), f"n{n}", parents=tuple({str(n - 1), "0"})) for n in range(1, 60)),
    ]
    with database.session(write=True) as session:
        add_code_system(session, CodeSystem("http://deep.example", "1", "Deep"), concepts)
    listed: list[Json] = [{"name": "name", "valueString": "deep"}]
    fhir.post("/r4/$closure", {"resourceType": "Parameters", "parameter": listed})
    listed += [{"name": "concept", "valueCoding": {"system": "http://deep.example", "code": str(n)}} for n in range(60)]
    answer = fhir.post("/r4/$closure", {"resourceType": "Parameters", "parameter": listed}).json()
    assert len(_pairs(answer)) == 60 * 59 // 2
