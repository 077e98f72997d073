"""The engine, one a process: keeps the catalogue current, opens what a request needs, calls the operation.

All answers come from here, for HTTP, batch and command line alike. `translate_in_memory` answers without touching
the database where it can, so that the event loop may call it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import cast

from termserver.errors import NotFound
from termserver.fhir.translate_parameters import TranslateStyle
from termserver.index.builder import Indexes, OpenIndex
from termserver.index.revision_watch import RevisionWatch
from termserver.index.table_builder import BuiltTables
from termserver.index.translation_table import TranslationTable, TranslationTables
from termserver.index.unused import remove_unused
from termserver.model.coding import Coding
from termserver.model.map_changes import MapChanges, MapChangesRequest
from termserver.model.requests import (
    ClosureRequest,
    ExpandRequest,
    LookupRequest,
    Overlay,
    SubsumesRequest,
    TranslateRequest,
    ValidateCodeRequest,
)
from termserver.model.results import (
    ClosureResult,
    Expansion,
    LookupResult,
    SubsumesResult,
    TranslateResult,
    ValidateCodeResult,
)
from termserver.model.value_set_comparison import CompareRequest, ValueSetComparison
from termserver.settings import Settings
from termserver.store.code_systems import StoredCodeSystem
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.engine import Database, Session
from termserver.terminology.closure import closure
from termserver.terminology.compare import compare_value_sets
from termserver.terminology.expand import expand
from termserver.terminology.library import Library
from termserver.terminology.lookup import lookup
from termserver.terminology.map_access import MapAccess, NeedsStoreError
from termserver.terminology.map_changes import changes_between
from termserver.terminology.memory_only import NoSession, OpenIndexesOnly
from termserver.terminology.overlay import OpenOverlay
from termserver.terminology.registry import Catalogue, read_catalogue
from termserver.terminology.subsumes import subsumes
from termserver.terminology.translate import translate
from termserver.terminology.translate_plan import TranslatePlan, is_plannable, plan_translation, shape_of
from termserver.terminology.validate_code import validate_code
from termserver.terminology.validate_in_value_set import validate_code_in_value_set

_MB = 1024 * 1024
_MOST_PLANS = 512


class Terminology:
    """The terminology engine over one database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.settings = settings
        self._database = database
        self._watch = RevisionWatch(database)
        self._indexes = Indexes(database, settings.index_folder())
        self._built_tables = BuiltTables(database, settings.index_folder(), self._indexes)
        self._tables = TranslationTables(settings.translation_cache_mb * _MB)
        self._plans: dict[Hashable, tuple[tuple[int, int], TranslatePlan]] = {}
        self._catalogue = Catalogue(-1)
        self._refresh_lock = threading.Lock()
        self._origin: Terminology | None = None

    # -------------------------------------------------------------- what is loaded

    def in_memory(self) -> Terminology:
        """The same engine for the event loop: it raises `NeedsStoreError` where memory alone has no answer, or an old one."""
        twin = copy(self)
        twin._origin = self
        return twin

    def catalogue(self) -> Catalogue:
        """What is loaded now: a publish by any process is seen here at the next call."""
        if self._origin is not None:
            return self._origin.catalogue_in_memory()
        revision = self._watch.revision()
        if revision != self._catalogue.revision:
            with self._refresh_lock:
                if revision != self._catalogue.revision:
                    with self._database.session() as session:
                        self._catalogue = read_catalogue(session, revision)
                    self._indexes.let_go_of_others(self._catalogue.index_keys())
        return self._catalogue

    def catalogue_in_memory(self) -> Catalogue:
        """As `catalogue`, without waiting.

        Raises
        ------
        NeedsStoreError
            If content changed since the last look.
        """
        if self._watch.revision_if_unchanged() != self._catalogue.revision:
            raise NeedsStoreError("content changed")
        return self._catalogue

    def open_index(self, stored: StoredCodeSystem) -> OpenIndex | None:
        """The index of a code system version if it is open; it soon is, where it is not. Never waits."""
        return self._indexes.opened_or_coming(stored)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session for reading resources whole."""
        with self._database.session() as session:
            yield session

    @contextmanager
    def library(self, overlay: Overlay | None = None, supplements: Sequence[str] = ()) -> Iterator[Library]:
        """All that a request may see, with a session of its own."""
        catalogue = self.catalogue()
        if self._origin is not None:
            indexes = cast(Indexes, OpenIndexesOnly(self._indexes))
            yield Library(
                cast(Session, NoSession()), catalogue, indexes, Overlay() if overlay is None else overlay, supplements
            )
            return
        with self._database.session() as session:
            yield Library(session, catalogue, self._indexes, Overlay() if overlay is None else overlay, supplements)

    @contextmanager
    def libraries(self, overlay: Overlay) -> Iterator[Callable[[], Library]]:
        """As `library`, for several questions about the same resources: each has a library of its own."""
        catalogue = self.catalogue()
        opened = OpenOverlay(overlay)
        with self._database.session() as session:
            yield lambda: Library(session, catalogue, self._indexes, opened)

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

    def closure(self, request: ClosureRequest) -> ClosureResult:
        """$closure; the one operation that changes what the server keeps."""
        catalogue = self.catalogue()
        with self._database.session(write=True) as session:
            return closure(Library(session, catalogue, self._indexes, Overlay()), request)

    def expand(self, request: ExpandRequest) -> Expansion:
        """ValueSet/$expand."""
        with self.library(request.overlay, request.supplements) as library:
            return expand(
                library,
                request,
                limit=self.settings.expansion_limit,
                page_limit=self.settings.expansion_page_limit,
            )

    def compare(self, request: CompareRequest) -> ValueSetComparison:
        """ValueSet/$compare."""
        with self.library(request.overlay) as library:
            return compare_value_sets(library, request)

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
        with self.library(request.overlay) as library:
            access = self._map_access(library.catalogue, library)
            return translate(request, access.tables_for(request), access)

    def translate_in_memory(self, request: TranslateRequest) -> TranslateResult | None:
        """As `translate`, if nothing must be read from the database; else None."""
        if request.language or request.inline_map is not None or request.overlay:
            return None
        catalogue = self._catalogue
        if self._watch.revision_if_unchanged() != catalogue.revision:
            return None
        access = self._map_access(catalogue, None)
        try:
            return translate(request, access.tables_for(request), access)
        except NeedsStoreError:
            return None

    def map_by_id(self, fhir_id: str) -> StoredConceptMap:
        """The concept map that a FHIR id names.

        Raises
        ------
        NotFound
            If there is none.
        """
        stored = self.catalogue().map_by_fhir_id.get(fhir_id)
        if stored is None:
            raise NotFound(f"There is no ConceptMap with the id '{fhir_id}'")
        return stored

    def changes(self, request: MapChangesRequest) -> MapChanges:
        """ConceptMap/$changes.

        Raises
        ------
        NotFound
            If there is no such map or version.
        """
        catalogue = self.catalogue()
        with self._database.session() as session:
            return changes_between(session, catalogue, request)

    def plan(self, request: TranslateRequest, style: TranslateStyle) -> TranslatePlan | None:
        """How to answer all requests that differ from this one in the code alone; None if memory alone cannot tell.

        The plan holds as long as `plan_stamp` stays what it was before.
        """
        catalogue = self._catalogue
        if self._watch.revision_if_unchanged() != catalogue.revision:
            return None
        access = self._map_access(catalogue, None)
        try:
            return plan_translation(request, style, access.tables_for(request), access)
        except NeedsStoreError:
            return None

    def _map_access(self, catalogue: Catalogue, library: Library | None) -> MapAccess:
        table_of = self.table_in_memory if library is None else self.table
        return MapAccess(
            catalogue,
            library,
            lambda stored: table_of(stored, catalogue),
            lambda coding: self._name_in_memory(catalogue, coding),
            expansion_limit=self.settings.expansion_page_limit,
        )

    def _name_in_memory(self, catalogue: Catalogue, coding: Coding) -> tuple[bool, str | None]:
        """(True, display) where an index is open, or there is no such code system; else (False, None)."""
        stored = catalogue.naming_system(coding.system, coding.version)
        index = None if stored is None else self._indexes.opened(stored)
        if index is None:
            return stored is None, None
        return True, index.table.displays_of([coding.code])[0]

    def planned_answer(self, request: TranslateRequest, style: TranslateStyle) -> bytes | None:
        """The answer's JSON where a plan gives it: for requests that differ from an earlier one in the code alone.

        Raises
        ------
        NotFound
            If the map that the request names is not known.
        """
        if len(request.codings) != 1 or not is_plannable(request):
            return None
        stamp = self.plan_stamp()
        if stamp is None:
            return None
        coding = request.codings[0]
        shape = (style, coding.system, coding.version, *shape_of(request))
        known = self._plans.get(shape)
        if known is not None and known[0] == stamp:
            return known[1].answer(coding.code)
        plan = self.plan(request, style)
        if plan is None:
            return None
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[shape] = (stamp, plan)
        return plan.answer(coding.code)

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

    def maps_to(self, asked: Sequence[tuple[str, str]], map_ids: Sequence[int]) -> tuple[set[int], list[int]]:
        """Which of the maps have one of the codes as a target, by their tables; and those that are not known here.

        Parameters
        ----------
        asked
            Canonical URLs of code systems (empty: any) and codes.
        """
        catalogue = self.catalogue()
        wanted = set(map_ids)
        known = {one.id: one for maps in catalogue.concept_maps.values() for one in maps if one.id in wanted}
        found = {
            number
            for number, stored in known.items()
            if any(
                system in ("", catalogue.canonical_system(group.group.target)) and group.sources_of(code)
                for group in self.table(stored, catalogue).groups
                for system, code in asked
            )
        }
        return found, [number for number in map_ids if number not in known]

    def remove_unused_indexes(self) -> list[str]:
        """Remove index folders that nothing stored has had for a day; their names."""
        catalogue = self.catalogue()
        used = catalogue.index_keys() | {key.digest for key in catalogue.table_keys.values()}
        return remove_unused(self.settings.index_folder(), used)

    def close(self) -> None:
        """Give the watching connection back."""
        self._watch.close()
