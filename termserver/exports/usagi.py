"""A map as an Usagi save file. Source: OHDSI Usagi (ReadCodeMappingsFromFile / WriteCodeMappingsToFile).

Rows that came from a Usagi file and that nobody touched are written as they were read, cell by cell; of touched rows
the cells that we do not know (domain, mapping type, who created it) are kept from the line with the same target.

Usagi knows targets by OMOP concept id only. A target of another code system is written with concept id 0, its term
as concept name, and its code in the column `ADD_INFO:targetCode` (`system|code`, several joined by `;`), so that
nothing is lost; in Usagi itself such a line is still to be mapped to a concept id.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice

from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP, UsagiLine

_EQUIVALENCE = {
    Relationship.EQUIVALENT: "EQUIVALENT",
    Relationship.NARROWER: "WIDER",  # Usagi as R4: the *target* is wider
    Relationship.BROADER: "NARROWER",
    Relationship.RELATED_TO: "INEXACT",
    Relationship.NOT_RELATED: "UNMATCHED",
}
_FIRST = ("sourceCode", "sourceName", "sourceFrequency", "sourceAutoAssignedConceptIds")
_LAST = (
    "matchScore", "mappingStatus", "equivalence", "statusSetBy", "statusSetOn", "conceptId", "conceptName", "domainId",
    "mappingType", "comment", "createdBy", "createdOn", "assignedReviewer",
)  # fmt: skip
_TARGET_COLUMN = "targetCode"
_ADD_INFO = "ADD_INFO:"
# Usagi's own, where an older file lacks the column
_DEFAULTS = {
    "sourceFrequency": "-1",
    "matchScore": "0",
    "mappingStatus": "UNCHECKED",
    "equivalence": "UNREVIEWED",
    "statusSetOn": "0",
    "conceptId": "0",
    "mappingType": "MAPS_TO",
    "createdOn": "0",
}
_KEPT = ("sourceAutoAssignedConceptIds", "domainId", "mappingType", "createdBy", "createdOn")


def write_usagi(export: MapExport) -> Iterator[bytes]:
    """The save file as bytes; lines of one row stand together, as Usagi reads them."""
    stream = iter(export.rows)
    first = list(islice(stream, 1_000))
    other_systems = any(group.target != OMOP for group in export.concept_map.groups)
    columns = _columns(first, with_targets=other_systems)
    return delimited_chunks(columns, _in_the_files_order(chain(first, stream), columns))


def _columns(rows: Sequence[ExportRow], *, with_targets: bool) -> list[str]:
    """Those of the file the rows came from, or Usagi's own order."""
    read = next((row.usagi_lines[0].cells for row in rows if row.usagi_lines), None)
    if read is not None:
        added = f"{_ADD_INFO}{_TARGET_COLUMN}"
        return [
            *read,
            *(column for column in (*_FIRST, *_LAST) if column not in read),
            *([added] if with_targets and added not in read else ()),
        ]
    context = dict.fromkeys(name for row in rows for name in row.context if name != _TARGET_COLUMN)
    return [*_FIRST, *(f"{_ADD_INFO}{name}" for name in (*context, _TARGET_COLUMN)), *_LAST]


def _in_the_files_order(rows: Iterable[ExportRow], columns: Sequence[str]) -> Iterator[list[str]]:
    """Lines of a row that stood further down in its file are held back until their place comes."""
    held: list[tuple[int, int, list[str]]] = []
    count = 0
    for row in rows:
        place = row.usagi_lines[0].line if row.usagi_lines else 0
        while held and held[0][0] < place:
            yield heapq.heappop(held)[2]
        for line, cells in _lines(row):
            count += 1
            heapq.heappush(held, (line, count, [cells.get(column, _DEFAULTS.get(column, "")) for column in columns]))
        if not row.usagi_lines:
            while held:
                yield heapq.heappop(held)[2]
    while held:
        yield heapq.heappop(held)[2]


def _lines(row: ExportRow) -> Iterator[tuple[int, dict[str, str]]]:
    """(line in the file read, cells by column) of a row."""
    if row.untouched and row.usagi_lines:
        yield from ((line.line, dict(line.cells)) for line in row.usagi_lines)
        return
    for target in targets_of(row) or (None,):
        line = _line_of_target(row.usagi_lines, target)
        written = _cells(row, target)
        if line is None:
            yield (row.usagi_lines[0].line if row.usagi_lines else 0), written
            continue
        kept = {column: line.cells[column] for column in _KEPT if line.cells.get(column)}
        same_target = target is not None and target.code == str(line.concept_id)
        if not same_target:
            kept.pop("domainId", None)
        yield line.line, {**line.cells, **written, **kept}


def _line_of_target(lines: Sequence[UsagiLine], target: ChosenTarget | None) -> UsagiLine | None:
    same = [line for line in lines if target is not None and str(line.concept_id) == target.code]
    return next(iter(same or lines), None)


def _cells(row: ExportRow, target: ChosenTarget | None) -> dict[str, str]:
    concept_id = target.code if target and target.system == OMOP and target.code.isdecimal() else "0"
    added = {**row.context, _TARGET_COLUMN: ";".join(f"{item.system}|{item.code}" for item in targets_of(row))}
    comment = "; ".join(part for part in (row.comment, row.no_map_reason.value if row.no_map_reason else None) if part)
    return {
        "sourceCode": row.source_code,
        "sourceName": row.source_name,
        "sourceFrequency": "-1" if row.frequency is None else str(row.frequency),
        "sourceAutoAssignedConceptIds": "",
        **{f"{_ADD_INFO}{name}": value for name, value in added.items()},
        "matchScore": f"{row.probability or 0:.2f}",
        "mappingStatus": mapping_status(row),
        "equivalence": _equivalence(row, target),
        "statusSetBy": row.decided_by or "",
        "statusSetOn": str(epoch_ms(row.decided_at)),
        "conceptId": concept_id,
        "conceptName": target.display if target else "",
        "domainId": "",
        "mappingType": "MAPS_TO",
        "comment": comment,
        "createdBy": row.created_by or row.decided_by or "",
        "createdOn": str(epoch_ms(row.created_at or row.decided_at)),
        "assignedReviewer": row.reviewer or "",
    }


def targets_of(row: ExportRow) -> tuple[ChosenTarget, ...]:
    """What was decided; else the best candidate, as Usagi shows what its own search found."""
    if row.targets or row.no_map_reason or row.suggestion is None:
        return row.targets
    return (ChosenTarget(row.suggestion.system, row.suggestion.code, row.suggestion.display),)


def _equivalence(row: ExportRow, target: ChosenTarget | None) -> str:
    if row.no_map_reason:
        return "UNMATCHED"
    return _EQUIVALENCE[target.relationship] if target and row.targets else "UNREVIEWED"


def mapping_status(row: ExportRow) -> str:
    """Usagi's status of a row: APPROVED only after the second person, AUTO_MAPPED for a candidate nobody judged.

    >>> mapping_status(ExportRow("A", "a", status=RowStatus.APPROVED))
    'APPROVED'
    """
    if row.flagged or row.status is RowStatus.REJECTED:
        return "FLAGGED"
    if row.status is RowStatus.APPROVED:
        return "APPROVED"
    if not row.targets and not row.no_map_reason and row.suggestion is not None:
        return "AUTO_MAPPED"
    return "UNCHECKED"


def epoch_ms(moment: str | None) -> int:
    """Milliseconds since 1970 of an ISO 8601 moment; 0 without one.

    >>> epoch_ms("1970-01-01T00:00:01Z")
    1000
    """
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
