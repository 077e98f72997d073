"""Jobs in the database: any number of workers take them, each job goes to one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from termserver.model.job import Job, JobState
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.tables import JobTable

_HEARTBEAT_LOST_S = 60
_MOST_ATTEMPTS = 3


def _job(row: JobTable) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        state=JobState(row.state),
        project_id=row.project_id,
        progress=row.progress,
        total=row.total,
        message=row.message,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        payload=from_text(dict[str, object], row.payload),
        person_id=row.person_id,
    )


def add_job(
    session: Session, *, kind: str, project_id: int | None, person_id: int | None, payload: Mapping[str, object]
) -> Job:
    """Put a job into the queue."""
    row = JobTable(
        kind=kind,
        state=JobState.QUEUED.value,
        project_id=project_id,
        person_id=person_id,
        payload=to_text(dict(payload)),
        created_at=now_text(),
    )
    session.add(row)
    session.flush()
    return _job(row)


def read_job(session: Session, job_id: int) -> Job | None:
    """The job as it stands now."""
    row = session.scalar(select(JobTable).where(JobTable.id == job_id).execution_options(populate_existing=True))
    return None if row is None else _job(row)


def list_jobs(session: Session, *, project_id: int | None = None, limit: int = 20) -> list[Job]:
    """Jobs, latest first."""
    query = select(JobTable)
    if project_id is not None:
        query = query.where(JobTable.project_id == project_id)
    return [_job(row) for row in session.scalars(query.order_by(JobTable.id.desc()).limit(limit))]


def count_open_jobs(session: Session, *, kind: str, person_id: int) -> int:
    """How many jobs of a kind somebody has waiting or running."""
    is_open = JobTable.state.in_([JobState.QUEUED.value, JobState.RUNNING.value])
    query = select(func.count()).where(JobTable.kind == kind, JobTable.person_id == person_id, is_open)
    return session.scalar(query) or 0


def take_job(session: Session, *, worker: str) -> Job | None:
    """Take the oldest job that waits, or whose worker died; None if there is none.

    A job that was taken three times and never finished is failed instead: it would kill the next worker too.
    """
    lost = (datetime.now(UTC) - timedelta(seconds=_HEARTBEAT_LOST_S)).isoformat(timespec="milliseconds")
    lost = lost.replace("+00:00", "Z")
    query = (
        select(JobTable)
        .where(
            or_(
                JobTable.state == JobState.QUEUED.value,
                (JobTable.state == JobState.RUNNING.value) & (JobTable.heartbeat_at < lost),
            )
        )
        .order_by(JobTable.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.scalars(query).first()
    if row is None:
        return None
    if row.attempts >= _MOST_ATTEMPTS:
        row.state, row.finished_at = JobState.FAILED.value, now_text()
        row.message = f"Given up after {_MOST_ATTEMPTS} attempts: each worker that took it stopped without a word."
        return None
    row.state, row.worker, row.attempts = JobState.RUNNING.value, worker, row.attempts + 1
    row.started_at = row.started_at or now_text()
    row.heartbeat_at = now_text()
    session.flush()
    return _job(row)


def running_workers(session: Session) -> list[str]:
    """Names of the workers that hold running jobs."""
    query = select(JobTable.worker).where(JobTable.state == JobState.RUNNING.value, JobTable.worker.is_not(None))
    return sorted({name for name in session.scalars(query.distinct()) if name})


def release_jobs_of(session: Session, worker: str) -> None:
    """Queue again the running jobs of a worker that no longer exists."""
    session.execute(
        update(JobTable)
        .where(JobTable.state == JobState.RUNNING.value, JobTable.worker == worker)
        .values(state=JobState.QUEUED.value)
    )


def report_progress(session: Session, job_id: int, *, progress: int, total: int, message: str) -> bool:
    """Write how far the job is; False if it was cancelled meanwhile."""
    changed = session.execute(
        update(JobTable)
        .where(JobTable.id == job_id, JobTable.state == JobState.RUNNING.value)
        .values(
            progress=progress,
            total=total,
            message=message,
            heartbeat_at=now_text(),
            attempts=case((JobTable.progress < progress, 1), else_=JobTable.attempts),  # it gets on: not a killer
        )
    )
    return changed.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def finish_job(session: Session, job_id: int, *, state: JobState, message: str) -> None:
    """Write the end of a running job."""
    session.execute(
        update(JobTable)
        .where(JobTable.id == job_id, JobTable.state == JobState.RUNNING.value)
        .values(state=state.value, message=message, finished_at=now_text())
    )


def cancel_job(session: Session, job_id: int) -> None:
    """Cancel a job that is not over; its worker stops at its next report."""
    session.execute(
        update(JobTable)
        .where(JobTable.id == job_id, JobTable.state.in_([JobState.QUEUED.value, JobState.RUNNING.value]))
        .values(state=JobState.CANCELLED.value, finished_at=now_text(), message="Cancelled.")
    )


def forget_job(session: Session, job_id: int) -> None:
    """Nobody shall see what a job did any more: it counts as cancelled."""
    session.execute(
        update(JobTable).where(JobTable.id == job_id).values(state=JobState.CANCELLED.value, message="Withdrawn.")
    )
