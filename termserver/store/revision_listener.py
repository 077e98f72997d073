"""PostgreSQL tells when content changed: a connection of its own listens, so that nobody has to ask before each answer.

Whoever raises the revision sends a NOTIFY in the same transaction (`revision.raise_revision`); the server delivers it when
the transaction is committed. The listener then reads the revision. It reads it as well when it has heard nothing for a while:
a notification that is lost on the way, or swallowed by a connection pooler, costs `TRUSTED_S` at most. Where the
connection is gone, what it said last is not trusted, and it is made anew.

Source: https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url

from termserver.store.engine import Database
from termserver.store.revision import CHANNEL

if TYPE_CHECKING:
    import psycopg

TRUSTED_S = 2.0
_LOOK_EACH_S = 0.5
_CONNECT_AGAIN_AFTER_S = 1.0
_CONNECT_TIMEOUT_S = 5
_REVISION = "SELECT revision FROM catalogue_revision WHERE id = 1"

_log = logging.getLogger(__name__)


class RevisionListener:
    """The catalogue revision as a thread of its own last read it.

    Changes that this process makes are seen at once: after one is committed nothing read before is given
    (`Database.content_changes`). Changes by others are seen when their notification arrives, in some milliseconds.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        # (revision, content changes of this process before it was read, trusted until)
        self._read: tuple[int, int, float] | None = None

    def revision(self) -> int | None:
        """The revision; None as long as nobody knows. Never waits; the first call begins to listen."""
        if self._thread is None:
            self._start()
        read = self._read
        if read is None or read[1] != self._database.content_changes or time.monotonic() > read[2]:
            return None
        return read[0]

    def close(self) -> None:
        """Stop listening."""
        self._stopped.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=2 * _LOOK_EACH_S)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._listen_always, name="revision", daemon=True)
        self._database.on_close.append(self.close)
        self._thread.start()

    def _listen_always(self) -> None:
        import psycopg

        url = make_url(self._database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        while not self._stopped.is_set():
            try:
                with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                self._read = None
                if not self._stopped.is_set():
                    _log.warning("the connection that hears of changes is gone (%s) and is made anew", error)
                self._stopped.wait(_CONNECT_AGAIN_AFTER_S)

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        while not self._stopped.is_set():
            before, begun = self._database.content_changes, time.monotonic()
            row = connection.execute(_REVISION).fetchone()
            self._read = (0 if row is None else int(row[0]), before, begun + TRUSTED_S)
            for _ in connection.notifies(timeout=_LOOK_EACH_S, stop_after=1):
                self._read = None
