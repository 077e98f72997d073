"""A file translated in the background: queued with its order, run by a worker, told when done, removed when old.

The worker may be killed at any moment: the job is then taken again from the beginning, and a result that is there
already is the result. Somebody who cancels is heard within seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import orjson

from termserver.audit.record import record
from termserver.bulk.codes import CodeTranslator
from termserver.bulk.file_order import CONTENT_TYPES, FileOrder
from termserver.bulk.job_folder import (
    ERRORS,
    LOCK,
    REPORT,
    BulkFailure,
    BulkOutcome,
    JobFolder,
    adopt,
    folder_of,
    remove_expired,
)
from termserver.bulk.lock import write_lock
from termserver.bulk.report import most_frequent_unmapped, write_report
from termserver.bulk.text_files import BulkResult
from termserver.bulk.translate import translate_file
from termserver.errors import BadFile, NotFound, StoreError, TermserverError, TooManyRequests
from termserver.fhir.operation_outcome import write_outcome
from termserver.jobs.queue import JobCancelled, cancel, enqueue
from termserver.model.issue import Issue
from termserver.model.job import Job, JobState
from termserver.model.person import Person, Role
from termserver.security.roles import Permission, require
from termserver.settings import Settings
from termserver.store import jobs as job_store
from termserver.store.engine import Database, Session
from termserver.store.json_text import from_text, to_text
from termserver.terminology.service import Terminology

KIND = "bulk-translate"
_MOST_OPEN = 20
_HEARTBEAT_S = 5.0
_MOST_CODES_TOLD = 10_000


@dataclass(frozen=True, slots=True)
class BackgroundTranslation:
    """A translation in the background, as its owner sees it.

    Parameters
    ----------
    request
        URL of the request that began it.
    expires
        When its files are removed; None while it is not over.
    outcome, failure
        What it did, or why it did nothing; both None while it is not over.
    """

    job: Job
    request: str
    expires: datetime | None
    outcome: BulkOutcome | None
    failure: BulkFailure | None


def start(
    session: Session, settings: Settings, actor: Person, order: FileOrder, folder: JobFolder, *, request: str
) -> Job:
    """Queue the translation of a file that came in; its folder belongs to the job from then on.

    Raises
    ------
    TooManyRequests
        If the actor has too many under way.
    """
    require(session, actor, Permission.TRANSLATE_FILES)
    if job_store.count_open_jobs(session, kind=KIND, person_id=actor.id) >= _MOST_OPEN:
        raise TooManyRequests(f"You have {_MOST_OPEN} translations waiting or running; wait for one, or cancel one.")
    job = enqueue(session, KIND, None, {"order": to_text(order), "request": request}, actor)
    adopt(settings, folder, job.id)
    record(session, actor, "bulk-translate.start", "job", str(job.id), map=order.order.map_url, request=request)
    return job


def look_at(session: Session, settings: Settings, actor: Person, job_id: int) -> BackgroundTranslation:
    """A translation of the actor's own; an administrator sees everybody's.

    Raises
    ------
    NotFound
        If there is none, or no longer: cancelled, expired, or of somebody else.
    """
    require(session, actor, Permission.TRANSLATE_FILES)
    job = job_store.read_job(session, job_id)
    if job is None or job.kind != KIND or (job.person_id != actor.id and actor.role is not Role.ADMINISTRATOR):
        raise NotFound(f"There is no translation {job_id} of yours")
    expires = None
    if job.finished_at is not None:
        expires = datetime.fromisoformat(job.finished_at.replace("Z", "+00:00")) + timedelta(hours=settings.bulk_hours)
    if job.state is JobState.CANCELLED or (expires is not None and expires <= datetime.now(UTC)):
        raise NotFound(f"Translation {job_id} was cancelled, or its result expired; send the file again")
    folder = folder_of(settings, job_id)
    outcome = folder.outcome() if job.state is JobState.DONE else None
    if job.state is JobState.DONE and outcome is None:
        raise NotFound(f"The files of translation {job_id} were removed; send the file again")
    failure = folder.failure() or BulkFailure(500, "exception", job.message) if job.state is JobState.FAILED else None
    return BackgroundTranslation(job, str(job.payload.get("request", "")), expires, outcome, failure)


def withdraw(session: Session, settings: Settings, actor: Person, job_id: int) -> None:
    """Cancel a translation that is not over, and remove its files.

    Raises
    ------
    NotFound
        See `look_at`.
    """
    seen = look_at(session, settings, actor, job_id)
    cancel(session, job_id)
    if seen.job.is_over:
        job_store.forget_job(session, job_id)
    if seen.job.state is not JobState.RUNNING:  # else the worker removes them when it stops
        folder_of(settings, job_id).remove()
    record(session, actor, "bulk-translate.withdraw", "job", str(job_id))


# ------------------------------------------------------------------ in the worker


def run_bulk_job(database: Database, settings: Settings, job: Job) -> str:
    """Run the job; returns the sentence that ends it.

    Raises
    ------
    JobCancelled
        If somebody cancelled it.
    TermserverError
        What is wrong with file or order; the folder keeps it for whoever asks.
    """
    remove_expired(settings)
    folder = folder_of(settings, job.id)
    order = from_text(FileOrder, str(job.payload["order"]))
    outcome = folder.outcome()
    try:
        if outcome is None:
            outcome = _run(database, settings, job, folder, order)
    except JobCancelled:
        folder.remove()
        raise
    except OSError as error:
        raise StoreError(f"The server's disk did not take the files: {error.strerror}") from error
    except TermserverError as error:
        folder.write_failure(BulkFailure(error.http_status, error.issue_code, error.message))
        raise
    folder.source(order.file_format).unlink(missing_ok=True)
    return f"{sum(outcome.rows.values()):,} rows, {outcome.rows.get('mapped', 0):,} mapped"


def _run(database: Database, settings: Settings, job: Job, folder: JobFolder, order: FileOrder) -> BulkOutcome:
    source = folder.source(order.file_format)
    if folder.incoming.exists():
        folder.incoming.rename(source)
    if not source.exists():
        raise BadFile("the file is gone; do server and workers share the folder `data`?", file=source.name)
    with _terminology(database, settings) as terminology, _Heartbeat(database, job) as heartbeat:
        translator = CodeTranslator(terminology, order.order, order.locked, LOCK)
        result = translate_file(
            source,
            folder.result(order.file_format),
            order.order,
            translator,
            file_format=order.file_format,
            delimiter=order.delimiter,
            goes_on=order.goes_on,
            on_progress=heartbeat.rows_done,
        )
        outcome = _written(folder, order, translator, result)
        heartbeat.rows_done(result.counts.total)
    folder.write_outcome(outcome)
    return outcome


def _written(folder: JobFolder, order: FileOrder, translator: CodeTranslator, result: BulkResult) -> BulkOutcome:
    """The files beside the result, and what is said of them all."""
    write_report(folder.file(REPORT), order.order, translator, result)
    write_lock(folder.file(LOCK), translator.maps_used)
    told = 0
    with folder.file(ERRORS).open("wb") as file:
        for issue in _issues(translator, result):
            file.write(orjson.dumps(write_outcome([issue])) + b"\n")
            told += 1
    counts = result.counts
    files = [folder.describe_result(order.file_format, counts.written)]
    files.append(folder.describe(REPORT, CONTENT_TYPES["csv"], len(counts.unmapped)))
    files.append(folder.describe(LOCK, "application/json", len(translator.maps_used)))
    if told:
        files.append(folder.describe(ERRORS, "application/fhir+ndjson", told))
    return BulkOutcome(dict(counts.rows), result.broken_count, translator.maps_used, tuple(files))


def _issues(translator: CodeTranslator, result: BulkResult) -> Iterator[Issue]:
    for line, reason in result.broken:
        yield Issue("error", "structure", f"Line {line} was left out: {reason}")
    for key, rows in most_frequent_unmapped(result, _MOST_CODES_TOLD):
        code = " ".join(part[:100] for part in key)
        yield Issue(
            "information", "not-found", f"'{code}' has no target ({translator.answer(key).status}): {rows} rows"
        )


@contextmanager
def _terminology(database: Database, settings: Settings) -> Iterator[Terminology]:
    terminology = Terminology(database, settings)
    try:
        yield terminology
    finally:
        terminology.close()


class _Heartbeat:
    """Says every few seconds that the job is alive, and hears that it was cancelled."""

    def __init__(self, database: Database, job: Job) -> None:
        self._database = database
        self._job = job
        self._rows = 0
        self._cancelled = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"job-{job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._tell()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def rows_done(self, rows: int) -> None:
        """So far.

        Raises
        ------
        JobCancelled
            If somebody cancelled the job.
        """
        self._rows = rows
        if self._cancelled:
            raise JobCancelled

    def _beat(self) -> None:
        while not self._stop.wait(_HEARTBEAT_S) and not self._cancelled:
            self._tell()

    def _tell(self) -> None:
        message = f"{self._rows:,} rows" if self._rows else "Reading"
        with self._database.session(write=True) as session:
            self._cancelled = not job_store.report_progress(
                session, self._job.id, progress=self._rows, total=0, message=message
            )
