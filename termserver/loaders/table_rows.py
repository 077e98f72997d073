"""Read an uploaded table into a source list, row by row, by a column mapping."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.column_roles import integer_from_text
from termserver.loaders.row_checks import (
    LeadingZeroWatch,
    clean_text,
    code_problem,
    term_problem,
    text_warnings,
)
from termserver.loaders.source import ColumnMapping, LoadedList
from termserver.loaders.table import TableRow, TableShape, find_shape, read_rows
from termserver.loaders.table_header import TableHeader, find_header
from termserver.model.coding import Designation
from termserver.model.source_list import RowProblem, SourceList, SourceRow

SNIFFED_ROWS = 500
_NOT_A_COUNT = {"", "-", "–", "na", "n/a", "null", "none", "nan"}

_LETTERS = re.compile(r"[^\W\d_]")
_LETTERS_OF_A_WORD = 3
"""Laboratories use codes such as `b-trombosyytit[e9/l]`, which say what they mean; `A00` does not."""


def read_mapped_rows(
    path: Path,
    mapping: ColumnMapping,
    *,
    name: str | None = None,
    header: SourceList | None = None,
) -> LoadedList:
    """Read a delimited file or spreadsheet by a column mapping.

    Memory: the codes seen so far (to find duplicates) and the problems; a spreadsheet is held whole.

    Parameters
    ----------
    name
        File name for messages; the path's own by default.
    header
        Title, URL, version and so on, where known; otherwise made from the file name.

    Returns
    -------
    A stream: `problems` and `counts` are complete when `rows` has been consumed.

    Raises
    ------
    BadFile
        If the file cannot be read, has no rows, or lacks a column; the message lists the columns there are. An encoding
        fault deep in the file is raised while the rows are consumed.
    """
    name = name or path.name
    shape = find_shape(path, name=name, encoding=mapping.encoding, delimiter=mapping.delimiter, sheet=mapping.sheet)
    rows = read_rows(path, shape, name=name)
    first = list(islice(rows, SNIFFED_ROWS))
    table_header = find_header(first, name=name, header_line=mapping.header_line, expected=(mapping.code, mapping.term))
    columns = _column_indexes(mapping, table_header, name=name)
    data = (row for row in chain(first, rows) if row.line > table_header.line)
    beginning = next(data, None)
    if beginning is None:
        raise BadFile("there are column names and no rows below them", file=name, line=table_header.line)
    loaded = LoadedList(
        header=header or source_list_for(path, name=name, language=mapping.language),
        rows=iter(()),
    )
    whole: Iterator[TableRow] = chain((beginning,), data)
    if not shape.is_spreadsheet and _rows_are_even(first, table_header):
        whole = rejoined(whole, len(table_header.columns), loaded.problems)
    loaded.rows = _RowReader(mapping, columns, table_header, shape, loaded).read(whole, name=name)
    return loaded


def rejoined(rows: Iterator[TableRow], width: int, problems: list[RowProblem]) -> Iterator[TableRow]:
    """Join two rows where a line break without quotes cut one in two: together they have one cell too many.

    Only for tables whose other rows are all as wide as the header; each joined row gets a warning.

    >>> found = []
    >>> rows = iter([TableRow(2, ("A", "Kolera,")), TableRow(3, ("akut", "g/l")), TableRow(4, ("B", "Tyfus", "g/l"))])
    >>> [row.cells for row in rejoined(rows, 3, found)], [problem.rule for problem in found]
    ([('A', 'Kolera, akut', 'g/l'), ('B', 'Tyfus', 'g/l')], ['line-break'])
    """
    waiting: TableRow | None = None
    for row in rows:
        if waiting is not None and len(row.cells) < width and len(waiting.cells) + len(row.cells) - 1 == width:
            cells = (*waiting.cells[:-1], f"{waiting.cells[-1]} {row.cells[0]}".strip(), *row.cells[1:])
            message = f"a line break without quotes cut this row; it was joined with line {row.line}"
            problems.append(RowProblem(waiting.line, None, cells[0], "warning", "line-break", message))
            yield TableRow(waiting.line, cells)
            waiting = None
            continue
        if waiting is not None:
            yield waiting
        waiting = row if len(row.cells) < width else None
        if waiting is None:
            yield row
    if waiting is not None:
        yield waiting


def _rows_are_even(first: list[TableRow], header: TableHeader) -> bool:
    """Nine in ten of the first rows are as wide as the header: a short one is damaged, not written shorter."""
    below = [row for row in first if row.line > header.line]
    even = sum(1 for row in below if len(row.cells) == len(header.columns))
    return len(header.columns) > 2 and even >= 0.9 * max(len(below) - 2, 1)


def source_list_for(path: Path, *, name: str, language: str | None = None) -> SourceList:
    """A header for a file that nobody described: URL and name come from the file name, the version from its content.

    >>> slug("Labbkoder 2024 (ny).csv")
    'labbkoder-2024-ny'
    """
    digest = sha256_of_file(path)
    stem = slug(name)
    return SourceList(
        name=stem,
        title=Path(name).stem,
        url=f"https://termserver.example/CodeSystem/{stem}",
        version=digest[:12],
        language=language,
        file_name=name,
        sha256=digest,
    )


def slug(name: str) -> str:
    """A short name of lower-case ASCII letters, digits and hyphens, from a file name."""
    stem = Path(name).stem.replace("ø", "o").replace("æ", "ae").replace("þ", "th").replace("ð", "d").replace("Ø", "o")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "list"


def sha256_of_file(path: Path) -> str:
    """Hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _column_indexes(mapping: ColumnMapping, header: TableHeader, *, name: str) -> dict[str, int]:
    wanted = [
        mapping.code,
        mapping.term,
        *([mapping.language_column] if mapping.language_column else []),
        *([mapping.frequency] if mapping.frequency else []),
        *mapping.context,
        *(column for column, _ in mapping.other_terms),
    ]
    there = {column: index for index, column in enumerate(header.columns)}
    for column in wanted:
        if column not in there:
            raise BadFile(
                f"the column '{column}' is missing; the columns there are: {', '.join(header.columns)}",
                file=name,
                line=header.line or None,
            )
    return there


class _RowReader:
    """Turns table rows into source rows; remembers codes and what the columns are."""

    def __init__(
        self,
        mapping: ColumnMapping,
        columns: dict[str, int],
        header: TableHeader,
        shape: TableShape,
        loaded: LoadedList,
    ) -> None:
        self._mapping = mapping
        self._columns = columns
        self._width = len(header.columns)
        self._shape = shape
        self._loaded = loaded
        self._code_index = columns[mapping.code]
        self._term_index = columns[mapping.term]
        self._first_lines: dict[str, int] = {}
        self._zeros = LeadingZeroWatch(mapping.code, shape.sheet)

    def read(self, rows: Iterator[TableRow], *, name: str) -> Iterator[SourceRow]:
        for row in rows:
            self._loaded.counts.rows += 1
            problem = self._row_error(row)
            if problem is not None:
                self._loaded.counts.refused += 1
                self._loaded.problems.append(problem)
                continue
            yield self._source_row(row)
        self._loaded.problems.extend(self._zeros.warnings())
        if not self._loaded.counts.accepted:
            first = self._loaded.problems[0] if self._loaded.problems else None
            because = f"; the first: line {first.line}, {first.message}" if first else ""
            raise BadFile(f"no row can be used: all {self._loaded.counts.rows:,} were refused{because}", file=name)

    def _row_error(self, row: TableRow) -> RowProblem | None:
        if len(row.cells) > self._width and any(row.cells[self._width :]):
            return RowProblem(
                row.line, None, None, "error", "ragged-row",
                f"the row has {len(row.cells)} cells where the header has {self._width}: put texts with the delimiter in quotes",
            )  # fmt: skip
        if len(row.cells) <= max(self._code_index, self._term_index):
            return RowProblem(
                row.line, None, row.cells[self._code_index] if self._code_index < len(row.cells) else None,
                "error", "ragged-row",
                f"the row has {len(row.cells)} cells where the header has {self._width}: is a line break not in quotes?",
            )  # fmt: skip
        problem = code_problem(row, self._code_index, column=self._mapping.code, sheet=self._shape.sheet)
        if problem is not None:
            return problem
        code = row.cells[self._code_index]
        if not self._stand_in(row, code):
            problem = term_problem(row, self._term_index, code, column=self._mapping.term)
            if problem is not None:
                return problem
        first_line = self._first_lines.setdefault(code, row.line)
        if first_line != row.line:
            return RowProblem(
                row.line, self._mapping.code, code, "error", "duplicate-code",
                f"the code '{code}' stands on line {first_line} already; the first is kept",
            )  # fmt: skip
        return None

    def _source_row(self, row: TableRow) -> SourceRow:
        code = row.cells[self._code_index]
        self._zeros.see(row.line, code, is_number_cell=self._code_index in row.numbers)
        if len(row.cells) < self._width and not self._shape.is_spreadsheet:
            self._warn(
                row, None, code, "ragged-row", f"the row has {len(row.cells)} cells where the header has {self._width}"
            )
        term = row.cells[self._term_index]
        stand_in = self._stand_in(row, code)
        if stand_in:
            term = stand_in
            self._warn(row, self._mapping.term, code, "empty-term", f"the term is empty; '{term}' stands in for it")
        self._loaded.problems.extend(text_warnings(row.line, self._mapping.term, code, term))
        mapping = self._mapping
        language = self._cell(row, mapping.language_column) if mapping.language_column else ""
        return SourceRow(
            line=row.line,
            code=code,
            term=clean_text(term),
            language=language or mapping.language,
            frequency=self._frequency(row, code),
            context={column: clean_text(value) for column in mapping.context if (value := self._cell(row, column))},
            other_terms=tuple(
                Designation(clean_text(value), of_language)
                for column, of_language in mapping.other_terms
                for value in self._terms(row, column)
                if value != term
            ),
        )

    def _stand_in(self, row: TableRow, code: str) -> str:
        """What is mapped where the term is empty: another term of the row, else a code that is a word; or nothing."""
        if row.cells[self._term_index]:
            return ""
        others = (term for column, _ in self._mapping.other_terms for term in self._terms(row, column))
        return next(others, code if len(_LETTERS.findall(code)) >= _LETTERS_OF_A_WORD else "")

    def _frequency(self, row: TableRow, code: str) -> int | None:
        if self._mapping.frequency is None:
            return None
        text = self._cell(row, self._mapping.frequency)
        if text.lower() in _NOT_A_COUNT:
            return None
        frequency = integer_from_text(text)
        if frequency is None:
            self._warn(
                row, self._mapping.frequency, code, "bad-frequency", f"'{text}' is no whole number; read as unknown"
            )
            return None
        # Usagi writes -1 for "unknown".
        return frequency if frequency >= 0 else None

    def _terms(self, row: TableRow, column: str) -> list[str]:
        cell = self._cell(row, column)
        terms = cell.split(self._mapping.term_separator) if self._mapping.term_separator else [cell]
        return [term.strip() for term in terms if term.strip()]

    def _cell(self, row: TableRow, column: str) -> str:
        index = self._columns[column]
        return row.cells[index] if index < len(row.cells) else ""

    def _warn(self, row: TableRow, column: str | None, code: str, rule: str, message: str) -> None:
        self._loaded.problems.append(RowProblem(row.line, column, code, "warning", rule, message))
