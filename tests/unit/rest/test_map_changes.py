"""ConceptMap/$changes and `termserver changes`: two versions of a map, code by code."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from termserver.cli.changes import changes
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.settings import Settings
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from tests.unit.rest.client import FhirClient, outcome, value

URL, S, T = "http://h.example/ConceptMap/c", "http://h.example/s", "http://h.example/t"
CHANGES = "/r4/ConceptMap/$changes"


def _to(code: str, relationship: Relationship = Relationship.EQUIVALENT, display: str | None = None) -> MapTarget:
    return MapTarget(code, relationship, display)


OLD = ConceptMap(
    URL,
    "1",
    "C",
    groups=(
        MapGroup(
            S,
            T,
            None,
            "2019",
            (
                MapElement("SAME", "Same", (_to("1"),)),
                MapElement("GONE", None, (_to("2"),)),
                MapElement("OTHER", None, (_to("3"),)),
                MapElement("WEAKER", None, (_to("4"),)),
                MapElement("NAME", "old name", (_to("5", display="old"),)),
                MapElement("NOMAP", None, (_to("6"),)),
            ),
        ),
    ),
)
NEW = replace(
    OLD,
    version="2",
    groups=(
        MapGroup(
            S,
            T,
            None,
            "2024",
            (
                MapElement("NEW", None, (_to("9"),)),
                MapElement("SAME", "Same", (_to("1"),)),
                MapElement("OTHER", None, (_to("33"),)),
                MapElement("WEAKER", None, (_to("4", Relationship.NARROWER),)),
                MapElement("NAME", "new name", (_to("5", display="new"),)),
                MapElement("NOMAP", None, no_map=True, comment="too vague"),
            ),
            Unmapped("use-source-code"),
        ),
        MapGroup(S, "http://h.example/u"),
    ),
)


@pytest.fixture
def client(database: Database, tmp_path: Path) -> FhirClient:
    with database.session(write=True) as session:
        add_concept_map(session, OLD)
        add_concept_map(session, NEW)
    return FhirClient(database, Settings(data=tmp_path))


def _kinds(answer: dict) -> dict[str, str]:
    parts = [{part["name"]: part for part in item["part"]} for item in answer["parameter"] if item["name"] == "change"]
    return {part["sourceCode"]["valueCode"]: part["kind"]["valueCode"] for part in parts}


def test_every_difference_is_counted_and_listed(client: FhirClient) -> None:
    answer = client.get(CHANGES, url=URL, **{"from": "1"}).json()
    assert (value(answer, "from"), value(answer, "to")) == (f"{URL}|1", f"{URL}|2")
    assert value(answer, "fromHash").startswith("sha256:")
    assert value(answer, "fromHash") != value(answer, "toHash")
    counts = {name: value(answer, name) for name in ("added", "removed", "changed", "renamed", "unchanged")}
    assert counts == {"added": 1, "removed": 1, "changed": 3, "renamed": 1, "unchanged": 1}
    assert _kinds(answer) == {
        "NEW": "added",
        "OTHER": "changed",
        "WEAKER": "changed",
        "NAME": "renamed",
        "NOMAP": "changed",
        "GONE": "removed",
    }
    notes = [item["valueString"] for item in answer["parameter"] if item["name"] == "note"]
    assert notes == [
        f"{S} → {T}: target version 2019 → 2024",
        f"{S} → {T}: the rule for unmapped codes is another",
        f"{S} → http://h.example/u: new group",
    ]


def test_before_and_after_are_shown(client: FhirClient) -> None:
    answer = client.get(CHANGES, url=URL, **{"from": "1", "to": "2", "kind": "changed", "count": "1"}).json()
    (change,) = [item for item in answer["parameter"] if item["name"] == "change"]
    before, after = ([part for part in change["part"] if part["name"] == name] for name in ("before", "after"))
    assert [part["part"][0]["part"][0]["valueCode"] for part in (*before, *after)] == ["3", "33"]
    second = client.get(CHANGES, url=URL, **{"from": "1", "kind": "changed", "count": "1", "offset": "1"}).json()
    assert list(_kinds(second)) == ["WEAKER"]


def test_backwards_and_against_itself(client: FhirClient) -> None:
    back = client.get(CHANGES, url=URL, **{"from": "2", "to": "1"}).json()
    assert (value(back, "added"), value(back, "removed"), value(back, "unchanged")) == (1, 1, 1)
    same = client.get("/r5/ConceptMap/c-2/$changes", **{"from": "2"}).json()
    assert (value(same, "unchanged"), _kinds(same)) == (6, {})


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"from": "1"}, 400, "'url'"),
        ({"url": URL}, 400, "'from'"),
        ({"url": URL, "from": "7"}, 404, "no version '7'; known: 2, 1"),
        ({"url": URL, "from": "1", "to": "7"}, 404, "no version '7'"),
        ({"url": "http://no.example", "from": "1"}, 404, "no concept map"),
        ({"url": URL, "from": "1", "kind": "odd"}, 400, "'odd' is none of added, removed, changed, renamed"),
        ({"url": URL, "from": "1", "count": "-1"}, 400, "'count'"),
    ],
)
def test_what_is_wrong_is_named(client: FhirClient, query: dict[str, str], status: int, said: str) -> None:
    response = client.get(CHANGES, **query)
    assert (response.status_code, said in outcome(response)) == (status, True)


def test_the_command_prints_the_same(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    database = Database(settings.resolved_database_url())
    database.upgrade()
    with database.session(write=True) as session:
        add_concept_map(session, OLD)
        add_concept_map(session, NEW)
    database.close()
    done = CliRunner().invoke(changes, [URL, "--from", "1", "--data", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "1 added, 1 removed, 3 changed, 1 renamed, 1 unchanged" in done.output
    assert "changed  WEAKER: =4 → <4" in done.output
    assert "changed  NOMAP: =6 → no map" in done.output
    assert "removed  GONE: =2 → —" in done.output
    few = CliRunner().invoke(changes, [URL, "--from", "1", "--limit", "1", "--data", str(tmp_path)])
    assert "… and 5 more" in few.output
