"""All that one request may see: what it brought itself, then what is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from termserver.errors import NotFound
from termserver.fhir.elements import split_canonical
from termserver.fhir.standing import is_language_pack, version_algorithm
from termserver.index.builder import Indexes
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.requests import Overlay
from termserver.model.value_set import ValueSet
from termserver.store.code_systems import StoredCodeSystem
from termserver.store.engine import Session
from termserver.terminology.content import BroughtContent, Content, StoredContent, SupplementedContent
from termserver.terminology.overlay import OpenOverlay
from termserver.terminology.providers.grammar import Listed
from termserver.terminology.providers.registry import built_in_content, built_in_version, with_own_rules
from termserver.terminology.registry import Catalogue
from termserver.terminology.versions import choose, newest_first, of_release


class Library:
    """See the module; lives as long as its session."""

    def __init__(
        self,
        session: Session,
        catalogue: Catalogue,
        indexes: Indexes,
        overlay: Overlay | OpenOverlay,
        supplements: Sequence[str] = (),
    ) -> None:
        self.session = session
        self.catalogue = catalogue
        self.overlay = overlay if isinstance(overlay, OpenOverlay) else OpenOverlay(overlay)
        self._indexes = indexes
        self._release = self.overlay.fhir_release
        self._supplements = tuple(supplements)
        self._open: dict[tuple[str, str | None], Content | None] = {}
        self._contained: dict[tuple[str, str], Content] = {}

    def canonical_system(self, url: str) -> str:
        """The canonical URL behind an alias."""
        return self.catalogue.canonical_system(url)

    def code_system(self, url: str, version: str | None = None) -> Content | None:
        """The code system in the version asked for, or the newest; supplements added.

        Supplements that are loaded always add their names, and so do language packs that a request brings; its other
        supplements only where it says `useSupplement`.
        """
        key = (url, version)
        if key not in self._open:
            self._open[key] = self._find_code_system(url, version)
        return self._open[key]

    def bring(self, header: CodeSystem, concepts: Sequence[Concept]) -> None:
        """Add a code system that a value set contains, unless there is one of that canonical."""
        key = (header.url, header.version)
        if header.url and key not in self._contained and header.version not in self.code_system_versions(header.url):
            self._contained[key] = BroughtContent(header, concepts)
            self._open.clear()

    def supplement(self, url: str) -> CodeSystem | None:
        """The header of a supplement, by its own canonical URL."""
        brought = (item.header for items in self.overlay.every_supplement() for item in items)
        loaded = (item.header for items in self.catalogue.supplements.values() for item in items)
        return next((header for headers in (brought, loaded) for header in headers if header.url == url), None)

    def _find_code_system(self, url: str, version: str | None) -> Content | None:
        canonical = self.canonical_system(url)
        content = self.overlay.code_system(url, version) or self._find_contained(url, version)
        if content is None:
            candidates = self.catalogue.code_systems.get(canonical, ())
            stored = choose(
                of_release(canonical, candidates, lambda item: item.header.version, version, self._release),
                lambda item: item.header.version,
                version,
                lambda item: version_algorithm(item.header.other),
            )
            content = built_in_content(canonical, version, self._listed_in) if stored is None else self._stored(stored)
        if content is None:
            return None
        supplements: list[Content] = [self._stored(item) for item in self.catalogue.supplements.get(canonical, ())]
        supplements += [item for item in self.overlay.supplements(url) if self._asked_for(item)]
        return SupplementedContent(content, supplements) if supplements else content

    def _find_contained(self, url: str, version: str | None) -> Content | None:
        items = [item for (own, _), item in self._contained.items() if own == url]
        return choose(items, lambda item: item.header.version, version)

    def _stored(self, stored: StoredCodeSystem) -> Content:
        return with_own_rules(StoredContent(self.session, stored, self._indexes))

    def _listed_in(self, url: str) -> Listed:
        """What reads the codes that a value set lists, with their names; None if it is not there."""

        def listed() -> dict[str, str]:
            found = self.value_set(url)
            items = (item for part in found.includes for item in part.concepts) if found is not None else ()
            return {item.code: item.display or "" for item in items}

        return listed if url in self.catalogue.value_sets else None

    def _asked_for(self, supplement: Content) -> bool:
        """True if the request names the supplement it brought; a language pack need not be named."""
        header = supplement.header
        return is_language_pack(header.other) or any(
            url == header.url and version in (None, header.version)
            for url, version in (split_canonical(item) for item in self._supplements)
        )

    def use_supplements(self, named: Sequence[str]) -> None:
        """Add supplements that a request or a value set names; every one of them must be there.

        Raises
        ------
        NotFound
            Naming the first one that is not.
        """
        self.check_supplements(named)
        added = [item for item in named if item not in self._supplements]
        if added:
            self._supplements = (*self._supplements, *added)
            self._open.clear()

    def check_supplements(self, named: Sequence[str]) -> None:
        """Every supplement that a request or a value set names must be there.

        Raises
        ------
        NotFound
            Naming the first one that is not.
        """
        loaded = [item.header for items in self.catalogue.supplements.values() for item in items]
        brought = [item.header for items in self.overlay.every_supplement() for item in items]
        for canonical in named:
            url, version = split_canonical(canonical)
            if not any(item.url == url and version in (None, item.version) for item in (*loaded, *brought)):
                raise NotFound(
                    f"Required supplement not found: {canonical}",
                    tx_issue="not-found",
                    message_id="VALUESET_SUPPLEMENT_MISSING",
                )

    def code_system_by_id(self, fhir_id: str) -> Content:
        """The code system with this FHIR id.

        Raises
        ------
        NotFound
            If there is none.
        """
        for stored in self.catalogue.every_code_system():
            if stored.fhir_id == fhir_id and stored.is_current:
                return self.code_system(stored.header.url, stored.header.version) or self._stored(stored)
        raise NotFound(f"There is no CodeSystem with the id '{fhir_id}'")

    def every_code_system_header(self) -> Iterator[CodeSystem]:
        """The headers of all code systems at hand, brought ones first."""
        yield from (content.header for content in self.overlay.every_code_system())
        for versions in self.catalogue.code_systems.values():
            yield from (stored.header for stored in versions)

    def code_system_versions(self, url: str) -> list[str]:
        """All versions at hand, newest first."""
        canonical = self.canonical_system(url)
        loaded = [item.header.version for item in self.catalogue.code_systems.get(canonical, ())]
        built_in = built_in_version(canonical)
        if built_in is not None:
            loaded.append(built_in)
        contained = [version for own, version in self._contained if own == url]
        return newest_first({*loaded, *contained, *self.overlay.code_system_versions(url)}, str)

    def value_set(self, url: str, version: str | None = None) -> ValueSet | None:
        """The value set in the version asked for, or the newest."""
        brought = self.overlay.value_set(url, version)
        if brought is not None:
            return brought
        candidates = self.catalogue.value_sets.get(url, ())
        chosen = choose(
            of_release(url, candidates, lambda item: item.version, version, self._release),
            lambda item: item.version,
            version,
        )
        return None if chosen is None else self.catalogue.value_set(self.session, chosen)

    def value_set_by_id(self, fhir_id: str) -> ValueSet:
        """The value set with this FHIR id.

        Raises
        ------
        NotFound
            If there is none.
        """
        for versions in self.catalogue.value_sets.values():
            for head in versions:
                if head.fhir_id != fhir_id or not head.is_current:
                    continue
                if (found := self.catalogue.value_set(self.session, head)) is not None:
                    return found
        raise NotFound(f"There is no ValueSet with the id '{fhir_id}'")
