import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from termserver.errors import BadFile
from termserver.loaders.sniff import mapping_from_guess, read_table_rows, sniff_table
from termserver.loaders.source import ColumnMapping

SWEDISH = "Kod;Benämning;Antal\nA1;Kolera, ospecificerad;12\nB2;Andra sjukdomar i blod;7\n"


def write(folder: Path, text: str, encoding: str = "utf-8", name: str = "lista.csv") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def test_guess_shows_everything_a_person_may_correct(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, SWEDISH, "cp1252"))
    assert (guess.format, guess.encoding, guess.delimiter, guess.header_line, guess.language) == (
        "csv",
        "cp1252",
        ";",
        1,
        "sv",
    )
    assert guess.column_roles == {"Kod": "code", "Benämning": "term", "Antal": "frequency"}
    assert guess.preview[0] == ("A1", "Kolera, ospecificerad", "12")
    assert guess.problems == ()


def test_guess_reads_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, SWEDISH, "utf-16")
    rows = list(read_table_rows(path, sniff_table(path)).rows)
    assert [(row.code, row.frequency, row.language) for row in rows] == [("A1", 12, "sv"), ("B2", 7, "sv")]


def test_header_below_a_title_is_found(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, "Labbkoder 2024;;\nUttag 2024-01-01;;\n\n" + SWEDISH))
    assert guess.header_line == 4
    assert guess.columns == ("Kod", "Benämning", "Antal")


def test_file_without_header_says_so(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, "A001;Kolera\nB202;Tyfus\nC303;Röda hund\n"))
    assert (guess.header_line, guess.columns) == (0, ("column 1", "column 2"))
    assert [problem.rule for problem in guess.problems] == ["no-header"]
    assert guess.column_roles == {"column 1": "code", "column 2": "term"}


def test_preview_has_at_most_twenty_rows(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, "kod;namn\n" + "".join(f"A{number};Namn {number}\n" for number in range(300))))
    assert len(guess.preview) == 20


def test_repeated_and_empty_column_names_become_unique(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, "Kod;Namn;Namn;\nA1;Ett;Yksi;x\nB2;Två;Kaksi;y\n"))
    assert guess.columns == ("Kod", "Namn", "Namn (2)", "column 4")


def test_one_column_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="only one column was found"):
        sniff_table(write(tmp_path, "kod\nA\nB\n"))


def test_sheet_can_be_chosen(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.title = "Info"
    first.append(["om", "listan"])
    second = book.create_sheet("Koder")
    for values in [["Kod", "Namn"], ["A1", "Kolera"]]:
        second.append(values)
    book.save(tmp_path / "lista.xlsx")
    guess = sniff_table(tmp_path / "lista.xlsx", sheet="Koder")
    assert guess.sheet_names == ("Info", "Koder")
    assert (guess.sheet, guess.columns) == ("Koder", ("Kod", "Namn"))
    assert [row.code for row in read_table_rows(tmp_path / "lista.xlsx", guess).rows] == ["A1"]


def test_guess_without_a_code_asks_for_one(tmp_path: Path) -> None:
    guess = sniff_table(write(tmp_path, "namn;antal\nKolera akut;1\nKolera akut;2\nKolera akut;3\n"))
    assert "no-code" in [problem.rule for problem in guess.problems]
    with pytest.raises(BadFile, match=r"no column was recognised as the code; name it\. The columns are: namn, antal"):
        mapping_from_guess(guess)


def test_fhir_code_system_is_read_as_a_list(tmp_path: Path) -> None:
    resource = {
        "resourceType": "CodeSystem",
        "url": "https://example.org/lab",
        "version": "1",
        "language": "fi",
        "concept": [
            {"code": "1", "display": "Hemoglobiini", "designation": [{"language": "sv", "value": "Hemoglobin"}]},
            {"code": "2", "display": "Poistettu", "property": [{"code": "inactive", "valueBoolean": True}]},
        ],
    }
    path = write(tmp_path, json.dumps(resource), name="list.json")
    guess = sniff_table(path)
    assert (guess.format, guess.language, guess.columns) == ("fhir-json", "fi", ("code", "display", "designations"))
    loaded = read_table_rows(path, guess)
    (row,) = loaded.rows
    assert (row.code, row.term, row.other_terms[0].value) == ("1", "Hemoglobiini", "Hemoglobin")
    assert loaded.header.url == "https://example.org/lab"
    assert [problem.rule for problem in loaded.problems] == ["left-out"]


def test_usagi_file_is_known(tmp_path: Path) -> None:
    text = "sourceCode,sourceName,sourceFrequency,conceptId,mappingStatus,ADD_INFO:unit\nA,Kolera,5,123,APPROVED,g/l\n"
    path = write(tmp_path, text)
    guess = sniff_table(path)
    assert guess.format == "usagi"
    (row,) = read_table_rows(path, ColumnMapping(code="sourceCode", term="sourceName", language="sv")).rows
    assert (row.code, row.frequency, row.context, row.language) == ("A", 5, {"unit": "g/l"}, "sv")
