"""PostgreSQL tells of changes: at once of those of this process, soon of those of others, and never what it is unsure of."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from termserver.model.code_system import CodeSystem, Concept
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.revision import catalogue_revision
from termserver.store.revision_listener import RevisionListener
from tests.conftest import postgresql_copy
from tests.waiting import eventually


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> Iterator[Database]:
    with postgresql_copy(request) as database:
        yield database


def add_content(database: Database, version: str) -> int:
    """Store a code system; the revision afterwards."""
    with database.session(write=True) as session:
        add_code_system(session, CodeSystem("http://new.example", version, "New"), [Concept("A", "a")])
    with database.session() as session:
        return catalogue_revision(session)


def test_own_changes_are_seen_at_once(postgresql: Database) -> None:
    listener = RevisionListener(postgresql)
    eventually(lambda: listener.revision() == 0)
    for number in range(20):
        revision = add_content(postgresql, str(number))
        assert listener.revision() in (None, revision)
        eventually(lambda: listener.revision() == revision)  # noqa: B023
    listener.close()


def test_changes_of_others_are_heard_of(postgresql: Database) -> None:
    listener, other = RevisionListener(postgresql), Database(postgresql.url)
    eventually(lambda: listener.revision() == 0)
    revision = add_content(other, "1")
    assert postgresql.content_changes == 0
    eventually(lambda: listener.revision() == revision)
    other.close()
    listener.close()


def test_a_connection_that_is_gone_is_made_anew(postgresql: Database) -> None:
    listener = RevisionListener(postgresql)
    eventually(lambda: listener.revision() == 0)
    with postgresql.session() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'SELECT revision%' AND pid <> pg_backend_pid()"
            )
        )
    eventually(lambda: listener.revision() is None)
    revision = add_content(postgresql, "1")
    eventually(lambda: listener.revision() == revision)
    listener.close()


def test_what_was_heard_too_long_ago_is_not_trusted(postgresql: Database) -> None:
    listener = RevisionListener(postgresql)
    eventually(lambda: listener.revision() == 0)
    listener.close()
    listener._read = (0, postgresql.content_changes, time.monotonic() + 1)
    assert listener.revision() == 0
    listener._read = (0, postgresql.content_changes, time.monotonic() - 0.001)
    assert listener.revision() is None


def test_a_change_that_is_rolled_back_changes_nothing(postgresql: Database) -> None:
    listener = RevisionListener(postgresql)

    def fail() -> None:
        with postgresql.session(write=True) as session:
            add_code_system(session, CodeSystem("http://new.example", "1", "New"), [Concept("A", "a")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    eventually(lambda: listener.revision() == 0)
    postgresql.close()  # ends the listener too
    assert listener._thread is not None
    assert not listener._thread.is_alive()
