"""What stands in for the database where an answer must come from memory alone: whoever needs more raises `NeedsStoreError`.

The engine on the event loop must not wait. It gets a session and indexes that hand out what is open already and raise
for everything else; the request then goes the common way, which opens what it needs.
"""

from __future__ import annotations

from typing import NoReturn

from termserver.index.builder import Indexes, OpenIndex
from termserver.index.concept_table import ConceptTable
from termserver.index.hierarchy import Hierarchy
from termserver.index.property_columns import PropertyColumns
from termserver.index.text import TextIndex
from termserver.store.code_systems import StoredCodeSystem
from termserver.terminology.map_access import NeedsStoreError


class NoSession:
    """A session that must not be asked."""

    def __getattr__(self, name: str) -> NoReturn:
        raise NeedsStoreError(name)


class OpenIndexesOnly:
    """`Indexes`, as far as they are open."""

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes

    def concepts(self, stored: StoredCodeSystem) -> tuple[ConceptTable, Hierarchy]:
        """See `Indexes`."""
        index = self.opened(stored)
        return index.table, index.hierarchy

    def index(self, stored: StoredCodeSystem) -> OpenIndex:
        """See `Indexes`."""
        return self.opened(stored)

    def text(self, stored: StoredCodeSystem) -> TextIndex:
        """A search is no question for the event loop."""
        raise NeedsStoreError(stored.header.canonical)

    def opened(self, stored: StoredCodeSystem) -> OpenIndex:
        """See `Indexes`."""
        index = self._indexes.opened(stored)
        if index is None:
            raise NeedsStoreError(stored.header.canonical)
        return index

    @property
    def columns(self) -> PropertyColumns:
        """A column may have to be read first."""
        raise NeedsStoreError("property columns")
