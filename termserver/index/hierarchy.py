"""Ancestors, descendants and subsumption over the ordinals of a code system version.

Edges in compressed rows (as scipy's CSR): the neighbours of ordinal `i` are `neighbours[starts[i]:starts[i + 1]]`.
A walk visits each concept once, so that a polyhierarchy costs no more than a tree and a cycle ends. Where the ancestors
of all concepts are known in advance (`ancestors_of_all`, saved with the index), subsumption is one binary search.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ordinals = NDArray[np.int32]

# A row of more neighbours than this share of all concepts is made unique by a mask, a shorter one by sorting
_MASK_SHARE = 64
# Ancestors of all concepts are kept up to this many pairs a concept: SNOMED CT has some 30, a chain has half its length
_MOST_ANCESTORS = 128


@dataclass(frozen=True, slots=True)
class Edges:
    """Neighbours by ordinal, in compressed rows. `starts` has shape (n + 1,)."""

    starts: NDArray[np.int64]
    neighbours: Ordinals

    def of(self, ordinal: int) -> Ordinals:
        """The neighbours of one concept."""
        return self.neighbours[self.starts.item(ordinal) : self.starts.item(ordinal + 1)]

    def of_all(self, ordinals: Ordinals) -> Ordinals:
        """The neighbours of several concepts, one after another; repeated where two concepts share one."""
        first = self.starts[ordinals]
        counts = self.starts[ordinals + 1] - first
        total = int(counts.sum())
        # The place of each neighbour in the flat array: its row's first place, and how far into the row it is
        shift = np.repeat(first - np.cumsum(counts) + counts, counts)
        return self.neighbours[shift + np.arange(total)]


def edges_from_pairs(count: int, source: Ordinals, target: Ordinals) -> Edges:
    """Edges source → target, in the order of the sources; the order among one source's targets is kept.

    >>> edges_from_pairs(2, np.array([0, 0], np.int32), np.array([1, 0], np.int32)).of(0).tolist()
    [1, 0]
    """
    order = np.argsort(source, kind="stable")
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=count), out=starts[1:])
    return Edges(starts, target[order].astype(np.int32))


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """Parents and children of every concept.

    Parameters
    ----------
    ancestors_of
        Every concept's ancestors, ascending by ordinal (`ancestors_of_all`); None to walk instead.
    """

    parents: Edges
    children: Edges
    ancestors_of: Edges | None = None

    def ancestors(self, ordinal: int) -> Ordinals:
        """All concepts above, without the concept itself, ascending by ordinal."""
        if self.ancestors_of is not None:
            return self.ancestors_of.of(ordinal)
        return _reach(self.parents, ordinal)

    def descendants(self, ordinal: int) -> Ordinals:
        """All concepts below, without the concept itself, ascending by ordinal."""
        return _reach(self.children, ordinal)

    def subsumes(self, above: int, below: int) -> bool:
        """True if `above` is an ancestor of `below`."""
        if self.ancestors_of is None:
            return self._is_met_going_up(above, below)
        starts, known = self.ancestors_of.starts, self.ancestors_of.neighbours.data
        end = starts.item(below + 1)
        place = bisect_left(known, above, starts.item(below), end)
        return place < end and known[place] == above

    def _is_met_going_up(self, above: int, below: int) -> bool:
        seen = {below}
        waiting = [below]
        while waiting:
            for parent in self.parents.of(waiting.pop()).tolist():
                if parent == above:
                    return True
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def is_leaf(self) -> NDArray[np.bool_]:
        """Shape (n,): True where nothing is below."""
        return np.equal(np.diff(self.children.starts), 0)


def _reach(edges: Edges, start: int) -> Ordinals:
    """Level by level, all rows of a level at once."""
    count = len(edges.starts) - 1
    seen = np.zeros(count, dtype=np.bool_)
    level = edges.of(start)
    while len(level):
        fresh = level[~seen[level]]
        if len(fresh) * _MASK_SHARE > count:
            before = seen.copy()
            seen[fresh] = True
            fresh = np.flatnonzero(seen ^ before).astype(np.int32)
        else:
            fresh = np.unique(fresh)
            seen[fresh] = True
        level = edges.of_all(fresh)
    seen[start] = False
    return np.flatnonzero(seen).astype(np.int32)


def ancestors_of_all(parents: Edges, children: Edges) -> Edges | None:
    """Every concept's ancestors, ascending by ordinal; computed from the top, level by level.

    Returns
    -------
    None where that would be no good: a cycle, or so deep a hierarchy that there are more than some 128 a concept.

    >>> found = hierarchy_from_edges(3, np.array([1, 2], np.int32), np.array([0, 1], np.int32))
    >>> above = ancestors_of_all(found.parents, found.children)
    >>> above.of(2).tolist()
    [0, 1]
    """
    count = len(parents.starts) - 1
    most = _MOST_ANCESTORS * count
    missing_parents = np.diff(parents.starts)
    level = np.flatnonzero(missing_parents == 0).astype(np.int32)
    lengths = np.zeros(count, dtype=np.int64)
    first = np.zeros(count, dtype=np.int64)
    found = np.empty(max(count, 1), dtype=np.int32)
    used, done = 0, 0
    while len(level):
        done += len(level)
        keys = _child_and_ancestor(level, parents, first, lengths, found, most - used)
        if keys is None:
            return None
        owners = (keys // count).astype(np.int32)
        while used + len(keys) > len(found):
            found = np.concatenate((found, np.empty_like(found)))
        found[used : used + len(keys)] = keys % count
        owned = np.bincount(np.searchsorted(level, owners), minlength=len(level))
        lengths[level] = owned
        first[level] = used + np.cumsum(owned) - owned
        used += len(keys)
        below = children.of_all(level)
        np.subtract.at(missing_parents, below, 1)
        below = np.unique(below)
        level = below[missing_parents[below] == 0]
    if done < count:  # the rest stands in a cycle, or below one
        return None
    starts = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths)))
    # Rows lie in the order of the levels; readers want them by ordinal
    by_level = Edges(np.append(first, 0), found)
    return Edges(starts, _rows_in_order(by_level, lengths, int(starts[-1])))


def _child_and_ancestor(
    level: Ordinals,
    parents: Edges,
    first: NDArray[np.int64],
    lengths: NDArray[np.int64],
    found: Ordinals,
    most: int,
) -> NDArray[np.int64] | None:
    """Pairs of a concept of the level and an ancestor as `concept * count + ancestor`, sorted; None beyond `most`."""
    count = len(parents.starts) - 1
    child = np.repeat(level, parents.starts[level + 1] - parents.starts[level]).astype(np.int64)
    parent = parents.of_all(level)
    inherited = lengths[parent]
    total = int(inherited.sum())
    if total + len(parent) > 4 * most + 1000:
        return None
    shift = np.repeat(first[parent] - np.cumsum(inherited) + inherited, inherited)
    above = found[shift + np.arange(total)]
    keys = np.unique(np.concatenate((child * count + parent, np.repeat(child, inherited) * count + above)))
    return None if len(keys) > most else keys


def _rows_in_order(rows: Edges, lengths: NDArray[np.int64], total: int) -> Ordinals:
    first = rows.starts[:-1]
    shift = np.repeat(first - np.cumsum(lengths) + lengths, lengths)
    return rows.neighbours[shift + np.arange(total)]


def hierarchy_from_edges(count: int, child_ordinals: Ordinals, parent_ordinals: Ordinals) -> Hierarchy:
    """The hierarchy of `count` concepts from its child → parent pairs.

    >>> found = hierarchy_from_edges(3, np.array([1, 2], np.int32), np.array([0, 1], np.int32))
    >>> found.descendants(0).tolist(), found.subsumes(0, 2), found.subsumes(2, 0)
    ([1, 2], True, False)
    """
    return Hierarchy(
        edges_from_pairs(count, child_ordinals, parent_ordinals),
        edges_from_pairs(count, parent_ordinals, child_ordinals),
    )
