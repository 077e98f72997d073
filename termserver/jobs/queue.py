"""The queue of jobs, in the database: it survives a restart and serves any number of workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from termserver.errors import NotFound
from termserver.model.job import Job
from termserver.model.person import Person
from termserver.store import jobs as job_store
from termserver.store.engine import Session

ReportProgress = Callable[[int, int, str], None]
"""(steps done, steps in all, what is being done). Raises JobCancelled if somebody cancelled the job."""


class JobCancelled(Exception):  # a signal to stop, not a fault
    """Somebody cancelled the job; the worker stops it between two batches."""


def enqueue(
    session: Session, kind: str, project_id: int | None, payload: Mapping[str, object], actor: Person | None
) -> Job:
    """Put a job into the queue, in the caller's transaction."""
    person_id = None if actor is None else actor.id
    return job_store.add_job(session, kind=kind, project_id=project_id, person_id=person_id, payload=payload)


def get_job(session: Session, job_id: int) -> Job:
    """The job as it stands now.

    Raises
    ------
    NotFound
        If there is no such job.
    """
    job = job_store.read_job(session, job_id)
    if job is None:
        raise NotFound(f"No job {job_id}.")
    return job


def list_jobs(session: Session, project_id: int | None = None) -> list[Job]:
    """Jobs, latest first."""
    return job_store.list_jobs(session, project_id=project_id)


def cancel(session: Session, job_id: int) -> None:
    """Cancel the job if it is not over."""
    job_store.cancel_job(session, job_id)
