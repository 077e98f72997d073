"""Did content change since I looked? Asked before each answer, so it must cost next to nothing.

SQLite: `PRAGMA data_version` on a connection kept for this alone rises when any other connection, in any process,
commits; it reads a few bytes of shared memory (some microseconds). Only then is the catalogue revision read.
Source: https://www.sqlite.org/pragma.html#pragma_data_version

PostgreSQL: a connection of its own listens (`store.revision_listener`). What this process commits is seen at once, what
others commit in some milliseconds, at the latest after two seconds; `revision` asks the database and is always current.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

from termserver.store.engine import Database
from termserver.store.revision import catalogue_revision
from termserver.store.revision_listener import RevisionListener

_LOOK_HOLDS_S = 0.001


class RevisionWatch:
    """The catalogue revision, always current."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._connection = _open_sqlite(database.url)
        self._seen_data_version = -1
        self._revision = -1
        self._holds_until = 0.0
        self._listener = RevisionListener(database) if database.dialect == "postgresql" else None

    def revision_if_unchanged(self) -> int | None:
        """The revision if nothing was committed since the last look; None if the database must be asked.

        Over PostgreSQL it is what the listener knows. Never waits: while another thread asks the database, the answer is
        None. A look holds for a millisecond: nobody can hear of a commit and ask again sooner, and at thousands of
        requests a second most need no look.
        """
        if self._listener is not None:
            return self._listener.revision()
        if time.monotonic() < self._holds_until:
            return self._revision
        if self._connection is None or not self._lock.acquire(blocking=False):
            return None
        try:
            if self._data_version() != self._seen_data_version:
                return None
            self._holds_until = time.monotonic() + _LOOK_HOLDS_S
            return self._revision
        finally:
            self._lock.release()

    def revision(self) -> int:
        """The revision now."""
        with self._lock:
            # The mark is taken before the revision is read: a commit in between is seen the next time
            version = self._data_version() if self._connection is not None else None
            if version is not None and version == self._seen_data_version:
                return self._revision
            with self._database.session() as session:
                self._revision = catalogue_revision(session)
            if version is not None:
                self._seen_data_version = version
            return self._revision

    def _data_version(self) -> int:
        if self._connection is None:
            return -1
        row = self._connection.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def close(self) -> None:
        """Give the connections back."""
        if self._listener is not None:
            self._listener.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open_sqlite(url: str) -> sqlite3.Connection | None:
    path = url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else ""
    if not path or path.startswith(":memory:") or not Path(path).exists():
        return None
    return sqlite3.connect(path, check_same_thread=False, isolation_level=None)
