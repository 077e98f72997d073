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
from termserver.model.concept_map import ConceptMap
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
    tables = _Tables(export.concept_map)
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

    def __init__(self, concept_map: ConceptMap) -> None:
        self._source = concept_map.groups[0].source if concept_map.groups else concept_map.url
        self._versions = {group.source: group.source_version for group in concept_map.groups}
        self._versions |= {group.target: group.target_version for group in concept_map.groups}
        self._date = concept_map.date or ""
        self._numbers: dict[tuple[str, str], int] = {}
        self.concepts: list[Sequence[str]] = []
        self.designations: list[Sequence[str]] = []
        self.transcodings: list[Sequence[str]] = []

    def add(self, row: ExportRow) -> None:
        source = self._concept(row.source_system or self._source, row.source_code, row.source_name, row.language)
        for target, detail in row.detailed_targets:
            number = self._concept(target.system, target.code, target.display, "en")
            self.transcodings.append(self._transcoding(row, target, detail.properties, source, number))

    def _concept(self, system: str, code: str, name: str, language: str | None) -> int:
        number = self._numbers.get((system, code))
        if number is None:
            number = self._numbers[system, code] = len(self._numbers) + 1
            self.concepts.append((str(number), system, self._versions.get(system) or "", code, "CURRENT"))
            if name:
                self.designations.append((str(number), language or "", name, "true"))
        return number

    def _transcoding(
        self, row: ExportRow, target: ChosenTarget, kept: Mapping[str, str], source: int, number: int
    ) -> tuple[str, ...]:
        quality = kept.get("quality", "") if row.probability is None else f"{row.probability:.3f}"
        date = kept.get("status_date") or (row.decided_at or self._date)[:10]
        return (str(source), str(number), target.relationship.value, quality, _STATUS[row.status], date)
