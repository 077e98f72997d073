"""Translation tables from the store into the index folder, and opened from there.

A small map is built in the thread that asks first, a large one in a process of its own, so that others are answered
at the usual speed meanwhile and the server does not grow by what building needs.
"""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from termserver.errors import IndexUnavailable
from termserver.index.builder import PARTS, Indexes, index_key
from termserver.index.cache import IndexFolder
from termserver.index.table_files import TABLE_FORMAT, open_table, save_table
from termserver.index.translation_table import DisplaysOf, TranslationTable, build_table
from termserver.store.code_systems import StoredCodeSystem, displays_of_codes, get_code_system
from termserver.store.concept_maps import StoredConceptMap, get_concept_map, stream_elements
from termserver.store.engine import Database, Session

Naming = tuple[tuple[StoredCodeSystem | None, StoredCodeSystem | None], ...]
"""Of each group: the code systems that give its source and target codes their displays, where they are loaded."""

_log = logging.getLogger(__name__)
_MOST_ELEMENTS_IN_PROCESS = 10_000
_WAIT_S = 20.0


class BuiltTables:
    """The tables in the index folder; what is missing is built on first use."""

    def __init__(self, database: Database, folder: Path, indexes: Indexes) -> None:
        self._database = database
        self._folder = IndexFolder(folder)
        self._indexes = indexes
        self._locks: dict[str, threading.Lock] = {}

    def table(self, stored: StoredConceptMap, digest: str, naming: Naming) -> TranslationTable:
        """The table of a map version; who asks while another builds it waits for that one.

        Parameters
        ----------
        digest
            Of all that the table depends on: the map's content and the code systems in `naming`.

        Raises
        ------
        IndexUnavailable
            If another builds it for longer than a request may wait, or it cannot be built.
        """
        lock = self._locks.setdefault(digest, threading.Lock())
        if not lock.acquire(timeout=_WAIT_S):
            raise IndexUnavailable(f"The table of {stored.header.canonical} is being built; ask again in a minute")
        try:
            place = _place_of(self._folder, digest)
            if not place.is_dir():
                self._build(stored, digest, naming)
            return open_table(place, stored.header, stored.content_hash)
        finally:
            lock.release()

    def _build(self, stored: StoredConceptMap, digest: str, naming: Naming) -> None:
        if stored.element_count > _MOST_ELEMENTS_IN_PROCESS:
            _build_in_a_process(self._database, self._folder.path, stored, digest, naming)
        else:
            build_table_files(self._database, self._indexes, self._folder, stored, digest, naming)


def _place_of(folder: IndexFolder, digest: str) -> Path:
    return folder.path / f"{digest[:24]}-{TABLE_FORMAT}"


def build_table_files(
    database: Database,
    indexes: Indexes,
    folder: IndexFolder,
    stored: StoredConceptMap,
    digest: str,
    naming: Naming,
) -> None:
    """Build the files of a table from the store, in this process; all of them or none. Memory: the table, one batch.

    Raises
    ------
    IndexUnavailable
        If the map was removed meanwhile, or the folder cannot be written to.
    """
    with database.session() as session:

        def displays_of(system: StoredCodeSystem | None) -> DisplaysOf | None:
            return None if system is None else _displays_of(session, indexes, folder, system)

        displays = tuple((displays_of(source), displays_of(target)) for source, target in naming)
        table = build_table(stored.header, stream_elements(session, stored.id), displays)
    if table.element_count != stored.element_count:
        raise IndexUnavailable(f"{stored.header.canonical} was changed while it was read; ask again")
    try:
        work = folder.work_folder()
        try:
            save_table(work, table)
            work.chmod(0o755)
            _publish(work, _place_of(folder, digest))
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise _cannot_build(stored, folder.path, error.strerror or str(error)) from None


def _publish(work: Path, final: Path) -> None:
    """Two processes may build the same at once: the first to finish wins."""
    try:
        work.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _displays_of(session: Session, indexes: Indexes, folder: IndexFolder, stored: StoredCodeSystem) -> DisplaysOf:
    """From the index where there is one; a map of some codes is no reason to index all of SNOMED CT."""
    if not folder.missing(index_key(stored), PARTS):
        return indexes.concepts(stored)[0].displays_of

    def from_store(codes: Sequence[str]) -> list[str | None]:
        displays = displays_of_codes(session, stored.id, codes)
        return [displays.get(code) or None for code in codes]

    return from_store


def _cannot_build(stored: StoredConceptMap, folder: Path, reason: str) -> IndexUnavailable:
    return IndexUnavailable(f"The table of {stored.header.canonical} cannot be built in {folder}: {reason}")


def _build_in_a_process(
    database: Database, folder: Path, stored: StoredConceptMap, digest: str, naming: Naming
) -> None:
    """As `build_table_files`, elsewhere. The URL may hold a password: it goes through a pipe."""
    _log.info("building the table of %s (%d elements)", stored.header.canonical, stored.element_count)
    order = {
        "database_url": database.url,
        "folder": str(folder),
        "concept_map_id": stored.id,
        "digest": digest,
        "naming": [[system.id if system else None for system in ends] for ends in naming],
    }
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-m", __name__], input=json.dumps(order), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
        _log.error("building the table of %s failed: %s", stored.header.canonical, done.stderr.strip())
        raise _cannot_build(stored, folder, lines[-1])


def build_as_ordered(order: str) -> None:
    """What the process of its own does."""
    given = json.loads(order)
    database, folder = Database(given["database_url"]), Path(given["folder"])
    with database.session() as session:
        stored = get_concept_map(session, given["concept_map_id"])

        def system(number: int | None) -> StoredCodeSystem | None:
            return None if number is None else get_code_system(session, number)

        naming = tuple((system(source), system(target)) for source, target in given["naming"])
    if stored is None:
        raise IndexUnavailable("The concept map was removed meanwhile; ask again")
    build_table_files(database, Indexes(database, folder), IndexFolder(folder), stored, given["digest"], naming)


if __name__ == "__main__":
    try:
        build_as_ordered(sys.stdin.read())
    except IndexUnavailable as error:
        sys.exit(error.message)
