from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.usagi import is_usagi_file, read_usagi
from termserver.model.coding import Designation

HEADER = (
    "sourceCode,sourceName,sourceFrequency,mappingStatus,equivalence,conceptId,conceptName,"
    "ADD_INFO:unit,ADD_INFO:sourceName_fi"
)
ROWS = [
    "A,Haemoglobin,12,APPROVED,EQUAL,3000963,Hemoglobin,g/l,Hemoglobiini",
    "A,Haemoglobin,12,APPROVED,WIDER,3000964,Hemoglobin 2,g/l,Hemoglobiini",
    "B,Sodium,-1,UNCHECKED,UNREVIEWED,0,,mmol/l,",
]


def write(folder: Path, lines: list[str]) -> Path:
    (folder / "list.usagi.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "list.usagi.csv"


def test_consecutive_lines_of_a_code_are_one_row_with_its_mappings(tmp_path: Path) -> None:
    loaded = read_usagi(write(tmp_path, [HEADER, *ROWS]))
    first, second = loaded.rows
    assert (first.line, first.code, first.frequency, first.context) == (2, "A", 12, {"unit": "g/l"})
    assert first.other_terms == (Designation("Hemoglobiini", "fi"),)
    assert second.frequency is None
    assert {
        line: [(one.line, one.concept_id, one.equivalence, one.status) for one in kept]
        for line, kept in loaded.usagi_lines.items()
    } == {
        2: [(2, 3000963, "EQUAL", "APPROVED"), (3, 3000964, "WIDER", "APPROVED")],
        4: [(4, 0, "UNREVIEWED", "UNCHECKED")],
    }
    assert (loaded.counts.rows, loaded.counts.merged, loaded.counts.refused, loaded.counts.accepted) == (3, 1, 0, 2)


def test_same_code_with_another_name_stays_with_the_first_row(tmp_path: Path) -> None:
    loaded = read_usagi(write(tmp_path, [HEADER, *ROWS, "A,Other,1,UNCHECKED,UNREVIEWED,0,,,"]))
    assert len(list(loaded.rows)) == 2
    assert [(problem.line, problem.severity) for problem in loaded.problems] == [(5, "warning")]
    assert [one.cells["sourceName"] for one in loaded.usagi_lines[2]] == ["Haemoglobin", "Haemoglobin", "Other"]
    assert (loaded.counts.merged, loaded.counts.refused) == (2, 0)


def test_older_files_lack_columns(tmp_path: Path) -> None:
    path = write(tmp_path, ["sourceCode,sourceName,conceptId", "A,Sodium,5"])
    assert is_usagi_file(path)
    loaded = read_usagi(path)
    assert [row.term for row in loaded.rows] == ["Sodium"]
    assert (loaded.usagi_lines[2][0].status, loaded.usagi_lines[2][0].concept_id) == ("", 5)


def test_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="the column 'sourceName' is missing"):
        read_usagi(write(tmp_path, ["sourceCode,name", "A,Sodium"]))
