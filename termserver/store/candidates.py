"""Candidates of rows: replaced as a whole by each run of the matching engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from termserver.model.candidate import Candidate, Suggestions
from termserver.store.json_text import from_packed, to_packed
from termserver.store.tables import CandidateSetTable, SourceRowTable


def replace_candidates(
    session: Session, suggestions: Mapping[int, Mapping[str, Suggestions]], *, best_system: str | None = None
) -> None:
    """Store the candidates of a batch of rows.

    Parameters
    ----------
    suggestions
        Row number → target system → suggestions. Rows' earlier candidates are removed.
    best_system
        The target system whose best probability the queue shows; None takes the largest of all.
    """
    row_ids = list(suggestions)
    session.execute(delete(CandidateSetTable).where(CandidateSetTable.row_id.in_(row_ids)))
    sets, counts = [], []
    for row_id, by_system in suggestions.items():
        best: float | None = None
        for system, found in by_system.items():
            sets.append(
                {
                    "row_id": row_id,
                    "system": system,
                    "no_target_probability": float(found.no_target_probability),
                    "engine_version": found.engine_version,
                    "body": to_packed(found.candidates),
                    "remarks": "\n".join(found.remarks),
                }
            )
            if found.candidates and (best_system is None or best_system == system):
                best = max(best or 0.0, float(found.candidates[0].probability))
        total = sum(len(found.candidates) for found in by_system.values())
        counts.append({"id": row_id, "candidate_count": total, "best_probability": best})
    if sets:
        session.execute(insert(CandidateSetTable), sets)
    if counts:
        session.execute(update(SourceRowTable), counts)


def read_candidates(session: Session, row_id: int) -> dict[str, Suggestions]:
    """Target system → suggestions of the row."""
    rows = session.scalars(select(CandidateSetTable).where(CandidateSetTable.row_id == row_id))
    return {
        row.system: Suggestions(
            candidates=from_packed(tuple[Candidate, ...], row.body),
            no_target_probability=row.no_target_probability,
            engine_version=row.engine_version,
            remarks=tuple(row.remarks.splitlines()),
        )
        for row in rows
    }


def best_candidates(session: Session, row_ids: Sequence[int]) -> dict[int, Candidate]:
    """The most probable candidate of each row that has one."""
    best: dict[int, Candidate] = {}
    for start in range(0, len(row_ids), 500):
        chunk = row_ids[start : start + 500]
        for row in session.scalars(select(CandidateSetTable).where(CandidateSetTable.row_id.in_(chunk))):
            found = from_packed(tuple[Candidate, ...], row.body)
            if found and (row.row_id not in best or best[row.row_id].probability < found[0].probability):
                best[row.row_id] = found[0]
    return best


def remarks_of_rows(session: Session, row_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Row number → what the engine remarked on its term, each sentence once; rows without remark are left out."""
    remarks: dict[int, dict[str, None]] = {}
    for start in range(0, len(row_ids), 500):
        query = (
            select(CandidateSetTable.row_id, CandidateSetTable.remarks)
            .where(CandidateSetTable.row_id.in_(row_ids[start : start + 500]), CandidateSetTable.remarks != "")
            .order_by(CandidateSetTable.row_id, CandidateSetTable.system)
        )
        for row_id, text in session.execute(query):
            remarks.setdefault(row_id, {}).update(dict.fromkeys(text.splitlines()))
    return {row_id: tuple(found) for row_id, found in remarks.items()}
