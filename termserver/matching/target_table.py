"""The targets of an index as columns: a `Target` is made when somebody looks at it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from termserver.matching.text_table import Labels, TextTable
from termserver.model.candidate import Target

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class TargetTable(Sequence[Target]):
    """Targets in order of code, then system; without their designations, which an index keeps as names.

    Parameters
    ----------
    systems, kinds
        Label of each.
    codes, displays, parents
        Texts of each; parents joined.
    active
        Shape (n_targets,).
    """

    systems: Labels
    codes: TextTable
    displays: TextTable
    kinds: Labels
    parents: TextTable
    active: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> Target: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Target]: ...
    def __getitem__(self, index: int | slice) -> Target | Sequence[Target]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        parents = self.parents[index]
        return Target(
            self.systems[index] or "",
            self.codes[index],
            self.displays[index],
            active=bool(self.active[index]),
            kind=self.kinds[index],
            parents=tuple(parents.split(_BETWEEN)) if parents else (),
        )

    def __iter__(self) -> Iterator[Target]:
        return (self[position] for position in range(len(self)))

    def position(self, system: str, code: str) -> int | None:
        """Where a target stands; None for one that is not here."""
        at = bisect_left(self.codes, code)
        while at < len(self) and self.codes[at] == code:
            if self.systems[at] == system:
                return at
            at += 1
        return None


def joined_parents(parents: Sequence[str]) -> str:
    """Codes of parents as the table keeps them."""
    return _BETWEEN.join(parents)
