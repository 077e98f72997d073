"""Resources that a request brings (`tx-resource`, inline parameters), read once and held for that request alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from termserver.fhir.standing import version_algorithm
from termserver.index.translation_table import TranslationTable, table_from_map
from termserver.model.requests import Overlay
from termserver.model.value_set import ValueSet
from termserver.terminology.content import BroughtContent, Content
from termserver.terminology.versions import choose, newest_first


class OpenOverlay:
    """The overlay, ready to be asked."""

    def __init__(self, overlay: Overlay) -> None:
        self.fhir_release = overlay.fhir_release
        self._code_systems: dict[str, list[BroughtContent]] = {}
        self._supplements: dict[str, list[BroughtContent]] = {}
        for header, concepts in overlay.code_systems:
            content = BroughtContent(header, concepts)
            if header.content == "supplement":
                adds_to = (header.supplements or "").partition("|")[0]
                self._supplements.setdefault(adds_to, []).append(content)
            else:
                self._code_systems.setdefault(header.url, []).append(content)
        self._value_sets: dict[str, list[ValueSet]] = {}
        for value_set in overlay.value_sets:
            self._value_sets.setdefault(value_set.url, []).append(value_set)
        self.concept_maps: tuple[TranslationTable, ...] = tuple(table_from_map(item) for item in overlay.concept_maps)

    def code_system(self, url: str, version: str | None) -> Content | None:
        """The code system version asked for, or the newest."""
        return choose(
            self._code_systems.get(url, ()),
            lambda item: item.header.version,
            version,
            lambda item: version_algorithm(item.header.other),
        )

    def code_system_versions(self, url: str) -> list[str]:
        """Versions that the request brought, newest first."""
        return newest_first((item.header.version for item in self._code_systems.get(url, ())), str)

    def supplements(self, url: str) -> list[Content]:
        """Supplements to a code system."""
        return list(self._supplements.get(url, ()))

    def every_code_system(self) -> Iterator[Content]:
        """All code systems, supplements aside."""
        for versions in self._code_systems.values():
            yield from versions

    def every_supplement(self) -> Iterable[Sequence[Content]]:
        """All supplements, grouped by what they add to."""
        return self._supplements.values()

    def value_set(self, url: str, version: str | None) -> ValueSet | None:
        """The value set version asked for, or the newest."""
        return choose(self._value_sets.get(url, ()), lambda item: item.version, version)

    def value_set_versions(self, url: str) -> list[str]:
        """Versions that the request brought, newest first."""
        return newest_first((item.version for item in self._value_sets.get(url, ())), str)

    def concept_map(self, url: str, version: str | None) -> TranslationTable | None:
        """The concept map asked for."""
        named = [table for table in self.concept_maps if table.head.url == url]
        active = [table for table in named if table.head.status == "active"]
        found = choose(active, lambda table: table.head.version, version) if active else None
        return found or choose(named, lambda table: table.head.version, version)
