"""A code system's concepts as the operations see them: stored, or brought by a request; supplements added."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from termserver.index.builder import Indexes, OpenIndex, index_key
from termserver.index.concept_table import ConceptArrays, ConceptTable, concept_arrays
from termserver.index.hierarchy import Hierarchy, hierarchy_from_edges
from termserver.index.property_columns import PropertyColumn, column_of, column_of_records, merged_columns
from termserver.index.text import matches_words, words_of
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Designation
from termserver.model.issue import Issue
from termserver.model.value_set import Filter
from termserver.store.code_systems import StoredCodeSystem, get_concept, get_concepts, stream_concepts
from termserver.store.engine import Session
from termserver.terminology.lookup_form import LookupForm, common_form

Ordinals = NDArray[np.int32]


class Content(Protocol):
    """One version of a code system.

    Parameters
    ----------
    header
        Of the code system.
    unclosed
        Why nobody can list all its codes (it has a grammar), in a sentence; None where `table` is all.
    is_tree
        False for a hierarchy in which concepts commonly have several parents: its expansions are lists.
    """

    header: CodeSystem
    unclosed: str | None
    is_tree: bool

    @property
    def table(self) -> ConceptTable:
        """Codes, displays and flags by ordinal."""
        ...

    @property
    def hierarchy(self) -> Hierarchy:
        """Parents and children by ordinal."""
        ...

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """Each code's ordinal in `table`, -1 where it is none of the system's codes.

        A system with a grammar finds room in its table for codes that nobody has listed: ask here, then read `table`.
        """
        ...

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """Ordinals that a filter of the system's own selects, ascending; None if the rules of all systems apply.

        Parameters
        ----------
        place
            FHIRPath of the filter, for messages.
        """
        ...

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """True if codes that pass the filters exist beside those in `table`, and nobody can list them."""
        ...

    def property_column(self, name: str) -> PropertyColumn:
        """Which concepts have which value of a property, supplements included."""
        ...

    def concept(self, code: str) -> Concept | None:
        """The concept with this code (by the system's rule of case), supplements included."""
        ...

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """The concepts with these codes; unknown codes are absent."""
        ...

    def stream(self) -> Iterator[Concept]:
        """All concepts in the publisher's order."""
        ...

    def search(self, text: str) -> NDArray[np.int32]:
        """Ordinals of the concepts of which one name has every word."""
        ...

    def as_expanded(self, concept: Concept) -> Concept:
        """The concept with the designations that an expansion shows."""
        ...

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """What $lookup shows of the concepts of this system.

        Parameters
        ----------
        wanted
            Names of the properties asked for; empty means those that the system shows of itself, `*` all.
        """
        ...

    def as_looked_up(self, concept: Concept) -> Concept:
        """The concept with the properties that $lookup shows: those of an expression are found when it is asked for."""
        ...

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """What is to be said of a code besides whether it is one: why it is none, or what was not checked.

        The places in the issues are those of the code's coding: `code`.
        """
        ...


class StoredContent:
    """Content in the database; lives as long as the session."""

    unclosed: str | None = None
    is_tree: bool = True

    def __init__(self, session: Session, stored: StoredCodeSystem, indexes: Indexes) -> None:
        self.header = stored.header
        self._session = session
        self._stored = stored
        self._indexes = indexes
        self._open: OpenIndex | None = None

    @property
    def table(self) -> ConceptTable:
        """See `Content`."""
        return self.index.table

    @property
    def hierarchy(self) -> Hierarchy:
        """See `Content`."""
        return self.index.hierarchy

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        return self.table.ordinals_of(codes)

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`."""
        return None

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`."""
        return False

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""

        def read() -> PropertyColumn:
            found = column_of_records(self.index.table, self.index.brief, name)
            return column_of(self.stream(), name) if found is None else found

        return self._indexes.columns.column(index_key(self._stored), name, read)

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        found = self._concept(code)
        if found is None and not self.header.case_sensitive:
            exact = _code_in_other_case(self.table, code)
            return None if exact is None else self._concept(exact)
        return found

    def _opened(self) -> OpenIndex | None:
        if self._open is None:
            self._open = self._indexes.opened(self._stored)
        return self._open

    def _concept(self, code: str) -> Concept | None:
        """From the index; from the store as long as the index is not open."""
        index = self._opened()
        return get_concept(self._session, self._stored.id, code) if index is None else index.concept(code)

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        index = self._opened()
        return get_concepts(self._session, self._stored.id, codes) if index is None else index.concepts(codes)

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        index = self._opened()
        return stream_concepts(self._session, self._stored.id) if index is None else index.stream()

    def search(self, text: str) -> NDArray[np.int32]:
        """See `Content`."""
        return self._indexes.text(self._stored).search(text)

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`."""
        return common_form(self.header, wanted)

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`."""
        return ()

    @property
    def index(self) -> OpenIndex:
        """All parts of the index."""
        if self._open is None:
            self._open = self._indexes.index(self._stored)
        return self._open


def _code_in_other_case(table: ConceptTable, code: str) -> str | None:
    for variant in dict.fromkeys((code.upper(), code.lower(), code.capitalize())):
        if table.ordinal_of(variant) >= 0:
            return variant
    if not len(table):
        return None
    same = np.flatnonzero(np.char.lower(table.codes) == code.lower().encode())
    return table.code_of(int(same[0])) if len(same) else None


class BroughtContent:
    """Content that a request brought with it; its arrays are made when first asked for, for most are never used."""

    unclosed: str | None = None
    is_tree: bool = True

    def __init__(self, header: CodeSystem, concepts: Iterable[Concept]) -> None:
        self.header = header
        self._concepts = {concept.code: concept for concept in concepts}
        self._by_folded = {} if header.case_sensitive else {code.casefold(): code for code in self._concepts}

    @cached_property
    def _arrays(self) -> ConceptArrays:
        return concept_arrays(self._concepts.values())

    @cached_property
    def table(self) -> ConceptTable:
        """See `Content`."""
        return self._arrays.table

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """See `Content`."""
        arrays = self._arrays
        return hierarchy_from_edges(len(arrays.table), arrays.child_ordinals, arrays.parent_ordinals)

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        return self.table.ordinals_of(codes)

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`."""
        return None

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`."""
        return False

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""
        return column_of(self.stream(), name)

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        return self._concepts.get(code) or self._concepts.get(self._by_folded.get(code.casefold(), ""))

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        return {code: self._concepts[code] for code in codes if code in self._concepts}

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        return iter(self._concepts.values())

    def search(self, text: str) -> NDArray[np.int32]:
        """See `Content`."""
        return search_names(self._concepts.values(), text)

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`."""
        return common_form(self.header, wanted)

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`."""
        return ()


def search_names(concepts: Iterable[Concept], text: str) -> NDArray[np.int32]:
    """Ordinals of the concepts of which one name has every word, by looking at each."""
    words = words_of(text)
    found = [
        ordinal
        for ordinal, concept in enumerate(concepts)
        if words and any(matches_words(name, words) for name in names_of(concept))
    ]
    return np.array(found, dtype=np.int32)


def names_of(concept: Concept) -> Iterator[str]:
    """Code, display and designations."""
    yield concept.code
    yield concept.display
    for designation in concept.designations:
        yield designation.value


# What a supplement's own concepts have under these names says nothing of the code system's
_NOT_SUPPLEMENTED = {"code", "concept", "display", "inactive", "notSelectable"}


class SupplementedContent:
    """Content with the designations and properties of supplements added to each concept."""

    def __init__(self, content: Content, supplements: Sequence[Content]) -> None:
        self.header = content.header
        self.unclosed = content.unclosed
        self.is_tree = content.is_tree
        self.content = content
        self.supplements = tuple(supplements)

    @property
    def table(self) -> ConceptTable:
        """See `Content`."""
        return self.content.table

    @property
    def hierarchy(self) -> Hierarchy:
        """See `Content`."""
        return self.content.hierarchy

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        return self.content.ordinals_of(codes)

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`."""
        return self.content.filter(rule, place)

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`."""
        return self.content.has_unlisted(filters)

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""
        columns: list[tuple[PropertyColumn, Ordinals | None]] = [(self.content.property_column(name), None)]
        if name in _NOT_SUPPLEMENTED:
            return columns[0][0]
        for supplement in self.supplements:
            own = supplement.table
            codes = [own.code_of(ordinal) for ordinal in range(len(own))]
            columns.append((supplement.property_column(name), self.content.ordinals_of(codes)))
        return merged_columns(columns)

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        found = self.content.concept(code)
        return None if found is None else self.concepts_with([found])[0]

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        found = self.content.concepts(codes)
        return {concept.code: concept for concept in self.concepts_with(list(found.values()))}

    def concepts_with(self, concepts: Sequence[Concept]) -> list[Concept]:
        """The concepts with what the supplements add."""
        codes = [concept.code for concept in concepts]
        added = [(supplement.header, supplement.concepts(codes)) for supplement in self.supplements]
        return [
            _supplemented(concept, [(header, more[concept.code]) for header, more in added if concept.code in more])
            for concept in concepts
        ]

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        batch: list[Concept] = []
        for concept in self.content.stream():
            batch.append(concept)
            if len(batch) >= 500:
                yield from self.concepts_with(batch)
                batch = []
        yield from self.concepts_with(batch)

    def search(self, text: str) -> NDArray[np.int32]:
        """See `Content`."""
        found = [self.content.search(text)]
        for supplement in self.supplements:
            codes = [supplement.table.code_of(ordinal) for ordinal in supplement.search(text).tolist()]
            ordinals = self.table.ordinals_of(codes)
            found.append(ordinals[ordinals >= 0])
        return np.unique(np.concatenate(found))

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`."""
        return self.content.as_expanded(concept)

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`."""
        return self.content.lookup_form(wanted)

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        return self.content.as_looked_up(concept)

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`."""
        return self.content.remarks(code)


def _supplemented(concept: Concept, additions: Sequence[tuple[CodeSystem, Concept]]) -> Concept:
    """A concept with what supplements add to it: a display in the supplement's language is one more designation."""
    if not additions:
        return concept
    designations, properties, extensions = (
        list(concept.designations),
        list(concept.properties),
        list(concept.extensions),
    )
    for header, more in additions:
        known = {(item.value, item.language, item.use) for item in designations}
        names = more.designations
        if more.display and more.display != concept.display:
            names = (Designation(more.display, header.language), *names)
        designations += [
            replace(item, source=header.canonical)
            for item in names
            if (item.value, item.language, item.use) not in known
        ]
        properties += [item for item in more.properties if item not in properties]
        extensions += [item for item in more.extensions if item not in extensions]
    return replace(
        concept, designations=tuple(designations), properties=tuple(properties), extensions=tuple(extensions)
    )
