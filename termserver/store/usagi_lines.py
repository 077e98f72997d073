"""Lines of Usagi save files, beside the rows they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from termserver.model.usagi_line import UsagiLine
from termserver.store.json_text import from_text, to_text
from termserver.store.tables import UsagiLineTable

_BATCH = 500


def add_usagi_lines(session: Session, lines: Mapping[int, Sequence[UsagiLine]]) -> None:
    """Store the lines of rows: row number → its lines."""
    values = [
        {"row_id": row_id, "line": item.line, "body": to_text(dict(item.cells))}
        for row_id, items in lines.items()
        for item in items
    ]
    if values:
        session.execute(insert(UsagiLineTable), values)


def usagi_lines_of_rows(session: Session, row_ids: Sequence[int]) -> dict[int, tuple[UsagiLine, ...]]:
    """Row number → its lines in the file's order; rows that came from no Usagi file are absent."""
    found: dict[int, list[UsagiLine]] = {}
    for start in range(0, len(row_ids), _BATCH):
        query = (
            select(UsagiLineTable)
            .where(UsagiLineTable.row_id.in_(row_ids[start : start + _BATCH]))
            .order_by(UsagiLineTable.row_id, UsagiLineTable.line)
        )
        for row in session.scalars(query):
            found.setdefault(row.row_id, []).append(UsagiLine(row.line, from_text(dict[str, str], row.body)))
    return {row_id: tuple(lines) for row_id, lines in found.items()}
