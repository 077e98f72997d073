"""SSSOM's own validator judges what we write; the command is named by TERMSERVER_TEST_SSSOM (see scripts/test)."""

import os
import subprocess
from pathlib import Path

import pytest

from termserver.exports.registry import write_map
from tests.unit.exports.test_exports import OPTIONS, ROWS
from tests.unit.fhir.builders import example_map

VALIDATOR = os.environ.get("TERMSERVER_TEST_SSSOM")
pytestmark = pytest.mark.skipif(not VALIDATOR, reason="TERMSERVER_TEST_SSSOM names no sssom command")


def accepted(path: Path) -> bool:
    assert VALIDATOR is not None
    return subprocess.run([VALIDATOR, "validate", str(path)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("rows", [None, ROWS], ids=["published", "working"])
def test_the_sssom_package_accepts_what_we_write(tmp_path: Path, rows: tuple[object, ...] | None) -> None:
    path = tmp_path / "map.sssom.tsv"
    given = None if rows is None else iter(ROWS)
    path.write_bytes(b"".join(write_map(example_map(), "sssom", rows=given, options=OPTIONS)))
    assert accepted(path)


def test_the_sssom_package_accepts_what_was_read_and_written_again() -> None:
    assert accepted(Path(__file__).parents[2] / "golden" / "both_ways" / "map.sssom.tsv")


def test_the_validator_can_say_no(tmp_path: Path) -> None:
    path = tmp_path / "map.sssom.tsv"
    raw = b"".join(write_map(example_map(), "sssom", rows=iter(ROWS), options=OPTIONS))
    path.write_bytes(raw.replace(b"semapv:MappingReview", b"nonsense"))
    assert not accepted(path)
