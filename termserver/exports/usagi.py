"""A map as an Usagi save file. Source: OHDSI Usagi (ReadCodeMappingsFromFile / WriteCodeMappingsToFile).

Usagi knows targets by OMOP concept id only. A target of another code system is written with concept id 0, its term
as concept name, and its code in the column `ADD_INFO:targetCode` (`system|code`, several joined by `;`), so that
nothing is lost; in Usagi itself such a line is still to be mapped to a concept id.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.relationship import Relationship

OMOP = "https://fhir-terminology.ohdsi.org"
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
_CHUNK = 64 * 1024


def write_usagi(rows: Iterable[ExportRow]) -> Iterator[bytes]:
    """The save file as bytes; lines of one row stand together, as Usagi reads them."""
    stream = iter(rows)
    first = [row for _, row in zip(range(1_000), stream, strict=False)]
    names = [*dict.fromkeys(name for row in first for name in row.context if name != _TARGET_COLUMN), _TARGET_COLUMN]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*_FIRST, *(f"ADD_INFO:{name}" for name in names), *_LAST])
    for row in _both(first, stream):
        for target in targets_of(row) or (None,):
            writer.writerow(_line(row, names, target))
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _both(first: list[ExportRow], rest: Iterator[ExportRow]) -> Iterator[ExportRow]:
    yield from first
    yield from rest


def _line(row: ExportRow, names: list[str], target: ChosenTarget | None) -> list[str]:
    concept_id = target.code if target and target.system == OMOP and target.code.isdecimal() else "0"
    display = target.display if target else ""
    added = {**row.context, _TARGET_COLUMN: ";".join(f"{item.system}|{item.code}" for item in targets_of(row))}
    created_at = row.created_at or row.decided_at
    comment = "; ".join(part for part in (row.comment, row.no_map_reason.value if row.no_map_reason else None) if part)
    return [
        row.source_code,
        row.source_name,
        "-1" if row.frequency is None else str(row.frequency),
        "",
        *(added.get(name, "") for name in names),
        f"{row.probability or 0:.2f}",
        mapping_status(row),
        _equivalence(row, target),
        row.decided_by or "",
        str(epoch_ms(row.decided_at)),
        concept_id,
        display,
        "",
        "MAPS_TO",
        comment,
        row.created_by or row.decided_by or "",
        str(epoch_ms(created_at)),
        row.reviewer or "",
    ]


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
