"""The database: SQLite (WAL) or PostgreSQL, its sessions and its migrations."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from termserver.errors import BadInput, Conflict, StoreBusy, StoreError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["CONTENT_CHANGED", "Database", "Session", "now_text"]

CONTENT_CHANGED = "content changed"
"""In `Session.info`: its transaction changes content."""

_BUSY_TIMEOUT_MS = 30_000
_MIGRATIONS = Path(__file__).parent / "migrations"


def now_text() -> str:
    """This moment as ISO 8601, UTC, with milliseconds: sorts as text, the same in both databases."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Database:
    """An open database; one a process.

    `content_changes` counts the changes of content by this process: a change is counted before whoever made it hears
    that it is done. `on_close` is called before the connections are given back.

    Parameters
    ----------
    url
        `sqlite:///path` or `postgresql+psycopg://…`.

    >>> Database("sqlite://").dialect
    'sqlite'
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.dialect = make_url(url).get_backend_name()
        self.content_changes = 0
        self.on_close: list[Callable[[], None]] = []
        self._counting = threading.Lock()
        self.engine = _create_engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(self.engine.execution_options(termserver_write=True), expire_on_commit=False)

    @contextmanager
    def session(self, *, write: bool = False) -> Iterator[Session]:
        """A session that commits when its block ends well and rolls back when it does not.

        Parameters
        ----------
        write
            True for a block that changes something. SQLite then takes its one write lock at the start and waits for it;
            a transaction that read first and writes later would fail at once when another writer was faster.
        """
        with (self._writers if write else self._readers)() as session:
            try:
                yield session
                session.commit()
            except IntegrityError:
                session.rollback()
                raise Conflict(
                    "Somebody else stored the same thing at the same moment; nothing was overwritten. Look again."
                ) from None
            except OperationalError as error:
                session.rollback()
                if "database is locked" not in str(error.orig):
                    raise
                raise StoreBusy(
                    "Something large is being stored, and SQLite has one writer at a time. "
                    "Nothing was changed. Try again in a minute; PostgreSQL has no such wait."
                ) from None
            except DataError as error:
                session.rollback()
                raise BadInput(f"The database cannot hold a value: {str(error.orig).splitlines()[0]}") from None
            except BaseException:
                session.rollback()
                raise
            finally:
                if session.info.pop(CONTENT_CHANGED, False):
                    with self._counting:
                        self.content_changes += 1

    def upgrade(self) -> None:
        """Bring the tables to this program's version.

        Raises
        ------
        StoreError
            If the database cannot be reached, or a newer program has already changed it.
        """
        from alembic import command
        from alembic.util.exc import CommandError

        config = _alembic_config(self.url)
        try:
            with self._without_cascades() as connection, connection.begin():
                if self.dialect == "postgresql":  # two processes starting together: one migrates, the other waits
                    connection.execute(text("SELECT pg_advisory_xact_lock(7243691)"))
                config.attributes["connection"] = connection
                logging.getLogger("alembic").setLevel(logging.WARNING)
                command.upgrade(config, "head")
        except CommandError as error:
            raise StoreError(
                f"The database was changed by a newer termserver ({error}); start that version, or restore a backup."
            ) from None
        except OperationalError as error:
            raise StoreError(f"The database cannot be opened ({self.safe_url()}): {error.orig}") from None
        except DBAPIError as error:
            raise StoreError(f"The database cannot be brought up to date: {error.orig}") from None

    @contextmanager
    def _without_cascades(self) -> Iterator[Connection]:
        """A connection for migrations: SQLite rebuilds a table by dropping it, which must not empty its children.

        Source: https://www.sqlite.org/lang_altertable.html#otheralter
        """
        with self.engine.connect() as connection:
            if self.dialect == "sqlite":
                _set_foreign_keys(connection, on=False)
            try:
                yield connection
            finally:
                if self.dialect == "sqlite":
                    _set_foreign_keys(connection, on=True)

    def is_current(self) -> bool:
        """True if the tables are there."""
        return inspect(self.engine).has_table("code_system")

    def safe_url(self) -> str:
        """The URL without its password, for messages."""
        return make_url(self.url).render_as_string(hide_password=True)

    def close(self) -> None:
        """Give all connections back."""
        for end in self.on_close:
            end()
        self.engine.dispose()


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: object, _record: object) -> None:
    connection.isolation_level = None  # type: ignore[attr-defined]  # SQLAlchemy says BEGIN itself, see _begin_sqlite
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _set_foreign_keys(connection: Connection, *, on: bool) -> None:
    """On the driver's connection: the pragma does nothing inside a transaction, which SQLAlchemy would begin."""
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("termserver_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _alembic_config(url: str) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config
