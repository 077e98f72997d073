"""The hot path for codes gives the common way's answers, byte by byte, and goes that way where memory has none."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import orjson
import pytest
from starlette.types import ASGIApp, Message

from scripts.synthetic_rf2 import write_release
from termserver.curation.content import load_code_system
from termserver.fhir.standing import STANDARDS_STATUS
from termserver.index.cache import IndexFolder
from termserver.loaders.rf2 import read_rf2
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.extension import Extension
from termserver.rest.hot_codes import HOT_OPERATIONS
from termserver.rest.hot_plans import ValidationPlan
from termserver.rest.hot_questions import split_query
from termserver.rest.kept_answers import KeptAnswers
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system, stream_concepts
from termserver.store.engine import Database
from tests.unit.fhir.builders import ICD, LOCAL
from tests.unit.rest.client import FhirClient
from tests.waiting import eventually

Answer = tuple[int, str, bytes]
STANDARD = "http://hl7.org/fhir/concept-properties#"
_CODES = ("I21", "I21.9", "i21", "I20-I25", "I22", "N40", "I24.9", "no", "", "I21 ", "I 21", "\u27e6code\u27e7", "ÅÄÖ")
_REST = (
    "", "version=2019", "version=1066", "displayLanguage=sv", "displayLanguage=de,sv", "property=parent", "property=*",
    "property=child&property=inactive", "useSupplement=http://no.where", "_format=json", "unknown=1", "abstract=false",
    "activeOnly=true", "lenient-display-validation=true", "valueset-membership-only=true", "date=2020-01-01",
)  # fmt: skip
_HEADERS: tuple[dict[str, str], ...] = (
    {}, {"accept": "application/fhir+json"}, {"accept": "application/json"}, {"accept": "*/*", "accept-language": "sv"},
    {"accept-language": "nonsense;;q=x"}, {"accept": "application/fhir+xml"}, {"content-type": "application/json"},
    {"accept": "application/fhir+json; fhirVersion=5.0"}, {"accept": "text/html"},
)  # fmt: skip


def ask(app: ASGIApp, path: str, headers: dict[str, str]) -> Answer:
    """A GET: status, content type, body."""
    bare, _, query = path.partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": unquote(bare), "raw_path": bare.encode(), "root_path": "",
        "query_string": query.encode(), "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "scheme": "http", "server": ("test", 80), "client": ("test", 1), "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(app(scope, receive, send))
    kind = dict(sent[0]["headers"])[b"content-type"].decode()
    return sent[0]["status"], kind, b"".join(message.get("body", b"") for message in sent[1:])


def questions(system: str) -> list[str]:
    """Paths below a base."""
    url, found = quote(system, safe=""), []
    for code, rest in itertools.product(_CODES, _REST):
        asked = quote(code, safe="")
        found.append(f"CodeSystem/$lookup?system={url}&code={asked}&{rest}")
        found.append(f"CodeSystem/$validate-code?url={url}&code={asked}&{rest}")
        found.append(f"ValueSet/$validate-code?url={url}%3Ffhir_vs&system={url}&code={asked}&{rest}")
    for code, display in itertools.product(
        _CODES, ("", "Acute%20myocardial%20infarction", "akut+hj%C3%A4rtinfarkt", "%FF")
    ):
        asked = quote(code, safe="")
        found.append(f"CodeSystem/$validate-code?url={url}&code={asked}&display={display}")
        found.append(
            f"ValueSet/$validate-code?url={url}%3Ffhir_vs%3Disa%2FI20-I25&system={url}&code={asked}&display={display}"
        )
    for one, two in itertools.product(_CODES, _CODES):
        found.append(f"CodeSystem/$subsumes?system={url}&codeA={quote(one, safe='')}&codeB={quote(two, safe='')}")
    found += [
        f"CodeSystem/$lookup?system={url}&code=I21&code=I22",
        f"CodeSystem/$lookup?system={url}&c%6Fde=I21",
        f"CodeSystem/$lookup?system={url}&code=I21&c%6Fde=I22",
        f"CodeSystem/$lookup?coding={url}%7CI21",
        f"CodeSystem/$subsumes?system={url}&codeA=I21",
        f"CodeSystem/$validate-code?url={url}&code=I21&code=",
        f"ValueSet/$validate-code?url={url}%3Ffhir_vs&code=I21&inferSystem=true",
        "CodeSystem/$lookup?",
        "CodeSystem/$lookup?&&=&code",
        f"CodeSystem/$lookup?system={url}&code=I21&" + "&".join(f"a{number}=1" for number in range(400)),
    ]
    return found


def test_hot_and_common_answers_are_the_same(fhir_sqlite: FhirClient) -> None:
    hot, common = fhir_sqlite.app, fhir_sqlite.app._app
    ask(common, f"/r4/CodeSystem/$lookup?system={quote(ICD, safe='')}&code=I21", {})  # opens the index
    for path in questions(ICD):
        expected = ask(common, f"/r4/{path}", {})
        for _ in range(3):  # the third time kept, where it was hot
            assert ask(hot, f"/r4/{path}", {}) == expected, path


@pytest.mark.parametrize("base", ["r4", "r4b", "r5", "fhir"])
def test_headers_and_bases_change_nothing_of_it(fhir_sqlite: FhirClient, base: str) -> None:
    hot, common = fhir_sqlite.app, fhir_sqlite.app._app
    for system, headers in itertools.product((ICD, LOCAL, "http://no.where"), _HEADERS):
        url = quote(system, safe="")
        for path in (
            f"CodeSystem/$lookup?system={url}&code=I21",
            f"CodeSystem/$validate-code?url={url}&code=I21&display=Akut+hj%C3%A4rtinfarkt",
            f"CodeSystem/$subsumes?system={url}&codeA=I21&codeB=I21.9",
            f"ValueSet/$validate-code?url={url}%3Ffhir_vs&system={url}&code=I21",
        ):
            assert ask(hot, f"/{base}/{path}", headers) == ask(common, f"/{base}/{path}", headers), (path, headers)


def test_plain_questions_are_answered_from_memory(fhir_sqlite: FhirClient) -> None:
    common = fhir_sqlite.app._app
    url = quote(ICD, safe="")
    paths = [
        f"/r4/CodeSystem/$lookup?system={url}&code=I21",
        f"/r4/CodeSystem/$validate-code?url={url}&code=I21.9",
        f"/r4/CodeSystem/$subsumes?system={url}&codeA=I21&codeB=I21.9",
        f"/r4/ValueSet/$validate-code?url={url}%3Ffhir_vs&system={url}&code=I21",
    ]
    for path in paths:
        ask(common, path, {})
        bare, _, query = path.partition("?")
        scope = {"query_string": query.encode(), "headers": []}
        assert fhir_sqlite.app._codes.answer(HOT_OPERATIONS[bare], scope) is not None, path


def test_memory_answers_over_both_databases_and_never_what_was(fhir: FhirClient, database: Database) -> None:
    """A client that has just written (and so heard that it is done) gets what it wrote, whoever answers."""
    system = "http://new.example"
    query = f"system={quote(system, safe='')}&code=A"
    operation = HOT_OPERATIONS["/r4/CodeSystem/$lookup"]

    def from_memory() -> bytes | None:
        found: bytes | None = fhir.app._codes.answer(operation, {"query_string": query.encode(), "headers": []})
        return found

    for version in range(1, 6):
        with database.session(write=True) as session:
            add_code_system(session, CodeSystem(system, str(version), "New"), [Concept("A", f"name {version}")])
        assert (from_memory() or b"") == b""
        expected = ask(fhir.app, f"/r4/CodeSystem/$lookup?{query}", {})[2]
        assert f"name {version}".encode() in expected
        eventually(lambda: from_memory() == expected)  # noqa: B023


def test_a_synthetic_edition_of_snomed_ct(
    sqlite_database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = read_rf2(write_release(tmp_path / "release", concepts=200))
    stored = load_code_system(sqlite_database, IndexFolder(tmp_path / "index"), None, loaded.header, loaded.concepts)
    client = FhirClient(sqlite_database, Settings(data=tmp_path))
    hot, common = client.app, client.app._app
    url, below = (
        quote("http://snomed.info/sct", safe=""),
        quote("http://snomed.info/sct?fhir_vs=isa/404684003", safe=""),
    )
    with sqlite_database.session() as session:
        codes = [concept.code for concept in stream_concepts(session, stored.id)][::5]
    for one, two in zip(codes, [*codes[1:], "404684003:363698007=123037004"], strict=True):
        for path in (
            f"CodeSystem/$lookup?system={url}&code={one}",
            f"CodeSystem/$validate-code?url={url}&code={one}",
            f"CodeSystem/$validate-code?url={url}&code={quote(two)}",
            f"CodeSystem/$subsumes?system={url}&codeA={one}&codeB={quote(two)}",
            f"ValueSet/$validate-code?url={below}&system={url}&code={one}",
            f"ValueSet/$validate-code?url={below}&system={url}&code={quote(two)}",
        ):
            assert ask(hot, f"/r4/{path}", {}) == ask(common, f"/r4/{path}", {}), path
            ask(hot, f"/r4/{path}", {})
    assert len(hot._codes._kept._answers) > 4 * len(codes)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_what_is_kept_goes_when_content_changes(fhir: FhirClient, database: Database) -> None:
    asked = f"/r4/CodeSystem/$lookup?system={quote('http://new.example', safe='')}&code=A"
    assert ask(fhir.app, asked, {})[0] == 404
    for version, display in (("1", "first"), ("2", "second")):
        with database.session(write=True) as session:
            add_code_system(session, CodeSystem("http://new.example", version, "New"), [Concept("A", display)])
        for _ in range(3):  # the common way, then memory, then kept
            status, _, body = ask(fhir.app, asked, {})
            assert status == 200
            assert f'"{display}"'.encode() in body


STATUS = CodeSystem(
    "http://a.b/status", "1", "Status", properties=(PropertyDefinition("condition", "code", f"{STANDARD}status"),)
)


def test_what_stands_against_a_concept_is_said_of_it_alone(sqlite_database: Database, tmp_path: Path) -> None:
    """Plain concepts have one form of answer, which is learnt; others must not be given it."""
    concepts = [
        *(Concept(f"P{number}", f'Plain "{number}" å\\') for number in range(4)),
        Concept("X", "Deprecated", properties=(ConceptProperty("condition", "deprecated", "code"),)),
        Concept("I", "Inactive", active=False),
        Concept("A", "Abstract", abstract=True),
        Concept("N", ""),
        Concept("W", "Withdrawn", extensions=(Extension(STANDARDS_STATUS, "Code", "withdrawn"),)),
        Concept("P9", "Plain as well", definition='"code":"condition"'),
    ]
    with sqlite_database.session(write=True) as session:
        add_code_system(session, STATUS, concepts)
    client = FhirClient(sqlite_database, Settings(data=tmp_path))
    hot, common = client.app, client.app._app
    url = quote(STATUS.url, safe="")
    ask(common, f"/r4/CodeSystem/$lookup?system={url}&code=P0", {})
    for concept in concepts:
        for display in ("", f"&display={quote(concept.display)}", "&display=wrong"):
            path = f"/r4/CodeSystem/$validate-code?url={url}&code={concept.code}{display}"
            assert ask(hot, path, {}) == ask(common, path, {}), path
    plans = [one.plan for one in hot._codes._prepared.values()]
    assert sum(isinstance(plan, ValidationPlan) and plan.forms[True, False].is_ready for plan in plans) == 2


def test_subsumption_follows_the_content(fhir: FhirClient, database: Database) -> None:
    def outcome() -> str:
        body = ask(
            fhir.app, f"/r4/CodeSystem/$subsumes?system={quote('http://new.example', safe='')}&codeA=A&codeB=B", {}
        )[2]
        return str(orjson.loads(body)["parameter"][0]["valueCode"])

    for version, parents, expected in (("1", ("A",), "subsumes"), ("2", (), "not-subsumed")):
        with database.session(write=True) as session:
            concepts = [Concept("A", "a"), Concept("B", "b", parents=parents)]
            add_code_system(session, CodeSystem("http://new.example", version, "New"), concepts)
        assert [outcome() for _ in range(3)] == [expected] * 3


def test_a_query_is_cut_at_its_codes() -> None:
    assert split_query(b"codeA=x&system=s&codeB=y%20z") == (
        b"codeA&system=s&codeB", {"\u27e6codeA\u27e7": "x", "\u27e6codeB\u27e7": "y z"},
    )  # fmt: skip
    assert split_query(b"code=a&code=b") is None
    assert split_query(b"code=") is None
    assert split_query(b"code=%FF") is None


def test_kept_answers_stay_within_their_budget() -> None:
    kept = KeptAnswers(5_000)
    for number in range(10):
        kept.put(1, number, b"x" * 500)
    assert not any(kept.get(1, number) for number in range(10))  # nobody asked twice
    for number in range(10):
        kept.put(1, number, b"x" * 500)
    assert [number for number in range(10) if kept.get(1, number)] == [7, 8, 9]
    kept.put(1, 9, b"")
    assert kept.get(1, 9) == b""
    assert kept.get(2, 8) is None
