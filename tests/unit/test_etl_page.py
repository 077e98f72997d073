"""The page for ETL developers does what it says: every block is run as written, in order, against a started server.

Only the address of the server is another. Spark's block needs TERMSERVER_TEST_SPARK, the Python of a pyspark (scripts/test).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from termserver.curation.upload import create_project
from termserver.loaders.source import LoadedList
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.person import Role
from termserver.model.relationship import Relationship
from termserver.model.source_list import SourceList
from termserver.security.sign_in import issue_token
from termserver.settings import load_settings
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from tests.builders import ICD, icd, person, source_rows

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "termserver" / "docs" / "etl.md"
ADDRESS = "http://localhost:8080"
SYSTEM = "https://example.org/CodeSystem/diagnoses"
MAP = "https://example.org/ConceptMap/diagnoses"
SPARK = os.environ.get("TERMSERVER_TEST_SPARK")
# What a block leaves behind, printed so that the test can look at it
SHOWN = {
    "def translate(": "import json\nprint(json.dumps(translate(['HI', 'HYP', 'none'])))",
    "json.load(open(": "print(json.dumps(targets))",
    "translate_many": "import json\nprint(json.dumps({code: len(one.matches) for code, one in many.items()}))",
    "translate_file": "print(done.unmapped_share)",
    "import pandas": "print(visits.to_json(orient='records'))",
    "import polars": "print(visits.collect().write_json())",
    "import translate_column": "import json\nprint(json.dumps([row.asDict() for row in translated.collect()]))",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of the page."""

    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        return f"line-{self.line}-{self.language}"

    @property
    def is_spark(self) -> bool:
        return "import translate_column" in self.text


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a block."""

    status: int
    output: str
    errors: str


def blocks() -> list[Block]:
    text = PAGE.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(text[: item.start()].count("\n") + 1, item[1], item[2]) for item in found]


BLOCKS = blocks()


def a_map(version: str, target: str) -> ConceptMap:
    def element(code: str, *targets: tuple[str, Relationship], no_map: bool = False) -> MapElement:
        return MapElement(code, f"Term {code}", tuple(MapTarget(*item) for item in targets), no_map=no_map)

    elements = (
        element("HI", (target, Relationship.EQUIVALENT)),
        element("HYP", ("I48", Relationship.NARROWER), ("I48.9", Relationship.EQUIVALENT)),
        element("MISC", no_map=True),
    )
    return ConceptMap(MAP, version, "Diagnoses", groups=(MapGroup(SYSTEM, ICD, elements=elements),))


def fill(data: Path) -> str:
    """Maps, a project and a person; the token of that person."""
    database = Database(load_settings(data=data).resolved_database_url())
    database.upgrade()
    with database.session(write=True) as session:
        icd(session)
        add_concept_map(session, a_map("1.0", "I21"))
        add_concept_map(session, a_map("2.0", "I21.9"))
        create_project(
            session,
            None,
            LoadedList(SourceList(name="p", title="P", url=SYSTEM, version="1"), iter(source_rows())),
            title="My project",
            source_url=SYSTEM,
            version="1",
            language="sv",
            country="SE",
            target_systems=[ICD],
        )
        token = issue_token(session, person(session, "etl", Role.VIEWER), hours=1)
    database.close()
    return token


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Block → what came of it, all run in the page's order."""
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the page's blocks need {', '.join(missing)}")
    data, work = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("work")
    token = fill(data)
    visits = pl.DataFrame({"visit": range(1, 101), "dx": ["HI", "HYP", "HI", "HI"] * 24 + ["HI", "HYP", "HI", "none"]})
    visits.write_parquet(work / "visits.parquet")
    visits.write_csv(work / "visits.csv")
    command = work / "bin" / "termserver"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m termserver "$@"\n')
    command.chmod(0o755)
    env = os.environ | {
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TERMSERVER_DATA": str(data),
        "TOKEN": token,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    serve = [command, "serve", "--port", "0"]
    with subprocess.Popen(serve, env=env, cwd=work, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = next(line.split()[-1].rstrip("/") for line in server.stdout if line.startswith("Review UI"))
            yield {block.name: _run(block, address, work, env) for block in BLOCKS}
        finally:
            server.terminate()


def _run(block: Block, address: str, work: Path, env: dict[str, str]) -> Run:
    text = block.text.replace(ADDRESS, address)
    if block.language == "json":
        return Run(0, text, "")
    if block.language == "sql":
        connection = duckdb.connect()
        connection.execute(f"set file_search_path = '{work}'")
        table = connection.execute(text)
        names = [column[0] for column in table.description or ()]
        return Run(0, json.dumps([dict(zip(names, row, strict=True)) for row in table.fetchall()]), "")
    if block.language == "python":
        shown = next(code for mark, code in SHOWN.items() if mark in text)
        if block.is_spark and not SPARK:
            return Run(0, "", "")
        command = [SPARK if block.is_spark and SPARK else sys.executable, "-c", f"{text}\n{shown}\n"]
    else:
        assert block.language == "sh", f"{block.name}: say here how a block of {block.language} is run"
        command = ["bash", "-euo", "pipefail", "-c", text]
    done = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True, timeout=600, check=False)
    return Run(done.returncode, done.stdout, done.stderr)


def of(runs: dict[str, Run], mark: str) -> Run:
    """What came of the first block that holds a text."""
    return runs[next(block for block in BLOCKS if mark in block.text).name]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_the_block_runs(runs: dict[str, Run], block: Block) -> None:
    if block.is_spark and not SPARK:
        pytest.skip("TERMSERVER_TEST_SPARK names no Python with pyspark")
    ran = runs[block.name]
    assert ran.status == 0, ran.errors[-3000:]


def test_the_answer_shown_is_the_answer_given(runs: dict[str, Run]) -> None:
    shown = next(block for block in BLOCKS if block.language == "json")
    assert json.loads(of(runs, "--data-urlencode 'code=HI'").output) == json.loads(shown.text)


def test_changes_and_reverse_answer(runs: dict[str, Run]) -> None:
    changes = json.loads(of(runs, "$changes").output)["parameter"]
    assert [item["valueInteger"] for item in changes if item["name"] == "changed"] == [1]
    reverse = json.loads(of(runs, "targetCode=I21.9").output)["parameter"]
    assert reverse[0]["valueBoolean"] is True


def test_the_batch_takes_every_match(runs: dict[str, Run]) -> None:
    assert json.loads(of(runs, "def translate(").output) == {
        "HI": [["equivalent", ICD, "I21"]],
        "HYP": [["wider", ICD, "I48"], ["equivalent", ICD, "I48.9"]],
        "none": [],
    }
    targets = json.loads(of(runs, "json.load(open(").output)
    assert targets == {
        "HI": [["equivalent", "I21"]],
        "HYP": [["wider", "I48"], ["equivalent", "I48.9"]],
        "MISC": [["unmatched", None]],
    }


def test_the_client_answers(runs: dict[str, Run]) -> None:
    lines = of(runs, "translate_many").output.splitlines()
    assert lines[0] == f"I21.9 equivalent {MAP}|2.0"
    assert "I21 Acute myocardial infarction" in lines
    assert json.loads(lines[-1]) == {"HI": 1, "HYP": 2, "none": 0}


def test_whole_files_are_translated(runs: dict[str, Run]) -> None:
    assert float(of(runs, "translate_file").output) == pytest.approx(0.01)


def _targets(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted((row["visit"], row["dx"], row["target_code"], row["relationship"]) for row in rows)


def test_every_join_gives_the_same(runs: dict[str, Run]) -> None:
    joined = {mark: json.loads(of(runs, mark).output) for mark in ("import pandas", "import polars", "row_number()")}
    if SPARK:
        rows = json.loads(of(runs, "import translate_column").output.splitlines()[-1])
        joined["spark"] = [row for row in rows if row["status"] == "mapped" or row["dx"] == "none"]
    (first, *others) = (
        [tuple("" if cell is None else cell for cell in row) for row in _targets(_filled(rows))]
        for rows in joined.values()
    )
    assert len(first) == 100
    assert all(other == first for other in others)
    assert (1, "HI", "I21", "equivalent") in first
    assert (100, "none", "", "") in first


def _filled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: "" if cell is None else cell for name, cell in row.items()} for row in rows]
