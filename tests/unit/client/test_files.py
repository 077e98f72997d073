"""Whole files by the client, against a server in a process of its own; over SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from termserver.client import AsyncClient, Client, ClientError
from termserver.client.bulk import FileOptions
from termserver.client.exchange import Retries
from termserver.jobs.queue import list_jobs
from termserver.model.job import JobState
from termserver.model.person import Role
from termserver.security.sign_in import issue_token
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.store.people import add_person
from tests.unit.bulk.conftest import LOCAL, URL, a_map

WANTED: FileOptions = {"code_column": "dx", "system": LOCAL, "url": URL}


class Served:
    """A server process over a database, and a token for it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self._folder = database, folder
        with database.session(write=True) as session:
            add_concept_map(session, a_map("1"))
            anna = add_person(session, login="anna", name="Anna", role=Role.VIEWER, password_hash="x")
            self.token = issue_token(session, anna, hours=1)
        self.base = ""
        self.start()

    def start(self, port: str = "0") -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TERMSERVER_")}
        environment |= {"TERMSERVER_DATABASE_URL": self.database.url, "PYTHONUNBUFFERED": "1"}
        self._log = (self._folder / "server.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "termserver", "serve", "--port", port, "--data", str(self._folder)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
        )
        for _ in range(600):
            said = (self._folder / "server.log").read_text()
            if found := re.search(r"(http://[\d.]+:\d+)/", said):
                self.base = f"{found.group(1)}/r4"
                return
            time.sleep(0.1)
        raise AssertionError(f"the server did not start: {said}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log.close()


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Served]:
    server = Served(database, tmp_path)
    yield server
    if server.process.poll() is None:
        server.kill()


def _visits(path: Path, rows: int = 3) -> Path:
    codes = ["HI", "HYP", "none"]
    path.write_text("id,dx\n" + "".join(f"{number},{codes[number % 3]}\n" for number in range(rows)))
    return path


def _targets(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row["target_code"] for row in csv.DictReader(file)]


def test_files_over_http(served: Served, tmp_path: Path) -> None:
    visits, out = _visits(tmp_path / "visits.csv"), tmp_path / "out.csv"
    report, lock = tmp_path / "report.csv", tmp_path / "maps.lock"
    with Client(served.base, token=served.token) as server:
        done = server.translate_file(visits, out, **WANTED, multiple="first", report=report, lock=lock)
        assert _targets(out) == ["I21.9", "N85.0", ""]
        assert (done.rows, done.left_out, done.maps) == ({"mapped": 2, "unmapped": 1}, 0, (f"{URL}|1",))
        assert round(done.unmapped_share, 2) == 0.33
        assert report.read_text() == "dx,status,rows\nnone,unmapped,1\n"

        with served.database.session(write=True) as session:
            add_concept_map(session, a_map("2", target_of_hi="I22"))
        server.translate_file(visits, out, **WANTED, multiple="first", lock=lock)
        assert _targets(out) == ["I21.9", "N85.0", ""]
        server.translate_file(visits, out, **WANTED, multiple="first")
        assert _targets(out) == ["I22", "N85.0", ""]

        (tmp_path / "broken.csv").write_text('id,dx\n1,HI\n2,"HI\n')
        with pytest.raises(ClientError, match="line 3") as raised:
            server.translate_file(tmp_path / "broken.csv", out, **WANTED)
        assert raised.value.status == 400
        assert _targets(out) == ["I22", "N85.0", ""]
    assert not list((tmp_path / "bulk").glob("*"))  # nothing is left on the server

    async def awaiting() -> None:
        async with AsyncClient(served.base, token=served.token) as server:
            await server.translate_file(visits, out, **WANTED, multiple="first", keep=True)

    asyncio.run(awaiting())
    assert _targets(out) == ["I22", "N85.0", ""]
    assert len(list((tmp_path / "bulk").glob("*/result.csv"))) == 1


def test_a_killed_server_goes_on_after_its_restart(served: Served, tmp_path: Path) -> None:
    rows = 1_000_000
    visits = _visits(tmp_path / "visits.csv", rows)
    headers = {"Authorization": f"Bearer {served.token}", "Prefer": "respond-async", "Content-Type": "text/csv"}
    query = {"codeColumn": "dx", "system": LOCAL, "multiple": "first", "unmapped": "drop"}
    with httpx.Client(headers=headers, timeout=60) as http:
        begun = http.post(f"{served.base}/ConceptMap/$bulk-translate", params=query, content=visits.read_bytes())
        location = begun.headers["content-location"]
        while not (progress := http.get(location).headers["x-progress"]).startswith("running"):
            assert progress == "queued"
            time.sleep(0.02)
        served.kill()
        with served.database.session() as session:
            assert [job.state for job in list_jobs(session)] == [JobState.RUNNING]
        served.start(served.base.rpartition(":")[2].partition("/")[0])
        while (status := http.get(location)).status_code == 202:
            time.sleep(0.2)
        assert status.status_code == 200, status.text
        (output,) = status.json()["output"]
        assert output["count"] == rows * 2 // 3 + 1
        assert len(http.get(output["url"]).content.splitlines()) == output["count"] + 1


def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    whole = b"id,target_code\n" + b"1,I21.9\n" * 1000
    asked: list[httpx.Request] = []

    class Half(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield whole[:4000]
            raise httpx.ReadError("the line is dead")

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "POST":
            return httpx.Response(202, headers={"content-location": "http://server/jobs/1"})
        if request.method == "DELETE":
            return httpx.Response(202)
        if request.url.path == "/jobs/1":
            return httpx.Response(200, json={"output": [{"url": "http://server/jobs/1/result.csv"}]})
        headers = {"etag": '"a"'}
        if "range" not in request.headers:
            return httpx.Response(200, stream=Half(), headers=headers)
        assert (request.headers["range"], request.headers["if-range"]) == ("bytes=4000-", '"a"')
        return httpx.Response(206, content=whole[4000:], headers=headers)

    transport = httpx.MockTransport(answer)
    with Client("http://server/r4", transport=transport, retries=Retries(most=2, first_wait_s=0.001)) as server:
        server.translate_file(_visits(tmp_path / "visits.csv"), tmp_path / "out.csv", **WANTED)
    assert (tmp_path / "out.csv").read_bytes() == whole
    assert [request.method for request in asked] == ["POST", "GET", "GET", "GET", "DELETE"]


def test_an_interrupted_wait_cancels_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(202, headers={"content-location": "http://server/jobs/1"} if len(asked) == 1 else {})

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("termserver.client.client.time.sleep", interrupt)
    with Client("http://server/r4", transport=httpx.MockTransport(answer)) as server, pytest.raises(KeyboardInterrupt):
        server.translate_file(_visits(tmp_path / "visits.csv"), tmp_path / "out.csv", **WANTED)
    assert asked == ["POST", "GET", "DELETE"]
    assert not (tmp_path / "out.csv").exists()
