"""From the store into the index folder: concept tables, hierarchies and text indexes, each once a content version."""

from __future__ import annotations

import threading
from pathlib import Path

from termserver.index.cache import IndexFolder, open_concepts, save_concepts
from termserver.index.concept_table import ConceptTable, concept_arrays
from termserver.index.hierarchy import Hierarchy
from termserver.index.text import TextIndex, build_text_index
from termserver.store.code_systems import StoredCodeSystem, stream_concepts
from termserver.store.engine import Database

_TEXT_FILE = "names.sqlite3"


class Indexes:
    """The open indexes of a process; built on first use."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = IndexFolder(folder)
        self._lock = threading.Lock()
        self._concepts: dict[str, tuple[ConceptTable, Hierarchy]] = {}

    def concepts(self, stored: StoredCodeSystem) -> tuple[ConceptTable, Hierarchy]:
        """Concept table and hierarchy of a code system version."""
        key = _key(stored)
        found = self._concepts.get(key)
        if found is None:
            folder = self._folder.ensure(key, "concepts", lambda work: self._build_concepts(stored, work))
            found = open_concepts(folder)
            with self._lock:
                self._concepts[key] = found
        return found

    def text(self, stored: StoredCodeSystem) -> TextIndex:
        """The text index of a code system version."""
        folder = self._folder.ensure(_key(stored), "text", lambda work: self._build_text(stored, work))
        return TextIndex(folder / _TEXT_FILE)

    def _build_concepts(self, stored: StoredCodeSystem, work: Path) -> None:
        with self._database.session() as session:
            save_concepts(work, concept_arrays(stream_concepts(session, stored.id)))

    def _build_text(self, stored: StoredCodeSystem, work: Path) -> None:
        with self._database.session() as session:
            build_text_index(work / _TEXT_FILE, stream_concepts(session, stored.id))


def _key(stored: StoredCodeSystem) -> str:
    return stored.content_hash or f"id{stored.id}"
