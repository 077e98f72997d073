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
    assert [(one.source_line, one.concept_id, one.equivalence, one.status) for one in loaded.existing] == [
        (2, 3000963, "EQUAL", "APPROVED"),
        (2, 3000964, "WIDER", "APPROVED"),
        (4, 0, "UNREVIEWED", "UNCHECKED"),
    ]
    assert (loaded.counts.rows, loaded.counts.merged, loaded.counts.refused, loaded.counts.accepted) == (3, 1, 0, 2)


def test_same_code_with_another_name_is_refused(tmp_path: Path) -> None:
    loaded = read_usagi(write(tmp_path, [HEADER, *ROWS, "A,Other,1,UNCHECKED,UNREVIEWED,0,,,"]))
    assert len(list(loaded.rows)) == 2
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(5, "duplicate-code")]


def test_older_files_lack_columns(tmp_path: Path) -> None:
    path = write(tmp_path, ["sourceCode,sourceName,conceptId", "A,Sodium,5"])
    assert is_usagi_file(path)
    loaded = read_usagi(path)
    assert [row.term for row in loaded.rows] == ["Sodium"]
    assert loaded.existing[0].mapping_type == "MAPS_TO"


def test_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="the column 'sourceName' is missing"):
        read_usagi(write(tmp_path, ["sourceCode,name", "A,Sodium"]))
