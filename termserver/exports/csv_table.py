"""A map as a CSV table for people: one line a target, with status, who and when.

UTF-8 with a byte order mark, so that spreadsheets read the letters right. Cells that a spreadsheet would take for a
formula get an apostrophe in front. Source: OWASP, CSV Injection.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from termserver.exports.table_writer import delimited_chunks
from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow, TargetDetail
from termserver.model.map_export import MapExport

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BEFORE = ("source code", "source term", "frequency")
_AFTER = (
    "status", "relationship", "target code", "target term", "target system", "no map", "comment", "decided by",
    "decided at", "reviewer", "probability", "flagged", "suggested code", "suggested term", "remarks",
    "combination", "source system", "source version", "target version",
)  # fmt: skip


def neutralised(cell: str) -> str:
    """The cell, safe to open in a spreadsheet.

    >>> neutralised("=1+1"), neutralised("I21.9")
    ("'=1+1", 'I21.9')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def write_csv(export: MapExport) -> Iterator[bytes]:
    """The table as bytes; context columns are those of the first thousand rows."""
    stream = iter(export.rows)
    first = list(islice(stream, 1_000))
    context = context_columns(first)
    lines = (cells for row in chain(first, stream) for cells in lines_of(export, row, context))
    return delimited_chunks(
        [neutralised(name) for name in header_of(context)],
        ([neutralised(cell) for cell in cells] for cells in lines),
        line_end="\r\n",
        in_front="\ufeff",
    )


def context_columns(rows: list[ExportRow]) -> list[str]:
    """Names of the context columns of these rows, in order of first appearance."""
    return list(dict.fromkeys(name for row in rows for name in row.context))


def header_of(context: list[str]) -> list[str]:
    """Column names of the table for people."""
    return [*_BEFORE, *context, *_AFTER]


def lines_of(export: MapExport, row: ExportRow, context: list[str]) -> Iterator[list[str]]:
    """The lines of a row: one a target, one where it has none; cells in the order of `header_of`."""
    source = export.source_of(row)
    for target, detail in row.detailed_targets or ((None, TargetDetail()),):
        yield [
            *_cells(row, context, target, detail.comment or row.comment or ""),
            source,
            export.version_of(source, as_source=True),
            export.version_of(target.system) if target else "",
        ]


def _cells(row: ExportRow, context: list[str], target: ChosenTarget | None, comment: str) -> list[str]:
    return [
        row.source_code,
        row.source_name,
        "" if row.frequency is None else str(row.frequency),
        *(row.context.get(name, "") for name in context),
        row.status.value,
        target.relationship.value if target else "",
        target.code if target else "",
        target.display if target else "",
        target.system if target else "",
        row.no_map_reason.value if row.no_map_reason else "",
        comment,
        row.decided_by or "",
        row.decided_at or "",
        row.reviewer or "",
        "" if row.probability is None else f"{row.probability:.3f}",
        "yes" if row.flagged else "",
        row.suggestion.code if row.suggestion else "",
        row.suggestion.display if row.suggestion else "",
        "; ".join(row.remarks),
        row.combination if len(row.targets) > 1 else "",
    ]
