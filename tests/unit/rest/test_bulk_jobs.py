"""$bulk-translate: FHIR's asynchronous pattern over files, on both databases."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from termserver.bulk.background import run_bulk_job
from termserver.bulk.job_folder import folder_of, incoming_folder, remove_expired
from termserver.curation.engines import Engines
from termserver.model.person import Role
from termserver.settings import Settings
from termserver.store import jobs as job_store
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.worker import Worker
from tests.unit.bulk.conftest import ICD, LOCAL, URL, a_map
from tests.unit.rest.writing import WritingClient

VISITS = "id,dx\n1,HI\n2,HYP\n3,none\n4,none\n5,SEX\n"
WANTED = {"codeColumn": "dx", "system": LOCAL, "url": URL}
ASYNC = {"Prefer": "respond-async", "Content-Type": "text/csv"}
_KICK_OFF = "/r4/ConceptMap/$bulk-translate"


class BulkClient(WritingClient):
    """A client with a worker of its own."""

    def __init__(self, database: Database, settings: Settings, role: Role = Role.VIEWER) -> None:
        super().__init__(database, settings, role)
        self.settings = settings
        self._worker = Worker(database, settings, Engines(database, settings))

    def send(
        self, content: str | bytes = VISITS, headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}", **ASYNC, **(headers or {})}
        return self.ask("POST", _KICK_OFF, params={**WANTED, **query}, content=content, headers=sent)

    def form(self, files: dict[str, Any], **fields: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Prefer": "handling=strict, respond-async"}
        return self.ask("POST", _KICK_OFF, files=files, data={**WANTED, **fields}, headers=headers)

    def work(self) -> None:
        while self._worker.run_one():
            pass

    def fetch(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        return self.write(method, httpx.URL(url).raw_path.decode(), None, **headers)

    def manifest(self, kicked_off: httpx.Response) -> dict[str, Any]:
        assert kicked_off.status_code == 202, kicked_off.text
        self.work()
        status = self.fetch(kicked_off.headers["content-location"])
        assert status.status_code == 200, status.text
        return dict(status.json())

    def result(self, kicked_off: httpx.Response) -> list[dict[str, str]]:
        answer = self.fetch(self.manifest(kicked_off)["output"][0]["url"])
        return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> BulkClient:
    with database.session(write=True) as session:
        add_concept_map(session, a_map("1"))
    return BulkClient(database, Settings(data=tmp_path))


def _says(answer: httpx.Response) -> str:
    return str(answer.json()["issue"][0]["details"]["text"])


def test_a_file_goes_the_whole_way(fhir: BulkClient) -> None:
    kicked_off = fhir.send()
    assert kicked_off.status_code == 202
    assert kicked_off.json()["resourceType"] == "OperationOutcome"
    location = kicked_off.headers["content-location"]
    assert location.startswith("http://test/r4/bulk-jobs/")
    waiting = fhir.fetch(location)
    assert (waiting.status_code, waiting.headers["x-progress"]) == (202, "queued")
    assert int(waiting.headers["retry-after"]) > 0
    fhir.work()
    done = fhir.fetch(location)
    assert (done.status_code, done.headers["content-type"]) == (200, "application/json")
    assert "expires" in done.headers
    manifest = done.json()
    assert manifest["request"].startswith("http://test/r4/ConceptMap/$bulk-translate?codeColumn=dx")
    assert manifest["requiresAccessToken"] is True
    assert manifest["transactionTime"].endswith("Z")
    assert manifest["extension"]["rows"] == {"mapped": 2, "unmapped": 2, "conditional": 1}
    assert [item["version"] for item in manifest["extension"]["maps"]] == ["1"]
    (output,) = manifest["output"]
    assert output["count"] == 6
    rows = list(csv.DictReader(io.StringIO(fhir.fetch(output["url"]).text)))
    assert [(row["id"], row["target_code"], row["status"]) for row in rows] == [
        ("1", "I21.9", "mapped"),
        ("2", "N85.0", "mapped"),
        ("2", "N40", "mapped"),
        ("3", "", "unmapped"),
        ("4", "", "unmapped"),
        ("5", "", "conditional"),
    ]
    report = fhir.fetch(manifest["extension"]["unmapped"]["url"])
    assert report.text.splitlines() == ["dx,status,rows", "none,unmapped,2", "SEX,conditional,1"]
    errors = [json.loads(line) for line in fhir.fetch(manifest["error"][0]["url"]).text.splitlines()]
    assert [item["resourceType"] for item in errors] == ["OperationOutcome"] * 2
    assert errors[0]["issue"][0]["details"]["text"] == "'none' has no target (unmapped): 2 rows"


def test_a_condition_is_chosen_by_the_rows_own_value(fhir: BulkClient) -> None:
    sent = fhir.send("sex;dx\nmale;SEX\nfemale;SEX\n;SEX\n", delimiter=";", dependency="sex=sex", prefix="icd_")
    answer = fhir.fetch(fhir.manifest(sent)["output"][0]["url"])
    rows = list(csv.DictReader(io.StringIO(answer.text), delimiter=";"))
    assert [row["icd_target_code"] for row in rows] == ["N41", "N72", ""]


@pytest.mark.parametrize(
    ("query", "targets"),
    [
        ({"multiple": "first"}, ["I21.9", "N85.0", "", "", ""]),
        ({"multiple": "list"}, ["I21.9", "N85.0|N40", "", "", ""]),
        ({"multiple": "first", "unmapped": "drop"}, ["I21.9", "N85.0"]),
        ({"multiple": "first", "unmapped": "source"}, ["I21.9", "N85.0", "none", "none", "SEX"]),
        ({"targetSystem": "http://other.example"}, ["", "", "", "", ""]),
        ({"targetSystem": ["http://other.example", ICD], "multiple": "first"}, ["I21.9", "N85.0", "", "", ""]),
        ({"url": ""}, ["I21.9", "N85.0", "N40", "", "", ""]),
    ],
)
def test_the_options_of_the_command(fhir: BulkClient, query: dict[str, Any], targets: list[str]) -> None:
    assert [row["target_code"] for row in fhir.result(fhir.send(**query))] == targets


def test_every_format_comes_back_as_it_went(fhir: BulkClient, tmp_path: Path) -> None:
    import polars as pl

    tsv = fhir.manifest(fhir.send("dx\tn\nHI\t1\n", {"Content-Type": "text/tab-separated-values; charset=utf-8"}))
    assert fhir.fetch(tsv["output"][0]["url"]).text.splitlines()[1].split("\t")[:3] == ["HI", "1", "I21.9"]
    ndjson = fhir.manifest(fhir.send('{"dx":"HI","n":1}\n', {"Content-Type": "application/x-ndjson"}))
    assert json.loads(fhir.fetch(ndjson["output"][0]["url"]).text)["target_code"] == "I21.9"
    frame = pl.DataFrame({"dx": ["HI", "HYP", "none"]})
    for name, write, read in (
        ("parquet", frame.write_parquet, pl.read_parquet),
        ("arrow", frame.write_ipc, pl.read_ipc),
    ):
        write(tmp_path / "sent")
        sent = (tmp_path / "sent").read_bytes()
        manifest = fhir.manifest(
            fhir.send(sent, {"Content-Type": "application/octet-stream"}, format=name, multiple="first")
        )
        got = fhir.fetch(manifest["output"][0]["url"])
        assert read(io.BytesIO(got.content))["target_code"].to_list() == ["I21.9", "N85.0", None]
        assert manifest["output"][0]["extension"]["sha256"] == hashlib.sha256(got.content).hexdigest()


def test_a_form_brings_file_options_and_lock(fhir: BulkClient, database: Database) -> None:
    first = fhir.manifest(fhir.form({"file": ("visits.csv", VISITS, "text/csv")}, multiple="first"))
    lock = fhir.fetch(first["extension"]["lock"]["url"]).text
    with database.session(write=True) as session:
        add_concept_map(session, a_map("2", target_of_hi="I22"))
    file = ("visits.csv", VISITS, "text/csv")
    assert fhir.result(fhir.form({"file": file}))[0]["target_code"] == "I22"
    assert fhir.result(fhir.form({"file": file, "lock": ("l", lock)}))[0]["target_code"] == "I21.9"
    assert fhir.result(fhir.form({"file": file}, lock=lock))[0]["target_code"] == "I21.9"


def test_a_lock_that_does_not_hold_is_a_conflict(fhir: BulkClient) -> None:
    lock = orjson.dumps({"maps": [{"url": URL, "version": "1", "content_hash": "0" * 64}]}).decode()
    kicked_off = fhir.form({"file": ("visits.csv", VISITS, "text/csv")}, lock=lock)
    fhir.work()
    status = fhir.fetch(kicked_off.headers["content-location"])
    assert status.status_code == 409
    assert "has other content here" in _says(status)


@pytest.mark.parametrize(
    ("content", "query", "status", "says"),
    [
        ("id,dx\n1,HI\n2\n", {}, 400, "input.csv line 3: 1 cells"),
        ('id,dx\n1,HI\n2,"HI\n', {}, 400, "line 3"),
        ("id,code\n1,HI\n", {}, 400, "the column 'dx' is missing"),
        ("id,dx,status\n1,HI,x\n", {}, 400, "prefix"),
        (b"id,dx\n1,\xff\n", {}, 400, "UTF-8"),
        (VISITS, {"multiple": "error"}, 400, "has 2 targets"),
        (VISITS, {"unmapped": "error"}, 400, "has no target"),
        (VISITS, {"url": "http://none.example"}, 404, "no concept map"),
        ("", {}, 400, "missing"),
    ],
)
def test_a_file_that_cannot_be_translated_says_why(
    fhir: BulkClient, content: str | bytes, query: dict[str, str], status: int, says: str
) -> None:
    kicked_off = fhir.send(content, **query)
    assert kicked_off.status_code == 202
    fhir.work()
    answer = fhir.fetch(kicked_off.headers["content-location"])
    assert answer.status_code == status, answer.text
    assert says in _says(answer)


def test_rows_left_out_are_told_in_the_errors(fhir: BulkClient) -> None:
    manifest = fhir.manifest(fhir.send("id,dx\n1,HI\n2\n3,HI\n", onError="continue"))
    assert manifest["extension"]["leftOut"] == 1
    assert manifest["output"][0]["count"] == 2
    (told,) = fhir.fetch(manifest["error"][0]["url"]).text.splitlines()
    assert json.loads(told)["issue"][0]["details"]["text"].startswith("Line 3 was left out: 1 cells")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"codeColumn": ""}, "'codeColumn': is missing"),
        ({"system": ""}, "'system'"),
        ({"systemColumn": "s"}, "'system'"),
        ({"multiple": "all"}, "'multiple': must be one of explode, first, list, error"),
        ({"unmapped": "x"}, "'unmapped'"),
        ({"onError": "x"}, "'onError'"),
        ({"delimiter": ",,"}, "The delimiter ',,' must be one character"),
        ({"dependency": "sex"}, "'dependency'"),
        ({"format": "xls"}, "'format'"),
        ({"file": "/etc/passwd"}, "'file': is not known to $bulk-translate"),
        ({"multiple": ["first", "list"]}, "'multiple': is given more than once"),
        ({"prefix": "x" * 3000}, "'prefix'"),
        ({"lock": "{}"}, "lock"),
    ],
)
def test_a_wrong_parameter_is_named_at_once(fhir: BulkClient, query: dict[str, Any], says: str) -> None:
    answer = fhir.send(**query)
    assert answer.status_code == 400
    assert says in _says(answer)
    assert not list(fhir.settings.bulk_folder().glob("*"))


def test_what_is_no_kick_off(fhir: BulkClient) -> None:
    assert "Prefer: respond-async" in _says(fhir.send(headers={"Prefer": "return=minimal"}))
    assert fhir.send(headers={"Content-Encoding": "gzip"}).status_code == 415
    assert fhir.form({"other": ("visits.csv", VISITS)}).status_code == 400
    assert fhir.form({}).status_code == 400
    assert fhir.send(headers={"Content-Type": "application/json"}).status_code == 400
    answer = fhir.get(_KICK_OFF)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_file_beyond_the_bound_is_not_read_to_its_end(database: Database, tmp_path: Path) -> None:
    fhir = BulkClient(database, Settings(data=tmp_path, bulk_limit_mb=1))
    answer = fhir.send("x" * 3_000_000)
    assert answer.status_code == 413
    assert "bulk_limit_mb" in _says(answer)
    assert not list(fhir.settings.bulk_folder().glob("*"))


def test_only_the_owner_and_an_administrator_see_it(fhir: BulkClient, database: Database, tmp_path: Path) -> None:
    assert fhir.ask("POST", _KICK_OFF, params=WANTED, content=VISITS, headers=ASYNC).status_code == 401
    kicked_off = fhir.send()
    location = httpx.URL(kicked_off.headers["content-location"]).raw_path.decode()
    output = fhir.manifest(kicked_off)["output"][0]["url"]
    other = BulkClient(database, Settings(data=tmp_path), Role.MAPPER)
    boss = BulkClient(database, Settings(data=tmp_path), Role.ADMINISTRATOR)
    assert fhir.get(location).status_code == 401
    assert [client.fetch(location).status_code for client in (other, boss)] == [404, 200]
    assert [client.fetch(output).status_code for client in (other, boss)] == [404, 200]
    assert other.fetch(location, "DELETE").status_code == 404


def test_a_result_is_fetched_in_parts_and_once(fhir: BulkClient) -> None:
    url = fhir.manifest(fhir.send())["output"][0]["url"]
    whole = fhir.fetch(url)
    etag = whole.headers["etag"]
    assert whole.headers["content-disposition"] == 'attachment; filename="result.csv"'
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("text/csv; charset=utf-8", "bytes")
    part = fhir.fetch(url, Range="bytes=3-9", If_Range=etag)
    assert (part.status_code, part.content) == (206, whole.content[3:10])
    assert fhir.fetch(url, Range="bytes=3-9", If_Range='"another"').status_code == 200
    assert fhir.fetch(url, Range="bytes=99999-").status_code == 416
    assert fhir.fetch(url, If_None_Match=etag).status_code == 304
    head = fhir.fetch(url, "HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    assert fhir.fetch(url.replace("result.csv", "outcome.json")).status_code == 404
    assert fhir.fetch(url.replace("result.csv", "..%2Foutcome.json")).status_code == 404


def test_cancelling_before_and_after(fhir: BulkClient) -> None:
    waiting, done = fhir.send(), None
    location = waiting.headers["content-location"]
    assert fhir.fetch(location, "DELETE").status_code == 202
    assert fhir.fetch(location).status_code == 404
    fhir.work()
    assert not list(fhir.settings.bulk_folder().glob("*"))
    done = fhir.send()
    fhir.manifest(done)
    assert fhir.fetch(done.headers["content-location"], "DELETE").status_code == 202
    assert fhir.fetch(done.headers["content-location"]).status_code == 404
    assert fhir.fetch(done.headers["content-location"], "DELETE").status_code == 404
    assert not list(fhir.settings.bulk_folder().glob("*"))


def test_cancelling_a_running_job_stops_it(
    fhir: BulkClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from termserver.bulk import background, text_files

    monkeypatch.setattr(background, "_HEARTBEAT_S", 0.01)
    monkeypatch.setattr(text_files, "PROGRESS_STEP", 1)
    location = fhir.send("id,dx\n" + "1,HI\n" * 20).headers["content-location"]
    told: list[int] = []

    def rows_done(self: Any, rows: int) -> None:
        if not told:
            assert fhir.fetch(location).headers["x-progress"].startswith("running: ")
            assert fhir.fetch(location, "DELETE").status_code == 202
            while not self._cancelled:
                time.sleep(0.01)
        told.append(rows)
        original(self, rows)

    original = background._Heartbeat.rows_done
    monkeypatch.setattr(background._Heartbeat, "rows_done", rows_done)
    fhir.work()
    assert told == [1]
    assert fhir.fetch(location).status_code == 404
    assert not list(fhir.settings.bulk_folder().glob("*"))


def test_nobody_fills_the_queue(fhir: BulkClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("termserver.bulk.background._MOST_OPEN", 1)
    assert fhir.send().status_code == 202
    refused = fhir.send()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
    fhir.work()
    assert fhir.send().status_code == 202


def test_results_expire(fhir: BulkClient, monkeypatch: pytest.MonkeyPatch) -> None:
    kicked_off = fhir.send()
    fhir.manifest(kicked_off)
    abandoned = incoming_folder(fhir.settings, "abandoned")
    long_ago = time.time() - 25 * 3600
    for path in fhir.settings.bulk_folder().rglob("*"):
        os.utime(path, (long_ago, long_ago))
    fresh = incoming_folder(fhir.settings, "fresh")
    remove_expired(fhir.settings)
    assert not abandoned.path.exists()
    assert fresh.path.exists()
    gone = fhir.fetch(kicked_off.headers["content-location"])
    assert gone.status_code == 404
    assert "send the file again" in _says(gone)


def test_a_job_whose_worker_died_is_run_again_from_the_beginning(fhir: BulkClient, database: Database) -> None:
    kicked_off = fhir.send()
    with database.session(write=True) as session:
        job = job_store.take_job(session, worker="dead:1")
        assert job is not None
    folder = folder_of(fhir.settings, job.id)
    folder.incoming.rename(folder.source("csv"))  # as far as the dead one came
    folder.path.joinpath("result.csv.part").write_text("half a res")
    with database.session(write=True) as session:
        job_store.release_jobs_of(session, "dead:1")
    assert len(fhir.result(kicked_off)) == 6


def test_a_job_that_was_done_when_its_worker_died_is_done(fhir: BulkClient, database: Database) -> None:
    kicked_off = fhir.send()
    with database.session(write=True) as session:
        job = job_store.take_job(session, worker="dead:1")
        assert job is not None
    assert run_bulk_job(database, fhir.settings, job) == "5 rows, 2 mapped"
    with database.session(write=True) as session:
        job_store.release_jobs_of(session, "dead:1")
    assert len(fhir.result(kicked_off)) == 6


def test_xml_and_every_base(fhir: BulkClient) -> None:
    for base in ("/r4b", "/r5", "/fhir"):
        headers = {"Authorization": f"Bearer {fhir.token}", **ASYNC, "Accept": "application/fhir+xml"}
        answer = fhir.ask("POST", f"{base}/ConceptMap/$bulk-translate", params=WANTED, content=VISITS, headers=headers)
        assert (answer.status_code, b"<OperationOutcome" in answer.content) == (202, True)
        assert f"{base}/bulk-jobs/" in answer.headers["content-location"]
        assert len(fhir.result(answer)) == 6
