"""Whether a value set holds one code, without selecting all that it holds. Rules as in `selection`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from termserver.errors import NotSupported
from termserver.fhir.elements import split_canonical
from termserver.model.value_set import Filter, Include, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.filters import filter_ordinals
from termserver.terminology.library import Library
from termserver.terminology.selection import content_for_include, find_value_set
from termserver.terminology.versions import VersionRules


def versions_named(
    library: Library, value_set: ValueSet, system: str, visited: tuple[str, ...] = ()
) -> list[str | None]:
    """The versions of a code system that a value set's includes name, imports too; None where one names none."""
    if value_set.canonical in visited:
        return []
    found: list[str | None] = []
    for include in value_set.includes:
        url, pinned = split_canonical(include.system or "")
        if include.system and library.canonical_system(url) == library.canonical_system(system):
            found.append(include.version or pinned)
        for canonical in include.value_sets:
            imported = find_value_set(library, canonical)
            found += versions_named(library, imported, system, (*visited, value_set.canonical))
    return list(dict.fromkeys(found))


def holds(
    library: Library,
    value_set: ValueSet,
    content: Content,
    code: str,
    rules: VersionRules,
    visited: tuple[str, ...] = (),
) -> bool:
    """True if the value set holds this code of this code system version."""
    if value_set.canonical in visited:
        circle = " → ".join((*visited, value_set.canonical))
        raise NotSupported(f"The value sets include each other in a circle: {circle}", expression="ValueSet.compose")
    visited = (*visited, value_set.canonical)

    def held(parts: Sequence[Include], name: str) -> bool:
        return any(
            _include_holds(
                library, part, content, code, rules, visited, f"ValueSet[{value_set.canonical}].compose.{name}[{place}]"
            )
            for place, part in enumerate(parts)
        )

    if not held(value_set.includes, "include") or held(value_set.excludes, "exclude"):
        return False
    if value_set.inactive is False:
        ordinal = int(content.ordinals_of([code])[0])
        return ordinal >= 0 and bool(content.table.active[ordinal])
    return True


def _include_holds(
    library: Library,
    include: Include,
    content: Content,
    code: str,
    rules: VersionRules,
    visited: tuple[str, ...],
    path: str,
) -> bool:
    for canonical in include.value_sets:
        if not holds(library, find_value_set(library, canonical), content, code, rules, visited):
            return False
    if include.system is None:
        return bool(include.value_sets)
    system, pinned = split_canonical(include.system)
    if library.canonical_system(system) != library.canonical_system(content.header.url):
        return False
    own = content_for_include(library, include, rules)
    if (include.version or pinned) and own.header.version != content.header.version:
        return False
    ordinal = int(content.ordinals_of([code])[0])
    if ordinal < 0:
        return False
    if include.concepts:
        return any(item.code == code for item in include.concepts)
    return all(
        _filter_holds(content, rule, ordinal, f"{path}.filter[{place}]") for place, rule in enumerate(include.filters)
    )


def _filter_holds(content: Content, rule: Filter, ordinal: int, place: str) -> bool:
    if rule.op in ("is-a", "descendent-of") and rule.value:
        above = content.table.ordinal_of(rule.value)
        if above == ordinal:
            return rule.op == "is-a"
        return above >= 0 and content.hierarchy.subsumes(above, ordinal)
    return bool(np.isin(ordinal, filter_ordinals(content, rule, place)))
