"""The engine, one a process: keeps the catalogue current, opens what a request needs, calls the operation.

All answers come from here, for HTTP, batch and command line alike. `translate_in_memory` answers without touching
the database where it can, so that the event loop may call it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from termserver.errors import BadInput, NotFound
from termserver.fhir.translate_parameters import TranslateStyle
from termserver.index.builder import Indexes
from termserver.index.revision_watch import RevisionWatch
from termserver.index.table_builder import BuiltTables
from termserver.index.translation_table import TranslationTable, TranslationTables, table_from_map
from termserver.model.coding import Coding
from termserver.model.requests import (
    ExpandRequest,
    LookupRequest,
    Overlay,
    SubsumesRequest,
    TranslateRequest,
    ValidateCodeRequest,
)
from termserver.model.results import (
    Expansion,
    LookupResult,
    SubsumesResult,
    TranslateResult,
    ValidateCodeResult,
)
from termserver.settings import Settings
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.engine import Database, Session
from termserver.terminology.expand import codes_of_value_set, expand
from termserver.terminology.languages import Languages, display_in
from termserver.terminology.library import Library
from termserver.terminology.lookup import lookup
from termserver.terminology.overlay import OpenOverlay
from termserver.terminology.registry import Catalogue, read_catalogue
from termserver.terminology.subsumes import subsumes
from termserver.terminology.translate import translate
from termserver.terminology.translate_plan import TranslatePlan, plan_translation
from termserver.terminology.validate_code import validate_code
from termserver.terminology.validate_in_value_set import validate_code_in_value_set
from termserver.terminology.versions import choose

_MB = 1024 * 1024


class _NeedsStoreError(Exception):
    """An answer from memory alone is not possible; never leaves this module."""


class Terminology:
    """The terminology engine over one database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.settings = settings
        self._database = database
        self._watch = RevisionWatch(database)
        self._indexes = Indexes(database, settings.index_folder())
        self._built_tables = BuiltTables(database, settings.index_folder(), self._indexes)
        self._tables = TranslationTables(settings.translation_cache_mb * _MB)
        self._catalogue = Catalogue(-1)
        self._refresh_lock = threading.Lock()

    # -------------------------------------------------------------- what is loaded

    def catalogue(self) -> Catalogue:
        """What is loaded now: a publish by any process is seen here at the next call."""
        revision = self._watch.revision()
        if revision != self._catalogue.revision:
            with self._refresh_lock:
                if revision != self._catalogue.revision:
                    with self._database.session() as session:
                        self._catalogue = read_catalogue(session, revision)
        return self._catalogue

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading resources whole."""
        with self._database.session() as session:
            yield session

    @contextmanager
    def library(self, overlay: Overlay | None = None, supplements: Sequence[str] = ()) -> Iterator[Library]:
        """All that a request may see, with a session of its own."""
        catalogue = self.catalogue()
        with self._database.session() as session:
            yield Library(session, catalogue, self._indexes, Overlay() if overlay is None else overlay, supplements)

    @contextmanager
    def libraries(self, overlay: Overlay) -> Iterator[Callable[[], Library]]:
        """As `library`, for several questions about the same resources: each has a library of its own."""
        catalogue = self.catalogue()
        opened = OpenOverlay(overlay)
        with self._database.session() as session:
            yield lambda: Library(session, catalogue, self._indexes, opened)

    def library_in(self, session: Session, catalogue: Catalogue) -> Library:
        """The library of a session that is open already."""
        return Library(session, catalogue, self._indexes, Overlay())

    # -------------------------------------------------------------- operations

    def lookup(self, request: LookupRequest) -> LookupResult:
        """$lookup."""
        with self.library(request.overlay, request.supplements) as library:
            return lookup(library, request)

    def subsumes(self, request: SubsumesRequest) -> SubsumesResult:
        """$subsumes."""
        with self.library(request.overlay) as library:
            return subsumes(library, request)

    def validate_code(self, request: ValidateCodeRequest) -> ValidateCodeResult:
        """CodeSystem/$validate-code."""
        with self.library(request.overlay, request.supplements) as library:
            return validate_code(library, request)

    def validate_code_in_value_set(self, request: ValidateCodeRequest) -> ValidateCodeResult:
        """ValueSet/$validate-code."""
        with self.library(request.overlay, request.supplements) as library:
            return validate_code_in_value_set(library, request)

    def expand(self, request: ExpandRequest) -> Expansion:
        """ValueSet/$expand."""
        with self.library(request.overlay, request.supplements) as library:
            return expand(
                library,
                request,
                limit=self.settings.expansion_limit,
                page_limit=self.settings.expansion_page_limit,
            )

    def translate(self, request: TranslateRequest) -> TranslateResult:
        """ConceptMap/$translate; builds the tables it needs.

        Raises
        ------
        NotFound
            If the map that the request names is not known.
        """
        known = self.translate_in_memory(request)
        if known is not None:
            return known
        catalogue = self.catalogue()
        with self._database.session() as session:
            surroundings = _Surroundings(self, catalogue, session, OpenOverlay(request.overlay))
            return translate(request, surroundings.tables_for(request), surroundings)

    def translate_in_memory(self, request: TranslateRequest) -> TranslateResult | None:
        """As `translate`, if nothing must be read from the database; else None."""
        if request.language or request.inline_map is not None or request.overlay:
            return None
        catalogue = self._catalogue
        if self._watch.revision_if_unchanged() != catalogue.revision:
            return None
        surroundings = _Surroundings(self, catalogue, None, None)
        try:
            return translate(request, surroundings.tables_for(request), surroundings)
        except _NeedsStoreError:
            return None

    def plan(self, request: TranslateRequest, style: TranslateStyle) -> TranslatePlan | None:
        """How to answer all requests that differ from this one in the code alone; None if memory alone cannot tell.

        The plan holds as long as `plan_stamp` stays what it was before.
        """
        catalogue = self._catalogue
        if self._watch.revision_if_unchanged() != catalogue.revision:
            return None
        surroundings = _Surroundings(self, catalogue, None, None)
        try:
            return plan_translation(request, style, surroundings.tables_for(request), surroundings)
        except _NeedsStoreError:
            return None

    def plan_stamp(self) -> tuple[int, int] | None:
        """What plans depend on now: content, and the tables in memory; None if the database must be asked."""
        revision = self._watch.revision_if_unchanged()
        return None if revision is None else (revision, self._tables.departures)

    # -------------------------------------------------------------- tables

    def table_in_memory(self, stored: StoredConceptMap, catalogue: Catalogue) -> TranslationTable | None:
        """The map's table, if it is built."""
        return self._tables.get(catalogue.table_keys[stored.id])

    def table(self, stored: StoredConceptMap, catalogue: Catalogue) -> TranslationTable:
        """The map's table; built if there are no files of it."""
        found = self.table_in_memory(stored, catalogue)
        if found is None:
            key = catalogue.table_keys[stored.id]
            found = self._built_tables.table(stored, key.digest, catalogue.naming_systems(stored))
            self._tables.put(key, found)
        return found

    def close(self) -> None:
        """Give the watching connection back."""
        self._watch.close()


class _Surroundings:
    """`translate.MapSurroundings` over the catalogue, and over the store where a session is given."""

    def __init__(
        self, terminology: Terminology, catalogue: Catalogue, session: Session | None, overlay: OpenOverlay | None
    ) -> None:
        self._terminology = terminology
        self._catalogue = catalogue
        self._session = session
        self._overlay = overlay
        self.canonical_system = catalogue.canonical_system

    def tables_for(self, request: TranslateRequest) -> list[TranslationTable]:
        """The maps that the request names or that fit it."""
        if request.inline_map is not None:
            return [table_from_map(request.inline_map)]
        if request.map_id is not None:
            stored = self._catalogue.map_by_fhir_id.get(request.map_id)
            if stored is None:
                raise NotFound(f"There is no ConceptMap with the id '{request.map_id}'")
            if request.map_version and stored.header.version != request.map_version:
                raise BadInput(
                    f"Parameter 'conceptMapVersion': ConceptMap/{request.map_id} is version {stored.header.version}",
                    expression="conceptMapVersion",
                )
            return [self._table(stored)]
        if request.map_url is not None:
            return [self._named(request.map_url, request.map_version)]
        return self._fitting(request)

    def _named(self, url: str, version: str | None) -> TranslationTable:
        table = self.other_map(url, version)
        if table is not None:
            return table
        versions = [item.header.version for item in self._catalogue.concept_maps.get(url, ())]
        if versions:
            raise NotFound(
                f"The concept map {url} has no version '{version}'; known: {', '.join(versions[:10])}",
                expression="conceptMapVersion",
            )
        raise NotFound(f"There is no concept map with the url {url}", expression="url")

    def _fitting(self, request: TranslateRequest) -> list[TranslationTable]:
        by_end = self._catalogue.maps_by_target if request.reverse else self._catalogue.maps_by_source
        chosen: dict[int, StoredConceptMap] = {}
        for coding in request.codings:
            for stored in by_end.get(self.canonical_system(coding.system), ()):
                if request.map_version is None or stored.header.version == request.map_version:
                    chosen[stored.id] = stored
        brought = self._overlay.concept_maps if self._overlay else ()
        return [*brought, *(self._table(stored) for stored in chosen.values())]

    def _table(self, stored: StoredConceptMap) -> TranslationTable:
        if self._session is not None:
            return self._terminology.table(stored, self._catalogue)
        table = self._terminology.table_in_memory(stored, self._catalogue)
        if table is None:
            raise _NeedsStoreError
        return table

    def other_map(self, url: str, version: str | None) -> TranslationTable | None:
        """See `MapSurroundings`."""
        brought = self._overlay.concept_map(url, version) if self._overlay else None
        if brought is not None:
            return brought
        if version is None:
            stored = self._catalogue.named_maps.get(url)
        else:
            stored = choose(self._catalogue.concept_maps.get(url, ()), lambda item: item.header.version, version)
        return None if stored is None else self._table(stored)

    def display(self, coding: Coding, languages: Languages) -> str | None:
        """See `MapSurroundings`."""
        library = self._library()
        content = library.code_system(coding.system, coding.version) or library.code_system(coding.system)
        concept = content.concept(coding.code) if content else None
        if content is None or concept is None:
            return None
        return display_in(concept, content.header.language, languages)

    def codes_of_value_set(self, canonical: str) -> Sequence[Coding] | None:
        """See `MapSurroundings`."""
        return codes_of_value_set(self._library(), canonical, limit=self._terminology.settings.expansion_page_limit)

    def _library(self) -> Library:
        if self._session is None:
            raise _NeedsStoreError
        return self._terminology.library_in(self._session, self._catalogue)
