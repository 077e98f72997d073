"""The worker: takes jobs from the queue and runs them; inside the server, or as processes of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from termserver.bulk.background import KIND as BULK_TRANSLATE
from termserver.bulk.background import run_bulk_job
from termserver.curation.engines import Engines
from termserver.curation.suggest import run_suggest_job
from termserver.errors import StoreBusy, TermserverError
from termserver.jobs.queue import JobCancelled
from termserver.model.job import Job, JobState
from termserver.settings import Settings
from termserver.store import jobs as job_store
from termserver.store.engine import Database
from termserver.store.owners import is_dead, own_name

_log = logging.getLogger("termserver.worker")
_IDLE_WAIT_S = 1.0

RunJob = Callable[[Database, Settings, Engines, Job], str]

KINDS: dict[str, RunJob] = {
    "suggest": run_suggest_job,
    BULK_TRANSLATE: lambda database, settings, _engines, job: run_bulk_job(database, settings, job),
}


class Worker:
    """Runs jobs one after the other until it is stopped."""

    def __init__(self, database: Database, settings: Settings, engines: Engines) -> None:
        self._database = database
        self._settings = settings
        self._engines = engines
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.name = own_name()

    def start(self) -> None:
        """Run in a thread of this process."""
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """Ask the thread to end after its batch; a job that is not done is taken again at the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self) -> None:
        """Take jobs until `stop`."""
        while not self._stop.is_set():
            try:
                worked = self.run_one() or self.release_dead()
            except StoreBusy:
                _log.info("another program writes to the database; the worker asks again")
                worked = False
            except Exception:  # noqa: BLE001  # the database may be away for a moment; the worker must outlive that
                _log.exception("the worker could not take a job")
                worked = False
            if not worked:
                self._stop.wait(_IDLE_WAIT_S)

    def run_one(self) -> bool:
        """Run one job if there is one; True if there was."""
        with self._database.session(write=True) as session:
            job = job_store.take_job(session, worker=self.name)
        if job is None:
            return False
        state, message = self._run(job)
        with self._database.session(write=True) as session:
            job_store.finish_job(session, job.id, state=state, message=message)
        _log.info("job %d (%s) %s: %s", job.id, job.kind, state.value, message)
        return True

    def release_dead(self) -> bool:
        """Queue again what killed workers of this machine were running; True if there was something.

        Workers of other machines are known to be dead by their lost heartbeat (`store.jobs.take_job`).
        """
        with self._database.session() as session:
            dead = [name for name in job_store.running_workers(session) if name != self.name and is_dead(name)]
        if not dead:
            return False
        with self._database.session(write=True) as session:
            for name in dead:
                job_store.release_jobs_of(session, name)
        return True

    def _run(self, job: Job) -> tuple[JobState, str]:
        run_job = KINDS.get(job.kind)
        if run_job is None:
            return JobState.FAILED, f"This version of termserver has no jobs of kind '{job.kind}'."
        try:
            return JobState.DONE, run_job(self._database, self._settings, self._engines, job)
        except JobCancelled:
            return JobState.CANCELLED, "Cancelled."
        except TermserverError as error:
            return JobState.FAILED, error.message
        except Exception as error:  # noqa: BLE001  # a fault of ours: the job says so, the log has the trace, the worker goes on
            _log.exception("job %d (%s) failed", job.id, job.kind)
            return (
                JobState.FAILED,
                f"Stopped by a fault of the program ({type(error).__name__}); the log has the details.",
            )
