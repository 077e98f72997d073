"""The concepts of a code system version by ordinal: code, display, flags; code → ordinal by binary search.

Arrays only, so that they map from disk and are shared by all processes. An ordinal is the concept's place in its
publisher's order, from 0.
"""

from __future__ import annotations

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
        wanted = np.array([code.encode() for code in codes] or [b""], dtype=bytes)[: len(codes)]
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


def concept_arrays(concepts: Iterable[Concept]) -> ConceptArrays:
    """Read a stream of concepts once; memory is about 100 bytes a concept and its texts.

    A parent that is not in the system is no edge.

    >>> arrays = concept_arrays([Concept("A", "a"), Concept("B", "b", parents=("A",))])
    >>> arrays.table.ordinal_of("B"), arrays.parent_ordinals.tolist()
    (1, [0])
    """
    codes: list[bytes] = []
    displays = bytearray()
    ends: list[int] = []
    active: list[bool] = []
    abstract: list[bool] = []
    children: list[int] = []
    parents: list[str] = []
    for ordinal, concept in enumerate(concepts):
        codes.append(concept.code.encode())
        displays += concept.display.encode()
        ends.append(len(displays))
        active.append(concept.active)
        abstract.append(concept.abstract)
        for parent in concept.parents:
            children.append(ordinal)
            parents.append(parent)
    code_array = np.array(codes, dtype=bytes) if codes else np.empty(0, dtype="S1")
    table = ConceptTable(
        code_array,
        np.argsort(code_array, kind="stable").astype(np.int32),
        np.frombuffer(bytes(displays), dtype=np.uint8),
        np.array(ends, dtype=np.int64),
        np.array(active, dtype=np.bool_),
        np.array(abstract, dtype=np.bool_),
    )
    child_ordinals = np.array(children, dtype=np.int32)
    parent_ordinals = table.ordinals_of(parents)
    known = parent_ordinals >= 0
    return ConceptArrays(table, child_ordinals[known], parent_ordinals[known])
