"""From the store into the index folder, and opened from there: every part of every content version.

The loader builds all parts while it stores a release (`IndexFolder.writer`). What is missing later (an older format, an
index folder that was deleted, a release that another machine loaded) is built on first use: small content in this
process, large content in a process of its own, so that the server does not grow by what building needs.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from termserver.errors import IndexUnavailable
from termserver.index.attributes import ATTRIBUTES, Attributes, open_attributes
from termserver.index.brief_concepts import BRIEF, BriefConcepts, open_brief
from termserver.index.cache import IndexFolder
from termserver.index.concept_bodies import BODIES, ConceptBodies, open_bodies
from termserver.index.concept_table import ConceptTable
from termserver.index.concepts_part import CONCEPTS, open_concepts
from termserver.index.hierarchy import Hierarchy
from termserver.index.parts import Part
from termserver.index.property_columns import PropertyColumns
from termserver.index.text import TEXT, TextIndex, open_text
from termserver.model.code_system import Concept
from termserver.store.code_systems import StoredCodeSystem, get_code_system, stream_concepts
from termserver.store.concept_body import concept_from_body
from termserver.store.engine import Database

PARTS = (CONCEPTS, BODIES, BRIEF, TEXT, ATTRIBUTES)

_log = logging.getLogger(__name__)
# Above it, building takes so long, and so much memory, that other requests would feel it
_MOST_CONCEPTS_IN_PROCESS = 10_000
_WAIT_S = 20.0
_FAILURE_HOLDS_S = 30.0


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """The open parts of one content version; concepts come from it as they would from the store.

    Parameters
    ----------
    attributes
        Of SNOMED CT; None elsewhere.
    """

    table: ConceptTable
    hierarchy: Hierarchy
    bodies: ConceptBodies
    brief: BriefConcepts
    text: TextIndex
    attributes: Attributes | None

    def concept(self, code: str) -> Concept | None:
        """The concept with this code, verbatim."""
        ordinal = self.table.ordinal_of(code)
        return None if ordinal < 0 else self.concept_at(ordinal)

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """The concepts with these codes; codes that do not exist are absent."""
        ordinals = self.table.ordinals_of(codes).tolist()
        return {code: self.concept_at(at) for code, at in zip(codes, ordinals, strict=True) if at >= 0}

    def concept_at(self, ordinal: int) -> Concept:
        """The concept at an ordinal."""
        table = self.table
        return concept_from_body(
            table.code_of(ordinal),
            table.display_of(ordinal),
            active=bool(table.active[ordinal]),
            abstract=bool(table.abstract[ordinal]),
            body=self.bodies.of(ordinal),
        )

    def stream(self) -> Iterator[Concept]:
        """All concepts in their publisher's order."""
        return map(self.concept_at, range(len(self.table)))


class Indexes:
    """The open indexes of a process; what is missing is built on first use, while other requests go on."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = IndexFolder(folder)
        self._lock = threading.Lock()
        self._open: dict[str, OpenIndex] = {}
        self._coming: dict[str, Future[OpenIndex]] = {}
        self._failed_until: dict[str, float] = {}
        self.columns = PropertyColumns()

    def concepts(self, stored: StoredCodeSystem) -> tuple[ConceptTable, Hierarchy]:
        """Concept table and hierarchy of a code system version."""
        index = self.index(stored)
        return index.table, index.hierarchy

    def text(self, stored: StoredCodeSystem) -> TextIndex:
        """The text index of a code system version."""
        return self.index(stored).text

    def opened(self, stored: StoredCodeSystem) -> OpenIndex | None:
        """The index if it is open already; never waits."""
        return self._open.get(index_key(stored))

    def opened_or_coming(self, stored: StoredCodeSystem) -> OpenIndex | None:
        """The index if it is open already; else it is opened in the background, for those who ask later."""
        found = self.opened(stored)
        if found is None:
            self._being_opened(stored)
        return found

    def let_go_of_others(self, keys: Collection[str]) -> None:
        """Close what is open of content with other keys: it is no more."""
        with self._lock:
            for key in [key for key in self._open if key not in keys]:
                del self._open[key]
                self._coming.pop(key, None)

    def index(self, stored: StoredCodeSystem) -> OpenIndex:
        """All parts of a code system version.

        Raises
        ------
        IndexUnavailable
            If it is being built for longer than a request may wait, or cannot be built.
        """
        found = self.opened(stored)
        if found is not None:
            return found
        try:
            return self._being_opened(stored).result(timeout=_WAIT_S)
        except TimeoutError:
            raise IndexUnavailable(
                f"The index of {stored.header.canonical} is being built; ask again in a minute"
            ) from None

    def _being_opened(self, stored: StoredCodeSystem) -> Future[OpenIndex]:
        """One thread opens or builds; all who ask meanwhile wait for it. A failure holds for half a minute."""
        key = index_key(stored)
        with self._lock:
            coming = self._coming.get(key)
            if coming is not None and (not coming.done() or time.monotonic() < self._failed_until.get(key, 0)):
                return coming
            coming = self._coming[key] = Future()
        threading.Thread(target=self._open_into, args=(coming, stored), name="index", daemon=True).start()
        return coming

    def _open_into(self, coming: Future[OpenIndex], stored: StoredCodeSystem) -> None:
        key = index_key(stored)
        try:
            self._open[key] = opened = self._opened_or_built(stored)
        except Exception as error:  # noqa: BLE001  raised again in every thread that waits
            self._failed_until[key] = time.monotonic() + _FAILURE_HOLDS_S
            coming.set_exception(error)
        else:
            coming.set_result(opened)

    def _opened_or_built(self, stored: StoredCodeSystem) -> OpenIndex:
        key = index_key(stored)
        if self._folder.missing(key, PARTS):
            _build(self._database, self._folder, stored)
        try:
            return _open_index(self._folder, key)
        except (OSError, ValueError, EOFError) as error:  # damaged: derived data is rebuilt, never repaired
            _log.warning("the index of %s is damaged (%s) and is built anew", stored.header.canonical, error)
            self._folder.remove(key, PARTS)
            _build(self._database, self._folder, stored)
            return _open_index(self._folder, key)


def _open_index(folder: IndexFolder, key: str) -> OpenIndex:
    table, hierarchy = open_concepts(folder.path_of(key, CONCEPTS))
    return OpenIndex(
        table,
        hierarchy,
        open_bodies(folder.path_of(key, BODIES)),
        open_brief(folder.path_of(key, BRIEF)),
        open_text(folder.path_of(key, TEXT)),
        open_attributes(folder.path_of(key, ATTRIBUTES)),
    )


def _build(database: Database, folder: IndexFolder, stored: StoredCodeSystem) -> None:
    if stored.concept_count > _MOST_CONCEPTS_IN_PROCESS:
        _build_in_a_process(database, folder.path, stored)
    else:
        build_index(database, folder, stored, folder.missing(index_key(stored), PARTS))


def index_key(stored: StoredCodeSystem) -> str:
    """What the index of a content version is filed under: the same content has the same index."""
    return stored.content_hash or f"id{stored.id}"


def build_index(database: Database, folder: IndexFolder, stored: StoredCodeSystem, parts: Sequence[Part]) -> None:
    """Build parts of one version from the store, in this process.

    Raises
    ------
    IndexUnavailable
        If the folder cannot be written to; nothing half-built is left.
    """
    try:
        with folder.writer(parts) as writer:
            with database.session() as session:
                for concept in stream_concepts(session, stored.id):
                    writer.add(concept)
            writer.publish(index_key(stored))
    except OSError as error:
        raise _cannot_build(stored, folder.path, error.strerror or str(error)) from None


def _cannot_build(stored: StoredCodeSystem, folder: Path, reason: str) -> IndexUnavailable:
    return IndexUnavailable(
        f"The index of {stored.header.canonical} cannot be built in {folder}: {reason}. Mend that; the next request tries "
        "again after half a minute"
    )


def _build_in_a_process(database: Database, folder: Path, stored: StoredCodeSystem) -> None:
    """As `build_index`, by a process that gives its memory back. The URL may hold a password: it goes through a pipe."""
    _log.info("building the index of %s (%d concepts)", stored.header.canonical, stored.concept_count)
    order = {"database_url": database.url, "folder": str(folder), "code_system_id": stored.id}
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", __name__], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
        _log.error("building the index of %s failed: %s", stored.header.canonical, done.stderr.strip())
        raise _cannot_build(stored, folder, lines[-1])


def build_as_ordered(order: str) -> None:
    """What the process of its own does."""
    given = json.loads(order)
    database, folder = Database(given["database_url"]), IndexFolder(Path(given["folder"]))
    with database.session() as session:
        stored = get_code_system(session, given["code_system_id"])
    if stored is not None:
        build_index(database, folder, stored, folder.missing(index_key(stored), PARTS))


if __name__ == "__main__":
    try:
        build_as_ordered(sys.stdin.read())
    except IndexUnavailable as error:
        sys.exit(error.message)
