"""Which concepts a value set selects: includes, excludes, imports, contained and implicit value sets.

A selection is a list of parts, one a code system version, each the ordinals of its concepts in the order of the
definition; of several versions of a code system the newest comes first.

A code of two versions of one code system is two codes, unless the value set says `versionsMatch`. An exclude of a
version that no include has would exclude nothing; there the codes match whatever the version.

Source: FHIR R5 ValueSet composition rules (section 4.9.6); HL7's terminology ecosystem tests for versionsMatch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput, NotFound, NotSupported
from termserver.fhir.elements import split_canonical
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.value_set import Include, ValueSet
from termserver.terminology.content import BroughtContent, Content
from termserver.terminology.filters import filter_ordinals
from termserver.terminology.implicit_value_sets import implicit_value_set
from termserver.terminology.library import Library
from termserver.terminology.selection_parts import (
    Nesting,
    Part,
    intersected,
    marked,
    merge_versions,
    remove,
    unique,
    united,
    versions_match,
)
from termserver.terminology.unknown_code_system import unknown_code_system, version_refused
from termserver.terminology.versions import Origin, VersionRules

Ordinals = NDArray[np.int32]
_UNIDENTIFIED = "(unidentified)"


@dataclass(slots=True)
class Used:
    """What selecting made use of, imports included.

    Parameters
    ----------
    code_systems
        By canonical, in the order of use.
    value_sets
        Those imported, contained ones aside.
    version_parameters
        Pairs (parameter, canonical) of the request's version parameters that decided something.
    named_versions
        By system, the versions that includes and excludes name; None where one names none.
    """

    code_systems: dict[str, Content] = field(default_factory=dict)
    value_sets: dict[str, ValueSet] = field(default_factory=dict)
    version_parameters: dict[tuple[str, str], None] = field(default_factory=dict)
    named_versions: dict[str, set[str | None]] = field(default_factory=dict)

    def several_versions(self, system: str) -> bool:
        """True if more than one version of the system takes part, or is named."""
        opened = sum(content.header.url == system for content in self.code_systems.values())
        return opened > 1 or len(self.named_versions.get(system, ())) > 1


@dataclass(slots=True)
class Selection:
    """What a value set selects.

    Parameters
    ----------
    versions_match
        True where a code counts once whatever the version.
    excludes
        True if the value set excludes something.
    """

    parts: list[Part]
    used: Used = field(default_factory=Used)
    versions_match: bool = False
    excludes: bool = False

    @property
    def total(self) -> int:
        """Number of concepts."""
        return sum(len(part.ordinals) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Place:
    """What is being selected from: the value set, and the value sets that led to it."""

    value_set: ValueSet
    rules: VersionRules
    visited: tuple[str, ...]
    used: Used


def select_value_set(
    library: Library,
    value_set: ValueSet,
    rules: VersionRules,
    visited: tuple[str, ...] = (),
    used: Used | None = None,
) -> Selection:
    """All concepts of a value set.

    Raises
    ------
    NotFound
        If a code system or value set that it needs is not known.
    NotSupported
        If value sets include each other in a circle.
    """
    used = Used() if used is None else used
    place = _Place(value_set, rules, (*visited, value_set.canonical), used)
    included = _select_all(library, value_set.includes or value_set.listed, "include", place)
    excluded = _select_all(library, value_set.excludes, "exclude", place)
    match = versions_match(value_set, included, excluded)
    parts = united(included)
    for part in excluded:
        remove(parts, part, across_versions=match)
    if match and not visited:  # what imports a value set asks for a code in its version; only the answer merges them
        merge_versions(parts)
    if value_set.inactive is False:
        for part in parts:
            part.ordinals = part.ordinals[part.content.table.active[part.ordinals]]
    return Selection(parts, used, match, bool(value_set.excludes))


def _select_all(library: Library, includes: Sequence[Include], name: str, place: _Place) -> list[Part]:
    found: list[Part] = []
    for number, include in enumerate(includes):
        found += _select_include(library, include, place, f"ValueSet.compose.{name}[{number}]")
    return found


def _select_include(library: Library, include: Include, place: _Place, path: str) -> list[Part]:
    imported = [_select_import(library, canonical, place) for canonical in include.value_sets]
    if include.system is not None:
        parts = [_system_part(library, include, place, path)]
    elif imported:
        parts, imported = imported[0], imported[1:]
    else:
        raise nothing_named(path)
    for other in imported:
        parts = [intersected(part, other) for part in parts]
    return parts


def _select_import(library: Library, canonical: str, place: _Place) -> list[Part]:
    """The parts of an imported value set, each a mere list in the value set that imports it."""
    found = imported_value_set(library, canonical, place.rules, within=place.value_set)
    name = found.canonical or canonical
    if name in place.visited:
        raise circular_value_set(name, place.visited)
    if not canonical.startswith("#"):
        place.used.value_sets[found.canonical] = found
    library.use_supplements(found.supplements)
    visited = place.visited if found.canonical else (*place.visited, name)
    below = select_value_set(library, found, place.rules, visited, place.used)
    for part in below.parts:
        part.nesting = Nesting.LISTED
    return below.parts


def nothing_named(path: str) -> BadInput:
    """The error where an include or exclude says nothing of what it selects from."""
    return BadInput(f"{path} names neither a system nor a value set", expression=path, tx_issue="vs-invalid")


def circular_value_set(canonical: str, pathway: Sequence[str]) -> NotSupported:
    """The error where value sets include each other in a circle."""
    shown = ", ".join(pathway)
    return NotSupported(
        f"Found a circularity pointing to {canonical} processing ValueSet with pathway [{shown}]",
        issue_code="processing",
        tx_issue="vs-invalid",
        message_id="VALUESET_CIRCULAR_REFERENCE",
    )


def _system_part(library: Library, include: Include, place: _Place, path: str) -> Part:
    content = _content_used(library, include, place)
    if include.concepts:
        ordinals = content.ordinals_of([item.code for item in include.concepts])
        listed = {item.code: item for item in reversed(include.concepts)}
        return Part(content, unique(ordinals[ordinals >= 0]), listed)
    if not include.filters:
        everything = np.arange(len(content.table), dtype=np.int32)
        return Part(
            content,
            everything,
            {},
            Nesting.BELOW_ANCESTOR if content.is_tree else Nesting.FLAT,
            content.unclosed is not None,
            unlisted=content.has_unlisted(()),
        )
    selected = [
        filter_ordinals(content, rule, f"{path}.filter[{number}]") for number, rule in enumerate(include.filters)
    ]
    nesting = Nesting.BELOW_PARENT if len(selected) == 1 and content.is_tree else Nesting.FLAT
    ordinals = selected[0]
    for other in selected[1:]:
        ordinals = ordinals[marked(len(content.table), other)[ordinals]]
    unlisted = content.has_unlisted(include.filters)
    return Part(content, ordinals.astype(np.int32, copy=False), {}, nesting, unlisted=unlisted)


def _content_used(library: Library, include: Include, place: _Place) -> Content:
    """The code system of an include, noted as used."""
    try:
        content = content_for_include(library, include, place.rules, within=place.value_set)
    except NotFound:
        if include not in place.value_set.listed:
            raise
        content = _listed_content(include)  # a stored expansion stands for itself
    header = content.header
    if header.content == "not-present" and not len(content.table):
        raise NotSupported(
            f"The code system '{header.canonical}' is known by name only (content = not-present), so the value set cannot "
            "be expanded"
        )
    place.used.code_systems[header.canonical] = content
    system, pinned = split_canonical(include.system or "")
    place.used.named_versions.setdefault(header.url, set()).add(include.version or pinned)
    wanted = place.rules.wanted(system, include.version or pinned)
    if wanted.origin in (Origin.FORCED, Origin.CHECKED, Origin.DEFAULT):
        place.used.version_parameters[wanted.origin.value, f"{system}|{wanted.version}"] = None
    return content


def _listed_content(include: Include) -> Content:
    url = include.system or ""
    concepts = (Concept(item.code, item.display or "", item.designations) for item in include.concepts)
    return BroughtContent(CodeSystem(url, include.version or "", url, content="fragment"), concepts)


def content_for_include(
    library: Library, include: Include, rules: VersionRules, *, within: ValueSet | None = None
) -> Content:
    """The code system of an include.

    Parameters
    ----------
    within
        The value set that names it: `#id` is one of the code systems that it contains.

    Raises
    ------
    NotFound
        If it is not known in that version.
    BadInput
        If a `check-system-version` refuses the version.
    """
    if (include.system or "").startswith("#") and within is not None:
        return _contained_code_system(within, include.system or "")
    system, pinned = split_canonical(include.system or "")
    wanted = rules.wanted(system, include.version or pinned)
    content = library.code_system(system, wanted.version)
    if content is None:
        raise unknown_code_system(system, wanted.version, library.code_system_versions(system))
    refused = rules.refused_by(system, content.header.version)
    if refused is not None:
        raise BadInput(
            version_refused(content.header.version, system, refused),
            issue_code="exception",
            tx_issue="version-error",
            message_id="VALUESET_VERSION_CHECK",
        )
    return content


def _contained_code_system(within: ValueSet, reference: str) -> Content:
    for identifier, header, concepts in within.contained.code_systems:
        if f"#{identifier}" == reference:
            return BroughtContent(header if header.url else replace(header, url=reference), concepts)
    raise NotFound(
        f"The value set '{within.canonical or _UNIDENTIFIED}' contains no code system with the id '{reference[1:]}'"
    )


# ------------------------------------------------------------------ finding


def imported_value_set(library: Library, canonical: str, rules: VersionRules, *, within: ValueSet) -> ValueSet:
    """The value set that an include of `within` imports; `default-valueset-version` says which version, where it does not.

    Raises
    ------
    NotFound
        If there is none.
    """
    if canonical.startswith("#"):
        return find_value_set(library, canonical, within=within)
    url, version = split_canonical(canonical)
    version = version or rules.value_set_version(url)
    try:
        return find_value_set(library, url, version)
    except NotFound:
        missing = f"Unable to find included value set '{url}'"
        raise NotFound(
            f"{missing} version '{version}'" if version else missing,
            tx_issue="not-found",
            message_id="VS_EXP_IMPORT_UNK_PINNED" if version else "VS_EXP_IMPORT_UNK",
        ) from None


def find_value_set(
    library: Library, canonical: str, version: str | None = None, *, within: ValueSet | None = None
) -> ValueSet:
    """The value set of a canonical `url|version`, implicit ones included.

    Parameters
    ----------
    within
        The value set that names it: `#id` is one of those that it contains.

    Raises
    ------
    NotFound
        If there is none.
    """
    if canonical.startswith("#") and within is not None:
        return _contained_value_set(within, canonical)
    url, pinned = split_canonical(canonical)
    pinned = pinned or version
    found = library.value_set(url, pinned) or implicit_value_set(library, url, pinned)
    if found is None:
        shown = f"{url}|{pinned}" if pinned else url
        raise NotFound(
            f"A definition for the value Set '{shown}' could not be found", message_id="Unable_to_resolve_value_Set_"
        )
    return found


def _contained_value_set(within: ValueSet, reference: str) -> ValueSet:
    """A contained value set; its own `#id`s name what the containing one contains."""
    for identifier, value_set in within.contained.value_sets:
        if f"#{identifier}" == reference:
            return replace(value_set, contained=within.contained)
    raise NotFound(
        f"The value set '{within.canonical or _UNIDENTIFIED}' contains no value set with the id '{reference[1:]}'"
    )
