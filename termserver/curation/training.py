"""What a deployment's people decided, as rows to learn from: terms with their right targets, one list a target system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from termserver.curation.engines import targets_for_system
from termserver.model.candidate import SourceTerm, Target
from termserver.model.decision import NoMapReason, RowStatus
from termserver.model.project import Project
from termserver.store import code_systems
from termserver.store import decisions as decision_store
from termserver.store import projects as project_store
from termserver.store import rows as row_store
from termserver.store.engine import Database, Session

if TYPE_CHECKING:
    from termserver.matching.evaluation import GoldRow

DecidedList = tuple[str, list[Target], "list[GoldRow]"]
_BATCH = 1000


def decided_lists(database: Database) -> list[DecidedList]:
    """Decisions in force of all projects by target system, with the system's targets; systems that are not loaded are left out.

    A row that was decided to have no target in the system, for want of one, is a row for which nothing is right. Rows sent back,
    and rows that are no matter of the target (errors of the list, out of scope), teach nothing.
    """
    with database.session() as session:
        rows: dict[str, list[GoldRow]] = {}
        for project in project_store.list_projects(session):
            for system, row in _decided_rows(session, project):
                rows.setdefault(system, []).append(row)
        loaded = [system for system in sorted(rows) if code_systems.find_code_system(session, system)]
        return [(system, list(targets_for_system(session, system)), rows[system]) for system in loaded]


def _decided_rows(session: Session, project: Project) -> Iterator[tuple[str, GoldRow]]:
    from termserver.matching.evaluation import GoldRow

    for rows in row_store.stream_row_batches(session, project.id, size=_BATCH):
        decisions = decision_store.decisions_of_rows(session, [row.id for row in rows])
        for row in rows:
            decision = decisions.get(row.id)
            if decision is None or row.status not in {RowStatus.DECIDED, RowStatus.APPROVED}:
                continue
            term = SourceTerm(row.term, row.language or project.language, None, row.context, row.other_terms)
            for system in project.target_systems:
                right = frozenset((one.system, one.code) for one in decision.targets if one.system == system)
                if right or decision.no_map_reason is NoMapReason.NO_TARGET:
                    yield system, GoldRow(term, right, float(row.frequency or 0))


def names_of_system(session: Session, url: str) -> list[Target]:
    """The targets of a loaded code system, with all names.

    Raises
    ------
    NotFound
        If it is not loaded.
    """
    return list(targets_for_system(session, url))
