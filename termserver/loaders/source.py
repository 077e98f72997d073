"""What a loader returns: a header, a stream of rows or concepts, and the problems met on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.source_list import RowProblem, SourceList, SourceRow
from termserver.model.usagi_line import UsagiLine


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder and the name that messages give it (an upload's own name, not its staging path)."""

    path: Path
    name: str


@dataclass(slots=True)
class ReadCounts:
    """Counters that grow while a stream is consumed; complete when it ends.

    Parameters
    ----------
    rows
        Data rows (or concepts) seen in the file; header and blank lines do not count.
    refused
        Those not passed on; each has an `error` among the problems.
    merged
        Rows that added a name or a parent to an earlier row of the same code; `rows == accepted + refused + merged`.
    """

    rows: int = 0
    refused: int = 0
    merged: int = 0

    @property
    def accepted(self) -> int:
        """Rows or concepts passed on."""
        return self.rows - self.refused - self.merged


@dataclass(slots=True)
class LoadedCodeSystem:
    """A code system being read. `problems` and `counts` fill while `concepts` is consumed, once.

    Parameters
    ----------
    expected
        About how many concepts there will be, for a progress bar; known once the first concept is out, None before.
    """

    header: CodeSystem
    concepts: Iterator[Concept]
    problems: list[RowProblem] = field(default_factory=list)
    counts: ReadCounts = field(default_factory=ReadCounts)
    file_name: str = ""
    expected: int | None = None


@dataclass(slots=True)
class LoadedList:
    """A source list being read. `problems`, `counts` and `usagi_lines` fill while `rows` is consumed, once.

    Parameters
    ----------
    usagi_lines
        `SourceRow.line` → the lines of a Usagi save file that belong to the row, in the file's order.
    """

    header: SourceList
    rows: Iterator[SourceRow]
    problems: list[RowProblem] = field(default_factory=list)
    counts: ReadCounts = field(default_factory=ReadCounts)
    usagi_lines: dict[int, list[UsagiLine]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column of a table means what, and how the file is to be read.

    Parameters
    ----------
    code, term
        Column names, as `TableGuess.columns` lists them.
    language_column
        Column that holds a language tag for each row, or None.
    language
        BCP-47 tag of `term` in every row, or None where nobody named one.
    frequency
        Column with whole numbers, or None.
    context
        Columns shown to the curator and to the engine: unit, specimen, class…
    other_terms
        Pairs (column, language or None): synonyms and terms in other languages.
    encoding, delimiter
        Of a text file; None for a spreadsheet, or to have them found again.
    sheet
        Sheet name of a spreadsheet, or None for the first with rows.
    header_line
        Line of the column names, from 1; 0 where the file has none; None to have it found again.
    term_separator
        Character between several terms in one cell of `other_terms`; None: a cell is one term.
    """

    code: str
    term: str
    language_column: str | None = None
    language: str | None = None
    frequency: str | None = None
    context: tuple[str, ...] = ()
    other_terms: tuple[tuple[str, str | None], ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_line: int | None = None
    term_separator: str | None = "|"


@dataclass(frozen=True, slots=True)
class TableGuess:
    """What `sniff_table` found in a file, to be shown and corrected before anything is read.

    Parameters
    ----------
    format
        `csv`, `spreadsheet`, `usagi`, `fhir-json` or `fhir-xml`.
    header_line
        Line of the column names, from 1; 0 where none was found and the columns are named `column 1`, …
    sheets
        Names of the sheets of a spreadsheet; `sheet` is the one shown.
    preview
        At most 20 rows of cells, as wide as `columns`.
    column_roles
        Column → `code`, `term`, `language`, `frequency`, `context`, `term:sv` (a term in Swedish), `term:` (a further
        term of unknown language) or `ignore`.
    language
        BCP-47 tag guessed from the terms, or None.
    """

    format: str
    columns: tuple[str, ...]
    preview: tuple[tuple[str, ...], ...]
    column_roles: dict[str, str]
    language: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int = 1
    sheets: tuple[str, ...] = ()
    sheet: str | None = None
    problems: tuple[RowProblem, ...] = ()

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """Names of the sheets of a spreadsheet; empty for text."""
        return self.sheets
