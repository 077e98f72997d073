"""The queue: which rows, in which order, and one row whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

from termserver.errors import BadInput, NotFound
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.security.roles import Permission, require
from termserver.store import candidates as candidate_store
from termserver.store import decisions as decision_store
from termserver.store import rows as row_store
from termserver.store.engine import Session
from termserver.store.rows import RowFilter

__all__ = ["RowFilter", "RowPage", "get_row", "neighbours", "next_row", "previous_row", "rows_page"]


@dataclass(frozen=True, slots=True)
class RowPage:
    """A page of the queue. `next_after` goes into the next call; None at the end."""

    rows: tuple[Row, ...]
    next_after: str | None
    total: int


def rows_page(
    session: Session,
    actor: Person,
    project: Project,
    row_filter: RowFilter,
    *,
    after: str | None = None,
    limit: int = 50,
) -> RowPage:
    """Rows that the filter lets through, without candidates, but with the decision in force.

    Parameters
    ----------
    after
        `next_after` of the page before, or the number of a row.
    limit
        1 to 200 rows.

    Raises
    ------
    BadInput
        If `after` is not a number.
    """
    require(session, actor, Permission.VIEW, on=project)
    rows = row_store.list_rows(
        session, project.id, row_filter, after=_row_number(after), limit=max(1, min(limit, 200)) + 1
    )
    more = len(rows) > limit
    rows = rows[:limit]
    decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
    return RowPage(
        rows=tuple(replace(row, decision=decisions.get(row.id)) for row in rows),
        next_after=str(rows[-1].id) if more else None,
        total=_total(session, project, row_filter),
    )


def _row_number(after: str | None) -> int | None:
    if not after:
        return None
    if not after.isdecimal():
        raise BadInput(f"'after' must be the number of a row, not '{after[:40]}'.", expression="after")
    return int(after)


def _total(session: Session, project: Project, row_filter: RowFilter) -> int:
    if replace(row_filter, order="frequency") == RowFilter():
        return project.progress.rows
    return row_store.count_rows(session, project.id, row_filter)


def next_row(
    session: Session, actor: Person, project: Project, row_filter: RowFilter, after_row_id: int | None
) -> Row | None:
    """The row after this one in the filtered queue (its first row with None); None at the end."""
    require(session, actor, Permission.VIEW, on=project)
    found = row_store.list_rows(session, project.id, row_filter, after=after_row_id, limit=1)
    return found[0] if found else None


def previous_row(
    session: Session, actor: Person, project: Project, row_filter: RowFilter, before_row_id: int
) -> Row | None:
    """The row before this one in the filtered queue; None at its beginning."""
    require(session, actor, Permission.VIEW, on=project)
    found = row_store.list_rows(session, project.id, row_filter, after=before_row_id, limit=1, backwards=True)
    return found[0] if found else None


def get_row(session: Session, actor: Person, project: Project, row_id: int) -> Row:
    """The row with its candidates (grouped by the project's target systems, in that order) and its decision.

    Raises
    ------
    NotFound
        If the project has no such row.
    """
    require(session, actor, Permission.VIEW, on=project)
    row = row_store.read_row(session, project.id, row_id)
    if row is None:
        raise NotFound(f"'{project.title}' has no row {row_id}.")
    by_system = candidate_store.read_candidates(session, row_id)
    order = [*project.target_systems, *(system for system in by_system if system not in project.target_systems)]
    candidates = tuple(
        candidate for system in order if system in by_system for candidate in by_system[system].candidates
    )
    decision = decision_store.decisions_of_rows(session, [row_id]).get(row_id)
    remarks = tuple(dict.fromkeys(remark for found in by_system.values() for remark in found.remarks))
    return replace(row, candidates=candidates, decision=decision, remarks=remarks)


def neighbours(session: Session, actor: Person, project: Project, row: Row, limit: int = 8) -> list[Row]:
    """Nearly identical rows that could be decided together; the same term first.

    A row counts as near when its term is the same but for case, diacritics, order of words and a small spelling
    difference (token sort ratio of at least 88 of 100).
    """
    from rapidfuzz import fuzz

    require(session, actor, Permission.VIEW, on=project)
    folded = row_store.fold_row(row.term)
    near = [
        (fuzz.token_sort_ratio(folded, row_store.fold_row(other.term)), other)
        for other in row_store.rows_with_same_start(session, project.id, row, limit=400)
    ]
    near = sorted((pair for pair in near if pair[0] >= 88), key=lambda pair: (-pair[0], pair[1].id))
    decisions = decision_store.decisions_of_rows(session, [other.id for _, other in near[:limit]])
    return [replace(other, decision=decisions.get(other.id)) for _, other in near[:limit]]
