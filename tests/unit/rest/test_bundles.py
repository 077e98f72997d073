"""Batch and transaction Bundles."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.fhir.builders import LOCAL, MAP, fill
from tests.unit.rest.client import FhirClient, outcome
from tests.unit.rest.writing import WritingClient, code_system, concept_map, value_set

_UUID = "urn:uuid:c757873d-ec9a-4326-a141-556f4323952"


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> WritingClient:
    """An empty server, and an administrator's token."""
    return WritingClient(database, Settings(data=tmp_path))


def _entry(
    method: str, url: str, resource: object = None, full_url: str | None = None, **request: str
) -> dict[str, Any]:
    entry: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        entry["resource"] = resource
    return entry | ({"fullUrl": full_url} if full_url else {})


def _send(fhir: WritingClient, kind: str, *entries: object, base: str = "/r4", **headers: str) -> Any:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return fhir.write("POST", base, bundle, **headers)


def _statuses(response: Any) -> list[str]:
    return [entry["response"]["status"][:3] for entry in response.json()["entry"]]


@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_a_transaction_writes_everything_in_fhirs_order(fhir: WritingClient, base: str) -> None:
    fhir.write("PUT", "/r4/ValueSet/old", value_set(id="old"))
    about = {"url": "http://x.example", "valueReference": {"reference": f"{_UUID}1"}}
    answer = _send(
        fhir,
        "transaction",
        _entry("GET", "ValueSet/new"),
        _entry("PUT", "ValueSet/new", value_set(id="new", extension=[about])),
        _entry("POST", "CodeSystem", code_system(), f"{_UUID}1"),
        _entry("DELETE", "ValueSet/old"),
        base=base,
    )
    assert answer.json()["type"] == "transaction-response"
    assert _statuses(answer) == ["200", "201", "201", "204"]
    created = answer.json()["entry"][2]["response"]
    assert created["location"] == f"http://test{base}/CodeSystem/s-1.0/_history/1"
    assert created["etag"] == 'W/"1"'
    assert "lastModified" in created
    read = answer.json()["entry"][0]["resource"]
    assert read["extension"][0]["valueReference"] == {"reference": "CodeSystem/s-1.0"}
    assert fhir.get("/r4/ValueSet/old").status_code == 410


def test_a_transaction_that_fails_writes_nothing(fhir: WritingClient) -> None:
    answer = _send(
        fhir, "transaction",
        _entry("POST", "CodeSystem", code_system()),
        _entry("PUT", "ConceptMap/m", concept_map(id="m", status="wrong")),
    )  # fmt: skip
    assert answer.status_code == 400
    assert outcome(answer).startswith("Bundle.entry[1]: ConceptMap.status")
    assert fhir.get("/r4/CodeSystem").json()["total"] == 0
    assert fhir.get("/r4/_history").json()["total"] == 0


@pytest.mark.parametrize(
    ("entries", "status", "said"),
    [
        ([_entry("GET", "ConceptMap/nope")], 404, "Bundle.entry[0]: There is no ConceptMap"),
        ([_entry("PUT", "ConceptMap/m", concept_map(id="m"), ifMatch='W/"4"')], 412, "Bundle.entry[0]"),
        ([_entry("JUMP", "ConceptMap/m")], 400, "'JUMP' is none of"),
        ([{"request": {"method": "GET"}}], 400, "needs method and url"),
        ([_entry("GET", "http://[bad")], 400, "is no URL"),
        ([_entry("GET", "")], 400, "names nothing"),
        ([_entry("POST", "ConceptMap")], 400, "body is empty"),
        ([_entry("POST", "ConceptMap", concept_map(), "not a url")], 400, "fullUrl"),
        (
            [_entry("PUT", "ConceptMap/m", concept_map(id="m")), _entry("DELETE", "ConceptMap/m")],
            400,
            "written by another entry as well",
        ),
        (
            [_entry("POST", "ConceptMap", concept_map(status="active", target=target)) for target in "bz"],
            409,
            "Bundle.entry[1]",
        ),
    ],
)  # fmt: skip
def test_faults_of_a_transaction_name_the_entry(
    fhir: WritingClient, entries: list[Any], status: int, said: str
) -> None:
    answer = _send(fhir, "transaction", *entries)
    assert answer.status_code == status
    assert said in outcome(answer)
    assert fhir.get("/r4/_history").json()["total"] == 0


def test_a_transaction_needs_the_token(fhir: WritingClient) -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [_entry("POST", "ConceptMap", concept_map())]}
    assert fhir.post("/r4", bundle).status_code == 401


def test_conditions_of_a_transaction(fhir: WritingClient) -> None:
    asked = "url=http://a.example/m"
    for _ in range(2):
        answer = _send(fhir, "transaction", _entry("POST", "ConceptMap", concept_map(), ifNoneExist=asked))
    assert _statuses(answer) == ["200"]
    changed = _send(fhir, "transaction", _entry("PUT", f"ConceptMap?{asked}", concept_map(target="c"), ifMatch='W/"1"'))
    assert _statuses(changed) == ["200"]
    assert fhir.get("/r4/ConceptMap").json()["total"] == 1


def test_a_batch_writes_what_can_be_written(fhir: WritingClient) -> None:
    answer = _send(
        fhir, "batch",
        _entry("PUT", "ConceptMap/m", concept_map(id="m")),
        _entry("PUT", "ConceptMap/n", concept_map(id="n", status="wrong")),
        _entry("GET", "ConceptMap?url=http://a.example/m"),
        _entry("GET", "ConceptMap/m", ifNoneMatch='W/"1"'),
        _entry("DELETE", "ConceptMap/m"),
    )  # fmt: skip
    assert _statuses(answer) == ["201", "400", "200", "304", "204"]
    assert answer.json()["entry"][1]["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_return_minimal_holds_for_all_entries(fhir: WritingClient) -> None:
    answer = _send(fhir, "transaction", _entry("PUT", "ConceptMap/m", concept_map(id="m")), Prefer="return=minimal")
    assert "resource" not in answer.json()["entry"][0]


def test_too_many_entries_are_refused_with_the_bound(fhir: WritingClient) -> None:
    for kind in ("batch", "transaction"):
        answer = _send(fhir, kind, *[{} for _ in range(5_001)])
        assert answer.status_code == 422
        assert "at most 5000" in outcome(answer)
        assert answer.json()["issue"][0]["code"] == "too-costly"


def test_a_batch_of_a_thousand_translations_is_quick(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    fhir = FhirClient(sqlite_database, Settings(data=tmp_path))
    entries = [
        _entry("GET", f"ConceptMap/$translate?url={MAP}&system={LOCAL}&code={'HI' if number % 2 else 'HIU'}")
        for number in range(1_000)
    ]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    fhir.post("/r4", bundle)
    begun = time.perf_counter()
    answer = fhir.post("/r4", bundle)
    took_s = time.perf_counter() - begun
    assert set(_statuses(answer)) == {"200"}
    assert took_s < 1.5, "the goal is 0.1 s on a quiet machine; scripts/bench measures it"


def _coding(system: str, code: str) -> dict[str, Any]:
    return {"name": "coding", "valueCoding": {"system": system, "code": code}}


_BODIES = [
    [{"name": "url", "valueUri": MAP}, _coding(LOCAL, "HI")],
    [{"name": "url", "valueUri": MAP}, _coding(LOCAL, "HIU")],
    [{"name": "url", "valueUri": MAP}, _coding(LOCAL, "none")],
    [{"name": "url", "valueUri": MAP}, _coding(LOCAL, "")],
    [{"name": "url", "valueUri": MAP}, _coding(LOCAL, "\x1a")],
    [{"name": "url", "valueUri": MAP}, _coding("", "HI")],
    [{"name": "url", "valueUri": "http://none.example"}, _coding(LOCAL, "HI")],
    [{"name": "url", "valueBoolean": True}, _coding(LOCAL, "HI")],
    [{"name": "url", "valueUri": 7}, _coding(LOCAL, "HI")],
    [_coding(LOCAL, "HI")],
    [_coding(LOCAL, "HI"), _coding(LOCAL, "HIU")],
    [_coding(LOCAL, "HI"), {"name": "code", "valueCode": "HI"}, {"name": "system", "valueUri": LOCAL}],
    [{"name": "code", "valueCode": "HI"}, {"name": "system", "valueUri": LOCAL}],
    [{"name": "system", "valueUri": LOCAL}, {"name": "code", "valueCode": "HIU"}],
    [{"name": "system", "valueUri": LOCAL}, {"name": "code", "valueCode": "HI"}, {"name": "code", "valueCode": "HI"}],
    [{"name": "system", "valueUri": LOCAL}, {"name": "code", "valueInteger": 7}],
    [{"name": "sourceCode", "valueCode": "HI"}, {"name": "system", "valueUri": LOCAL}],
    [{"name": "code", "valueCode": "HI", "valueUri": "HI"}, {"name": "system", "valueUri": LOCAL}],
    [{"name": "coding", "valueCoding": {"system": LOCAL, "code": "HI", "version": "9"}}],
    [{"name": "coding", "valueCoding": {"system": LOCAL, "code": 5}}],
    [{"name": "displayLanguage", "valueCode": "sv"}, _coding(LOCAL, "HI")],
    [{"name": "reverse", "valueBoolean": True}, _coding("http://hl7.org/fhir/sid/icd-10", "I21.9")],
    [{"name": "reverse", "valueString": "true"}, _coding("http://hl7.org/fhir/sid/icd-10", "I21.9")],
    [{"name": "mapHash", "valueString": "true"}, _coding(LOCAL, "HI")],
    ["text", _coding(LOCAL, "HI")],
    [],
]


@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_an_entry_of_a_batch_is_answered_as_the_request_it_stands_for(
    base: str, database: Database, tmp_path: Path
) -> None:
    fill(database)
    fhir = FhirClient(database, Settings(data=tmp_path))
    bodies = [{"resourceType": "Parameters", "parameter": body} for body in _BODIES]
    bodies += [{"resourceType": "Parameters"}, {"resourceType": "Patient", "parameter": []}]
    entries = [_entry("POST", "ConceptMap/$translate", body) for body in bodies]
    alone = [fhir.post(f"{base}/ConceptMap/$translate", body) for body in bodies]
    assert {answer.status_code for answer in alone} >= {200, 400, 404}
    for _ in range(2):  # once to read each kind of request, once with what was kept of it
        answer = fhir.post(base, {"resourceType": "Bundle", "type": "batch", "entry": entries}).json()
        for body, single, entry in zip(bodies, alone, answer["entry"], strict=True):
            assert entry["response"]["status"].startswith(str(single.status_code)), body
            assert entry["resource"] == single.json(), body
