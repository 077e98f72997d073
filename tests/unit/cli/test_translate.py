from pathlib import Path

import pytest
from click.testing import CliRunner

from termserver.cli.translate import translate
from termserver.settings import load_settings
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from tests.unit.bulk.conftest import LOCAL, a_map


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    database = Database(load_settings(data=folder).resolved_database_url())
    database.upgrade()
    with database.session(write=True) as session:
        add_concept_map(session, a_map("1"))
    database.close()
    return folder


def test_a_pipe_is_translated(data: Path) -> None:
    arguments = ["-", "--code", "code", "--system", LOCAL, "--format", "csv", "--data", str(data)]
    result = CliRunner().invoke(translate, arguments, input="code\nHI\nNEW\n")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1].startswith("HI,I21.9,Infarction,")
    assert "2 rows: 1 mapped, 1 unmapped." in result.stderr


def test_too_many_unmapped_rows_are_an_exit_code(data: Path, tmp_path: Path) -> None:
    source, target, lock = tmp_path / "in.csv", tmp_path / "out.csv", tmp_path / "maps.lock"
    source.write_text("code\nHI\nNEW\n")
    arguments = [
        str(source), "-o", str(target), "--code", "code", "--system", LOCAL, "--data", str(data), "--lock", str(lock),
        "--report", str(tmp_path / "report.csv"), "--max-unmapped",
    ]  # fmt: skip
    assert CliRunner().invoke(translate, [*arguments, "50"]).exit_code == 0
    assert CliRunner().invoke(translate, [*arguments, "49"]).exit_code == 3
    assert target.exists()
    assert '"version": "1"' in lock.read_text()
    assert (tmp_path / "report.csv").read_text().endswith("NEW,unmapped,1\n")


def test_a_format_that_nothing_tells_is_asked_for(data: Path) -> None:
    result = CliRunner().invoke(translate, ["-", "--code", "c", "--system", LOCAL, "--data", str(data)], input="c\n")
    assert "name it with --format" in str(result.exception)
