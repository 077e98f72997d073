"""What is loaded at one catalogue revision: the headers of all content, found by url, id or source system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from termserver.fhir.standing import version_algorithm
from termserver.index.builder import index_key
from termserver.index.table_builder import Naming
from termserver.model.value_set import ValueSet
from termserver.store.code_systems import StoredCodeSystem, list_aliases, list_code_systems
from termserver.store.concept_maps import StoredConceptMap, list_concept_maps
from termserver.store.engine import Session
from termserver.store.value_sets import ValueSetHead, get_value_set, list_value_set_heads
from termserver.terminology.providers.registry import built_in_aliases
from termserver.terminology.versions import choose, newest_first

_MOST_OPENED = 500


@dataclass(frozen=True, slots=True)
class TableKey:
    """What a translation table depends on. It holds displays, so `digest` is of the map's content and of the code
    systems that name its codes.
    """

    map_id: int
    status: str
    digest: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All headers at one revision; never changed, replaced as a whole.

    Parameters
    ----------
    code_systems, supplements, value_sets
        By canonical url, newest version first; supplements by the url they add to.
    concept_maps
        By canonical url, newest version first; of equal ones, the latest stored first.
    maps_by_source
        The newest active version of each map, by source system.
    named_maps
        What a url without a version names: the newest active version; the latest one where none is active.
    opened_value_sets
        Bodies of value sets that were asked for, by number; at most `_MOST_OPENED`.
    table_keys
        By the map's number: what its translation table depends on.
    """

    revision: int
    aliases: dict[str, str] = field(default_factory=dict)
    code_systems: dict[str, list[StoredCodeSystem]] = field(default_factory=dict)
    supplements: dict[str, list[StoredCodeSystem]] = field(default_factory=dict)
    value_sets: dict[str, list[ValueSetHead]] = field(default_factory=dict)
    concept_maps: dict[str, list[StoredConceptMap]] = field(default_factory=dict)
    maps_by_source: dict[str, list[StoredConceptMap]] = field(default_factory=dict)
    maps_by_target: dict[str, list[StoredConceptMap]] = field(default_factory=dict)
    map_by_fhir_id: dict[str, StoredConceptMap] = field(default_factory=dict)
    named_maps: dict[str, StoredConceptMap] = field(default_factory=dict)
    table_keys: dict[int, TableKey] = field(default_factory=dict)
    opened_value_sets: dict[int, ValueSet] = field(default_factory=dict)

    def canonical_system(self, url: str) -> str:
        """The canonical URL behind an alias (an OID, a national URI), or the same text."""
        return self.aliases.get(url, url)

    def naming_systems(self, stored: StoredConceptMap) -> Naming:
        """The code systems that give a map's codes their displays, of each group's source and target."""
        return tuple(
            (
                self.naming_system(group.source, group.source_version),
                self.naming_system(group.target, group.target_version),
            )
            for group in stored.header.groups
        )

    def naming_system(self, url: str, version: str | None) -> StoredCodeSystem | None:
        """What gives codes their displays: the version named, or else the newest."""
        versions = self.code_systems.get(self.canonical_system(url), [])
        return choose(versions, lambda item: item.header.version, version) or (versions[0] if versions else None)

    def value_set(self, session: Session, head: ValueSetHead) -> ValueSet | None:
        """The body of a value set; read once. None if somebody removed it a moment ago."""
        found = self.opened_value_sets.get(head.id)
        if found is None:
            found = get_value_set(session, head.id)
            if found is not None:
                if len(self.opened_value_sets) >= _MOST_OPENED:
                    self.opened_value_sets.clear()
                self.opened_value_sets[head.id] = found
        return found

    def index_keys(self) -> set[str]:
        """The keys of the indexes of all code systems and supplements."""
        return {index_key(stored) for stored in self.every_code_system()}

    def every_code_system(self) -> Iterable[StoredCodeSystem]:
        """All code systems and supplements, by url."""
        for by_url in (self.code_systems, self.supplements):
            for stored in by_url.values():
                yield from stored


def read_catalogue(session: Session, revision: int) -> Catalogue:
    """Read all headers; a few milliseconds for some hundreds."""
    catalogue = Catalogue(revision, built_in_aliases() | list_aliases(session))
    for system in list_code_systems(session):
        header = system.header
        if header.content == "supplement":
            adds_to = (header.supplements or "").partition("|")[0]
            catalogue.supplements.setdefault(catalogue.canonical_system(adds_to), []).append(system)
        else:
            catalogue.code_systems.setdefault(header.url, []).append(system)
    for url, systems in catalogue.code_systems.items():
        catalogue.code_systems[url] = newest_first(
            systems, lambda item: item.header.version, lambda item: version_algorithm(item.header.other)
        )
    for value_set in list_value_set_heads(session):
        catalogue.value_sets.setdefault(value_set.url, []).append(value_set)
    for url, value_sets in catalogue.value_sets.items():
        catalogue.value_sets[url] = newest_first(value_sets, lambda item: item.version)
    _add_maps(catalogue, list_concept_maps(session))
    return catalogue


def _add_maps(catalogue: Catalogue, stored_maps: list[StoredConceptMap]) -> None:
    for stored in stored_maps:
        catalogue.concept_maps.setdefault(stored.header.url, []).append(stored)
        if stored.is_current:
            catalogue.map_by_fhir_id[stored.fhir_id] = stored
        catalogue.table_keys[stored.id] = _table_key(stored, catalogue)
    for url, stored_versions in catalogue.concept_maps.items():
        versions = newest_first(
            stored_versions, lambda item: item.header.version, lambda item: version_algorithm(item.header.other)
        )
        catalogue.concept_maps[url] = versions
        newest = next((item for item in versions if item.header.status == "active"), None)
        catalogue.named_maps[url] = newest or versions[0]
        if newest is None:
            continue
        for source in {catalogue.canonical_system(group.source) for group in newest.header.groups}:
            catalogue.maps_by_source.setdefault(source, []).append(newest)
        for target in {catalogue.canonical_system(group.target) for group in newest.header.groups}:
            catalogue.maps_by_target.setdefault(target, []).append(newest)


def _table_key(stored: StoredConceptMap, catalogue: Catalogue) -> TableKey:
    parts = [stored.content_hash or f"id{stored.id}"]
    for ends in catalogue.naming_systems(stored):
        parts += [index_key(system) if system else "" for system in ends]
    return TableKey(stored.id, stored.header.status, hashlib.sha256("|".join(parts).encode()).hexdigest())
