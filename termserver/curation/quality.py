"""Quality checks before a map is published: each problem is solved, or its rule waived by name with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from termserver.model.decision import Decision, RowStatus
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.model.relationship import Relationship
from termserver.security.roles import Permission, require
from termserver.store import code_systems
from termserver.store import decisions as decision_store
from termserver.store import rows as row_store
from termserver.store.engine import Session

RULES = {
    "open-row": "Rows without decision",
    "not-approved": "Decisions that no second person approved",
    "rejected": "Decisions that a reviewer sent back",
    "unknown-target": "Targets that the loaded edition does not have",
    "unchecked-targets": "Targets of a code system that is not loaded here",
    "inactive-target": "Targets that are inactive in the loaded edition",
    "conflicting-decisions": "The same term decided in different ways",
    "shared-target": "Different terms called equivalent to the same target",
}


@dataclass(frozen=True, slots=True)
class QualityProblem:
    """One finding.

    Parameters
    ----------
    rule
        A key of `RULES`.
    severity
        `error`: the published answer would be wrong; `warning`: look at it.
    """

    rule: str
    severity: str
    row_id: int | None
    code: str | None
    message: str


def problems(session: Session, actor: Person | None, project: Project) -> list[QualityProblem]:
    """All findings of a project, errors first, in the file's order."""
    if actor is not None:
        require(session, actor, Permission.VIEW, on=project)
    rows = [row for batch in row_store.stream_row_batches(session, project.id, size=1000) for row in batch]
    decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
    found = [
        *_state_problems(rows, decisions),
        *_target_problems(session, rows, decisions),
        *_conflicts(rows, decisions),
        *_shared_targets(rows, decisions),
    ]
    return sorted(found, key=lambda problem: (problem.severity != "error", problem.row_id or 0))


def _state_problems(rows: list[Row], decisions: dict[int, Decision]) -> Iterator[QualityProblem]:
    for row in rows:
        if row.status is RowStatus.REJECTED:
            yield QualityProblem("rejected", "error", row.id, row.code, f"'{row.term}' was sent back by a reviewer.")
        elif row.id not in decisions:
            yield QualityProblem("open-row", "warning", row.id, row.code, f"'{row.term}' has no decision.")
        elif row.status is not RowStatus.APPROVED:
            person = decisions[row.id].person
            yield QualityProblem(
                "not-approved", "warning", row.id, row.code, f"'{row.term}', decided by {person}, waits for approval."
            )


def _target_problems(session: Session, rows: list[Row], decisions: dict[int, Decision]) -> Iterator[QualityProblem]:
    wanted: dict[str, set[str]] = {}
    for decision in decisions.values():
        for target in decision.targets:
            wanted.setdefault(target.system, set()).add(target.code)
    active: dict[tuple[str, str], bool] = {}
    unloaded: set[str] = set()
    for system, codes in wanted.items():
        stored = code_systems.find_code_system(session, system)
        if stored is None:
            text = f"{len(codes)} targets of {system} cannot be checked: it is not loaded."
            unloaded.add(system)
            yield QualityProblem("unchecked-targets", "warning", None, None, text)
        else:
            concepts = code_systems.get_concepts(session, stored.id, sorted(codes))
            active.update(((system, code), concept.active) for code, concept in concepts.items())
    for row in rows:
        for target in decisions[row.id].targets if row.id in decisions else ():
            if target.system in unloaded:
                continue
            state = active.get((target.system, target.code))
            if state is None:
                text = f"{target.code} '{target.display}' is not in the loaded edition of {target.system}."
                yield QualityProblem("unknown-target", "error", row.id, row.code, text)
            elif not state:
                text = f"{target.code} '{target.display}' is inactive in the loaded edition."
                yield QualityProblem("inactive-target", "error", row.id, row.code, text)


def _conflicts(rows: list[Row], decisions: dict[int, Decision]) -> Iterator[QualityProblem]:
    first: dict[str, tuple[Row, frozenset[tuple[str, str, str]]]] = {}
    for row in rows:
        if row.id not in decisions:
            continue
        chosen = frozenset((one.system, one.code, one.relationship.value) for one in decisions[row.id].targets)
        key = row_store.fold_row(row.term) + "\x1f" + "\x1f".join(sorted(row.context.values()))
        earlier, other = first.setdefault(key, (row, chosen))
        if other != chosen:
            text = f"'{row.term}' is decided differently from row {earlier.code} with the same term."
            yield QualityProblem("conflicting-decisions", "warning", row.id, row.code, text)


def _shared_targets(rows: list[Row], decisions: dict[int, Decision]) -> Iterator[QualityProblem]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        for target in decisions[row.id].targets if row.id in decisions else ():
            if target.relationship is not Relationship.EQUIVALENT:
                continue
            earlier = first.setdefault((target.system, target.code), row)
            if earlier is not row and row_store.fold_row(earlier.term) != row_store.fold_row(row.term):
                text = f"'{row.term}' and '{earlier.term}' (row {earlier.code}) are both called equivalent to {target.code}."
                yield QualityProblem("shared-target", "warning", row.id, row.code, text)
