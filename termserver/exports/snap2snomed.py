"""A map in the table of Snap2SNOMED. Source: Snap2SNOMED export; design/FORMATS.md."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from termserver.exports.csv_table import context_columns, neutralised
from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow, TargetDetail
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship

FIRST_COLUMNS = ("Source code", "Source display")
LAST_COLUMNS = (
    "Target code", "Target display", "Relationship type code", "Relationship type display", "No map flag", "Status",
    "Notes", "Last author", "Last reviewer",
)  # fmt: skip
RELATIONSHIP_TYPES = {
    Relationship.EQUIVALENT: ("TARGET_EQUIVALENT", "Equivalent"),
    Relationship.NARROWER: ("TARGET_BROADER", "Broader"),
    Relationship.BROADER: ("TARGET_NARROWER", "Narrower"),
    Relationship.RELATED_TO: ("TARGET_INEXACT", "Inexact"),
}
_STATUS = {
    RowStatus.OPEN: "UNMAPPED",
    RowStatus.SKIPPED: "UNMAPPED",
    RowStatus.DECIDED: "MAPPED",
    RowStatus.APPROVED: "ACCEPTED",
    RowStatus.REJECTED: "REJECTED",
}


def write_snap2snomed(export: MapExport) -> Iterator[bytes]:
    """The table as bytes, a byte order mark in front; a target that is *not* related has no place there, nor any but
    SNOMED CT's in Snap2SNOMED itself.
    """
    stream = iter(export.rows)
    first = list(islice(stream, 1_000))
    context = context_columns(first)
    rows = chain(first, stream)
    lines = ([neutralised(cell) for cell in _cells(row, context, *target)] for row in rows for target in _targets(row))
    header = [*FIRST_COLUMNS, *(neutralised(name) for name in context), *LAST_COLUMNS]
    return delimited_chunks(header, lines, in_front="\ufeff")


def _targets(row: ExportRow) -> list[tuple[ChosenTarget | None, TargetDetail]]:
    held = [(target, detail) for target, detail in row.detailed_targets if target.relationship in RELATIONSHIP_TYPES]
    return [*held] or [(None, TargetDetail(row.comment))]


def _cells(row: ExportRow, context: list[str], target: ChosenTarget | None, detail: TargetDetail) -> list[str]:
    code, display = RELATIONSHIP_TYPES[target.relationship] if target else ("", "")
    return [
        row.source_code,
        row.source_name,
        *(row.context.get(name, "") for name in context),
        target.code if target else "",
        target.display if target else "",
        code,
        display,
        "true" if row.no_map_reason else "false",
        _STATUS[row.status],
        "; ".join(part for part in (row.no_map_reason.value if row.no_map_reason else None, detail.comment) if part),
        row.decided_by or "",
        row.reviewer or "",
    ]
