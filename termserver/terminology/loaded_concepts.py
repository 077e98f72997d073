"""The concepts of a loaded code system version, straight from its index: for those who answer the same of many of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from termserver.index.builder import OpenIndex
from termserver.index.concept_table import ConceptTable
from termserver.model.code_system import CodeSystem
from termserver.store.code_systems import StoredCodeSystem
from termserver.terminology.content import Content, SupplementedContent
from termserver.terminology.library import Library
from termserver.terminology.map_access import NeedsStoreError


@dataclass(frozen=True, slots=True)
class LoadedConcepts:
    """See the module.

    Parameters
    ----------
    supplemented
        Codes of supplements: what is said of them is not in the index alone.
    """

    header: CodeSystem
    index: OpenIndex
    supplemented: tuple[ConceptTable, ...] = ()

    def ordinal_of(self, code: str) -> int:
        """The ordinal of a code as it is written; -1 if the index does not have it, or a supplement adds to it."""
        ordinal = self.index.table.ordinal_of(code)
        if ordinal >= 0 and self.supplemented and any(one.ordinal_of(code) >= 0 for one in self.supplemented):
            return -1
        return ordinal


def loaded_concepts(
    library: Library, content: Content, open_index: Callable[[StoredCodeSystem], OpenIndex | None]
) -> LoadedConcepts | None:
    """The concepts of content that is loaded, with its supplements; None if a request brought some of it, or it is built in.

    Raises
    ------
    NeedsStoreError
        If an index is not open yet.
    """
    catalogue = library.catalogue
    url = catalogue.canonical_system(content.header.url)
    supplements = content.supplements if isinstance(content, SupplementedContent) else ()
    found = [_stored_as(content.header, catalogue.code_systems.get(url, ()))]
    found += [_stored_as(one.header, catalogue.supplements.get(url, ())) for one in supplements]
    indexes = []
    for stored in found:
        if stored is None:
            return None
        index = open_index(stored)
        if index is None:
            raise NeedsStoreError(stored.header.canonical)
        indexes.append(index)
    return LoadedConcepts(content.header, indexes[0], tuple(index.table for index in indexes[1:]))


def _stored_as(header: CodeSystem, loaded: list[StoredCodeSystem] | tuple[()]) -> StoredCodeSystem | None:
    return next((one for one in loaded if one.header is header), None)
