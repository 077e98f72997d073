"""Loaded content goes into the store: code systems with their concepts, and their index beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from termserver.audit.record import record
from termserver.index.builder import PARTS
from termserver.index.cache import IndexFolder, IndexWriter
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.person import Person
from termserver.security.roles import Permission, require
from termserver.store.code_systems import StoredCodeSystem, live_version, same_content
from termserver.store.concept_writer import content_hash
from termserver.store.engine import Database, Session
from termserver.store.resource_versions import Placing
from termserver.store.staged_loads import StagedLoad

_log = logging.getLogger(__name__)
_BATCH = 2_000


def load_code_system(
    database: Database,
    index: IndexFolder,
    actor: Person | None,
    header: CodeSystem,
    concepts: Iterable[Concept],
    *,
    recipe: str | None = None,
) -> StoredCodeSystem:
    """Store a code system version and its index; the one already there if its content is the same.

    Stored in short transactions, so that others go on working. Nobody sees the version before it is complete, and a
    process that dies leaves nothing that anybody sees; what it had stored is removed by the next load. The index is built
    in the same pass; where its folder cannot be written to, that is logged, and the server builds it later.

    Parameters
    ----------
    actor
        An administrator, or None for a command on the server.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    with database.session() as session:
        if actor is not None:
            require(session, actor, Permission.LOAD_CONTENT)
        existing = live_version(session, header, Placing())
    if existing is not None:
        stored = same_content(existing, header, content_hash(header, concepts), Placing())
        with database.session(write=True) as session:
            _record_load(session, actor, stored)
        return stored
    with StagedLoad(database, header, recipe=recipe) as load, _IndexAlongside(index).opened() as alongside:
        for batch in _batches(concepts):
            load.add(batch)
            alongside.add(batch)
        alongside.publish(load.content_hash)
        with database.session(write=True) as session:
            stored = load.publish(session)
            _record_load(session, actor, stored)
    return stored


def _batches(concepts: Iterable[Concept]) -> Iterator[list[Concept]]:
    stream = iter(concepts)
    while batch := list(islice(stream, _BATCH)):
        yield batch


class _IndexAlongside:
    """The index of what is being stored, as long as its folder can be written to: it is derived and may come later."""

    def __init__(self, folder: IndexFolder) -> None:
        self._folder = folder
        self._writer: IndexWriter | None = None

    @contextmanager
    def opened(self) -> Iterator[_IndexAlongside]:
        """Write while the block lasts."""
        writer = self._folder.writer(PARTS)
        try:
            with self._or_later():
                self._writer = writer.__enter__()
            yield self
        finally:
            writer.__exit__(None, None, None)

    def add(self, batch: Sequence[Concept]) -> None:
        """Take the next concepts."""
        with self._or_later():
            if self._writer is not None:
                for concept in batch:
                    self._writer.add(concept)

    def publish(self, content_hash: str) -> None:
        """Let readers see it."""
        with self._or_later():
            if self._writer is not None:
                self._writer.publish(content_hash)

    @contextmanager
    def _or_later(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._writer = None
            _log.warning(
                "The index cannot be written in %s (%s); the server builds it on first use", self._folder.path, error
            )


def _record_load(session: Session, actor: Person | None, stored: StoredCodeSystem) -> None:
    record(
        session,
        actor,
        "code-system.load",
        "code-system",
        stored.fhir_id,
        url=stored.header.url,
        version=stored.header.version,
        concepts=stored.concept_count,
        content_hash=stored.content_hash,
    )
