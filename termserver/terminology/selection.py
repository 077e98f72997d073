"""Which concepts a value set selects: includes, excludes, imports, implicit value sets.

A selection is a list of parts, one a code system version, each the ordinals of its concepts in the order of the
definition. Source: FHIR R5 ValueSet composition rules (section 4.9.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput, NotFound, NotSupported
from termserver.fhir.elements import split_canonical
from termserver.fhir.standing import version_algorithm
from termserver.model.value_set import Include, IncludedConcept, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.filters import filter_ordinals
from termserver.terminology.implicit_value_sets import implicit_value_set
from termserver.terminology.library import Library
from termserver.terminology.unknown_code_system import unknown_code_system, version_refused
from termserver.terminology.versions import VersionRules

Ordinals = NDArray[np.int32]


@dataclass(slots=True)
class Part:
    """Concepts of one code system version; `listed` are those that the value set lists with a display of its own."""

    content: Content
    ordinals: Ordinals
    listed: dict[str, IncludedConcept] = field(default_factory=dict)


@dataclass(slots=True)
class Selection:
    """What a value set selects; `used_value_sets` are the canonicals of those it imports."""

    parts: list[Part]
    used_value_sets: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Number of concepts."""
        return sum(len(part.ordinals) for part in self.parts)


def select_value_set(
    library: Library, value_set: ValueSet, rules: VersionRules, visited: tuple[str, ...] = ()
) -> Selection:
    """All concepts of a value set.

    Raises
    ------
    NotFound
        If a code system or value set that it needs is not known.
    NotSupported
        If value sets include each other in a circle.
    """
    if value_set.canonical in visited:
        circle = " → ".join((*visited, value_set.canonical))
        raise NotSupported(f"The value sets include each other in a circle: {circle}", expression="ValueSet.compose")
    visited = (*visited, value_set.canonical)
    selection = Selection([])
    for place, include in enumerate(value_set.includes):
        path = f"ValueSet[{value_set.canonical}].compose.include[{place}]"
        for part in _select_include(library, include, rules, visited, selection, path):
            _add(selection.parts, part)
    for place, exclude in enumerate(value_set.excludes):
        path = f"ValueSet[{value_set.canonical}].compose.exclude[{place}]"
        for part in _select_include(library, exclude, rules, visited, selection, path):
            _remove(selection.parts, part)
    if value_set.inactive is False:
        for part in selection.parts:
            part.ordinals = part.ordinals[part.content.table.active[part.ordinals]]
    return selection


def _select_include(
    library: Library,
    include: Include,
    rules: VersionRules,
    visited: tuple[str, ...],
    selection: Selection,
    path: str,
) -> list[Part]:
    imported: list[list[Part]] = []
    for canonical in include.value_sets:
        found = find_value_set(library, canonical)
        below = select_value_set(library, found, rules, visited)
        selection.used_value_sets += (found.canonical, *below.used_value_sets)
        imported.append(below.parts)
    if include.system is None:
        parts = imported[0] if imported else []
        others = imported[1:]
    else:
        parts = [_system_part(library, include, rules, path)]
        others = imported
    for other in others:
        parts = [_intersected(part, other) for part in parts]
    return parts


def _system_part(library: Library, include: Include, rules: VersionRules, path: str) -> Part:
    content = content_for_include(library, include, rules)
    if include.concepts:
        ordinals = content.ordinals_of([item.code for item in include.concepts])
        listed = {item.code: item for item in include.concepts}
        return Part(content, _unique(ordinals[ordinals >= 0]), listed)
    ordinals = np.arange(len(content.table), dtype=np.int32)
    for place, rule in enumerate(include.filters):
        ordinals = np.intersect1d(ordinals, filter_ordinals(content, rule, f"{path}.filter[{place}]"))
    return Part(content, ordinals.astype(np.int32))


def content_for_include(library: Library, include: Include, rules: VersionRules) -> Content:
    """The code system of an include.

    Raises
    ------
    NotFound
        If it is not known in that version.
    BadInput
        If a `check-system-version` refuses the version.
    """
    system, pinned = split_canonical(include.system or "")
    wanted = rules.wanted(system, include.version or pinned)
    content = library.code_system(system, wanted.version)
    if content is None:
        raise unknown_code_system(system, wanted.version, library.code_system_versions(system))
    refused = rules.refused_by(system, content.header.version, version_algorithm(content.header.other))
    if refused is not None:
        raise BadInput(
            version_refused(content.header.version, system, refused),
            issue_code="exception",
            tx_issue="version-error",
            message_id="VALUESET_VERSION_CHECK",
        )
    return content


def _unique(ordinals: Ordinals) -> Ordinals:
    """Without repetitions, in the order of first appearance."""
    _, first = np.unique(ordinals, return_index=True)
    return ordinals[np.sort(first)]


def _same_system(one: Part, other: Part) -> bool:
    return one.content.header.canonical == other.content.header.canonical


def _add(parts: list[Part], added: Part) -> None:
    for part in parts:
        if _same_system(part, added):
            part.ordinals = _unique(np.concatenate((part.ordinals, added.ordinals)))
            part.listed = {**added.listed, **part.listed}
            return
    parts.append(Part(added.content, added.ordinals, dict(added.listed)))


def _remove(parts: list[Part], removed: Part) -> None:
    for part in parts:
        if _same_system(part, removed):
            part.ordinals = part.ordinals[~np.isin(part.ordinals, removed.ordinals)]


def _intersected(part: Part, others: Sequence[Part]) -> Part:
    same = [other.ordinals for other in others if _same_system(part, other)]
    kept = np.isin(part.ordinals, np.concatenate(same)) if same else np.zeros(len(part.ordinals), dtype=np.bool_)
    return Part(part.content, part.ordinals[kept], part.listed)


# ------------------------------------------------------------------ finding


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
        raise NotFound(f"A definition for the value Set '{shown}' could not be found")
    return found


def _contained_value_set(within: ValueSet, reference: str) -> ValueSet:
    """A contained value set; its own `#id`s name what the containing one contains."""
    for identifier, value_set in within.contained.value_sets:
        if f"#{identifier}" == reference:
            return replace(value_set, contained=within.contained)
    raise NotFound(f"The value set '{within.canonical}' contains no value set with the id '{reference[1:]}'")
