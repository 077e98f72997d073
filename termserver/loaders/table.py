"""A table as a stream of rows of cells, whether the file is delimited text or a spreadsheet."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from termserver.errors import BadFile
from termserver.loaders.archive import check_archive, is_zip
from termserver.loaders.text_encoding import find_encoding, is_known_encoding

DELIMITERS = ",;\t|"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LONGEST_FIELD = 1_000_000
_MOST_LINES_IN_A_ROW = 200
_SNIFFED_ROWS = 200
# Excel keeps 15 digits of a number; longer codes lose the rest.
_EXACT_NUMBER_BELOW = 1e15


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table.

    Parameters
    ----------
    line
        Line where the row begins (text) or row number (spreadsheet), from 1.
    cells
        Texts, trimmed; as many as the file gives.
    dates
        Indexes of cells that the spreadsheet holds as dates.
    numbers
        Indexes of cells that the spreadsheet holds as numbers: leading zeros are gone.
    rounded
        Indexes of number cells too long for a spreadsheet, whose last digits are lost.
    """

    line: int
    cells: tuple[str, ...]
    dates: tuple[int, ...] = ()
    numbers: tuple[int, ...] = ()
    rounded: tuple[int, ...] = ()

    @property
    def is_blank(self) -> bool:
        """True where no cell holds anything."""
        return not any(self.cells)


@dataclass(frozen=True, slots=True)
class TableShape:
    """How a table is to be read. `sheet` is set for spreadsheets, `encoding` and `delimiter` for text."""

    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    sheet: str | None = None

    @property
    def is_spreadsheet(self) -> bool:
        """True for XLSX, XLS and ODS."""
        return bool(self.sheets)


def is_spreadsheet(path: Path) -> bool:
    """Tell a spreadsheet by its first bytes; the extension is not asked (THL's `.xls` are XLSX inside)."""
    with path.open("rb") as file:
        return file.read(8) == _OLD_EXCEL or is_zip(path)


def find_shape(
    path: Path,
    *,
    name: str,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> TableShape:
    """Find encoding and delimiter, or the sheets; what the caller names is taken and checked.

    Raises
    ------
    BadFile
        If the file is empty, damaged or no table; if the sheet or the encoding does not exist.
    """
    if path.stat().st_size == 0:
        raise BadFile("the file is empty; choose a file with a header line and rows", file=name)
    if is_spreadsheet(path):
        sheets = _sheets_with_rows(path, name=name)
        if sheet is not None and sheet not in sheets:
            raise BadFile(f"there is no sheet '{sheet}'; the sheets with rows are: {', '.join(sheets)}", file=name)
        return TableShape(sheets=sheets, sheet=sheet or sheets[0])
    if encoding is not None and not is_known_encoding(encoding):
        raise BadFile(
            f"the encoding '{encoding}' is unknown; use utf-8, utf-16, cp1252, cp1257, iso-8859-4…", file=name
        )
    encoding = encoding or find_encoding(path, name=name)
    return TableShape(encoding=encoding, delimiter=delimiter or _find_delimiter(path, encoding, name=name))


def read_rows(path: Path, shape: TableShape, *, name: str) -> Iterator[TableRow]:
    """Stream the rows of a table, blank ones left out.

    Text is never wholly in memory; a spreadsheet is (bounded by `unpacked_limit_mb`).

    Raises
    ------
    BadFile
        If bytes do not fit the encoding, or a quote is never closed.
    """
    if shape.is_spreadsheet:
        yield from _read_sheet(path, shape, name=name)
    else:
        yield from _read_text(path, shape, name=name)


def _read_text(path: Path, shape: TableShape, *, name: str) -> Iterator[TableRow]:
    encoding = shape.encoding or "utf-8"
    csv.field_size_limit(_LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
            yield from _records(file, shape.delimiter or ",", name=name)
    except UnicodeDecodeError as error:
        raise BadFile(
            f"byte {error.start} (0x{error.object[error.start]:02x}) does not fit the encoding {encoding};"
            " name the file's encoding, or save it as UTF-8",
            file=name,
            line=_line_that_does_not_decode(path, encoding),
        ) from None
    except UnicodeError as error:
        raise BadFile(f"the file is not {encoding} ({error}); name its encoding", file=name) from None


def _records(file: TextIO, delimiter: str, *, name: str) -> Iterator[TableRow]:
    reader = csv.reader(_bounded_lines(file, name=name), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if reader.line_num - line > _MOST_LINES_IN_A_ROW:
                raise BadFile(
                    f'this row runs on for {reader.line_num - line + 1} lines: a quote (") is opened and not closed',
                    file=name,
                    line=line,
                )
            if len(cells) == 1 and delimiter in cells[0]:
                # A row saved twice: the whole of it stands in one pair of quotes.
                cells = next(csv.reader([cells[0]], delimiter=delimiter), cells)
            row = TableRow(line=line, cells=tuple(cell.strip() for cell in cells))
            if not row.is_blank:
                yield row
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadFile(
            f'the row cannot be read ({error}); a quote (") may be opened and not closed', file=name, line=line
        ) from None


def _bounded_lines(file: TextIO, *, name: str) -> Iterator[str]:
    """Lines of a text; a file without line breaks must not fill the memory."""
    line = 0
    while text := file.readline(_LONGEST_FIELD):
        line += 1
        if len(text) >= _LONGEST_FIELD and not text.endswith(("\n", "\r")):
            raise BadFile(
                f"the line has more than {_LONGEST_FIELD:,} characters: this is no list", file=name, line=line
            )
        yield text


def _line_that_does_not_decode(path: Path, encoding: str) -> int | None:
    if encoding.startswith(("utf-16", "utf-32")):
        return None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return None


def _find_delimiter(path: Path, encoding: str, *, name: str) -> str:
    """The delimiter that cuts most rows into the same number of cells; `,` where none cuts any."""
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths: list[int] = []
        try:
            for row in _read_text(path, TableShape(encoding=encoding, delimiter=delimiter), name=name):
                widths.append(len(row.cells))
                if len(widths) >= _SNIFFED_ROWS:
                    break
        except BadFile:
            if not widths:
                continue
        score = _evenness(widths)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _evenness(widths: list[int]) -> float:
    """Score of a delimiter: the share of rows as wide as most rows, a little more for wider tables.

    >>> _evenness([2, 2, 2]) > _evenness([1, 3, 2]) > _evenness([1, 1, 1]) == 0.0
    True
    """
    if not widths:
        return 0.0
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0
    usual = max(set(wide), key=lambda width: (wide.count(width), width))
    return widths.count(usual) / len(widths) + min(usual, 20) / 200


def _sheets_with_rows(path: Path, *, name: str) -> tuple[str, ...]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, XmlError, ZipError

    if is_zip(path):
        _check_is_workbook(check_archive(path, name=name), name=name)
    try:
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            sheets = tuple(sheet for sheet in workbook.sheet_names if workbook.get_sheet_by_name(sheet).height > 0)
    except PasswordError:
        raise BadFile("the spreadsheet is protected by a password; save it without one", file=name) from None
    except (CalamineError, ZipError, XmlError, OSError, ValueError) as error:
        raise BadFile(f"the spreadsheet cannot be read ({error}); save it anew as XLSX or CSV", file=name) from None
    if not sheets:
        raise BadFile("the spreadsheet has no sheet with rows", file=name)
    return sheets


def _check_is_workbook(entries: list[str], *, name: str) -> None:
    if "xl/workbook.xml" in entries or "xl/workbook.bin" in entries or "content.xml" in entries:
        return
    raise BadFile("this archive holds no spreadsheet; unpack it and choose the file with the list", file=name)


def _read_sheet(path: Path, shape: TableShape, *, name: str) -> Iterator[TableRow]:
    from python_calamine import CalamineError, CalamineWorkbook, XmlError, ZipError

    try:
        with path.open("rb") as file:
            sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_name(shape.sheet or shape.sheets[0])
            # calamine begins at row 0 of the sheet, blank rows included.
            for number, values in enumerate(sheet.iter_rows(), start=1):
                row = _row_from_values(number, values)
                if not row.is_blank:
                    yield row
    except (CalamineError, XmlError, ZipError, OSError) as error:
        raise BadFile(f"the sheet '{shape.sheet}' cannot be read ({error}); save it anew", file=name) from None


def _row_from_values(line: int, values: Sequence[object]) -> TableRow:
    dates: list[int] = []
    numbers: list[int] = []
    rounded: list[int] = []
    cells: list[str] = []
    for index, value in enumerate(values):
        if isinstance(value, str):
            cells.append(value.strip())
            continue
        cells.append(text_from_cell(value))
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            dates.append(index)
        elif isinstance(value, float) and not isinstance(value, bool):
            numbers.append(index)
            if abs(value) >= _EXACT_NUMBER_BELOW:
                rounded.append(index)
    return TableRow(line, tuple(cells), tuple(dates), tuple(numbers), tuple(rounded))


def text_from_cell(value: object) -> str:
    """Write a spreadsheet's value as the text a person sees: whole numbers without `.0`, dates as ISO 8601.

    >>> text_from_cell(1001.0), text_from_cell(0.5), text_from_cell(datetime.date(2020, 1, 2)), text_from_cell(True)
    ('1001', '0.5', '2020-01-02', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value).strip()
