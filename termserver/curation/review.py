"""The second person: approve or reject what somebody else decided."""

from __future__ import annotations

from termserver.curation.decisions import change_reviewed
from termserver.curation.queue import RowFilter, get_row
from termserver.errors import BadInput, Forbidden
from termserver.model.decision import RowStatus
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.security.roles import Permission, require
from termserver.store import decisions as decision_store
from termserver.store import rows as row_store
from termserver.store.engine import Session


def approve(session: Session, actor: Person, project: Project, row_id: int, version: int) -> Row:
    """Approve a decision of somebody else.

    Raises
    ------
    Forbidden
        If it is one's own decision, or the actor is no reviewer.
    Conflict
        If somebody changed the row since.
    """
    before = _reviewable(session, actor, project, row_id)
    return change_reviewed(session, actor, project, before, version, approved=True, comment=None)


def reject(session: Session, actor: Person, project: Project, row_id: int, version: int, *, comment: str) -> Row:
    """Send a decision back, with the reason.

    Raises
    ------
    BadInput
        If the reason is empty.
    Forbidden, Conflict
        As `approve`.
    """
    if not comment.strip():
        raise BadInput("Say why it is sent back; the mapper reads it.", expression="comment")
    before = _reviewable(session, actor, project, row_id)
    return change_reviewed(session, actor, project, before, version, approved=False, comment=comment.strip())


def approve_many(session: Session, actor: Person, project: Project, row_filter: RowFilter) -> int:
    """Approve all decided rows of the filter that others decided; returns how many."""
    require(session, actor, Permission.REVIEW, on=project)
    from dataclasses import replace

    only_decided = replace(row_filter, status=(RowStatus.DECIDED,), order="line")
    count, after = 0, None
    while rows := row_store.list_rows(session, project.id, only_decided, after=after, limit=500):
        decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
        for row in rows:
            if row.id in decisions and decisions[row.id].person != actor.login:
                before = replace(row, decision=decisions[row.id])
                change_reviewed(session, actor, project, before, row.version, approved=True, comment=None)
                count += 1
        after = rows[-1].id
    return count


def _reviewable(session: Session, actor: Person, project: Project, row_id: int) -> Row:
    require(session, actor, Permission.REVIEW, on=project)
    row = get_row(session, actor, project, row_id)
    if row.decision is None or row.status not in {RowStatus.DECIDED, RowStatus.REJECTED, RowStatus.APPROVED}:
        raise BadInput(f"Row {row.code} has no decision that waits for review.")
    if row.decision.person == actor.login:
        raise Forbidden("Your own decision needs the eyes of a second person.")
    return row
