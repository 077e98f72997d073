"""Ancestors, descendants and subsumption over the ordinals of a code system version.

Edges in compressed rows (as scipy's CSR): the neighbours of ordinal `i` are `neighbours[starts[i]:starts[i + 1]]`.
A walk visits each concept once, so that a polyhierarchy costs no more than a tree and a cycle ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ordinals = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Edges:
    """Neighbours by ordinal, in compressed rows. `starts` has shape (n + 1,)."""

    starts: NDArray[np.int64]
    neighbours: Ordinals

    def of(self, ordinal: int) -> Ordinals:
        """The neighbours of one concept."""
        return self.neighbours[int(self.starts[ordinal]) : int(self.starts[ordinal + 1])]


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
    """Parents and children of every concept."""

    parents: Edges
    children: Edges

    def ancestors(self, ordinal: int) -> Ordinals:
        """All concepts above, without the concept itself, ascending by ordinal."""
        return _reach(self.parents, ordinal)

    def descendants(self, ordinal: int) -> Ordinals:
        """All concepts below, without the concept itself, ascending by ordinal."""
        return _reach(self.children, ordinal)

    def subsumes(self, above: int, below: int) -> bool:
        """True if `above` is an ancestor of `below`. Walks up, where the paths are short."""
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
    count = len(edges.starts) - 1
    seen = np.zeros(count, dtype=np.bool_)
    level = edges.of(start)
    while len(level):
        level = np.unique(level[~seen[level]])
        seen[level] = True
        counts = edges.starts[level + 1] - edges.starts[level]
        if not counts.sum():
            break
        # All rows of the level at once: the place of each neighbour in the flat array
        first = np.repeat(edges.starts[level] - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
        level = edges.neighbours[first + np.arange(counts.sum())]
    seen[start] = False
    return np.flatnonzero(seen).astype(np.int32)


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
