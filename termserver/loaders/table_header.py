"""Find the line of a table that names its columns; publishers put titles and dates above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from termserver.errors import BadFile
from termserver.loaders.column_roles import integer_from_text, is_known_name
from termserver.loaders.table import TableRow

_LINES_SEARCHED = 30


@dataclass(frozen=True, slots=True)
class TableHeader:
    """Column names (unique, none empty) and the line they stand on; line 0: the file has none."""

    line: int
    columns: tuple[str, ...]


def find_header(
    rows: Sequence[TableRow], *, name: str, header_line: int | None = None, expected: Sequence[str] = ()
) -> TableHeader:
    """Find the header among the first rows.

    Parameters
    ----------
    rows
        The first rows of the table, some hundreds.
    header_line
        The line a person named; 0 says that there is no header; None has it found.
    expected
        Column names that a recipe or a mapping gives: the first line that has them all is the header.

    Raises
    ------
    BadFile
        If there are no rows, or the line named does not exist.
    """
    if not rows:
        raise BadFile("there are no rows; choose a file with a header line and rows", file=name)
    width = _usual_width(rows)
    if header_line == 0:
        return TableHeader(0, unique_columns((), width))
    if header_line is not None:
        for row in rows:
            if row.line == header_line:
                return TableHeader(row.line, unique_columns(row.cells, width))
        raise BadFile("there is no header on this line; name the line of the column names", file=name, line=header_line)
    for row in rows[:_LINES_SEARCHED]:
        has_expected = bool(expected) and set(expected) <= set(unique_columns(row.cells, width))
        if has_expected or (not expected and _names_columns(row, width)):
            return TableHeader(row.line, unique_columns(row.cells, width))
    for row in rows[:_LINES_SEARCHED]:
        if expected and _names_columns(row, width):
            return TableHeader(row.line, unique_columns(row.cells, width))
    for position, row in enumerate(rows[:_LINES_SEARCHED]):
        if _is_full(row, width):
            if _differs_from_data(row, rows[position + 1 :]):
                return TableHeader(row.line, unique_columns(row.cells, width))
            break
    return TableHeader(0, unique_columns((), width))


def unique_columns(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """Name every column once: an empty name becomes `column 3`, a repeated one gets a number.

    >>> unique_columns(["Kod", "", "Kod"], 4)
    ('Kod', 'column 2', 'Kod (2)', 'column 4')
    """
    names: list[str] = []
    trimmed = list(cells)
    while len(trimmed) > width and not trimmed[-1]:
        trimmed.pop()
    for position in range(max(width, len(trimmed))):
        wanted = " ".join(trimmed[position].lstrip("\ufeff").split()) if position < len(trimmed) else ""
        wanted = wanted or f"column {position + 1}"
        unique, number = wanted, 1
        while unique in names:
            number += 1
            unique = f"{wanted} ({number})"
        names.append(unique)
    return tuple(names)


def _usual_width(rows: Sequence[TableRow]) -> int:
    widths = Counter(_filled_width(row) for row in rows)
    most = widths.most_common(1)[0][1]
    usual = max(width for width, count in widths.items() if count >= 0.5 * most)
    return max(usual, 1)


def _filled_width(row: TableRow) -> int:
    width = len(row.cells)
    while width and not row.cells[width - 1]:
        width -= 1
    return width


def _is_full(row: TableRow, width: int) -> bool:
    return sum(1 for cell in row.cells if cell) >= max(0.6 * width, min(2, width))


def _names_columns(row: TableRow, width: int) -> bool:
    filled = [cell for cell in row.cells if cell]
    known = sum(1 for cell in filled if is_known_name(cell))
    if any(len(cell) > 80 for cell in filled) or len(filled) < min(2, width):
        return False
    if any(integer_from_text(cell) is not None for cell in filled):
        return False
    return known >= 2 and known >= 0.3 * len(filled) and len(filled) >= 0.4 * width


def _differs_from_data(row: TableRow, following: Sequence[TableRow]) -> bool:
    """A header has words where the rows below have digits."""
    below = following[:50]
    if not below or row.dates or row.numbers:
        return False
    for index, cell in enumerate(row.cells):
        if not cell or any(map(str.isdigit, cell)):
            continue
        values = [other.cells[index] for other in below if index < len(other.cells) and other.cells[index]]
        with_digit = sum(1 for value in values if any(map(str.isdigit, value)))
        if values and with_digit >= 0.9 * len(values) and not any(map(str.isdigit, cell)):
            return True
    return False
