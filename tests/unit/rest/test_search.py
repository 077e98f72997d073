"""Search: every parameter, modifier and result parameter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from termserver.rest import searching
from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.fhir.builders import fill
from tests.unit.rest.client import outcome
from tests.unit.rest.writing import WritingClient, code_system, concept_map, naming_system, value_set


@pytest.fixture(scope="module")
def fhir(tmp_path_factory: pytest.TempPathFactory) -> WritingClient:
    """The sample content and four resources with everything that is searched by."""
    folder = tmp_path_factory.mktemp("search")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    return _filled(database, folder)


def _filled(database: Database, folder: Path) -> WritingClient:
    fill(database)
    client = WritingClient(database, Settings(data=folder))
    more: dict[str, Any] = {
        "title": "Östra sjukhuset",
        "date": "2026-05-06",
        "publisher": "Region Öst",
        "description": "About maps",
        "jurisdiction": [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "SE"}], "text": "Sweden"}],
        "useContext": [
            {
                "code": {"system": "http://x.example", "code": "task"},
                "valueCodeableConcept": {"coding": [{"system": "http://y.example", "code": "lab"}]},
            }
        ],
    }
    tagged = {"meta": {"tag": [{"system": "http://t.example", "code": "mine"}], "profile": ["http://p.example"]}}
    scopes = {"sourceCanonical": "http://a.example/v|1.0", "targetUri": "http://b.example/v"}
    maps = concept_map(id="m", identifier={"system": "urn:x", "value": "7"}, **more, **tagged, **scopes)
    maps["group"][0]["unmapped"] = {"mode": "other-map", "url": "http://b.example/other"}
    for body in (
        maps,
        code_system(id="s", **more),
        value_set(id="v", **more),
        naming_system(id="n", publisher="Region Öst"),
    ):
        made = client.write("PUT", f"/r4/{body['resourceType']}/{body['id']}", body)
        assert made.status_code == 201, made.text
    return client


def _ids(fhir: WritingClient, kind: str, base: str = "/r4", /, **query: Any) -> set[str]:
    response = fhir.ask("GET", f"{base}/{kind}", params=query)
    assert response.status_code == 200, response.text
    return {entry["resource"]["id"] for entry in response.json().get("entry", [])}


_EVERY = (
    ("ConceptMap", "_id", "m"),
    ("ConceptMap", "url", "http://a.example/m"),
    ("ConceptMap", "url", "http://a.example/m|1.0"),
    ("ConceptMap", "url:below", "http://a.example"),
    ("ConceptMap", "url:above", "http://a.example/m/x"),
    ("ConceptMap", "version", "1.0,nonsense"),
    ("ConceptMap", "name", "m"),
    ("ConceptMap", "name:exact", "M"),
    ("ConceptMap", "title", "ostra"),
    ("ConceptMap", "title:contains", "SJUK"),
    ("ConceptMap", "title:missing", "false"),
    ("ConceptMap", "status", "draft"),
    ("ConceptMap", "status", "http://nobody.example|x,draft"),
    ("ConceptMap", "status:not", "active"),
    ("ConceptMap", "date", "2026-05"),
    ("ConceptMap", "date", "ge2026-05-06"),
    ("ConceptMap", "date", "lt2026-06"),
    ("ConceptMap", "date", "ap2026-05-20"),
    ("ConceptMap", "publisher", "region o"),
    ("ConceptMap", "description", "about"),
    ("ConceptMap", "jurisdiction", "SE"),
    ("ConceptMap", "jurisdiction", "urn:iso:std:iso:3166|SE"),
    ("ConceptMap", "jurisdiction", "urn:iso:std:iso:3166|"),
    ("ConceptMap", "jurisdiction:text", "swe"),
    ("ConceptMap", "identifier", "urn:x|7"),
    ("ConceptMap", "context", "lab"),
    ("ConceptMap", "context-type", "http://x.example|task"),
    ("ConceptMap", "_tag", "http://t.example|mine"),
    ("ConceptMap", "_profile", "http://p.example"),
    ("ConceptMap", "_lastUpdated", "gt2020"),
    ("ConceptMap", "source-code", "a"),
    ("ConceptMap", "source-code", "http://a.example/s|a"),
    ("ConceptMap", "source-code", "urn:oid:1.2.3|a"),
    ("ConceptMap", "source-code", "x,a"),
    ("ConceptMap", "target-code", "b"),
    ("ConceptMap", "target-code", "nope,b"),
    ("ConceptMap", "target-code", "http://a.example/t|b"),
    ("ConceptMap", "source-system", "http://a.example/s"),
    ("ConceptMap", "source-group-system", "urn:oid:1.2.3"),
    ("ConceptMap", "target-system", "http://a.example/t"),
    ("ConceptMap", "target-group-system", "http://a.example/t"),
    ("ConceptMap", "source", "http://a.example/v"),
    ("ConceptMap", "source-scope", "http://a.example/v|1.0"),
    ("ConceptMap", "source-scope-uri", "http://a.example/v"),
    ("ConceptMap", "target-uri", "http://b.example/v"),
    ("ConceptMap", "other", "http://b.example/other"),
    ("CodeSystem", "system", "http://a.example/s"),
    ("CodeSystem", "system", "urn:oid:1.2.3"),
    ("CodeSystem", "code", "a"),
    ("CodeSystem", "code", "http://a.example/s|a"),
    ("CodeSystem", "content-mode", "complete"),
    ("ValueSet", "reference", "http://a.example/s"),
    ("ValueSet", "publisher:contains", "öst"),
    ("NamingSystem", "value", "1.2.3"),
    ("NamingSystem", "kind", "codesystem"),
    ("NamingSystem", "id-type", "oid"),
    ("NamingSystem", "date", "2026-11-22"),
    ("NamingSystem", "publisher", "region"),
)


@pytest.mark.parametrize(("kind", "name", "value"), _EVERY)
@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_what_fits_is_found(fhir: WritingClient, base: str, kind: str, name: str, value: str) -> None:
    mine = {"ConceptMap": "m", "CodeSystem": "s", "ValueSet": "v", "NamingSystem": "n"}[kind]
    assert mine in _ids(fhir, kind, base, **{name: value})


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("ConceptMap", "_id", "x"),
        ("ConceptMap", "url", "http://a.example/m|2.0"),
        ("ConceptMap", "name:exact", "m"),
        ("ConceptMap", "title:missing", "true"),
        ("ConceptMap", "status:not", "draft"),
        ("ConceptMap", "date", "gt2026-05-06"),
        ("ConceptMap", "date", "ne2026-05-06"),
        ("ConceptMap", "date", "eb2026"),
        ("ConceptMap", "date", "sa2026-05"),
        ("ConceptMap", "jurisdiction", "|SE"),
        ("ConceptMap", "source-code", "b"),
        ("ConceptMap", "source-code", "http://a.example/t|a"),
        ("ConceptMap", "source-code:not", "a"),
        ("ConceptMap", "target-code", "a"),
        ("ConceptMap", "target-code", "http://a.example/s|b"),
        ("ConceptMap", "target-code", "http://b.example/t|b"),
        ("ConceptMap", "target-code:not", "b"),
        ("ConceptMap", "source-system", "http://a.example/t"),
        ("CodeSystem", "code", "zzz"),
        ("CodeSystem", "code:not", "a"),
        ("NamingSystem", "value", "2.3"),
    ],
)
def test_what_does_not_fit_is_not_found(fhir: WritingClient, kind: str, name: str, value: str) -> None:
    assert not {"m", "s", "v", "n"} & _ids(fhir, kind, **{name: value})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"nonsense": "1"}, "'nonsense'"),
        ({"name:below": "x"}, "the modifier must be one of"),
        ({"date": "yesterday"}, "must be a date"),
        ({"title:missing": "x"}, "true or false"),
        ({"_sort": "nonsense"}, "'_sort'"),
        ({"_count": "-1"}, "'_count'"),
        ({"_summary": "x"}, "'_summary'"),
        ({"_total": "x"}, "'_total'"),
    ],
)
def test_what_cannot_be_searched_by_is_named(fhir: WritingClient, query: dict[str, str], said: str) -> None:
    response = fhir.ask("GET", "/r4/ConceptMap", params=query)
    assert response.status_code == 400
    assert said in outcome(response)


def test_an_unknown_parameter_is_passed_over_where_the_client_says_so(fhir: WritingClient) -> None:
    answer = fhir.ask("GET", "/r4/ConceptMap?nonsense=1&_id=m", headers={"Prefer": "handling=lenient"}).json()
    assert [entry["search"]["mode"] for entry in answer["entry"]] == ["match", "outcome"]
    assert "nonsense" not in answer["link"][0]["url"]


def test_results_are_sorted(fhir: WritingClient) -> None:
    def order(sort: str) -> list[str]:
        return [entry["resource"]["id"] for entry in fhir.get("/r4/ConceptMap", _sort=sort).json()["entry"]]

    assert order("name") == ["localtoicd-1.0", "localtolab-1.0", "m"]
    assert order("-name") == ["m", "localtolab-1.0", "localtoicd-1.0"]
    assert order("status,-_id") == ["localtolab-1.0", "localtoicd-1.0", "m"]
    assert order("-date,name") == ["m", "localtoicd-1.0", "localtolab-1.0"]
    assert order("-_lastUpdated")[0] == "m"


def test_pages_link_to_each_other(fhir: WritingClient) -> None:
    first = fhir.get("/r4/ConceptMap", _count="1", _sort="name").json()
    links = {link["relation"]: link["url"] for link in first["link"]}
    assert set(links) == {"self", "next", "last"}
    second = fhir.ask("GET", links["next"].removeprefix("http://test")).json()
    assert second["entry"][0]["resource"]["id"] == "localtolab-1.0"
    links = {link["relation"]: link["url"] for link in second["link"]}
    assert set(links) == {"self", "first", "previous", "next", "last"}
    assert fhir.ask("GET", links["previous"].removeprefix("http://test")).json()["entry"] == first["entry"]
    assert fhir.get("/r4/ConceptMap", _count="0").json()["total"] == 3


def test_a_summary_counts_or_shortens(fhir: WritingClient) -> None:
    counted = fhir.get("/r4/ConceptMap", _summary="count").json()
    assert (counted["total"], "entry" in counted) == (3, False)
    short = fhir.get("/r4/ConceptMap", _summary="true", _id="m").json()["entry"][0]["resource"]
    assert "group" not in short
    assert short["meta"]["tag"][-1]["code"] == "SUBSETTED"
    chosen = fhir.get("/r4/ConceptMap", _elements="url", _id="m").json()["entry"][0]["resource"]
    assert set(chosen) == {"resourceType", "id", "meta", "url", "status"}


def test_a_search_may_be_posted(fhir: WritingClient) -> None:
    posted = fhir.ask("POST", "/r4/ConceptMap/_search", data={"name": "m", "_summary": "count"})
    assert (posted.status_code, posted.json()["total"]) == (200, 1)
    both = fhir.ask("POST", "/r4/ConceptMap/_search?status=active", data={"name": "local"})
    assert both.json()["total"] == 2


def test_both_databases_find_the_same(database: Database, tmp_path: Path) -> None:
    fhir = _filled(database, tmp_path)
    for kind, name, value in _EVERY:
        mine = {"ConceptMap": "m", "CodeSystem": "s", "ValueSet": "v", "NamingSystem": "n"}[kind]
        assert mine in _ids(fhir, kind, **{name: value}), (kind, name, value)


def test_a_code_is_looked_for_in_the_group_of_its_system(fhir: WritingClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two groups, two targets: each code is found with its own system alone, and no element is read for it."""
    body = concept_map("1.0", url="http://a.example/two", id="two")
    other = json.loads(json.dumps(body["group"][0]).replace("http://a.example/", "http://other.example/"))
    other["element"][0]["code"], other["element"][0]["target"][0]["code"] = "c", "d"
    body["group"].append(other)
    assert fhir.write("PUT", "/r4/ConceptMap/two", body).status_code == 201
    asked = {
        "source-code": {"http://a.example/s|a", "http://other.example/s|c", "|c", "c"},
        "target-code": {"http://a.example/t|b", "http://other.example/t|d", "|d", "d"},
    }
    crossed = {
        "source-code": {"http://a.example/s|c", "http://other.example/s|a"},
        "target-code": {"http://a.example/t|d", "http://other.example/t|b"},
    }
    monkeypatch.setattr(searching, "maps_with_text", lambda session, pieces, ids: pytest.fail("read") if ids else set())
    for name in asked:
        assert all("two" in _ids(fhir, "ConceptMap", **{name: value}) for value in asked[name])
        assert not any("two" in _ids(fhir, "ConceptMap", **{name: value}) for value in crossed[name])
