import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from termserver.errors import BadFile
from termserver.loaders.table import TableRow, find_shape, is_spreadsheet, read_rows


def rows_of(path: Path, **options: str | None) -> list[TableRow]:
    shape = find_shape(path, name=path.name, **options)
    return list(read_rows(path, shape, name=path.name))


def write(folder: Path, text: str, name: str = "list.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(
        delimiter.join(cells) for cells in [("kod", "namn", "antal"), ("A", "Ett", "1"), ("B", "Två", "2")]
    )
    assert find_shape(write(tmp_path, text), name="list.csv").delimiter == delimiter


def test_commas_in_terms_do_not_mislead(tmp_path: Path) -> None:
    path = write(tmp_path, "kod;namn\nA;Kolera, akut, svår\nB;Tyfus, lätt\nC;Röda hund\n")
    assert find_shape(path, name="list.csv").delimiter == ";"


def test_line_break_in_quotes_keeps_the_line_of_the_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'kod;namn\r\nA;"Þvag\r\nfæra"\r\nB;Sár\r\n')
    assert [(row.line, row.cells[0]) for row in rows_of(path)] == [(1, "kod"), (2, "A"), (4, "B")]


def test_row_saved_whole_in_quotes_is_cut_again(tmp_path: Path) -> None:
    path = write(tmp_path, 'Kood\tNimetus\tMuutja\n"A\tkorter\tEKL,TA"\n"B\tkontor\tEKL,TA"\n')
    assert rows_of(path)[1].cells == ("A", "korter", "EKL,TA")


def test_quote_never_closed_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, 'kod;namn\nA;Ett\nB;"Två\n' + "C;Tre\n" * 1000)
    with pytest.raises(BadFile, match=r"list\.csv line 3: .*a quote"):
        rows_of(path, delimiter=";")


def test_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="line 1: the line has more than"):
        rows_of(write(tmp_path, "a;" * 700_000), delimiter=";")


def test_byte_outside_the_encoding_names_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, "kod;namn\nA;Blåsjuka\n", encoding="cp1252")
    with pytest.raises(BadFile, match=r"list\.csv line 2: byte .*0xe5.*does not fit the encoding utf-8"):
        rows_of(path, encoding="utf-8", delimiter=";")


def test_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="'klingon' is unknown"):
        rows_of(write(tmp_path, "a;b\n"), encoding="klingon")


def spreadsheet(folder: Path, rows: list[list[object]], name: str = "list.xlsx") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Lista"
    for row in rows:
        sheet.append(row)
    book.create_sheet("Empty")
    book.save(folder / name)
    return folder / name


def test_spreadsheet_says_which_cells_were_damaged(tmp_path: Path) -> None:
    path = spreadsheet(
        tmp_path, [["kod", "namn"], [datetime.date(2024, 1, 2), "x"], [12345678901234567890, "y"], [7.0, "z"]]
    )
    header, dated, rounded, number = rows_of(path)
    assert header.cells == ("kod", "namn")
    assert (dated.cells[0], dated.dates) == ("2024-01-02", (0,))
    assert rounded.rounded == (0,)
    assert (number.cells[0], number.numbers) == ("7", (0,))


def test_spreadsheet_is_known_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path, [["kod", "namn"], ["A", "Ett"]])
    disguised = tmp_path / "list.xls"
    disguised.write_bytes(path.read_bytes())
    assert is_spreadsheet(disguised)
    assert rows_of(disguised)[1].cells == ("A", "Ett")


def test_sheets_without_rows_are_not_offered(tmp_path: Path) -> None:
    assert find_shape(spreadsheet(tmp_path, [["kod"], ["A"]]), name="list.xlsx").sheets == ("Lista",)


def test_sheet_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no sheet 'Blad1'; the sheets with rows are: Lista"):
        rows_of(spreadsheet(tmp_path, [["kod"], ["A"]]), sheet="Blad1")


def test_truncated_spreadsheet_is_refused(tmp_path: Path) -> None:
    path = spreadsheet(tmp_path, [["kod", "namn"], ["A", "Ett"]])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadFile, match="damaged or incomplete"):
        rows_of(path)


def test_open_document_spreadsheet_is_read(tmp_path: Path) -> None:
    import zipfile

    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in row
        )
        + "</table:table-row>"
        for row in [("kod", "namn"), ("A", "Ett")]
    )
    namespaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {namespaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="Lista">{cells}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(tmp_path / "list.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0" encoding="UTF-8"?><manifest/>')
    assert [row.cells for row in rows_of(tmp_path / "list.ods")] == [("kod", "namn"), ("A", "Ett")]
