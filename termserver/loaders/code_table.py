"""Read a code system from tables (delimited text, spreadsheets, fixed width, JSON records) as its recipe describes them.

The files are read twice: first for the codes (to know which parents exist and which names are synonyms), then for the
concepts. Memory: the codes, further names of repeated codes, the problems; a spreadsheet is held whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.code_hierarchy import IcdBlocks, parent_by_prefix, parent_in_icd_10
from termserver.loaders.fixed_width import read_fixed_width
from termserver.loaders.json_records import read_json_records
from termserver.loaders.recipe import Columns, Recipe, RecipeFile
from termserver.loaders.row_checks import clean_text, code_problem, term_problem, text_warnings
from termserver.loaders.source import LoadedCodeSystem
from termserver.loaders.table import TableRow, find_shape, read_rows
from termserver.loaders.table_header import find_header
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation
from termserver.model.source_list import RowProblem

_SYNONYM = Coding("http://snomed.info/sct", "900000000000013009", display="Synonym")
_SNIFFED_ROWS = 300


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A recipe's file with its columns found."""

    file: RecipeFile
    path: Path
    columns: Columns
    at: dict[str, int]
    width: int
    rows: Iterator[TableRow]
    sheet: str | None = None

    def cell(self, row: TableRow, column: str | None) -> str:
        """The cell of a column, empty where the row is too short."""
        index = self.at[column] if column is not None else len(row.cells)
        return row.cells[index] if index < len(row.cells) else ""


@dataclass(slots=True)
class _FirstPass:
    codes: set[str] = field(default_factory=set)
    further: dict[str, list[Designation]] = field(default_factory=dict)


def read_code_table(recipe: Recipe, files: Sequence[tuple[RecipeFile, Path]]) -> LoadedCodeSystem:
    """Read the tables of a recipe as one code system.

    Raises
    ------
    BadFile
        If a file is missing or damaged, or a column is missing; the message lists the columns there are.
    """
    for file, path in files:
        if not path.is_file():
            raise BadFile(
                f"the recipe {recipe.name} needs this file; name the folder of publishers' files"
                " (--sources, TERMSERVER_DATA_SOURCES)",
                file=str(path),
            )
        _open(recipe, file, path)
    loaded = LoadedCodeSystem(
        header=recipe.code_system(), concepts=iter(()), file_name=", ".join(path.name for _, path in files)
    )
    loaded.concepts = _CodeTableReader(recipe, files, loaded).read()
    return loaded


class _CodeTableReader:
    def __init__(self, recipe: Recipe, files: Sequence[tuple[RecipeFile, Path]], loaded: LoadedCodeSystem) -> None:
        self._recipe = recipe
        self._files = files
        self._loaded = loaded
        self._several = len({path for _, path in files}) > 1
        self._unknown_parents = 0

    def read(self) -> Iterator[Concept]:
        first_pass = self._look_ahead()
        self._loaded.expected = len(first_pass.codes)
        blocks = IcdBlocks(first_pass.codes)
        seen: dict[str, int] = {}
        for file, path in self._files:
            source = _open(self._recipe, file, path)
            for row in source.rows:
                if not _is_wanted(source, row):
                    continue
                self._loaded.counts.rows += 1
                concept = self._concept(source, row, first_pass, blocks, seen)
                if concept is not None:
                    yield concept
        if self._unknown_parents:
            self._loaded.problems.append(
                RowProblem(None, None, None, "warning", "unknown-parent",
                           f"{self._unknown_parents:,} rows name a parent that is not in the list; they stand at the top")
            )  # fmt: skip
        if not self._loaded.counts.accepted:
            first = self._loaded.problems[0].message if self._loaded.problems else "the file has no rows"
            raise BadFile(f"no row can be used; the first problem: {first}", file=self._loaded.file_name)

    def _look_ahead(self) -> _FirstPass:
        found = _FirstPass()
        merges = self._recipe.repeated_codes == "synonyms"
        for file, path in self._files:
            source = _open(self._recipe, file, path)
            for row in source.rows:
                if not _is_wanted(source, row):
                    continue
                code = self._code(source, row)
                if merges and code in found.codes:
                    found.further.setdefault(code, []).extend(self._names(source, row, with_term=True))
                found.codes.add(code)
        return found

    def _concept(
        self, source: OpenFile, row: TableRow, ahead: _FirstPass, blocks: IcdBlocks, seen: dict[str, int]
    ) -> Concept | None:
        code = self._code(source, row)
        if self._recipe.repeated_codes == "synonyms" and code in seen and any(self._names(source, row, with_term=True)):
            self._loaded.counts.merged += 1
            return None
        problem = self._error(source, row)
        if problem is None and code in seen:
            problem = RowProblem(
                row.line, source.columns.code[0], code, "error", "duplicate-code",
                f"{self._where(source)}the code '{code}' stands on line {seen[code]} already; the first is kept",
            )  # fmt: skip
        if problem is not None:
            self._loaded.counts.refused += 1
            self._loaded.problems.append(problem)
            return None
        seen[code] = row.line
        term = source.cell(row, source.columns.term)
        self._loaded.problems.extend(text_warnings(row.line, source.columns.term, code, term))
        is_supplement = self._recipe.content == "supplement"
        display = "" if is_supplement else clean_text(term)
        names = [*self._names(source, row, with_term=is_supplement), *ahead.further.get(code, ())]
        return Concept(
            code=code,
            display=display,
            designations=tuple(
                one for one in dict.fromkeys(names) if one.value != display or one.language != self._recipe.language
            ),
            properties=tuple(self._properties(source, row)),
            parents=self._parents(source, row, code, ahead.codes, blocks),
            active=self._is_active(source, row),
            definition=clean_text(source.cell(row, source.columns.definition)) or None,
        )

    def _error(self, source: OpenFile, row: TableRow) -> RowProblem | None:
        code_column, term_column = source.columns.code[-1], source.columns.term
        code_at, term_at = source.at[code_column], source.at[term_column]
        if len(row.cells) <= max(code_at, term_at) or (
            len(row.cells) > source.width and any(row.cells[source.width :])
        ):
            return RowProblem(
                row.line, None, source.cell(row, code_column) or None, "error", "ragged-row",
                f"{self._where(source)}the row has {len(row.cells)} cells where the header has {source.width}",
            )  # fmt: skip
        problem = code_problem(row, code_at, column=code_column, sheet=source.sheet)
        return problem or term_problem(row, term_at, row.cells[code_at], column=term_column)

    def _where(self, source: OpenFile) -> str:
        return f"{source.path.name}: " if self._several else ""

    def _code(self, source: OpenFile, row: TableRow) -> str:
        code = "/".join(source.cell(row, column) for column in source.columns.code)
        if self._recipe.code_form == "icd-10":
            code = dotted_icd_code(code)
        return source.file.code_prefix + code

    def _parents(
        self, source: OpenFile, row: TableRow, code: str, codes: set[str], blocks: IcdBlocks
    ) -> tuple[str, ...]:
        parent: str | None = source.cell(row, source.columns.parent) if source.columns.parent else None
        if parent and self._recipe.code_form == "icd-10":
            parent = dotted_icd_code(parent)
        if parent and parent not in codes:
            self._unknown_parents += 1
            parent = None
        if not source.columns.parent and self._recipe.hierarchy == "icd-10":
            parent = parent_in_icd_10(code, codes, blocks)
        elif not source.columns.parent and self._recipe.hierarchy == "prefix":
            plain = code.removeprefix(source.file.code_prefix)
            parent = parent_by_prefix(plain, codes, source.file.parent_prefix or source.file.code_prefix)
        return (parent,) if parent and parent != code else ()

    def _names(self, source: OpenFile, row: TableRow, *, with_term: bool) -> Iterator[Designation]:
        columns = source.columns
        use = _SYNONYM if with_term and self._recipe.content != "supplement" else None
        if with_term and source.cell(row, columns.term):
            of_row = source.cell(row, columns.language) or self._recipe.language
            yield Designation(clean_text(source.cell(row, columns.term)), of_row, use)
        for column, language in columns.designations:
            if value := source.cell(row, column):
                yield Designation(clean_text(value), language, use)
        if columns.synonyms:
            for synonym in source.cell(row, columns.synonyms).split(self._recipe.synonym_separator):
                if synonym.strip():
                    yield Designation(clean_text(synonym.strip()), self._recipe.language, _SYNONYM)

    def _properties(self, source: OpenFile, row: TableRow) -> Iterator[ConceptProperty]:
        for code, value in source.file.properties.items():
            yield ConceptProperty(code, value)
        for column, code in source.columns.properties:
            if value := source.cell(row, column):
                yield ConceptProperty(code, clean_text(value))

    def _is_active(self, source: OpenFile, row: TableRow) -> bool:
        if source.columns.status is None:
            return True
        status = source.cell(row, source.columns.status)
        if self._recipe.active_values:
            return status in self._recipe.active_values
        return status not in (self._recipe.inactive_values or ("DEPRECATED", "RETIRED", "retired", "inactive"))


def dotted_icd_code(code: str) -> str:
    """Put the dot into an ICD-10 code written without it; anything else stays.

    >>> dotted_icd_code("A000"), dotted_icd_code("A184C"), dotted_icd_code("A00"), dotted_icd_code("A00-A09")
    ('A00.0', 'A18.4C', 'A00', 'A00-A09')
    """
    if len(code) > 3 and code[0].isalpha() and code[1:3].isalnum() and code[3].isalnum():
        return f"{code[:3]}.{code[3:]}"
    return code


def open_rows(
    file: RecipeFile, path: Path, *, expected: Sequence[str] = ()
) -> tuple[tuple[str, ...], Iterator[TableRow], str | None]:
    """Columns, rows below the header, and the sheet of one file of a recipe.

    Parameters
    ----------
    expected
        Column names that the header must have, where they are known.
    """
    name = path.name
    if file.format == "fixed-width":
        rows = read_fixed_width(path, file.widths, encoding=file.encoding or "cp1252", name=name)
        return tuple(f"column {place}" for place in range(1, len(file.widths) + 2)), rows, None
    if file.format == "json-records":
        columns, rows = read_json_records(path, name=name)
        return columns, rows, None
    shape = find_shape(path, name=name, encoding=file.encoding, delimiter=file.delimiter, sheet=file.sheet)
    rows = read_rows(path, shape, name=name)
    first = list(islice(rows, _SNIFFED_ROWS))
    header = find_header(first, name=name, header_line=file.header_line, expected=expected)
    below = (row for row in chain(first, rows) if row.line > header.line)
    return header.columns, below, shape.sheet


def _open(recipe: Recipe, file: RecipeFile, path: Path) -> OpenFile:
    columns = file.columns or recipe.columns
    if columns is None:
        raise BadFile("the recipe names no columns", file=f"{recipe.name}/source.toml")
    there, rows, sheet = open_rows(file, path, expected=(*columns.code, columns.term))
    at = {column: index for index, column in enumerate(there)}
    needed = [
        *columns.code, columns.term, columns.parent, columns.status, columns.definition, columns.synonyms, columns.language,
        *(column for column, _ in columns.designations), *(column for column, _ in columns.properties), *file.where,
    ]  # fmt: skip
    for column in needed:
        if column is not None and column not in at:
            raise BadFile(
                f"the column '{column}' is missing; the columns there are: {', '.join(there)}", file=path.name, line=1
            )
    return OpenFile(file=file, path=path, columns=columns, at=at, width=len(there), rows=rows, sheet=sheet)


def _is_wanted(source: OpenFile, row: TableRow) -> bool:
    return all(source.cell(row, column) in values for column, values in source.file.where.items())
