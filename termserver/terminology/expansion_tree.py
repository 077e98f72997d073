"""Nested expansions: which entry stands below which.

A whole code system is nested by its hierarchy, below the nearest ancestor that is selected; what one filter selects,
below a selected parent; what a value set lists or imports is not nested. Where the hierarchy is no tree among the
selected concepts, or several filters cut through it, or something is excluded, the expansion is flat: a client shall
not see a hierarchy that is half true. Source: HL7's terminology ecosystem tests; FHIR R5 ValueSet.expansion.contains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from termserver.model.results import ExpansionEntry
from termserver.terminology.selection_parts import Nesting, Part


def can_nest(parts: Sequence[Part]) -> bool:
    """True if no part forbids nesting."""
    return all(part.nesting is not Nesting.FLAT for part in parts)


def parents_in_part(part: Part) -> list[int] | None:
    """Each concept's place in the part of the one that it stands below, -1 for none; None if that is no tree.

    Meant for parts small enough to be one answer.
    """
    if part.nesting is Nesting.LISTED:
        return [-1] * len(part.ordinals)
    places = {ordinal: place for place, ordinal in enumerate(part.ordinals.tolist())}
    edges = part.content.hierarchy.parents
    found: list[int] = []
    for ordinal in places:
        above = {places[parent] for parent in edges.of(ordinal).tolist() if parent in places}
        if not above and part.nesting is Nesting.BELOW_ANCESTOR:
            above = _nearest_above(part, ordinal, places)
        if len(above) > 1:
            return None
        found.append(above.pop() if above else -1)
    return found


def _nearest_above(part: Part, ordinal: int, places: dict[int, int]) -> set[int]:
    """Places of the selected concepts that a walk up meets first; several if its ways meet different ones."""
    edges = part.content.hierarchy.parents
    seen = {ordinal}
    level = edges.of(ordinal).tolist()
    while level:
        met = {places[parent] for parent in level if parent in places}
        if met:
            return met
        seen.update(level)
        level = [above for parent in level for above in edges.of(parent).tolist() if above not in seen]
    return set()


def nested(entries: Sequence[ExpansionEntry], parents: Sequence[int]) -> list[ExpansionEntry]:
    """The entries that stand below no other, with those below them in `contains`.

    Parameters
    ----------
    parents
        As long as `entries`: the place of the entry that each stands below, or -1.

    >>> a, b = ExpansionEntry("s", "A", "a"), ExpansionEntry("s", "B", "b")
    >>> [entry.contains[0].code for entry in nested([a, b], [-1, 0])]
    ['B']
    """
    below: dict[int, list[int]] = {}
    for place, parent in enumerate(parents):
        below.setdefault(parent, []).append(place)
    finished = list(entries)
    order, waiting = [], list(below.get(-1, ()))
    while waiting:
        place = waiting.pop()
        order.append(place)
        waiting += below.get(place, ())
    if len(order) < len(entries):
        return list(entries)  # some stand below themselves
    for place in reversed(order):
        if place in below:
            finished[place] = replace(entries[place], contains=tuple(finished[other] for other in below[place]))
    return [finished[place] for place in below.get(-1, ())]
