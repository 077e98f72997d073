from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import text

from termserver.errors import StoreBusy, StoreError
from termserver.store import engine as store_engine
from termserver.store.engine import Database
from termserver.store.tables import Table
from tests.builders import icd, project


def test_migrations_make_the_tables_that_the_code_describes(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()
    assert database.is_current()


def test_a_database_of_a_newer_program_is_refused_with_a_sentence(sqlite_database: Database) -> None:
    with sqlite_database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer termserver"):
        sqlite_database.upgrade()


def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_bytes(b"this is a text and not a database, long enough to be looked at" * 20)
    with pytest.raises(StoreError, match="not a database"):
        Database(f"sqlite:///{tmp_path / 'x.sqlite3'}").upgrade()


def test_the_password_is_not_in_messages() -> None:
    assert "secret" not in Database("postgresql+psycopg://me:secret@host/db").safe_url()


def test_who_waits_too_long_for_sqlites_writer_is_told_to_ask_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_engine, "_BUSY_TIMEOUT_MS", 50)
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    database.upgrade()

    def write() -> None:
        with database.session(write=True) as session:
            session.execute(text("UPDATE job SET message = 'x'"))

    with database.session(write=True) as first:
        first.execute(text("UPDATE job SET message = 'y'"))
        with pytest.raises(StoreBusy, match="Nothing was changed") as told:
            write()
    assert (told.value.http_status, told.value.issue_code) == (503, "transient")
    database.close()


def test_two_writers_wait_for_each_other(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
    errors: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(5):
                with database.session(write=True) as session:
                    project(session)
        except Exception as error:  # noqa: BLE001  # shown by the assertion below
            errors.append(error)

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.session() as session:
        slugs = set(session.scalars(text("SELECT slug FROM project")))
    assert len(slugs) == 15
