"""A map as OMOP's local concepts: CONCEPT.csv and CONCEPT_RELATIONSHIP.csv. Source: OMOP CDM 5.4.

A local concept a source code, from id 2,000,000,001. What was read from such tables (ids, domains, classes, dates, what a
relationship is called) is written as it was.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Sequence

from termserver.errors import BadInput
from termserver.exports.omop import (
    END,
    OmopLine,
    check_length,
    omop_lines,
    start_date,
    unknown_targets,
    vocabulary_of,
)
from termserver.exports.table_writer import delimited_chunks, one_line
from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.omop import FIRST_LOCAL_CONCEPT_ID, MIRRORS, is_local

_CONCEPT_COLUMNS = (
    "concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept", "concept_code",
    "valid_start_date", "valid_end_date", "invalid_reason",
)  # fmt: skip
_RELATIONSHIP_COLUMNS = (
    "concept_id_1", "concept_id_2", "relationship_id", "valid_start_date", "valid_end_date", "invalid_reason",
)  # fmt: skip


def write_local_concepts(export: MapExport) -> Iterator[bytes]:
    """A zip of the two tables, with tabs and without quotes, as Athena writes them.

    Each decided target is a "Maps to" (or what was read) and its mirror. New ids follow the order of the rows.

    Raises
    ------
    BadInput
        If a code or a vocabulary name is too long, or a decided target has no OMOP concept id.
    """
    lines = list(omop_lines(export))
    tables = _Tables(export, taken={line.row.kept.get("concept_id", "") for line in lines})
    for line in lines:
        tables.add(line)
    if tables.unknown:
        raise unknown_targets(tables.unknown)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, cells in (
            ("CONCEPT.csv", _CONCEPT_COLUMNS, tables.concepts),
            ("CONCEPT_RELATIONSHIP.csv", _RELATIONSHIP_COLUMNS, tables.relationships),
        ):
            # A fixed time, so that the same map gives the same bytes
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, b"".join(delimited_chunks(columns, cells, delimiter="\t", quoted=False)))
    yield buffer.getvalue()


class _Tables:
    """The two tables while they are filled."""

    def __init__(self, export: MapExport, *, taken: Collection[str]) -> None:
        self._taken = taken
        vocabulary_of(export)
        self._export = export
        self._start = start_date(export)
        self._row: ExportRow | None = None
        self._number = ""
        self._used: set[str] = set()
        self._next = FIRST_LOCAL_CONCEPT_ID
        self.concepts: list[Sequence[str]] = []
        self.relationships: list[Sequence[str]] = []
        self.unknown: list[ChosenTarget] = []

    def add(self, line: OmopLine) -> None:
        """Take a line: the concept of a row at its first line, then its relationship."""
        if line.row is not self._row:
            self._row = line.row
            self._add_concept(line)
        if line.target is not None and line.concept is None:
            self.unknown.append(line.target)
        elif line.concept is not None:
            own, other = self._number, str(line.concept.concept_id)
            kind = line.kept("relationship_id", "Maps to")
            mirror = MIRRORS.get(kind) or line.kept("reverse_relationship_id", "")
            dates = (line.kept("valid_start_date", self._start), line.kept("valid_end_date", END), "")
            self.relationships.append((own, other, kind, *dates))
            if mirror:
                self.relationships.append((other, own, mirror, *dates))

    def _add_concept(self, line: OmopLine) -> None:
        row, kept = line.row, line.row.kept
        check_length(row)
        self._number = self._free_number(kept.get("concept_id", ""))
        if "\t" in row.source_code or "\n" in row.source_code:
            raise BadInput(
                f"The source code '{row.source_code[:80]!r}' holds a tab or a line break; OMOP's files have none"
            )
        self.concepts.append(
            (
                self._number, one_line(row.source_name), kept.get("domain_id", "") or _domain(line),
                vocabulary_of(self._export, row), kept.get("concept_class_id", "") or "Local code",
                kept.get("standard_concept", ""), row.source_code, kept.get("valid_start_date", "") or self._start,
                kept.get("valid_end_date", "") or END, kept.get("invalid_reason", ""),
            )
        )  # fmt: skip

    def _free_number(self, kept: str) -> str:
        """The id that the code had, or the next that is free."""
        if is_local(kept) and kept not in self._used:
            self._used.add(kept)
            return kept
        while str(self._next) in self._used or str(self._next) in self._taken:
            self._next += 1
        self._used.add(str(self._next))
        return str(self._next)


def _domain(line: OmopLine) -> str:
    return (line.concept.domain_id if line.concept else "") or "Metadata"
