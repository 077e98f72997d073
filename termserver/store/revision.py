"""The catalogue revision: one number that rises with each change of content, so that caches know when to look."""

from __future__ import annotations

from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from termserver.store.engine import CONTENT_CHANGED
from termserver.store.tables import RevisionTable

CHANNEL = "termserver_catalogue"


def catalogue_revision(session: Session) -> int:
    """The revision, 0 before any content."""
    return session.scalar(select(RevisionTable.revision).where(RevisionTable.id == 1)) or 0


def raise_revision(session: Session) -> None:
    """Say that content changed; in the transaction of the change.

    PostgreSQL tells all processes when it is committed (`revision_listener`), this process knows it itself.
    """
    changed = session.execute(
        update(RevisionTable).where(RevisionTable.id == 1).values(revision=RevisionTable.revision + 1)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(RevisionTable).values(id=1, revision=1))
    session.info[CONTENT_CHANGED] = True
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))
