import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from termserver.cli.export import export
from termserver.errors import BadInput, NotFound
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from tests.builders import icd, project
from tests.unit.fhir.builders import MAP, example_map


@pytest.fixture
def data(tmp_path: Path) -> Path:
    database = Database(f"sqlite:///{tmp_path / 'termserver.sqlite3'}")
    database.upgrade()
    with database.session(write=True) as session:
        icd(session)
        project(session)
        add_concept_map(session, example_map())
    database.close()
    return tmp_path


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(export, ["--data", str(data), *arguments])


def test_published_map_is_written_by_its_url(data: Path) -> None:
    result = run(data, f"{MAP}|1.0", "--format", "fhir-r5")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout_bytes)["url"] == MAP


def test_working_project_is_written_with_its_open_rows(data: Path) -> None:
    result = run(data, "diagnoses", "--working", "--format", "csv", "-o", str(data / "out.csv"))
    assert result.exit_code == 0, result.output
    assert len((data / "out.csv").read_text(encoding="utf-8-sig").splitlines()) == 4
    assert not (data / "out.csv.part").exists()


def test_what_is_not_there_is_said(data: Path) -> None:
    assert isinstance(run(data, "http://no.example").exception, NotFound)
    assert isinstance(run(data, "nobody", "--working").exception, BadInput)
