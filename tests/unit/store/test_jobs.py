from sqlalchemy import text

from termserver.model.job import JobState
from termserver.store.engine import Database
from termserver.store.jobs import (
    add_job,
    cancel_job,
    finish_job,
    read_job,
    release_jobs_of,
    report_progress,
    running_workers,
    take_job,
)


def queue_one(database: Database) -> int:
    with database.session(write=True) as session:
        return add_job(session, kind="suggest", project_id=None, person_id=None, payload={"a": 1}).id


def test_each_job_goes_to_one_worker(database: Database) -> None:
    job_id = queue_one(database)
    with database.session(write=True) as session:
        taken = take_job(session, worker="a:1")
        assert taken is not None
        assert (taken.id, taken.state, taken.payload) == (job_id, JobState.RUNNING, {"a": 1})
    with database.session(write=True) as session:
        assert take_job(session, worker="b:2") is None
        assert running_workers(session) == ["a:1"]


def test_a_job_of_a_dead_worker_is_taken_again_and_goes_on_where_it_was(database: Database) -> None:
    job_id = queue_one(database)
    with database.session(write=True) as session:
        take_job(session, worker="a:1")
        assert report_progress(session, job_id, progress=500, total=900, message="500 of 900")
        release_jobs_of(session, "a:1")
    with database.session(write=True) as session:
        taken = take_job(session, worker="b:2")
        assert taken is not None
        assert (taken.id, taken.progress) == (job_id, 500)


def test_a_lost_heartbeat_frees_the_job(database: Database) -> None:
    job_id = queue_one(database)
    with database.session(write=True) as session:
        take_job(session, worker="a:1")
        session.execute(text("UPDATE job SET heartbeat_at = '2020-01-01T00:00:00.000Z'"))
    with database.session(write=True) as session:
        taken = take_job(session, worker="b:2")
        assert taken is not None
        assert taken.id == job_id


def test_a_job_that_kills_every_worker_is_given_up(database: Database) -> None:
    job_id = queue_one(database)
    for _ in range(3):
        with database.session(write=True) as session:
            assert take_job(session, worker="a:1") is not None
            release_jobs_of(session, "a:1")
    with database.session(write=True) as session:
        assert take_job(session, worker="a:1") is None
    with database.session() as session:
        job = read_job(session, job_id)
        assert job is not None
        assert job.state is JobState.FAILED
        assert "attempts" in job.message


def test_a_cancelled_job_tells_its_worker_and_stays_cancelled(database: Database) -> None:
    job_id = queue_one(database)
    with database.session(write=True) as session:
        take_job(session, worker="a:1")
        cancel_job(session, job_id)
        assert not report_progress(session, job_id, progress=1, total=2, message="")
        finish_job(session, job_id, state=JobState.DONE, message="done")
        job = read_job(session, job_id)
        assert job is not None
        assert job.state is JobState.CANCELLED


def test_a_job_that_gets_on_is_never_given_up(database: Database) -> None:
    job_id = queue_one(database)
    for n in range(1, 6):
        with database.session(write=True) as session:
            assert take_job(session, worker="a:1") is not None
            report_progress(session, job_id, progress=n, total=9, message="")
            release_jobs_of(session, "a:1")
