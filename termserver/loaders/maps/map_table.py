"""Read a table of mappings: ours, Snap2SNOMED's, OMOP's source_to_concept_map, a transition table of two editions.

Columns are found by the names that these tools give them, or named by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from termserver.errors import BadFile, BadInput
from termserver.loaders.maps.map_lines import (
    LoadedMap,
    MapHeader,
    MapLine,
    elements_from_lines,
    head_from,
    no_map_comment,
    refuse,
)
from termserver.loaders.maps.omop_vocabularies import VocabularySystems
from termserver.loaders.table import TableRow, find_shape, read_rows
from termserver.loaders.table_header import find_header
from termserver.model.relationship import R4_EQUIVALENCES, Relationship, relationship_from_r4_equivalence
from termserver.model.usagi_line import OMOP

SNOMED_CT = "http://snomed.info/sct"
COLUMN_KINDS = (
    "source_code", "source_display", "source_system", "target_code", "target_display", "target_system", "relationship",
    "no_map", "comment", "forward", "backward", "combination",
    "source_version", "target_version",
)  # fmt: skip
"""What a column can be: the keys of `columns` in `read_map_table`."""
_NAMES: Mapping[str, tuple[str, ...]] = {
    "source_code": ("source code", "sourcecode", "from", "from code", "old code", "old"),
    "source_display": ("source term", "source display", "source code description", "source name", "sourcename"),
    "source_system": ("source system",),
    "target_code": ("target code", "targetcode", "target concept id", "to", "to code", "new code", "new"),
    "target_display": ("target term", "target display", "target name"),
    "target_system": ("target system",),
    "relationship": ("relationship", "relationship type code", "equivalence", "relationship id"),
    "no_map": ("no map", "no map flag", "no map reason"),
    "comment": ("comment", "notes"),
    "forward": ("automatic forward", "auto forward", "forward"),
    "backward": ("automatic backward", "auto backward", "backward"),
    "combination": ("combination",),
    "source_version": ("source version",),
    "target_version": ("target version",),
}
"""Kind → names of columns, with blanks where files have underscores too."""
_OMOP_COLUMNS = (
    "source_vocabulary_id", "target_concept_id", "target_vocabulary_id", "valid_start_date", "valid_end_date",
    "invalid_reason", "source_concept_id",
)  # fmt: skip
_RELATIONSHIPS = {
    "target_equivalent": Relationship.EQUIVALENT,
    "target_broader": Relationship.NARROWER,
    "target_narrower": Relationship.BROADER,
    "target_inexact": Relationship.RELATED_TO,
    "exact": Relationship.EQUIVALENT,
    "broader": Relationship.NARROWER,  # of the target, as in SKOS
    "=": Relationship.EQUIVALENT,
    "<": Relationship.NARROWER,
    ">": Relationship.BROADER,
    "~": Relationship.RELATED_TO,
    "unreviewed": Relationship.RELATED_TO,  # Usagi: nobody said how the two relate
    **{item.value: item for item in Relationship},
    **{
        code: found
        for code in R4_EQUIVALENCES
        if code != "unmatched" and (found := relationship_from_r4_equivalence(code)) is not None
    },
}
_R4_ONLY = {"equal", "subsumes", "specializes", "inexact"}  # finer than R5; kept, so that R4 gets them again
_FALSE = {"", "false", "no", "0", "n"}
_PLACE = re.compile(r"column \d+")
_NOTHING = "UNDEF"  # BfArM's transition tables: this edition has no such code
_ESCAPED = re.compile(r"^'(?=[=+\-@\t\r])")


@dataclass(frozen=True, slots=True)
class _Columns:
    places: Mapping[str, int]
    omop: Mapping[str, int]
    is_omop: bool
    is_snap2snomed: bool

    def cell(self, row: TableRow, kind: str) -> str:
        """The cell of a kind; an apostrophe that kept a spreadsheet from a formula is taken off."""
        place = self.places.get(kind)
        return _ESCAPED.sub("", _cell(row, place))

    def omop_cell(self, row: TableRow, column: str) -> str:
        """The cell of a column of source_to_concept_map."""
        return _cell(row, self.omop.get(column))

    def transition(self, row: TableRow) -> Relationship:
        """What a transition table says: whether every case of the one code is one of the other, forward and back."""
        forward, backward = (self.cell(row, kind).casefold() not in _FALSE for kind in ("forward", "backward"))
        if forward and backward:
            return Relationship.EQUIVALENT
        if forward:
            return Relationship.NARROWER
        return Relationship.BROADER if backward else Relationship.RELATED_TO


def _cell(row: TableRow, place: int | None) -> str:
    return row.cells[place].strip() if place is not None and place < len(row.cells) else ""


def read_map_table(
    path: Path, header: MapHeader, *, columns: Mapping[str, str] | None = None, name: str | None = None
) -> LoadedMap:
    """Read a delimited file or a spreadsheet.

    Parameters
    ----------
    columns
        Kind (of `COLUMN_KINDS`) → name of the column in the file, where names alone do not tell; `column 1`, `column 2`, …
        where the file names none.

    Raises
    ------
    BadFile
        If there is no column of source codes or target codes, or nothing names a code system.
    """
    name = name or path.name
    rows = read_rows(path, find_shape(path, name=name), name=name)
    first = list(islice(rows, 200))
    known = 0 if columns and all(_PLACE.fullmatch(column) for column in columns.values()) else None
    if known is None:
        known = next((row.line for row in first if _names_both_codes(row.cells, columns or {})), None)
    found = find_header(first, name=name, header_line=known)
    chosen = _columns(found.columns, columns or {}, name=name, line=found.line)
    loaded = LoadedMap(head_from(header, name=name))
    below = chain((row for row in first if row.line > found.line), rows)
    elements_from_lines(_lines(below, chosen, _Systems(chosen, header, name=name), loaded), loaded)
    return loaded


def named_columns(named: Iterable[str], option: str) -> dict[str, str]:
    """Kind → name of the column, of what a person wrote as KIND=NAME.

    Parameters
    ----------
    option
        What messages call it.

    Raises
    ------
    BadInput
        If it is written otherwise, or the kind is none of `COLUMN_KINDS`.
    """
    found: dict[str, str] = {}
    for item in named:
        kind, mark, name = item.partition("=")
        if not mark or kind not in COLUMN_KINDS or not name:
            raise BadInput(f"{option} {item[:200]}: write KIND=NAME, with a kind of: {', '.join(COLUMN_KINDS)}")
        found[kind] = name
    return found


def _names_both_codes(cells: Sequence[str], named: Mapping[str, str]) -> bool:
    """True for the line of column names: one is a source code, another a target code."""
    folded = {_folded(cell) for cell in cells}
    return all(
        any(_folded(item) in folded for item in ((named[kind],) if kind in named else _NAMES[kind]))
        for kind in ("source_code", "target_code")
    )


def _folded(column: str) -> str:
    """A column's name as it is compared.

    >>> _folded("Source_Code ")
    'source code'
    """
    return column.strip().casefold().replace("_", " ")


def _columns(names: Sequence[str], named: Mapping[str, str], *, name: str, line: int) -> _Columns:
    folded = {_folded(column): place for place, column in reversed(list(enumerate(names)))}
    places: dict[str, int] = {}
    for kind in COLUMN_KINDS:
        wanted = (named[kind],) if kind in named else _NAMES[kind]
        place = next((folded[_folded(item)] for item in wanted if _folded(item) in folded), None)
        if place is not None:
            places[kind] = place
        elif kind in named:
            raise BadFile(f"there is no column '{named[kind]}'; there are: {', '.join(names)}", file=name, line=line)
    for kind in ("source_code", "target_code"):
        if kind not in places:
            raise BadFile(
                f"no column is a {kind.replace('_', ' ')}; there are: {', '.join(names)}. Name it: --column {kind}=NAME",
                file=name,
                line=line,
            )
    concept_id = _folded("target_concept_id")
    is_omop = _folded(names[places["target_code"]]) == concept_id
    omop = {item: folded[_folded(item)] for item in _OMOP_COLUMNS if _folded(item) in folded and concept_id in folded}
    return _Columns(places, omop, is_omop, "relationship type code" in folded)


def _lines(rows: Iterator[TableRow], columns: _Columns, systems: _Systems, loaded: LoadedMap) -> Iterator[MapLine]:
    not_in_force = 0
    for row in rows:
        code, target_code = columns.cell(row, "source_code"), columns.cell(row, "target_code")
        if not code:
            refuse(loaded, row.line, None, None, "empty-code", "the source code is empty")
            continue
        if code == _NOTHING:
            continue  # a new code that the old edition lacks
        if columns.omop_cell(row, "invalid_reason"):
            not_in_force += 1
            continue
        says_no_map = columns.cell(row, "no_map").casefold() not in _FALSE or target_code == _NOTHING
        if target_code == _NOTHING or (columns.is_omop and target_code == "0"):
            target_code = ""
        if not target_code and not says_no_map and not columns.is_omop:
            continue  # a row nobody has decided
        said = columns.cell(row, "relationship").casefold()
        relationship = _RELATIONSHIPS.get(said) or columns.transition(row)
        if said and said not in _RELATIONSHIPS:
            text = f"the relationship '{said[:40]}' is unknown; use one of: {', '.join(_RELATIONSHIPS)}"
            refuse(loaded, row.line, "relationship", code, "relationship", text)
            continue
        kept = tuple((column, text) for column in columns.omop if (text := columns.omop_cell(row, column)))
        yield MapLine(
            row.line,
            systems.of_source(row),
            code,
            systems.of_target(row, target_code),
            target_code,
            columns.cell(row, "source_display") or None,
            columns.cell(row, "target_display") or None,
            relationship,
            columns.cell(row, "comment") or None
            if target_code
            else no_map_comment(columns.cell(row, "comment"), columns.cell(row, "no_map")),
            (("combination", "and"),) if columns.cell(row, "combination").casefold() == "and" else (),
            tuple(item for item in kept if not item[0].startswith("source_")),
            tuple(item for item in kept if item[0].startswith("source_")),
            said if said in _R4_ONLY else None,
        )
    if not_in_force:
        loaded.notes.append(f"{not_in_force:,} lines are not in force (invalid_reason): left out")


class _Systems:
    """Which code systems a row is about: what its cells say, what the caller named, what the format implies."""

    def __init__(self, columns: _Columns, header: MapHeader, *, name: str) -> None:
        self._columns = columns
        self._header = header
        self._name = name
        own = replace(header, target_system="") if columns.omop else header
        self._vocabularies = VocabularySystems(own, name=name) if columns.omop else None

    def of_source(self, row: TableRow) -> str:
        """The code system of the row's source code.

        Raises
        ------
        BadFile
            If nothing names it.
        """
        said = self._columns.cell(row, "source_system")
        vocabulary = self._columns.omop_cell(row, "source_vocabulary_id")
        if not said and vocabulary and self._vocabularies is not None:
            return self._vocabularies.of_source(vocabulary, line=row.line)
        return self._named(said or self._header.source_system, "source", row)

    def of_target(self, row: TableRow, target_code: str) -> str:
        """The same of its target; empty where a code without a target has none in any system.

        Raises
        ------
        BadFile
            If nothing names it.
        """
        if self._columns.is_omop:
            return OMOP
        implied = SNOMED_CT if self._columns.is_snap2snomed else ""
        said = self._columns.cell(row, "target_system") or self._header.target_system or implied
        return self._named(said, "target", row) if said or target_code else ""

    def _named(self, url: str, which: str, row: TableRow) -> str:
        if not url:
            text = f"nothing names the {which} system; name it (--{which}-system URL)"
            raise BadFile(text, file=self._name, line=row.line)
        version = self._columns.cell(row, f"{which}_version")
        return f"{url}|{version}" if version and "|" not in url else url
