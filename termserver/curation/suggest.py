"""Suggest candidates for all rows of a project, in batches, resumable, with visible progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from termserver.curation.engines import Engines, targets_for_system
from termserver.errors import BadInput
from termserver.jobs.queue import JobCancelled, enqueue
from termserver.model.candidate import Candidate, EarlierDecision, SourceTerm, Suggestions
from termserver.model.job import Job
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.security.roles import Permission, require
from termserver.settings import Settings
from termserver.store import candidates as candidate_store
from termserver.store import decisions as decision_store
from termserver.store import jobs as job_store
from termserver.store import projects as project_store
from termserver.store import rows as row_store
from termserver.store.engine import Database, Session

__all__ = ["queue_suggestions", "run_suggest_job", "search_targets", "suggest_rows", "targets_for_system"]

BATCH = 500


def queue_suggestions(session: Session, actor: Person | None, project: Project) -> Job:
    """Queue a new run of the engine over a project; decisions are kept, candidates replaced.

    Raises
    ------
    BadInput
        If the project has no target system.
    """
    if actor is not None:
        require(session, actor, Permission.DECIDE, on=project)
    if not project.target_systems:
        raise BadInput(f"'{project.title}' has no target system; nothing can be suggested.")
    return enqueue(session, "suggest", project.id, {}, actor)


def run_suggest_job(database: Database, settings: Settings, engines: Engines, job: Job) -> str:
    """Run a `suggest` job; returns the sentence that ends it.

    Each batch stores its candidates and its progress in one transaction: a job whose process died goes on behind the
    last batch.

    Raises
    ------
    JobCancelled
        If somebody cancelled it.
    """
    with database.session() as session:
        project = project_store.read_project(session, job.project_id or 0)
        memories = {system: _memory(session, system) for system in project.target_systems}
    total, done = project.progress.rows, 0
    _report(database, job, project, done=job.progress, total=total, message="Opening the target systems")
    found_some = remarked = 0
    for rows in _batches(database, project):
        done += len(rows)
        if done <= job.progress:
            continue
        suggestions = suggest_rows(engines, settings, project, rows, memories)
        found_some += sum(any(one.candidates for one in by_system.values()) for by_system in suggestions.values())
        remarked += sum(any(one.remarks for one in by_system.values()) for by_system in suggestions.values())
        with database.session(write=True) as session:
            candidate_store.replace_candidates(session, suggestions)
            project_store.set_suggested(session, project.id, done)
            if not job_store.report_progress(
                session, job.id, progress=done, total=total, message=f"{done:,} of {total:,} rows"
            ):
                raise JobCancelled
    odd = f", {remarked:,} with a remark on the term" if remarked else ""
    return f"{done:,} rows looked at, {found_some:,} with candidates{odd}"


def suggest_rows(
    engines: Engines,
    settings: Settings,
    project: Project,
    rows: Sequence[Row],
    memories: dict[str, tuple[EarlierDecision, ...]],
) -> dict[int, dict[str, Suggestions]]:
    """Row number → target system → suggestions."""
    terms = [_term(row, project) for row in rows]
    found: dict[int, dict[str, Suggestions]] = {row.id: {} for row in rows}
    for system in project.target_systems:
        engine = engines.engine(system).with_memory(memories.get(system, ()))
        for row, suggestions in zip(rows, engine.suggest(terms, limit=settings.candidates_per_row), strict=True):
            found[row.id][system] = suggestions
    return found


def search_targets(
    engines: Engines,
    project: Project,
    text: str,
    *,
    language: str | None = None,
    system: str | None = None,
    limit: int = 20,
) -> list[Candidate]:
    """Concepts of the project's target systems that fit the text; of one system where `system` is given."""
    if not text.strip():
        return []
    systems = [one for one in project.target_systems if system is None or one == system]
    return [
        candidate for one in systems for candidate in engines.search(one, text[:300], language=language, limit=limit)
    ]


def _term(row: Row, project: Project) -> SourceTerm:
    return SourceTerm(
        term=row.term,
        language=row.language or project.language,
        code=row.code,
        context=row.context,
        other_terms=row.other_terms,
    )


def _memory(session: Session, system: str) -> tuple[EarlierDecision, ...]:
    project_ids = [project.id for project in project_store.list_projects(session)]
    return tuple(decision_store.earlier_decisions(session, target_system=system, project_ids=project_ids))


def _batches(database: Database, project: Project) -> Iterator[list[Row]]:
    with database.session() as session:
        yield from row_store.stream_row_batches(session, project.id, size=BATCH)


def _report(database: Database, job: Job, project: Project, *, done: int, total: int, message: str) -> None:
    with database.session(write=True) as session:
        if not job_store.report_progress(session, job.id, progress=done, total=total, message=message):
            raise JobCancelled
