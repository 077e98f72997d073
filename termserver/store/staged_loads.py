"""A release is stored in batches, as a version that nobody sees, and made visible in one short transaction.

Each batch is a transaction of its own, so that others write meanwhile: SQLite has one write lock. A version in the making
is neither current nor live and stands in `staged_load` with its owner; if that process dies, the next load removes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from termserver.model.code_system import CodeSystem, Concept
from termserver.store.code_systems import StoredCodeSystem, live_version, make_live, new_row, same_content
from termserver.store.concept_writer import ConceptWriter
from termserver.store.engine import Database, now_text
from termserver.store.owners import is_dead, own_name
from termserver.store.resource_versions import Placing
from termserver.store.revision import raise_revision
from termserver.store.tables import CodeSystemTable, ConceptParentTable, ConceptTable, StagedLoadTable

_ABANDONED_AFTER = timedelta(hours=1)
_ROWS_A_REMOVAL = 20_000


class StagedLoad:
    """A code system version in the making; what is not published is removed when its block ends.

    with StagedLoad(database, header) as load:
        load.add(batch)
        with database.session(write=True) as session:
            stored = load.publish(session)
    """

    def __init__(self, database: Database, header: CodeSystem, *, recipe: str | None = None) -> None:
        self._database = database
        self._header = header
        self._recipe = recipe

    def __enter__(self) -> StagedLoad:
        remove_abandoned_loads(self._database)
        with self._database.session(write=True) as session:
            row = new_row(self._header, fhir_id="", recipe=self._recipe)
            session.add(row)
            session.flush()
            session.add(StagedLoadTable(code_system_id=row.id, owner=own_name(), beat_at=now_text()))
            self._id = row.id
        self._writer = ConceptWriter(self._id, self._header)
        return self

    @property
    def count(self) -> int:
        """Number of concepts stored so far."""
        return self._writer.count

    @property
    def content_hash(self) -> str:
        """The identity of what is stored so far."""
        return self._writer.content_hash

    def add(self, batch: Sequence[Concept]) -> None:
        """Store the next concepts, in a transaction of their own."""
        with self._database.session(write=True) as session:
            self._writer.add(session, batch)
            session.get_one(StagedLoadTable, self._id).beat_at = now_text()

    def publish(self, session: Session, *, placing: Placing | None = None) -> StoredCodeSystem:
        """Let everybody see it; the version already there if somebody has stored the same meanwhile.

        Raises
        ------
        Conflict
            If somebody has stored other content under this `url|version` meanwhile.
        """
        placing = placing or Placing()
        raise_revision(session)  # also the lock that makes two publishers wait for each other
        existing = live_version(session, self._header, placing)
        if existing is not None:
            return same_content(existing, self._header, self.content_hash, placing)
        row = session.get_one(CodeSystemTable, self._id)
        row.concept_count, row.content_hash = self.count, self.content_hash
        session.execute(delete(StagedLoadTable).where(StagedLoadTable.code_system_id == self._id))
        return make_live(session, row, self._header, placing)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _remove(self._database, self._id)


def remove_abandoned_loads(database: Database) -> int:
    """Remove what dead processes left half-stored; returns how many loads that were."""
    oldest = (datetime.now(UTC) - _ABANDONED_AFTER).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with database.session() as session:
        staged = session.scalars(select(StagedLoadTable)).all()
        abandoned = [load.code_system_id for load in staged if load.beat_at < oldest or is_dead(load.owner)]
    for code_system_id in abandoned:
        _remove(database, code_system_id)
    return len(abandoned)


def _remove(database: Database, code_system_id: int) -> None:
    """Remove a version that is not published, in short transactions; the mark goes last."""
    with database.session() as session:
        if session.get(StagedLoadTable, code_system_id) is None:
            return
    while _remove_some(database, code_system_id):
        pass
    with database.session(write=True) as session:
        session.execute(delete(CodeSystemTable).where(CodeSystemTable.id == code_system_id))


def _remove_some(database: Database, code_system_id: int) -> bool:
    """Remove the concepts that come first, and parents alike; False where nothing is left."""
    with database.session(write=True) as session:
        removed = False
        for table, column in (
            (ConceptTable, ConceptTable.ordinal),
            (ConceptParentTable, ConceptParentTable.parent_code),
        ):
            mine = table.code_system_id == code_system_id
            keys = select(column).where(mine).order_by(column)
            beyond = session.scalars(keys.offset(_ROWS_A_REMOVAL).limit(1)).first()
            upto = mine if beyond is None else mine & (column <= beyond)
            removed |= session.execute(delete(table).where(upto)).rowcount > 0  # type: ignore[attr-defined]
        return removed
