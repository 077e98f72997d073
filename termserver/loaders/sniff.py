"""Look at an uploaded file before it is read: format, encoding, delimiter, header, what each column means."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.column_roles import guess_roles, language_of_column
from termserver.loaders.fhir_json import looks_like_fhir_json
from termserver.loaders.fhir_xml import looks_like_fhir_xml
from termserver.loaders.language_guess import guess_language
from termserver.loaders.source import ColumnMapping, LoadedList, TableGuess
from termserver.loaders.table import TableRow, find_shape, read_rows
from termserver.loaders.table_header import find_header
from termserver.loaders.table_rows import SNIFFED_ROWS, read_mapped_rows
from termserver.loaders.usagi import is_usagi_header, read_usagi
from termserver.model.source_list import RowProblem, SourceList

PREVIEW_ROWS = 20


def sniff_table(
    path: Path,
    *,
    name: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_line: int | None = None,
) -> TableGuess:
    """Guess how a file is to be read; a person may correct each part and call again with it.

    Reads the first 500 rows (a text file wholly once, for its encoding). CSV, TSV, semicolons, pipes, XLSX, XLS, ODS,
    Usagi files and FHIR CodeSystems are recognised by their content, not by the file name.

    Parameters
    ----------
    name
        File name for messages; the path's own by default.
    encoding, delimiter, sheet, header_line
        What a person chose; None has it found. `header_line` 0 says that there is no header.

    Raises
    ------
    BadFile
        If the file is empty, damaged or no table.
    """
    name = name or path.name
    if looks_like_fhir_json(path) or looks_like_fhir_xml(path):
        return _guess_fhir(path, name=name)
    shape = find_shape(path, name=name, encoding=encoding, delimiter=delimiter, sheet=sheet)
    rows = list(islice(read_rows(path, shape, name=name), SNIFFED_ROWS))
    header = find_header(rows, name=name, header_line=header_line)
    if len(header.columns) < 2:
        raise BadFile(
            "only one column was found; a list needs a code and a term, separated by comma, semicolon, tab or |",
            file=name,
            line=header.line or None,
        )
    below = [_padded(row, len(header.columns)) for row in rows if row.line > header.line]
    if not below:
        raise BadFile("there are column names and no rows below them", file=name, line=header.line)
    roles = guess_roles(header.columns, below)
    usagi = is_usagi_header(header.columns)
    return TableGuess(
        format="usagi" if usagi else "spreadsheet" if shape.is_spreadsheet else "csv",
        columns=header.columns,
        preview=tuple(below[:PREVIEW_ROWS]),
        column_roles=roles,
        language=_language(header.columns, roles, below),
        encoding=shape.encoding,
        delimiter=shape.delimiter,
        header_line=header.line,
        sheets=shape.sheets,
        sheet=shape.sheet,
        problems=tuple(_first_problems(header.line, roles, rows, len(header.columns))),
    )


def mapping_from_guess(guess: TableGuess) -> ColumnMapping:
    """The column mapping that a guess proposes.

    Raises
    ------
    BadFile
        If no column was recognised as code or none as term; the message lists the columns.
    """
    columns = {role: column for column, role in reversed(guess.column_roles.items())}
    for role in ("code", "term"):
        if role not in columns:
            raise BadFile(
                f"no column was recognised as the {role}; name it. The columns are: {', '.join(guess.columns)}",
                file="the table",
                line=guess.header_line or None,
            )
    return ColumnMapping(
        code=columns["code"],
        term=columns["term"],
        language_column=columns.get("language"),
        language=guess.language,
        frequency=columns.get("frequency"),
        context=tuple(column for column, role in guess.column_roles.items() if role == "context"),
        other_terms=tuple(
            (column, role.removeprefix("term:") or guess.language)
            for column, role in guess.column_roles.items()
            if role.startswith("term:")
        ),
        encoding=guess.encoding,
        delimiter=guess.delimiter,
        sheet=guess.sheet,
        header_line=guess.header_line,
    )


def read_table_rows(
    path: Path,
    mapping: TableGuess | ColumnMapping,
    *,
    name: str | None = None,
    header: SourceList | None = None,
) -> LoadedList:
    """Read an uploaded file into a source list: a table, a Usagi file or a FHIR CodeSystem.

    Parameters
    ----------
    mapping
        The guess as it is, or the mapping a person made of it. A FHIR CodeSystem needs none of its columns.
    header
        Title, URL, version and so on, where known; otherwise made from the file.

    Returns
    -------
    A stream; see `read_mapped_rows` for what is raised when.
    """
    name = name or path.name
    if looks_like_fhir_json(path) or looks_like_fhir_xml(path):
        from termserver.loaders.code_system_rows import read_fhir_as_list

        return read_fhir_as_list(path, name=name, header=header)
    chosen = mapping_from_guess(mapping) if isinstance(mapping, TableGuess) else mapping
    if chosen.code == "sourceCode" and chosen.term == "sourceName":
        return read_usagi(path, name=name, header=header, language=chosen.language)
    return read_mapped_rows(path, chosen, name=name, header=header)


def _guess_fhir(path: Path, *, name: str) -> TableGuess:
    from termserver.loaders.code_system_rows import read_fhir_as_list

    loaded = read_fhir_as_list(path, name=name)
    first = list(islice(loaded.rows, PREVIEW_ROWS))
    if not first:
        raise BadFile("the CodeSystem has no concepts", file=name)
    return TableGuess(
        format="fhir-json" if looks_like_fhir_json(path) else "fhir-xml",
        columns=("code", "display", "designations"),
        preview=tuple((row.code, row.term, "; ".join(other.value for other in row.other_terms)) for row in first),
        column_roles={"code": "code", "display": "term", "designations": "term:"},
        language=loaded.header.language or guess_language(row.term for row in first),
        header_line=0,
        problems=tuple(loaded.problems),
    )


def _padded(row: TableRow, width: int) -> tuple[str, ...]:
    return (row.cells + ("",) * width)[:width]


def _language(columns: tuple[str, ...], roles: dict[str, str], rows: list[tuple[str, ...]]) -> str | None:
    term = next((column for column, role in roles.items() if role == "term"), None)
    if term is None:
        return None
    named = language_of_column(term)
    if named is not None:
        return named
    index = columns.index(term)
    return guess_language(row[index] for row in rows)


def _first_problems(header_line: int, roles: dict[str, str], rows: list[TableRow], width: int) -> list[RowProblem]:
    """What a person should see before going on: no header, a role not found, ragged rows."""
    problems: list[RowProblem] = []
    if header_line == 0:
        problems.append(
            RowProblem(
                None, None, None, "warning", "no-header", "no line with column names was found; check the columns"
            )
        )
    for role in ("code", "term"):
        if role not in roles.values():
            problems.append(
                RowProblem(None, None, None, "warning", f"no-{role}", f"no column looks like the {role}; choose it")
            )
    ragged = [row for row in rows if row.line > header_line and len(row.cells) != width]
    text_rows = [row for row in ragged if len(row.cells) > width and any(row.cells[width:])]
    if text_rows:
        problems.append(
            RowProblem(
                text_rows[0].line,
                None,
                None,
                "warning",
                "ragged-row",
                f"{len(text_rows)} of the first {len(rows)} rows have more cells than the header",
            )
        )
    return problems


def with_language(guess: TableGuess, language: str | None) -> TableGuess:
    """The same guess with the language a person named."""
    return replace(guess, language=language)
