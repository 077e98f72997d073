"""Decisions of a person on a row, under an optimistic lock: whoever saw an older state changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from termserver.audit.record import record
from termserver.curation.queue import get_row
from termserver.errors import BadInput, Conflict
from termserver.model.audit_event import AuditEvent
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person
from termserver.model.project import Comment, Progress, Project, Row
from termserver.security.roles import Permission, require
from termserver.store import audit_log
from termserver.store import candidates as candidate_store
from termserver.store import decisions as decision_store
from termserver.store import projects as project_store
from termserver.store import rows as row_store
from termserver.store.engine import Session

_DONE = {RowStatus.DECIDED, RowStatus.APPROVED}
_MOST_COMMENT = 4_000


def decide(
    session: Session,
    actor: Person,
    project: Project,
    row_id: int,
    version: int,
    *,
    targets: Sequence[ChosenTarget],
    combination: str = "or",
    comment: str | None = None,
    took_ms: int | None = None,
) -> Row:
    """Choose one or more targets for a row.

    Parameters
    ----------
    version
        The row's version that the person saw.
    targets
        At least one; each in one of the project's target systems, none twice.
    combination
        `or`: each target alone is right; `and`: together they say the source.

    Raises
    ------
    BadInput
        If the targets cannot be used.
    Conflict
        If somebody changed the row since; nothing is overwritten.
    """
    _check_targets(project, targets, combination)
    return _decide(session, actor, project, row_id, version, targets, None, combination, _clean(comment), took_ms)


def decide_no_map(
    session: Session,
    actor: Person,
    project: Project,
    row_id: int,
    version: int,
    *,
    reason: NoMapReason,
    comment: str | None = None,
    took_ms: int | None = None,
) -> Row:
    """Say that the row has no target, and why.

    Raises
    ------
    Conflict
        If somebody changed the row since.
    """
    return _decide(session, actor, project, row_id, version, (), reason, "or", _clean(comment), took_ms)


def decide_many(
    session: Session,
    actor: Person,
    project: Project,
    rows: Sequence[tuple[int, int]],
    *,
    targets: Sequence[ChosenTarget],
    combination: str = "or",
    comment: str | None = None,
) -> list[Row]:
    """Choose the same targets for several rows (pairs of row number and version): all of them or, on a Conflict, none."""
    with session.begin_nested():
        return [
            decide(session, actor, project, row_id, version, targets=targets, combination=combination, comment=comment)
            for row_id, version in rows
        ]


def _decide(
    session: Session,
    actor: Person,
    project: Project,
    row_id: int,
    version: int,
    targets: Sequence[ChosenTarget],
    reason: NoMapReason | None,
    combination: str,
    comment: str | None,
    took_ms: int | None,
) -> Row:
    require(session, actor, Permission.DECIDE, on=project)
    before = get_row(session, actor, project, row_id)
    if before.version != version:
        raise _stale(session, before)
    sets = candidate_store.read_candidates(session, row_id)
    engine_version = next((found.engine_version for found in sets.values()), None)
    decision_id = decision_store.add_decision(
        session,
        row_id=row_id,
        project_id=project.id,
        person_id=actor.id,
        targets=targets,
        no_map_reason=reason,
        combination=combination,
        comment=comment,
        engine_version=engine_version,
        took_ms=None if took_ms is None else max(0, min(took_ms, 86_400_000)),
    )
    chosen = [
        {"system": one.system, "code": one.code, "display": one.display, "relationship": one.relationship.value}
        for one in targets
    ]
    detail: dict[str, object] = {
        "targets": chosen,
        "reason": None if reason is None else reason.value,
        "comment": comment,
        "rank": _rank_of(before, targets),
        "engine_version": engine_version,
    }
    return _change(
        session, actor, project, before, "row.decide", detail, status=RowStatus.DECIDED, decision_id=decision_id
    )


def skip(session: Session, actor: Person, project: Project, row_id: int, version: int) -> Row:
    """Leave the row for later; it keeps its decision if it has one.

    Raises
    ------
    Conflict
        If somebody changed the row since.
    """
    require(session, actor, Permission.DECIDE, on=project)
    before = get_row(session, actor, project, row_id)
    if before.status in _DONE and before.version == version:
        return before  # a decided row is only passed by
    return _change(session, actor, project, before, "row.skip", {}, version=version, status=RowStatus.SKIPPED)


def set_flag(session: Session, actor: Person, project: Project, row_id: int, version: int, *, flagged: bool) -> Row:
    """Set or take the flag that asks colleagues to look.

    Raises
    ------
    Conflict
        If somebody changed the row since.
    """
    require(session, actor, Permission.DECIDE, on=project)
    before = get_row(session, actor, project, row_id)
    action = "row.flag" if flagged else "row.unflag"
    return _change(session, actor, project, before, action, {}, version=version, flagged=flagged)


def undo(session: Session, actor: Person, project: Project, row_id: int, version: int) -> Row:
    """Take back the last change of the row: decision, skip, flag or review.

    Raises
    ------
    BadInput
        If nothing is left to undo.
    Conflict
        If somebody changed the row since.
    """
    require(session, actor, Permission.DECIDE, on=project)
    before = get_row(session, actor, project, row_id)
    if before.version != version:
        raise _stale(session, before)
    change = decision_store.last_change(session, row_id)
    if change is None:
        raise BadInput("Nothing is left to undo in this row.")
    if change.action in {"row.approve", "row.reject"} and change.person != actor.login:
        require(session, actor, Permission.REVIEW, on=project)  # a reviewer's word is taken back by a reviewer
    decision_store.mark_undone(session, change.id)
    decision_store.set_in_force(session, row_id, change.before_decision_id)
    if change.action in {"row.approve", "row.reject"} and change.before_decision_id is not None:
        decision_store.set_review(session, change.before_decision_id, reviewer_id=None, approved=None)
    return _change(
        session,
        actor,
        project,
        before,
        "row.undo",
        {"undone": change.action, "of": change.person},
        status=change.before_status,
        flagged=change.before_flagged,
        decision_id=change.before_decision_id,
        can_be_undone=False,
    )


def add_comment(session: Session, actor: Person, project: Project, row_id: int, text: str) -> None:
    """Add a comment to the discussion of a row.

    Raises
    ------
    BadInput
        If it is empty, longer than 4,000 characters or holds a personal identity number.
    """
    require(session, actor, Permission.DECIDE, on=project)
    get_row(session, actor, project, row_id)
    cleaned = _clean(text)
    if not cleaned:
        raise BadInput("The comment is empty.", expression="text")
    decision_store.add_comment(session, row_id=row_id, person_id=actor.id, text=cleaned)
    row_store.count_comment(session, row_id)
    record(session, actor, "row.comment", "row", row_id, project_id=project.id, text=cleaned)


def comments(session: Session, actor: Person, project: Project, row_id: int) -> list[Comment]:
    """The discussion of a row, oldest first."""
    require(session, actor, Permission.VIEW, on=project)
    get_row(session, actor, project, row_id)
    return decision_store.list_comments(session, row_id)


def row_history(session: Session, actor: Person, project: Project, row_id: int) -> list[AuditEvent]:
    """Everything that happened to a row, latest first."""
    require(session, actor, Permission.VIEW, on=project)
    get_row(session, actor, project, row_id)
    return audit_log.list_audit_events(session, object_type="row", object_id=str(row_id))


def change_reviewed(
    session: Session, actor: Person, project: Project, before: Row, version: int, *, approved: bool, comment: str | None
) -> Row:
    """Write a reviewer's word on the decision in force; `review` checks who may."""
    if before.version != version:
        raise _stale(session, before)
    if before.decision is None:
        raise BadInput("The row has no decision that could be reviewed.")
    decision_store.set_review(session, before.decision.id, reviewer_id=actor.id, approved=approved)
    return _change(
        session,
        actor,
        project,
        before,
        "row.approve" if approved else "row.reject",
        {"comment": comment, "of": before.decision.person},
        status=RowStatus.APPROVED if approved else RowStatus.REJECTED,
    )


def _change(
    session: Session,
    actor: Person,
    project: Project,
    before: Row,
    action: str,
    detail: dict[str, object],
    *,
    version: int | None = None,
    status: RowStatus | None = None,
    flagged: bool | None = None,
    decision_id: int | str | None = "keep",
    can_be_undone: bool = True,
) -> Row:
    """Change the row, its project's counters, its undo log and the audit log, together or not at all."""
    old_decision_id = None if before.decision is None else before.decision.id
    seen = before.version if version is None else version
    if not row_store.change_row(session, before.id, seen, status=status, flagged=flagged, decision_id=decision_id):
        raise _stale(session, get_row(session, actor, project, before.id))
    if can_be_undone:
        decision_store.add_change(
            session,
            row_id=before.id,
            person_id=actor.id,
            action=action,
            before_status=before.status,
            before_flagged=before.flagged,
            before_decision_id=old_decision_id,
        )
    project_store.add_to_progress(session, project.id, _progress_delta(before, status, flagged))
    record(session, actor, action, "row", before.id, project_id=project.id, **detail)
    session.flush()
    return get_row(session, actor, project, before.id)


def _progress_delta(before: Row, status: RowStatus | None, flagged: bool | None) -> Progress:
    now = before.status if status is None else status
    decided = (now in _DONE) - (before.status in _DONE)
    approved = (now is RowStatus.APPROVED) - (before.status is RowStatus.APPROVED)
    weight = max(before.frequency or 0, 0)
    return Progress(
        decided=decided,
        approved=approved,
        flagged=0 if flagged is None else int(flagged) - int(before.flagged),
        decided_frequency=decided * weight,
        approved_frequency=approved * weight,
    )


def _stale(session: Session, now: Row) -> Conflict:
    change = decision_store.last_change(session, now.id)
    if change is None:
        return Conflict(f"Row {now.code} changed since this page was shown. Nothing was overwritten.")
    verb = {
        "row.decide": "decided",
        "row.skip": "skipped",
        "row.flag": "flagged",
        "row.unflag": "took the flag from",
        "row.approve": "approved",
        "row.reject": "rejected",
    }.get(change.action, "changed")
    return Conflict(f"{change.person_name} {verb} row {now.code} at {change.at[11:16]} UTC. Nothing was overwritten.")


def _check_targets(project: Project, targets: Sequence[ChosenTarget], combination: str) -> None:
    if not targets:
        raise BadInput("A decision needs a target; without one it is 'no map', with a reason.", expression="targets")
    if len({(target.system, target.code) for target in targets}) < len(targets):
        raise BadInput("A target is chosen twice.", expression="targets")
    if combination not in {"or", "and"}:
        raise BadInput("combination must be 'or' or 'and'.", expression="combination")
    for target in targets:
        if project.target_systems and target.system not in project.target_systems:
            raise BadInput(
                f"{target.system} is not a target of '{project.title}'; its targets: {', '.join(project.target_systems)}."
            )
        if not target.code.strip():
            raise BadInput("A target without a code.", expression="targets")


def _rank_of(row: Row, targets: Sequence[ChosenTarget]) -> int | None:
    ranks = {(candidate.system, candidate.code): candidate.rank for candidate in row.candidates}
    return ranks.get((targets[0].system, targets[0].code)) if targets else None


def _clean(comment: str | None) -> str | None:
    if comment is None or not comment.strip():
        return None
    if len(comment) > _MOST_COMMENT:
        raise BadInput(f"A comment has at most {_MOST_COMMENT} characters.", expression="comment")
    from termserver.loaders.personal_ids import scan_text

    if any(finding.severity == "block" for finding in scan_text(comment)):
        raise BadInput(
            "The comment holds what looks like a personal identity number; take it out.", expression="comment"
        )
    return comment.strip()
