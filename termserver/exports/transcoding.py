"""A map as the tables that MyHealth@EU's terminology services exchange: concepts, designations, transcodings.

A zip of three CSV files. `code_system_concept` holds every source and target code, `designation` their names by
language, `transcoding_association` which code is transcoded to which, with status and date.
Source: eHDSI Master Value Sets Catalogue and Central Terminology Services, data model of the terminology repository
(CodeSystemConcept, Designation, TranscodingAssociation).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence

from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport

CONCEPT_COLUMNS = ("id", "code_system", "code_system_version", "code", "status")
DESIGNATION_COLUMNS = ("concept_id", "language", "designation", "preferred")
TRANSCODING_COLUMNS = ("source_concept_id", "target_concept_id", "relationship", "quality", "status", "status_date")
_STATUS = {
    RowStatus.APPROVED: "VALID",
    RowStatus.DECIDED: "PROPOSED",
    RowStatus.REJECTED: "REJECTED",
    RowStatus.OPEN: "UNMAPPED",
    RowStatus.SKIPPED: "UNMAPPED",
}


def write_transcoding(export: MapExport) -> Iterator[bytes]:
    """The zip as bytes; a source code without a target has a concept and no transcoding."""
    tables = _Tables(export)
    for row in export.rows:
        tables.add(row)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, columns, lines in (
            ("code_system_concept.csv", CONCEPT_COLUMNS, tables.concepts),
            ("designation.csv", DESIGNATION_COLUMNS, tables.designations),
            ("transcoding_association.csv", TRANSCODING_COLUMNS, tables.transcodings),
        ):
            # A fixed time, so that the same map gives the same bytes
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, b"".join(delimited_chunks(columns, lines, line_end="\r\n")))
    yield buffer.getvalue()


class _Tables:
    """The three tables while they are filled; a concept gets its number at first sight."""

    def __init__(self, export: MapExport) -> None:
        self._export = export
        self._date = export.concept_map.date or ""
        self._numbers: dict[tuple[str, str, str], int] = {}
        self.concepts: list[Sequence[str]] = []
        self.designations: list[Sequence[str]] = []
        self.transcodings: list[Sequence[str]] = []

    def add(self, row: ExportRow) -> None:
        """Take a row: its code, its targets, and which is transcoded to which."""
        system = self._export.source_of(row)
        version = self._export.version_of(system, as_source=True)
        source = self._concept(system, version, row.source_code, row.source_name, row.language)
        for target, detail in row.detailed_targets:
            version = self._export.version_of(target.system)
            number = self._concept(target.system, version, target.code, target.display, "en")
            self.transcodings.append(self._transcoding(row, target, detail.properties, source, number))

    def _concept(self, system: str, version: str, code: str, name: str, language: str | None) -> int:
        number = self._numbers.get((system, version, code))
        if number is None:
            number = self._numbers[system, version, code] = len(self._numbers) + 1
            self.concepts.append((str(number), system, version, code, "CURRENT"))
            if name:
                self.designations.append((str(number), language or "", name, "true"))
        return number

    def _transcoding(
        self, row: ExportRow, target: ChosenTarget, kept: Mapping[str, str], source: int, number: int
    ) -> tuple[str, ...]:
        quality = kept.get("quality", "") if row.probability is None else f"{row.probability:.3f}"
        date = kept.get("status_date") or (row.decided_at or self._date)[:10]
        return (str(source), str(number), target.relationship.value, quality, _STATUS[row.status], date)
