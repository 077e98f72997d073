"""Read a Usagi save file as a source list; the decisions it holds travel beside the rows.

Source: OHDSI Usagi, `ReadCodeMappingsFromFile`; design/FORMATS.md. One line a target; consecutive lines with the same
sourceCode and sourceName are one mapping. Older files lack columns; ADD_INFO columns stand anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.column_roles import integer_from_text, language_of_column
from termserver.loaders.row_checks import clean_text, code_problem, term_problem, text_warnings
from termserver.loaders.source import LoadedList
from termserver.loaders.table import TableRow, find_shape, read_rows
from termserver.loaders.table_header import find_header
from termserver.loaders.table_rows import source_list_for
from termserver.model.coding import Designation
from termserver.model.source_list import RowProblem, SourceList, SourceRow
from termserver.model.usagi_line import UsagiLine

_ADD_INFO = "ADD_INFO:"
_NAME = "sourceName"
_CODE = "sourceCode"


def is_usagi_header(columns: Sequence[str]) -> bool:
    """Say whether these are the columns of a Usagi save file.

    >>> is_usagi_header(["sourceCode", "sourceName", "conceptId", "mappingStatus"])
    True
    """
    return {_CODE, _NAME, "conceptId"} <= set(columns)


def is_usagi_file(path: Path) -> bool:
    """Look at the first line of a file."""
    with path.open("rb") as file:
        start = file.read(4000).split(b"\n")[0]
    return _CODE.encode() in start and _NAME.encode() in start and b"conceptId" in start


def read_usagi(
    path: Path, *, name: str | None = None, header: SourceList | None = None, language: str | None = None
) -> LoadedList:
    """Read a Usagi save file (comma, tab or semicolon).

    Returns
    -------
    A stream of rows with the ADD_INFO columns as context, columns named like `sourceName_fi` as other terms;
    `usagi_lines` fills with the lines themselves, targets and status included.

    Raises
    ------
    BadFile
        If sourceCode or sourceName is missing, or there are no rows.
    """
    name = name or path.name
    shape = find_shape(path, name=name)
    rows = read_rows(path, shape, name=name)
    first = list(islice(rows, 200))
    if not first:
        raise BadFile("the file has no rows", file=name)
    columns = find_header(first, name=name, header_line=first[0].line).columns
    for wanted in (_CODE, _NAME):
        if wanted not in columns:
            raise BadFile(
                f"the column '{wanted}' is missing; the columns there are: {', '.join(columns)}",
                file=name,
                line=first[0].line,
            )
    if len(first) == 1:
        raise BadFile("there are column names and no rows below them", file=name, line=first[0].line)
    loaded = LoadedList(header=header or source_list_for(path, name=name, language=language), rows=iter(()))
    loaded.rows = _UsagiReader(columns, loaded, language).read(chain(first[1:], rows))
    return loaded


class _UsagiReader:
    def __init__(self, columns: Sequence[str], loaded: LoadedList, language: str | None) -> None:
        self._columns = tuple(columns)
        self._at = {column: index for index, column in enumerate(columns)}
        self._loaded = loaded
        self._language = language
        added = [column for column in columns if column.startswith(_ADD_INFO)]
        self._names = [column for column in added if "sourcename" in column.lower()]
        self._context = [column for column in added if column not in self._names]

    def read(self, rows: Iterator[TableRow]) -> Iterator[SourceRow]:
        first_lines: dict[str, int] = {}
        previous: tuple[str, str] | None = None
        for row in rows:
            self._loaded.counts.rows += 1
            problem = self._row_error(row)
            if problem is not None:
                self._refuse(problem)
                continue
            code, term = self._cell(row, _CODE), self._cell(row, _NAME)
            if code in first_lines:
                self._loaded.counts.merged += 1
                self._keep(row, first_lines[code])
                if (code, term) != previous:
                    self._loaded.problems.append(
                        RowProblem(
                            row.line,
                            _CODE,
                            code,
                            "warning",
                            "duplicate-code",
                            f"the code '{code}' stands on line {first_lines[code]} already, with another name or apart from "
                            "this line; the line is kept with that row",
                        )
                    )
                continue
            first_lines[code] = row.line
            previous = (code, term)
            self._keep(row, row.line)
            yield self._source_row(row, code, term)

    def _row_error(self, row: TableRow) -> RowProblem | None:
        if len(row.cells) <= max(self._at[_CODE], self._at[_NAME]):
            return RowProblem(row.line, None, None, "error", "ragged-row", f"the row has only {len(row.cells)} cells")
        code = row.cells[self._at[_CODE]]
        return code_problem(row, self._at[_CODE], column=_CODE) or term_problem(
            row, self._at[_NAME], code, column=_NAME
        )

    def _refuse(self, problem: RowProblem) -> None:
        self._loaded.counts.refused += 1
        self._loaded.problems.append(problem)

    def _source_row(self, row: TableRow, code: str, term: str) -> SourceRow:
        self._loaded.problems.extend(text_warnings(row.line, _NAME, code, term))
        frequency = integer_from_text(self._cell(row, "sourceFrequency"))
        return SourceRow(
            line=row.line,
            code=code,
            term=clean_text(term),
            language=self._language,
            frequency=frequency if frequency is not None and frequency >= 0 else None,
            context={
                column.removeprefix(_ADD_INFO): clean_text(value)
                for column in self._context
                if (value := self._cell(row, column))
            },
            other_terms=tuple(
                Designation(clean_text(value), language_of_column(column))
                for column in self._names
                if (value := self._cell(row, column)) and value != term
            ),
        )

    def _keep(self, row: TableRow, row_line: int) -> None:
        cells = {
            column: row.cells[place] if place < len(row.cells) else "" for place, column in enumerate(self._columns)
        }
        self._loaded.usagi_lines.setdefault(row_line, []).append(UsagiLine(row.line, cells))

    def _cell(self, row: TableRow, column: str) -> str:
        index = self._at.get(column)
        return row.cells[index] if index is not None and index < len(row.cells) else ""
