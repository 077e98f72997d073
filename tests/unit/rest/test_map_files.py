"""$import-map and $export-map: maps as files over HTTP, in and out again, on both databases."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from termserver.exports.registry import FORMATS
from termserver.model.person import Role
from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.rest.client import BASES
from tests.unit.rest.writing import WritingClient

GOLDEN = Path(__file__).parents[2] / "golden" / "both_ways"
LOCAL = "https://example.org/CodeSystem/diagnoses"
URL = "https://example.org/ConceptMap/m"
OMOP = {"url": URL, "version": "1", "vocabulary": f"EX_DIAG={LOCAL}"}
OPTIONS = {
    "sourceVocabulary": "EX",
    "refsetId": "999000041000000102",
    "moduleId": "999000011000000103",
    "effectiveTime": "20261122",
}


class FileClient(WritingClient):
    """A client that sends and fetches files."""

    def load(self, files: dict[str, Any], base: str = "/r4", **fields: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.ask("POST", f"{base}/ConceptMap/$import-map", files=files, data=fields, headers=headers)

    def load_body(self, content: bytes | str, content_type: str = "text/csv", **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        return self.ask("POST", "/r4/ConceptMap/$import-map", params=query, content=content, headers=headers)

    def fetch(self, path: str, method: str = "GET", **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | query.pop("headers", {})
        return self.ask(method, path, params=query, headers=headers)


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> FileClient:
    return FileClient(database, Settings(data=tmp_path), Role.PUBLISHER)


@pytest.fixture
def fhir_sqlite(sqlite_database: Database, tmp_path: Path) -> FileClient:
    return FileClient(sqlite_database, Settings(data=tmp_path), Role.PUBLISHER)


def omop_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted((GOLDEN / "omop").iterdir()):
            archive.writestr(path.name, path.read_bytes())
    return buffer.getvalue()


def says(answer: httpx.Response) -> str:
    return "\n".join(issue["details"]["text"] for issue in answer.json()["issue"])


@pytest.mark.parametrize("base", BASES)
def test_local_omop_concepts_go_in_and_come_out_the_same(fhir: FileClient, base: str) -> None:
    answer = fhir.load({"file": ("concepts.zip", omop_zip())}, base, **OMOP)
    assert answer.status_code == 200, answer.text
    assert f"{URL}|1, 4 source codes; 7 lines read, 0 refused" in says(answer)
    location = httpx.URL(answer.headers["location"]).path
    assert location.startswith(f"{base}/ConceptMap/")
    translated = fhir.get(f"{base}/ConceptMap/$translate", url=URL, system=LOCAL, code="HB;L|60").json()
    assert len([item for item in translated["parameter"] if item["name"] == "match"]) == 4
    out = fhir.fetch(f"{location}/$export-map", format="omop-concepts")
    with zipfile.ZipFile(io.BytesIO(out.content)) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (GOLDEN / "omop" / name).read_bytes()


def test_a_file_as_the_body_with_parameters_in_the_query(fhir_sqlite: FileClient) -> None:
    answer = fhir_sqlite.load_body((GOLDEN / "map.sssom.tsv").read_bytes(), "text/tab-separated-values")
    assert answer.status_code == 200, answer.text
    again = fhir_sqlite.fetch("/r4/ConceptMap/$export-map", url=f"{URL}|1.0", format="sssom")
    assert again.content == (GOLDEN / "map.sssom.tsv").read_bytes()
    assert again.headers["content-disposition"] == 'attachment; filename="AMap-1.0.sssom.tsv"'


def test_names_of_targets_come_from_a_second_file(fhir_sqlite: FileClient) -> None:
    athena = (
        "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_code\n4329847\tMI\tCondition\tSNOMED\t22298006\n"
    )
    files = {"file": ("concepts.zip", omop_zip()), "omopConcepts": ("CONCEPT.csv", athena)}
    assert fhir_sqlite.load(files, **OMOP).status_code == 200
    answer = fhir_sqlite.get("/r4/ConceptMap/$translate", url=URL, system=LOCAL, code="HI").json()
    coding = next(part for part in answer["parameter"][1]["part"] if part["name"] == "concept")["valueCoding"]
    assert (coding["system"], coding["code"]) == ("http://snomed.info/sct", "22298006")


def test_a_bad_line_keeps_the_map_out_unless_told_to_go_on(fhir: FileClient) -> None:
    text = "old,new,relationship\nA,B,equivalent\nC,D,perhaps\n"
    named = {"url": URL, "version": "1", "sourceSystem": LOCAL, "targetSystem": "https://example.org/cs"}
    refused = fhir.load_body(text, **named)
    assert refused.status_code == 400
    assert "line 3, column relationship" in says(refused)
    assert "Nothing was stored" in says(refused)
    assert fhir.get("/r4/ConceptMap", url=URL).json()["total"] == 0
    stored = fhir.load_body(text, **named, onError="continue")
    assert stored.status_code == 200
    assert [issue["severity"] for issue in stored.json()["issue"]] == ["information", "warning"]
    assert fhir.load_body(text.replace("A,B", "A,X"), **named, onError="continue").status_code == 409


@pytest.mark.parametrize(
    ("query", "content", "says_what"),
    [
        ({"colour": "red"}, "a,b\n", "Parameter 'colour': is not known to $import-map"),
        ({"onError": "maybe"}, "a,b\n", "must be stop or continue"),
        ({"column": "kind=a"}, "a,b\n", "write KIND=NAME"),
        ({"vocabulary": "X"}, "a,b\n", "write NAME=URL"),
        ({"format": "usagi3"}, "a,b\n", "the format 'usagi3' is unknown"),
        ({"url": ["http://a.example", "http://b.example"]}, "a,b\n", "given twice"),
        ({}, "old,new\nA,B\n", "--url"),
        ({"format": "fhir-r4", "url": URL}, "{", "JSON"),
        ({"url": f"{URL}|1"}, "old,new\nA,B\n", "is no absolute URL"),
        ({"url": "my map"}, "old,new\nA,B\n", "is no absolute URL"),
        ({"url": URL, "version": "1|2"}, "old,new\nA,B\n", "without blanks and |"),
        ({"url": URL, "sourceSystem": "my list"}, "old,new\nA,B\n", "The code system 'my list' is no absolute URL"),
        ({"url": URL, "vocabulary": "X=a: b"}, "old,new\nA,B\n", "The code system 'a: b' is no absolute URL"),
    ],
)
def test_what_cannot_be_read_is_said(
    fhir_sqlite: FileClient, query: dict[str, Any], content: str, says_what: str
) -> None:
    answer = fhir_sqlite.load_body(content, **query)
    assert answer.status_code == 400, answer.text
    assert says_what in says(answer)


def test_only_publishers_load_and_nobody_without_a_token(sqlite_database: Database, tmp_path: Path) -> None:
    viewer = FileClient(sqlite_database, Settings(data=tmp_path), Role.VIEWER)
    assert viewer.load({"file": ("m.csv", "a,b\n")}, url=URL).status_code == 403
    assert viewer.ask("POST", "/r4/ConceptMap/$import-map", content=b"x").status_code == 401
    assert viewer.get("/r4/ConceptMap/$export-map", format="csv", url=URL).status_code == 401
    assert viewer.ask("PUT", "/r4/ConceptMap/$import-map").headers["allow"] == "POST"


def test_too_large_a_file_is_refused_while_it_comes(sqlite_database: Database, tmp_path: Path) -> None:
    small = FileClient(sqlite_database, Settings(data=tmp_path, upload_limit_mb=1), Role.ADMINISTRATOR)
    answer = small.load_body(b"x" * 4_000_000, url=URL)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_given(fhir_sqlite: FileClient, name: str) -> None:
    loaded = fhir_sqlite.load(
        {"file": ("t.txt", (GOLDEN / "to_snomed.extended.txt").read_bytes())}, url=URL, version="1", sourceSystem=LOCAL
    )
    path = f"{httpx.URL(loaded.headers['location']).path}/$export-map"
    answer = fhir_sqlite.fetch(path, format=name, **OPTIONS)
    if name in ("omop", "omop-concepts"):  # SNOMED CT's codes have no concept ids here
        assert (answer.status_code, "No OMOP concept" in says(answer)) == (400, True)
        return
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(FORMATS[name].media_type.split(";")[0])
    head = fhir_sqlite.fetch(path, "HEAD", format=name, **OPTIONS)
    assert (head.headers["etag"], head.content) == (answer.headers["etag"], b"")
    known = {"If-None-Match": answer.headers["etag"]}
    assert fhir_sqlite.fetch(path, format=name, headers=known, **OPTIONS).status_code == 304


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("$export-map", {"format": "csv"}, 400),
        ("$export-map", {"format": "xls", "url": URL}, 400),
        ("$export-map", {"url": URL}, 400),
        ("$export-map", {"format": "csv", "url": URL, "colour": "red"}, 400),
        ("$export-map", {"format": "csv", "url": f"{URL}|7"}, 404),
        ("nothing/$export-map", {"format": "csv"}, 404),
        ("nothing/$export-map", {"format": "csv", "url": URL}, 400),
    ],
)
def test_what_cannot_be_given_is_said(fhir_sqlite: FileClient, path: str, query: dict[str, str], status: int) -> None:
    answer = fhir_sqlite.fetch(f"/r4/ConceptMap/{path}", **query)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
