"""A map as a CSV table for people: one line a target, with status, who and when.

UTF-8 with a byte order mark, so that spreadsheets read the letters right. Cells that a spreadsheet would take for a
formula get an apostrophe in front. Source: OWASP, CSV Injection.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BEFORE = ("source code", "source term", "frequency")
_AFTER = (
    "status", "relationship", "target code", "target term", "target system", "no map", "comment", "decided by",
    "decided at", "reviewer", "probability", "flagged", "suggested code", "suggested term",
)  # fmt: skip
_CHUNK = 64 * 1024


def neutralised(cell: str) -> str:
    """The cell, safe to open in a spreadsheet.

    >>> neutralised("=1+1"), neutralised("I21.9")
    ("'=1+1", 'I21.9')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def write_csv(rows: Iterable[ExportRow]) -> Iterator[bytes]:
    """The table as bytes; context columns are those of the first thousand rows."""
    stream = iter(rows)
    first = [row for _, row in zip(range(1_000), stream, strict=False)]
    context = list(dict.fromkeys(name for row in first for name in row.context))
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([*_BEFORE, *(neutralised(name) for name in context), *_AFTER])
    for row in _both(first, stream):
        for target in row.targets or (None,):
            writer.writerow(_line(row, context, target))
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _both(first: list[ExportRow], rest: Iterator[ExportRow]) -> Iterator[ExportRow]:
    yield from first
    yield from rest


def _line(row: ExportRow, context: list[str], target: ChosenTarget | None) -> list[str]:
    cells = [
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
        row.comment or "",
        row.decided_by or "",
        row.decided_at or "",
        row.reviewer or "",
        "" if row.probability is None else f"{row.probability:.3f}",
        "yes" if row.flagged else "",
        row.suggestion.code if row.suggestion else "",
        row.suggestion.display if row.suggestion else "",
    ]
    return [neutralised(cell) for cell in cells]
