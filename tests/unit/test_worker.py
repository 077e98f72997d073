from termserver.curation.engines import Engines
from termserver.curation.queue import RowFilter, get_row, rows_page
from termserver.jobs.queue import enqueue, get_job, list_jobs
from termserver.model.decision import ChosenTarget
from termserver.model.job import JobState
from termserver.model.person import Role
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.worker import Worker
from tests.builders import ICD, icd, person, project, source_rows


def test_the_worker_suggests_for_a_new_project(database: Database, settings: Settings) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna)
    worker = Worker(database, settings, Engines(database, settings))
    assert worker.run_one()
    assert not worker.run_one()
    with database.session() as session:
        (job,) = list_jobs(session, of.id)
        assert (job.state, job.progress, job.total) == (JobState.DONE, 3, 3)
        first = rows_page(session, anna, of, RowFilter()).rows[0]
        row = get_row(session, anna, of, first.id)
        assert row.candidates[0].code in {"I21", "I21.9"}
        assert row.best_probability == row.candidates[0].probability
        assert all(candidate.code not in {"IX", "I99"} for candidate in row.candidates)


def test_decisions_made_elsewhere_are_remembered(sqlite_database: Database, settings: Settings) -> None:
    from termserver.curation.decisions import decide

    with sqlite_database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna)
        row = rows_page(session, anna, of, RowFilter()).rows[1]
        decide(session, anna, of, row.id, 1, targets=[ChosenTarget(ICD, "I48.9", "AF")])
        other = project(session, anna)
    worker = Worker(sqlite_database, settings, Engines(sqlite_database, settings))
    while worker.run_one():
        pass
    with sqlite_database.session() as session:
        row = get_row(session, anna, other, rows_page(session, anna, other, RowFilter()).rows[1].id)
        memory = row.candidates[0].evidence.memory
        assert row.candidates[0].code == "I48.9"
        assert memory is not None
        assert (memory.person, memory.project) == ("anna", "Diagnoses")


def test_a_run_that_waits_is_not_queued_twice(sqlite_database: Database, settings: Settings) -> None:
    from termserver.curation.suggest import queue_suggestions

    with sqlite_database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna)
        first = queue_suggestions(session, anna, of)
        assert queue_suggestions(session, anna, of).id == first.id
        assert len(list_jobs(session, of.id)) == 1
        assert queue_suggestions(session, None, of).id != first.id  # another eye sees other decisions
    worker = Worker(sqlite_database, settings, Engines(sqlite_database, settings))
    while worker.run_one():
        pass
    with sqlite_database.session(write=True) as session:
        assert queue_suggestions(session, anna, of).id != first.id


def test_a_job_goes_on_behind_its_last_batch(sqlite_database: Database, settings: Settings) -> None:
    from termserver.curation import suggest
    from termserver.store.jobs import release_jobs_of, report_progress, take_job

    with sqlite_database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna, source_rows(suggest.BATCH + 20))
        job = take_job(session, worker="dead:1")
        assert job is not None
        report_progress(session, job.id, progress=suggest.BATCH, total=suggest.BATCH + 20, message="")
        release_jobs_of(session, "dead:1")
    Worker(sqlite_database, settings, Engines(sqlite_database, settings)).run_one()
    with sqlite_database.session() as session:
        assert get_job(session, job.id).state is JobState.DONE
        rows = rows_page(session, anna, of, RowFilter(order="line"), limit=200).rows
        assert all(row.candidate_count == 0 for row in rows)
        last = rows_page(session, anna, of, RowFilter(order="line", candidates="some"), limit=200)
        assert last.total == 20


def test_a_job_of_an_unknown_kind_fails_with_a_sentence(sqlite_database: Database, settings: Settings) -> None:
    with sqlite_database.session(write=True) as session:
        job = enqueue(session, "dance", None, {}, None)
    Worker(sqlite_database, settings, Engines(sqlite_database, settings)).run_one()
    with sqlite_database.session() as session:
        done = get_job(session, job.id)
        assert done.state is JobState.FAILED
        assert "kind 'dance'" in done.message


def test_a_fault_of_the_program_fails_the_job_and_not_the_worker(sqlite_database: Database, settings: Settings) -> None:
    with sqlite_database.session(write=True) as session:
        job = enqueue(session, "suggest", None, {}, None)  # a suggest job without a project
    Worker(sqlite_database, settings, Engines(sqlite_database, settings)).run_one()
    with sqlite_database.session() as session:
        done = get_job(session, job.id)
        assert done.state is JobState.FAILED
        assert "Traceback" not in done.message


def test_a_new_supplement_makes_a_new_engine(sqlite_database: Database, settings: Settings) -> None:
    from termserver.model.code_system import CodeSystem, Concept
    from termserver.store.code_systems import add_code_system

    engines = Engines(sqlite_database, settings)
    with sqlite_database.session(write=True) as session:
        icd(session)
    first = engines.engine(ICD)
    assert engines.engine(ICD) is first
    with sqlite_database.session(write=True) as session:
        header = CodeSystem("http://sv", "1", "Sv", content="supplement", supplements=ICD, language="sv")
        add_code_system(session, header, [Concept("I48", "Förmaksflimmer och förmaksfladder")])
    second = engines.engine(ICD)
    assert second is not first
    assert second.search("förmaksfladder", language="sv")[0].code == "I48"


def test_a_damaged_index_is_built_again(sqlite_database: Database, settings: Settings) -> None:
    with sqlite_database.session(write=True) as session:
        icd(session)
    Engines(sqlite_database, settings).engine(ICD)
    for stamp in settings.index_folder().rglob("made_by.txt"):
        stamp.write_text("of another version")
    assert Engines(sqlite_database, settings).engine(ICD).search("I21")[0].code == "I21"


def test_the_job_of_a_killed_process_of_this_machine_is_taken_at_once(
    sqlite_database: Database, settings: Settings
) -> None:
    import os
    import socket
    import subprocess
    import sys

    from termserver.store.jobs import take_job

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with sqlite_database.session(write=True) as session:
        icd(session)
        of = project(session)
        assert take_job(session, worker=f"{socket.gethostname()}:{ended.pid}") is not None
    worker = Worker(sqlite_database, settings, Engines(sqlite_database, settings))
    assert not worker.run_one()
    assert worker.release_dead()
    assert worker.run_one()
    assert not worker.release_dead()
    with sqlite_database.session() as session:
        assert list_jobs(session, of.id)[0].state is JobState.DONE
    assert worker.name == f"{socket.gethostname()}:{os.getpid()}"
