"""Suggest candidates for all rows of a project, in batches, resumable, with visible progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from termserver.curation.engines import Engines, targets_for_system
from termserver.errors import BadInput
from termserver.jobs.queue import JobCancelled, enqueue
from termserver.model.candidate import Candidate, EarlierDecision, SourceTerm, Suggestions
from termserver.model.job import Job, JobState
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.security.roles import Permission, may, require
from termserver.settings import Settings
from termserver.store import candidates as candidate_store
from termserver.store import decisions as decision_store
from termserver.store import jobs as job_store
from termserver.store import people
from termserver.store import projects as project_store
from termserver.store import rows as row_store
from termserver.store.engine import Database, Session

if TYPE_CHECKING:
    from termserver.matching.engine import MatchingEngine
    from termserver.matching.profile import ListProfile

__all__ = ["queue_suggestions", "run_suggest_job", "search_targets", "suggest_rows", "targets_for_system"]

BATCH = 500


def queue_suggestions(session: Session, actor: Person | None, project: Project) -> Job:
    """Queue a run of the engine over a project; decisions are kept, candidates replaced.

    A run that the same person has waiting, not begun, is that run: it will see all rows.

    Raises
    ------
    BadInput
        If the project has no target system.
    """
    if actor is not None:
        require(session, actor, Permission.DECIDE, on=project)
    if not project.target_systems:
        raise BadInput(f"'{project.title}' has no target system; nothing can be suggested.")
    person_id = None if actor is None else actor.id
    for job in job_store.list_jobs(session, project_id=project.id):
        waits = job.kind == "suggest" and job.state is JobState.QUEUED and job.progress == 0
        if waits and job.person_id == person_id:
            return job
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
        memories = {system: _memory(session, system, job.person_id) for system in project.target_systems}
    total, done = project.progress.rows, 0
    _report(database, job, project, done=job.progress, total=total, message="Opening the target systems")
    remembering = Remembering(engines, memories, _sample(database, project))
    found_some = remarked = 0
    for rows in _batches(database, project):
        done += len(rows)
        if done <= job.progress:
            continue
        suggestions = suggest_rows(remembering, settings, project, rows)
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


class Remembering:
    """Engines with earlier decisions and what the list is about: made ready once a system, and again when its engine changes.

    Parameters
    ----------
    sample
        Terms from all over the list.
    """

    def __init__(
        self, engines: Engines, memories: Mapping[str, Sequence[EarlierDecision]], sample: Sequence[SourceTerm] = ()
    ) -> None:
        self._engines = engines
        self._memories = memories
        self._sample = sample
        self._ready: dict[str, tuple[MatchingEngine, MatchingEngine, ListProfile | None]] = {}

    def engine(self, system: str) -> MatchingEngine:
        """The engine of a loaded code system, with its memory."""
        return self._made_ready(system)[1]

    def profile(self, system: str) -> ListProfile | None:
        """What the engine of a code system knows of the whole list."""
        return self._made_ready(system)[2]

    def _made_ready(self, system: str) -> tuple[MatchingEngine, MatchingEngine, ListProfile | None]:
        bare = self._engines.engine(system)
        known = self._ready.get(system)
        if known is None or known[0] is not bare:
            memory = bare.with_memory(self._memories.get(system, ()))
            known = self._ready[system] = (bare, memory, bare.profile(self._sample))
        return known


def suggest_rows(
    engines: Remembering, settings: Settings, project: Project, rows: Sequence[Row]
) -> dict[int, dict[str, Suggestions]]:
    """Row number → target system → suggestions, with what is remembered and what the list is about, by target system."""
    terms = [_term(row, project) for row in rows]
    found: dict[int, dict[str, Suggestions]] = {row.id: {} for row in rows}
    for system in project.target_systems:
        suggested = engines.engine(system).suggest(
            terms, limit=settings.candidates_per_row, profile=engines.profile(system)
        )
        for row, suggestions in zip(rows, suggested, strict=True):
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


def _memory(session: Session, system: str, person_id: int | None) -> tuple[EarlierDecision, ...]:
    """Earlier decisions of the projects that the person who asked for suggestions may see; of all for a command."""
    projects = project_store.list_projects(session)
    if person_id is not None:
        asker = next((one for one in people.list_people(session) if one.id == person_id), None)
        projects = [one for one in projects if asker and may(session, asker, Permission.VIEW, on=one)]
    seen = [one.id for one in projects]
    return tuple(decision_store.earlier_decisions(session, target_system=system, project_ids=seen))


def _batches(database: Database, project: Project) -> Iterator[list[Row]]:
    with database.session() as session:
        yield from row_store.stream_row_batches(session, project.id, size=BATCH)


def _sample(database: Database, project: Project) -> list[SourceTerm]:
    """Terms from all over the list, by which it is known what the list is about; the same ones each time."""
    from termserver.matching.profile import MOST_ROWS

    step = max(1, project.progress.rows // MOST_ROWS)
    rows = (row for batch in _batches(database, project) for row in batch)
    return [_term(row, project) for row in islice(rows, 0, None, step)]


def _report(database: Database, job: Job, project: Project, *, done: int, total: int, message: str) -> None:
    with database.session(write=True) as session:
        if not job_store.report_progress(session, job.id, progress=done, total=total, message=message):
            raise JobCancelled
