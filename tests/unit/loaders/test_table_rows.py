from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from termserver.errors import BadFile
from termserver.loaders.source import ColumnMapping, LoadedList
from termserver.loaders.table_rows import read_mapped_rows
from termserver.model.coding import Designation

MAPPING = ColumnMapping(code="kod", term="namn")


def load(folder: Path, text: str, mapping: ColumnMapping = MAPPING) -> LoadedList:
    path = folder / "lista.csv"
    path.write_text(text, encoding="utf-8")
    return read_mapped_rows(path, mapping)


def test_row_has_everything_the_mapping_names(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        code="kod",
        term="namn",
        language="sv",
        frequency="antal",
        context=("enhet",),
        other_terms=(("syn", "sv"), ("fi", "fi")),
    )
    loaded = load(tmp_path, "kod;namn;antal;enhet;syn;fi\nA1;Kolera;1 200;g/l;Pest|Farsot;Kolera-tauti\n", mapping)
    (row,) = loaded.rows
    assert (row.line, row.code, row.term, row.language, row.frequency) == (2, "A1", "Kolera", "sv", 1200)
    assert row.context == {"enhet": "g/l"}
    assert row.other_terms == (
        Designation("Pest", "sv"),
        Designation("Farsot", "sv"),
        Designation("Kolera-tauti", "fi"),
    )
    assert loaded.problems == []


def test_language_column_wins_over_the_lists_language(tmp_path: Path) -> None:
    mapping = ColumnMapping(code="kod", term="namn", language="sv", language_column="spr")
    rows = list(load(tmp_path, "kod;namn;spr\nA;Ett;\nB;Yksi;fi\n", mapping).rows)
    assert [row.language for row in rows] == ["sv", "fi"]


def test_second_row_of_a_code_is_refused_and_names_the_first(tmp_path: Path) -> None:
    loaded = load(tmp_path, "kod;namn\nA;Ett\nB;Två\nA;Tre\n")
    assert [row.term for row in loaded.rows] == ["Ett", "Två"]
    (problem,) = loaded.problems
    assert (problem.line, problem.column, problem.code, problem.severity, problem.rule) == (
        4,
        "kod",
        "A",
        "error",
        "duplicate-code",
    )
    assert "stands on line 2 already" in problem.message
    assert (loaded.counts.rows, loaded.counts.accepted, loaded.counts.refused) == (3, 2, 1)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (";Utan kod", "empty-code"),
        ("X;", "empty-term"),
        ("X;Ett;två;tre", "ragged-row"),
        ("X", "ragged-row"),
        ("jan-02;Ett", "date-code"),
    ],
)
def test_bad_row_is_refused_and_the_others_are_read(tmp_path: Path, line: str, rule: str) -> None:
    loaded = load(tmp_path, f"kod;namn\nA;Ett\n{line}\nB;Två\n")
    assert [row.code for row in loaded.rows] == ["A", "B"]
    assert [(problem.line, problem.severity, problem.rule) for problem in loaded.problems] == [(3, "error", rule)]


def test_short_row_that_still_has_code_and_term_is_read_with_a_warning(tmp_path: Path) -> None:
    loaded = load(tmp_path, "kod;namn;enhet\nA;Ett;g\nB;Två\nC;Tre;l\n")
    assert len(list(loaded.rows)) == 3
    assert [(problem.line, problem.severity, problem.rule) for problem in loaded.problems] == [
        (3, "warning", "ragged-row")
    ]


def test_frequency_that_is_no_number_is_unknown(tmp_path: Path) -> None:
    mapping = ColumnMapping(code="kod", term="namn", frequency="antal")
    loaded = load(tmp_path, "kod;namn;antal\nA;Ett;<5\nB;Två;-1\nC;Tre;\nD;Fyra;7\n", mapping)
    assert [row.frequency for row in loaded.rows] == [None, None, None, 7]
    assert [problem.rule for problem in loaded.problems] == ["bad-frequency"]


def test_missing_column_lists_the_columns_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        BadFile, match=r"lista\.csv line 1: the column 'kod' is missing; the columns there are: code, namn"
    ):
        load(tmp_path, "code;namn\nA;Ett\n")


def test_list_with_nothing_but_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no rows below"):
        load(tmp_path, "kod;namn\n")


def test_list_without_one_good_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no row can be used: all 2 were refused; the first: line 2"):
        list(load(tmp_path, "kod;namn\nA;\nB;\n").rows)


def test_spreadsheet_number_codes_are_whole_and_dates_are_refused(tmp_path: Path) -> None:
    import datetime

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for values in [["kod", "namn"], [101, "Ett"], ["1-2", "Två"], [datetime.date(2024, 2, 1), "Tre"]]:
        sheet.append(values)
    book.save(tmp_path / "lista.xlsx")
    loaded = read_mapped_rows(tmp_path / "lista.xlsx", MAPPING)
    assert [(row.line, row.code) for row in loaded.rows] == [(2, "101"), (3, "1-2")]
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(4, "date-code")]


def test_header_is_made_from_the_file_name(tmp_path: Path) -> None:
    header = load(tmp_path, "kod;namn\nA;Ett\n").header
    assert (header.name, header.title, header.file_name) == ("lista", "lista", "lista.csv")
    assert header.url == "https://termserver.example/CodeSystem/lista"
    assert header.sha256 is not None
    assert header.version == header.sha256[:12]


CELL = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=20
)


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=20))
def test_every_row_is_accepted_or_has_an_error(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("table") / "lista.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerows([("kod", "namn"), *cells])
    loaded = read_mapped_rows(path, ColumnMapping("kod", "namn", encoding="utf-8", delimiter=";", header_line=1))
    try:
        rows = list(loaded.rows)
    except BadFile:
        rows = []
    errors = [problem for problem in loaded.problems if problem.severity == "error"]
    assert len(rows) + len(errors) == loaded.counts.rows == len(cells)
    assert {row.code for row in rows} <= {code for code, _ in cells}


def test_line_break_without_quotes_is_mended(tmp_path: Path) -> None:
    whole = "".join(f"K{number};Nimetus {number};x\n" for number in range(30))
    loaded = load(tmp_path, f"kod;namn;enhet\n{whole}A;Kolera,\nakut;g/l\nB;Tyfus;l\n")
    rows = {row.code: row for row in loaded.rows}
    assert rows["A"].term == "Kolera, akut"
    assert rows["B"].line == 34
    assert [(problem.line, problem.severity, problem.rule) for problem in loaded.problems] == [
        (32, "warning", "line-break")
    ]


def test_numbers_among_codes_with_leading_zeros_are_suspected(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for values in [["kod", "namn"], ["0123", "Ett"], [124, "Två"], ["0125", "Tre"]]:
        sheet.append(values)
    book.save(tmp_path / "lista.xlsx")
    loaded = read_mapped_rows(tmp_path / "lista.xlsx", MAPPING)
    assert [row.code for row in loaded.rows] == ["0123", "124", "0125"]
    (problem,) = loaded.problems
    assert (problem.line, problem.column, problem.code, problem.rule) == (3, "kod", "124", "leading-zero")
    assert "was it '0124'?" in problem.message


def test_an_empty_term_is_taken_from_another_term_or_from_a_code_that_is_a_word(tmp_path: Path) -> None:
    path = tmp_path / "lab.csv"
    path.write_text("code;term;short\nb-trom[e9/l];;B-Trom\nlymf[%];;\nK1;;\nK2;Natrium;Na\n", encoding="utf-8")
    mapping = ColumnMapping(code="code", term="term", other_terms=(("short", None),))
    loaded = read_mapped_rows(path, mapping)
    assert [(row.code, row.term) for row in loaded.rows] == [
        ("b-trom[e9/l]", "B-Trom"),
        ("lymf[%]", "lymf[%]"),
        ("K2", "Natrium"),
    ]
    assert [(problem.line, problem.severity, problem.rule) for problem in loaded.problems] == [
        (2, "warning", "empty-term"),
        (3, "warning", "empty-term"),
        (4, "error", "empty-term"),
    ]
