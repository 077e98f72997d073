"""The maps, code systems and value sets that one $translate request sees: which maps it means, and what they need.

Which version: a url without one means the newest active version, by the natural order of versions; where none is
active, the newest. `url|version` and `conceptMapVersion` pin one; `1.x` means the newest that fits, an active
one before others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from termserver.errors import BadInput, NotFound, NotSupported
from termserver.fhir.elements import split_canonical
from termserver.index.translation_table import TranslationTable, table_from_map
from termserver.model.coding import Coding
from termserver.model.requests import TranslateRequest, ValidateCodeRequest
from termserver.model.value_set import Include, ValueSet
from termserver.store.concept_maps import StoredConceptMap
from termserver.terminology.expand import codes_of_value_set
from termserver.terminology.implicit_maps import implicit_map, is_implicit_map
from termserver.terminology.languages import Languages, display_in
from termserver.terminology.library import Library
from termserver.terminology.overlay import OpenOverlay
from termserver.terminology.registry import Catalogue
from termserver.terminology.selection import find_value_set
from termserver.terminology.validate_in_value_set import validate_code_in_value_set
from termserver.terminology.versions import choose, fits


class NeedsStoreError(Exception):
    """An answer from memory alone is not possible; never leaves the engine."""


class MapAccess:
    """`MapSurroundings` over the catalogue, and over the store where a library is given.

    Parameters
    ----------
    library
        Opens code systems and value sets; None where nothing may be read from the database.
    table_of
        The table of a stored map; None if it would have to be built.
    name_in_memory
        A code's display from an index that is open already: (known, display).
    """

    def __init__(
        self,
        catalogue: Catalogue,
        library: Library | None,
        table_of: Callable[[StoredConceptMap], TranslationTable | None],
        name_in_memory: Callable[[Coding], tuple[bool, str | None]],
        *,
        expansion_limit: int,
    ) -> None:
        self._catalogue = catalogue
        self._opened_library = library
        self._table_of = table_of
        self._name_in_memory = name_in_memory
        self._expansion_limit = expansion_limit
        self.canonical_system = catalogue.canonical_system

    # ------------------------------------------------------------------ which maps

    def tables_for(self, request: TranslateRequest) -> list[TranslationTable]:
        """The maps that the request names or that fit it.

        Raises
        ------
        NotFound
            If it names one that is not here.
        BadInput
            If it names two.
        """
        if request.inline_map is not None:
            _require_same(request, "conceptMap", request.inline_map.url, request.inline_map.version)
            return [table_from_map(request.inline_map)]
        if request.map_id is not None:
            stored = self._catalogue.map_by_fhir_id.get(request.map_id)
            if stored is None:
                raise NotFound(f"There is no ConceptMap with the id '{request.map_id}'")
            _require_same(request, f"ConceptMap/{request.map_id}", stored.header.url, stored.header.version)
            return [self._table(stored)]
        if request.map_url is not None:
            return [self._named(request)]
        return self._fitting(request)

    def _named(self, request: TranslateRequest) -> TranslationTable:
        url, version = request.map_url or "", request.map_version
        table = self.other_map(url, version)
        if table is not None:
            return table
        if is_implicit_map(url):
            made = implicit_map(self._library, url, version, request.codings, reverse=request.reverse)
            return table_from_map(made)
        versions = [table.head.version for table in self._brought if table.head.url == url]
        versions += [item.header.version for item in self._catalogue.concept_maps.get(url, ())]
        if versions:
            raise NotFound(
                f"The concept map {url} has no version '{version}'; known: {', '.join(versions[:10])}",
                expression="conceptMapVersion",
            )
        raise NotFound(f"There is no concept map with the url {url}", expression="url")

    def _fitting(self, request: TranslateRequest) -> list[TranslationTable]:
        """Those that the request brought, then those that are loaded under other urls."""
        urls = {table.head.url for table in self._brought}
        by_end = self._catalogue.maps_by_target if request.reverse else self._catalogue.maps_by_source
        chosen: dict[int, StoredConceptMap] = {}
        for coding in request.codings:
            for stored in by_end.get(self.canonical_system(coding.system), ()):
                wanted = stored
                if request.map_version is not None:
                    pinned = self._version_of(stored.header.url, request.map_version)
                    if pinned is None:
                        continue
                    wanted = pinned
                if wanted.header.url not in urls:
                    chosen[wanted.id] = wanted
        return [*self._brought, *(self._table(stored) for stored in chosen.values())]

    def other_map(self, url: str, version: str | None) -> TranslationTable | None:
        """See `MapSurroundings`."""
        brought = self._overlay.concept_map(url, version) if self._overlay else None
        if brought is not None:
            return brought
        stored = self._catalogue.named_maps.get(url) if version is None else self._version_of(url, version)
        return None if stored is None else self._table(stored)

    def _version_of(self, url: str, version: str) -> StoredConceptMap | None:
        return newest_fitting(self._catalogue.concept_maps.get(url, ()), version)

    def _table(self, stored: StoredConceptMap) -> TranslationTable:
        table = self._table_of(stored)
        if table is None:
            raise NeedsStoreError
        return table

    # ------------------------------------------------------------------ names and value sets

    def display(self, coding: Coding, languages: Languages) -> str | None:
        """See `MapSurroundings`."""
        library = self._library
        content = library.code_system(coding.system, coding.version) or library.code_system(coding.system)
        concept = content.concept(coding.code) if content else None
        if content is None or concept is None:
            return None
        return display_in(concept, content.header.language, languages)

    def own_display(self, coding: Coding) -> str | None:
        """See `MapSurroundings`."""
        known, display = self._name_in_memory(coding)
        if known:
            return display
        library = self._library
        content = library.code_system(coding.system, coding.version) or library.code_system(coding.system)
        concept = content.concept(coding.code) if content else None
        return concept.display or None if concept else None

    def codes_of_value_set(self, canonical: str) -> Sequence[Coding] | None:
        """See `MapSurroundings`."""
        return codes_of_value_set(self._library, canonical, limit=self._expansion_limit)

    def value_set_holds(self, canonical: str, coding: Coding) -> bool | None:
        """See `MapSurroundings`. A code of a system that is not loaded is looked for among those that are listed."""
        library = self._library
        try:
            value_set = find_value_set(library, canonical)
        except NotFound:
            return None
        content = library.code_system(coding.system, coding.version) or library.code_system(coding.system)
        if content is None:
            return _lists(library, value_set, coding)
        url, version = split_canonical(canonical)
        asked = Coding(coding.system, coding.code, coding.version)
        try:
            return validate_code_in_value_set(
                library,
                ValidateCodeRequest((asked,), value_set_url=url, value_set_version=version, membership_only=True),
            ).result
        except (NotFound, NotSupported):  # it names a value set or a code system that is not here
            return None

    def knows_value_set(self, canonical: str) -> bool:
        """See `MapSurroundings`."""
        try:
            find_value_set(self._library, canonical)
        except NotFound:
            return False
        return True

    @property
    def _library(self) -> Library:
        if self._opened_library is None:
            raise NeedsStoreError
        return self._opened_library

    @property
    def _brought(self) -> tuple[TranslationTable, ...]:
        return self._overlay.concept_maps if self._overlay else ()

    @property
    def _overlay(self) -> OpenOverlay | None:
        return self._opened_library.overlay if self._opened_library else None


def newest_fitting(versions: Sequence[StoredConceptMap], version: str) -> StoredConceptMap | None:
    """The version asked for: that one, or the newest that fits (`1.x`), an active one before others."""
    exact = [item for item in versions if item.header.version == version]
    fitting = exact or [item for item in versions if fits(item.header.version, version)]
    active = [item for item in fitting if item.header.status == "active"]
    return choose(active or fitting, lambda item: item.header.version, None)


def _lists(library: Library, value_set: ValueSet, coding: Coding) -> bool:
    """True if the value set names the code, or its whole system; all that can be said of a system that is not here."""
    system = library.canonical_system(coding.system)

    def named(include: Include) -> bool:
        url, _ = split_canonical(include.system or "")
        if include.filters or include.value_sets or library.canonical_system(url) != system:
            return False
        return not include.concepts or any(concept.code == coding.code for concept in include.concepts)

    return any(map(named, value_set.includes)) and not any(map(named, value_set.excludes))


def _require_same(request: TranslateRequest, place: str, url: str, version: str) -> None:
    """A map that is given in person may be named too, but not another one."""
    if request.map_url is not None and request.map_url != url:
        raise BadInput(f"Parameter 'url': {place} is {url or 'a map without a url'}; name one map", expression="url")
    if request.map_version is not None and not fits(version, request.map_version):
        raise BadInput(
            f"Parameter 'conceptMapVersion': {place} is version {version or '(none)'}", expression="conceptMapVersion"
        )
