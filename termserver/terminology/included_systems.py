"""What a value set is made of, at any depth of imports: its code systems with the versions meant, and its value sets.

Source: FHIR R5 ValueSet composition rules (section 4.9.6); version rules as in `versions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from termserver.errors import NotSupported
from termserver.fhir.elements import split_canonical
from termserver.model.value_set import Include, IncludedConcept, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.selection import circular_value_set, find_value_set, nothing_named
from termserver.terminology.versions import VersionRules, Wanted

_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class IncludedSystem:
    """An include of a code system, by the value set itself or by one that it imports (`owner`)."""

    system: str
    wanted: Wanted
    include: Include
    owner: ValueSet


@dataclass(slots=True)
class Composition:
    """See the module.

    Parameters
    ----------
    key
        Of the value set itself; those that it imports have other keys.
    value_sets
        By key, in the order of the definition, the value set itself first.
    """

    rules: VersionRules
    key: str
    includes: list[IncludedSystem] = field(default_factory=list)
    value_sets: dict[str, ValueSet] = field(default_factory=dict)
    walked: set[tuple[str, bool]] = field(default_factory=set)

    @property
    def crosses_versions(self) -> bool:
        """True if several versions of a code system are named, or one and none."""
        named: dict[str, set[str | None]] = {}
        for value_set in self.value_sets.values():
            for part in (*value_set.includes, *value_set.excludes):
                system, pinned = split_canonical(part.system or "")
                named.setdefault(system, set()).add(part.version or pinned)
        return any(system and len(versions) > 1 for system, versions in named.items())

    def of_system(self, library: Library, system: str) -> list[IncludedSystem]:
        """The includes of one code system."""
        canonical = library.canonical_system(system)
        return [item for item in self.includes if library.canonical_system(item.system) == canonical]

    def meant(self, owner: ValueSet, part: Include) -> tuple[str, Wanted]:
        """The code system of an include or exclude, and its version; `#id` is one that the value set contains."""
        system, pinned = split_canonical(part.system or "")
        if system.startswith("#"):
            system = next((head.url for id_, head, _ in owner.contained.code_systems if f"#{id_}" == system), system)
        return system, self.rules.wanted(system, part.version or pinned)

    def listings(self, library: Library, content: Content, code: str) -> Iterator[tuple[IncludedConcept, ValueSet]]:
        """How the value sets list a code of a code system version, and which of them does."""
        for item in self.of_system(library, content.header.url):
            if item.wanted.includes(content.header.version):
                yield from ((listed, item.owner) for listed in item.include.concepts if listed.code == code)


def composition_of(library: Library, value_set: ValueSet, rules: VersionRules) -> Composition:
    """Walk a value set and all that it imports.

    Raises
    ------
    NotFound
        If it imports a value set that is not here.
    NotSupported
        If value sets import each other in a circle, or too deep.
    """
    found = Composition(rules, value_set.canonical)
    _walk(library, value_set, found.key, (), found, excluded=False)
    return found


def _walk(
    library: Library, value_set: ValueSet, key: str, above: tuple[str, ...], found: Composition, *, excluded: bool
) -> None:
    if key in above:
        raise circular_value_set(key, above)
    if len(above) >= _DEEPEST:
        raise NotSupported(f"Value sets import each other deeper than {_DEEPEST} levels", expression="ValueSet.compose")
    if (key, excluded) in found.walked:
        return
    found.walked.add((key, excluded))
    found.value_sets.setdefault(key, value_set)
    for _, header, concepts in value_set.contained.code_systems:
        library.bring(header, concepts)
    included = value_set.includes or value_set.listed
    for name, parts, outside in (("include", included, excluded), ("exclude", value_set.excludes, True)):
        for place, part in enumerate(parts):
            if not part.system and not part.value_sets:
                raise nothing_named(f"ValueSet.compose.{name}[{place}]")
            if part.system and not outside:
                found.includes.append(IncludedSystem(*found.meant(value_set, part), part, value_set))
            for canonical in part.value_sets:
                imported, imported_key = imported_by(library, value_set, key, canonical, found.rules)
                _walk(library, imported, imported_key, (*above, key), found, excluded=outside)


def imported_by(
    library: Library, owner: ValueSet, owner_key: str, canonical: str, rules: VersionRules
) -> tuple[ValueSet, str]:
    """The value set that another imports, and its key.

    Raises
    ------
    NotFound
        If it is not here.
    """
    if canonical.startswith("#"):
        imported = find_value_set(library, canonical, within=owner)
        return imported, imported.canonical or f"{owner_key.partition('#')[0]}{canonical}"
    url, version = split_canonical(canonical)
    imported = find_value_set(library, url, version or rules.value_set_version(url))
    return imported, imported.canonical
