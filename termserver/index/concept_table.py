"""The concepts of a code system version by ordinal: code, display, flags, hierarchy; code → ordinal by binary search.

Arrays only, so that they map from disk and are shared by all processes. An ordinal is the concept's place in its
publisher's order, from 0.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.model.code_system import Concept

Ordinals = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class ConceptTable:
    """See the module.

    Parameters
    ----------
    codes
        Shape (n,), UTF-8 bytes, by ordinal.
    order
        Shape (n,): ordinals in the order of their codes' bytes.
    display_bytes, display_ends
        All displays one after another, shape (total,); shape (n,): where each ends.
    active, abstract
        Shape (n,).
    """

    codes: NDArray[np.bytes_]
    order: Ordinals
    display_bytes: NDArray[np.uint8]
    display_ends: NDArray[np.int64]
    active: NDArray[np.bool_]
    abstract: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.codes)

    def ordinal_of(self, code: str) -> int:
        """The code's ordinal, or -1."""
        return int(self.ordinals_of([code])[0])

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """Shape (len(codes),): each code's ordinal, -1 where there is none."""
        return self.ordinals_of_bytes([code.encode() for code in codes])

    def ordinals_of_bytes(self, codes: Sequence[bytes]) -> Ordinals:
        """As `ordinals_of`, for codes in UTF-8."""
        wanted = np.array(codes or [b""], dtype=bytes)[: len(codes)]
        if not len(self.codes):
            return np.full(len(codes), -1, dtype=np.int32)
        places = np.searchsorted(self.codes, wanted, sorter=self.order)
        found = self.order[np.minimum(places, len(self.order) - 1)]
        return np.where(self.codes[found] == wanted, found, -1).astype(np.int32)

    def code_of(self, ordinal: int) -> str:
        """The code at an ordinal."""
        code: bytes = self.codes[ordinal]
        return code.decode()

    def display_of(self, ordinal: int) -> str:
        """The display at an ordinal."""
        start = int(self.display_ends[ordinal - 1]) if ordinal else 0
        return self.display_bytes[start : int(self.display_ends[ordinal])].tobytes().decode()

    def displays_of(self, codes: Sequence[str]) -> list[str | None]:
        """Each code's display; None for an unknown code or an empty display."""
        return [
            (self.display_of(int(ordinal)) or None) if ordinal >= 0 else None for ordinal in self.ordinals_of(codes)
        ]


@dataclass(frozen=True, slots=True)
class ConceptArrays:
    """What one pass over the concepts gives: the table and the edges child → parent, as codes' ordinals."""

    table: ConceptTable
    child_ordinals: Ordinals
    parent_ordinals: Ordinals


class ConceptCollector:
    """Collects a table and its edges, concept by concept; memory is about 50 bytes a concept and its display."""

    def __init__(self) -> None:
        self._codes: list[bytes] = []
        self._displays = bytearray()
        self._ends = array("q")
        self._active = bytearray()
        self._abstract = bytearray()
        self._children = array("i")
        self._parents: list[bytes] = []

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        ordinal = len(self._codes)
        self._codes.append(concept.code.encode())
        self._displays += concept.display.encode()
        self._ends.append(len(self._displays))
        self._active.append(concept.active)
        self._abstract.append(concept.abstract)
        for parent in concept.parents:
            self._children.append(ordinal)
            self._parents.append(parent.encode())

    def arrays(self) -> ConceptArrays:
        """The table and the edges; a parent that is not in the system is no edge."""
        codes = np.array(self._codes, dtype=bytes) if self._codes else np.empty(0, dtype="S1")
        table = ConceptTable(
            codes,
            np.argsort(codes, kind="stable").astype(np.int32),
            np.frombuffer(bytes(self._displays), dtype=np.uint8),
            np.array(self._ends, dtype=np.int64),
            np.frombuffer(bytes(self._active), dtype=np.bool_),
            np.frombuffer(bytes(self._abstract), dtype=np.bool_),
        )
        child_ordinals = np.array(self._children, dtype=np.int32)
        parent_ordinals = table.ordinals_of_bytes(self._parents)
        known = parent_ordinals >= 0
        return ConceptArrays(table, child_ordinals[known], parent_ordinals[known])


def concept_arrays(concepts: Iterable[Concept]) -> ConceptArrays:
    """Read a stream of concepts once.

    >>> arrays = concept_arrays([Concept("A", "a"), Concept("B", "b", parents=("A",))])
    >>> arrays.table.ordinal_of("B"), arrays.parent_ordinals.tolist()
    (1, [0])
    """
    collector = ConceptCollector()
    for concept in concepts:
        collector.add(concept)
    return collector.arrays()
