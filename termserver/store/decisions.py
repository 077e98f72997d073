"""Decisions, changes of rows and comments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session, aliased

from termserver.model.candidate import EarlierDecision
from termserver.model.decision import ChosenTarget, Decision, NoMapReason, RowStatus
from termserver.model.project import Comment
from termserver.model.relationship import Relationship
from termserver.store.engine import now_text
from termserver.store.tables import (
    CommentTable,
    DecisionTable,
    DecisionTargetTable,
    PersonTable,
    ProjectTable,
    RowChangeTable,
    SourceRowTable,
)

_REVIEWER = aliased(PersonTable)


@dataclass(frozen=True, slots=True)
class RowChange:
    """A change of a row with the state before it."""

    id: int
    person: str
    person_name: str
    at: str
    action: str
    before_status: RowStatus
    before_flagged: bool
    before_decision_id: int | None


def add_decision(
    session: Session,
    *,
    row_id: int,
    project_id: int,
    person_id: int,
    targets: Sequence[ChosenTarget],
    no_map_reason: NoMapReason | None,
    combination: str,
    comment: str | None,
    engine_version: str | None,
    took_ms: int | None,
) -> int:
    """Store a decision; returns its number. Earlier decisions of the row are marked superseded."""
    session.execute(
        update(DecisionTable)
        .where(DecisionTable.row_id == row_id, DecisionTable.superseded.is_(False))
        .values(superseded=True)
    )
    row = DecisionTable(
        row_id=row_id,
        project_id=project_id,
        person_id=person_id,
        decided_at=now_text(),
        no_map_reason=None if no_map_reason is None else no_map_reason.value,
        combination=combination,
        comment=comment,
        engine_version=engine_version,
        took_ms=took_ms,
    )
    session.add(row)
    session.flush()
    if targets:
        session.execute(
            insert(DecisionTargetTable),
            [
                {
                    "decision_id": row.id,
                    "ordinal": ordinal,
                    "system": target.system,
                    "code": target.code,
                    "display": target.display,
                    "relationship": target.relationship.value,
                }
                for ordinal, target in enumerate(targets)
            ],
        )
    return row.id


@dataclass(frozen=True, slots=True)
class ImportedDecision:
    """A decision that another tool's file holds for a row.

    Parameters
    ----------
    decided_at
        ISO 8601, UTC; None means now.
    """

    row_id: int
    decided_at: str | None
    targets: tuple[ChosenTarget, ...]
    no_map_reason: NoMapReason | None
    combination: str
    comment: str | None
    status: RowStatus


def add_imported_decisions(
    session: Session, project_id: int, person_id: int, decisions: Sequence[ImportedDecision]
) -> None:
    """Store decisions of rows that have none, and put the rows into their status; versions stay."""
    if not decisions:
        return
    now = now_text()
    values = [
        {
            "row_id": item.row_id,
            "project_id": project_id,
            "person_id": person_id,
            "decided_at": item.decided_at or now,
            "no_map_reason": None if item.no_map_reason is None else item.no_map_reason.value,
            "combination": item.combination,
            "comment": item.comment,
            "superseded": False,
            "reviewer_id": person_id if item.status is RowStatus.APPROVED else None,
            "reviewed_at": (item.decided_at or now) if item.status is RowStatus.APPROVED else None,
            "approved": True if item.status is RowStatus.APPROVED else None,
        }
        for item in decisions
    ]
    returning = insert(DecisionTable).returning(DecisionTable.id, sort_by_parameter_order=True)
    numbers = list(session.scalars(returning, values))
    targets = [
        {
            "decision_id": number,
            "ordinal": ordinal,
            "system": target.system,
            "code": target.code,
            "display": target.display,
            "relationship": target.relationship.value,
        }
        for number, item in zip(numbers, decisions, strict=True)
        for ordinal, target in enumerate(item.targets)
    ]
    if targets:
        session.execute(insert(DecisionTargetTable), targets)
    session.execute(
        update(SourceRowTable),
        [
            {"id": item.row_id, "status": item.status.value, "decision_id": number}
            for number, item in zip(numbers, decisions, strict=True)
        ],
    )


def set_in_force(session: Session, row_id: int, decision_id: int | None) -> None:
    """Make one decision of the row the one in force, all others superseded."""
    session.execute(update(DecisionTable).where(DecisionTable.row_id == row_id).values(superseded=True))
    if decision_id is not None:
        session.execute(update(DecisionTable).where(DecisionTable.id == decision_id).values(superseded=False))


def set_review(session: Session, decision_id: int, *, reviewer_id: int | None, approved: bool | None) -> None:
    """Write the second person's word, or (None, None) take it back."""
    session.execute(
        update(DecisionTable)
        .where(DecisionTable.id == decision_id)
        .values(reviewer_id=reviewer_id, reviewed_at=None if approved is None else now_text(), approved=approved)
    )


def read_decisions(session: Session, decision_ids: Sequence[int]) -> dict[int, Decision]:
    """Decisions by number."""
    found: dict[int, Decision] = {}
    for start in range(0, len(decision_ids), 500):
        chunk = decision_ids[start : start + 500]
        targets: dict[int, list[ChosenTarget]] = {}
        for target in session.scalars(
            select(DecisionTargetTable)
            .where(DecisionTargetTable.decision_id.in_(chunk))
            .order_by(DecisionTargetTable.decision_id, DecisionTargetTable.ordinal)
        ):
            targets.setdefault(target.decision_id, []).append(
                ChosenTarget(target.system, target.code, target.display, Relationship(target.relationship))
            )
        rows = session.execute(
            select(DecisionTable, PersonTable.login, _REVIEWER.login)
            .join(PersonTable, PersonTable.id == DecisionTable.person_id)
            .outerjoin(_REVIEWER, _REVIEWER.id == DecisionTable.reviewer_id)
            .where(DecisionTable.id.in_(chunk))
            .execution_options(populate_existing=True)
        )
        for row, person, reviewer in rows:
            found[row.id] = Decision(
                id=row.id,
                row_id=row.row_id,
                person=person,
                decided_at=row.decided_at,
                targets=tuple(targets.get(row.id, ())),
                no_map_reason=None if row.no_map_reason is None else NoMapReason(row.no_map_reason),
                combination=row.combination,
                comment=row.comment,
                engine_version=row.engine_version,
                took_ms=row.took_ms,
                superseded=row.superseded,
                reviewer=reviewer,
                reviewed_at=row.reviewed_at,
                approved=row.approved,
            )
    return found


def decisions_of_rows(session: Session, row_ids: Sequence[int]) -> dict[int, Decision]:
    """Row number → its decision in force."""
    by_row: dict[int, int] = {}
    for start in range(0, len(row_ids), 500):
        query = select(SourceRowTable.id, SourceRowTable.decision_id).where(
            SourceRowTable.id.in_(row_ids[start : start + 500]), SourceRowTable.decision_id.is_not(None)
        )
        by_row.update(
            (row_id, decision_id) for row_id, decision_id in session.execute(query) if decision_id is not None
        )
    decisions = read_decisions(session, list(by_row.values()))
    return {row_id: decisions[decision_id] for row_id, decision_id in by_row.items() if decision_id in decisions}


def add_change(
    session: Session,
    *,
    row_id: int,
    person_id: int,
    action: str,
    before_status: RowStatus,
    before_flagged: bool,
    before_decision_id: int | None,
) -> None:
    """Remember the state before a change, for undo."""
    session.add(
        RowChangeTable(
            row_id=row_id,
            person_id=person_id,
            at=now_text(),
            action=action,
            before_status=before_status.value,
            before_flagged=before_flagged,
            before_decision_id=before_decision_id,
        )
    )


def last_change(session: Session, row_id: int) -> RowChange | None:
    """The latest change of the row that has not been undone."""
    found = session.execute(
        select(RowChangeTable, PersonTable.login, PersonTable.name)
        .join(PersonTable, PersonTable.id == RowChangeTable.person_id)
        .where(RowChangeTable.row_id == row_id, RowChangeTable.undone.is_(False))
        .order_by(RowChangeTable.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    row, person, person_name = found
    return RowChange(
        id=row.id,
        person=person,
        person_name=person_name,
        at=row.at,
        action=row.action,
        before_status=RowStatus(row.before_status),
        before_flagged=row.before_flagged,
        before_decision_id=row.before_decision_id,
    )


def mark_undone(session: Session, change_id: int) -> None:
    """Say that a change was undone."""
    session.execute(update(RowChangeTable).where(RowChangeTable.id == change_id).values(undone=True))


def add_comment(session: Session, *, row_id: int, person_id: int, text: str) -> None:
    """Store a comment."""
    session.add(CommentTable(row_id=row_id, person_id=person_id, at=now_text(), text=text))
    session.flush()


def list_comments(session: Session, row_id: int) -> list[Comment]:
    """Comments of the row, oldest first."""
    rows = session.execute(
        select(CommentTable, PersonTable.login)
        .join(PersonTable, PersonTable.id == CommentTable.person_id)
        .where(CommentTable.row_id == row_id)
        .order_by(CommentTable.id)
    )
    return [Comment(person=person, at=row.at, text=row.text) for row, person in rows]


def earlier_decisions(session: Session, *, target_system: str, project_ids: Sequence[int]) -> Iterator[EarlierDecision]:
    """Decisions in force in these projects with a target in the system, for the engine's memory."""
    query = (
        select(SourceRowTable, DecisionTable.decided_at, DecisionTargetTable, PersonTable.login, ProjectTable.title)
        .join(DecisionTable, DecisionTable.id == SourceRowTable.decision_id)
        .join(DecisionTargetTable, DecisionTargetTable.decision_id == DecisionTable.id)
        .join(PersonTable, PersonTable.id == DecisionTable.person_id)
        .join(ProjectTable, ProjectTable.id == SourceRowTable.project_id)
        .where(
            SourceRowTable.project_id.in_(project_ids),
            SourceRowTable.status.in_([RowStatus.DECIDED.value, RowStatus.APPROVED.value]),
            DecisionTargetTable.system == target_system,
        )
        .order_by(DecisionTable.id)
    )
    for row, decided_at, target, person, project in session.execute(query):
        yield EarlierDecision(
            term=row.term,
            language=row.language,
            target_system=target.system,
            target_code=target.code,
            relationship=Relationship(target.relationship),
            person=person,
            decided_on=decided_at[:10],
            project=project,
        )
