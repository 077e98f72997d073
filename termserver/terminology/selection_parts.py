"""Parts of a selection, put together: united, intersected, taken away; versions of a code system kept apart or merged.

All on arrays, so that the whole of a large code system costs no loop over its concepts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from termserver.fhir.standing import version_algorithm
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.versions import newest_first

Ordinals = NDArray[np.int32]


class Nesting(Enum):
    """How the concepts of a part stand below each other where an expansion may be nested."""

    BELOW_ANCESTOR = "the whole hierarchy: below the nearest selected ancestor"
    BELOW_PARENT = "one filter: below a selected parent"
    LISTED = "a list: not at all, while other parts may"
    FLAT = "several filters: not at all, and nothing else either"


@dataclass(slots=True)
class Part:
    """Concepts of one code system version; `listed` are those that the value set lists, as it lists them.

    Parameters
    ----------
    open_ended
        True if nobody knows how many there are.
    unlisted
        True if the value set holds codes besides, which nobody can list.
    """

    content: Content
    ordinals: Ordinals
    listed: dict[str, IncludedConcept] = field(default_factory=dict)
    nesting: Nesting = Nesting.LISTED
    open_ended: bool = False
    unlisted: bool = False


def unique(ordinals: Ordinals) -> Ordinals:
    """Without repetitions, in the order of first appearance."""
    _, first = np.unique(ordinals, return_index=True)
    return ordinals[np.sort(first)]


def marked(count: int, ordinals: Ordinals) -> NDArray[np.bool_]:
    """Shape (count,): True at the ordinals."""
    marks = np.zeros(count, dtype=np.bool_)
    marks[ordinals] = True
    return marks


def _version(part: Part) -> str:
    return part.content.header.version


def _versions_by_system(parts: Iterable[Part]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in parts:
        found.setdefault(part.content.header.url, set()).add(_version(part))
    return found


def versions_match(value_set: ValueSet, included: Sequence[Part], excluded: Sequence[Part]) -> bool:
    """True if a code counts once whatever the version: the value set says so, or an exclude would exclude nothing."""
    said = dict(value_set.parameters).get("versionsMatch")
    if isinstance(said, bool):
        return said
    versions = _versions_by_system(included)
    return any(
        url in versions and not (versions[url] & others) for url, others in _versions_by_system(excluded).items()
    )


def united(parts: Iterable[Part]) -> list[Part]:
    """One part a code system version; those of one system stand where its parts stood, the newest version first."""
    whole: dict[str, Part] = {}
    for part in parts:
        known = whole.get(part.content.header.canonical)
        whole[part.content.header.canonical] = part if known is None else _union(known, part)
    by_system: dict[str, list[Part]] = {}
    for part in whole.values():
        by_system.setdefault(part.content.header.url, []).append(part)
    queues = {
        url: iter(newest_first(several, _version, lambda part: version_algorithm(part.content.header.other)))
        for url, several in by_system.items()
    }
    return [next(queues[part.content.header.url]) for part in whole.values()]


def _union(one: Part, other: Part) -> Part:
    fresh = other.ordinals[~marked(len(one.content.table), one.ordinals)[other.ordinals]]
    disjoint = len(fresh) == len(other.ordinals) and one.nesting is other.nesting
    return Part(
        one.content,
        np.concatenate((one.ordinals, fresh)),
        {**other.listed, **one.listed},
        one.nesting if disjoint else Nesting.FLAT,
        one.open_ended or other.open_ended,
        one.unlisted or other.unlisted,
    )


def remove(parts: Iterable[Part], removed: Part, *, across_versions: bool) -> None:
    """Take concepts away from parts of the same code system version, or from those of every version by code."""
    header = removed.content.header
    for part in parts:
        if part.content.header.canonical == header.canonical:
            part.ordinals = part.ordinals[~marked(len(part.content.table), removed.ordinals)[part.ordinals]]
        elif across_versions and part.content.header.url == header.url:
            _remove_codes(part, removed)


def _remove_codes(part: Part, removed: Part) -> None:
    own, others = part.content.table.codes[part.ordinals], removed.content.table.codes[removed.ordinals]
    part.ordinals = part.ordinals[~np.isin(own, others)]


def merge_versions(parts: Sequence[Part]) -> None:
    """Of a code in several versions only the newest stays."""
    for place, part in enumerate(parts):
        for newer in parts[:place]:
            if newer.content.header.url == part.content.header.url:
                _remove_codes(part, newer)


def intersected(part: Part, others: Sequence[Part]) -> Part:
    """What of a part is in others too."""
    kept = np.zeros(len(part.content.table), dtype=np.bool_)
    for other in others:
        if other.content.header.canonical == part.content.header.canonical:
            kept[other.ordinals] = True
    nesting = part.nesting if part.nesting is Nesting.LISTED else Nesting.FLAT
    unlisted = part.unlisted and any(other.unlisted for other in others)
    return Part(part.content, part.ordinals[kept[part.ordinals]], part.listed, nesting, unlisted=unlisted)
