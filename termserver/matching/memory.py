"""Earlier decisions offered again: the same term, or nearly the same, that a curator mapped before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from termserver.matching.normalise.common import skel
from termserver.matching.normalise.tables import VALUES, language_of, typed_mask, typed_values
from termserver.matching.queries import Query
from termserver.model.candidate import EarlierDecision

NEARLY = 0.93  # likeness of skeletons from which an earlier decision counts
_DETAIL = 1 << VALUES.index("unspecified") | 1 << VALUES.index("other")


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier decision for a row.

    Parameters
    ----------
    likeness
        1 for the same term, else `NEARLY` to 1.
    agreeing
        Share of the decisions for the term that chose this target, 0 to 1.
    """

    row: int
    target: int
    likeness: float
    agreeing: float
    decision: EarlierDecision


class Memory:
    """Decisions by the skeleton of their term.

    Parameters
    ----------
    position
        Of system and code: where the target stands in the index; None for one that is not there, whose decisions are ignored.
    """

    def __init__(self, decisions: Iterable[EarlierDecision], position: Callable[[str, str], int | None]) -> None:
        self._by_term: dict[str, list[tuple[int, EarlierDecision]]] = {}
        for decision in decisions:
            target = position(decision.target_system, decision.target_code)
            key = skel(decision.term)
            if target is not None and key:
                self._by_term.setdefault(key, []).append((target, decision))
        self._terms = sorted(self._by_term)

    def __len__(self) -> int:
        return len(self._terms)

    def recall(self, queries: Sequence[Query]) -> list[Remembered]:
        """Earlier decisions for the rows, the likest and latest of each (row, target)."""
        if not self._terms:
            return []
        found: dict[tuple[int, int], Remembered] = {}
        exact = [row for row, query in enumerate(queries) if query.skeleton in self._by_term]
        for row in exact:
            self._add(found, row, queries[row], queries[row].skeleton, 1.0)
        others = [row for row in range(len(queries)) if row not in set(exact) and len(queries[row].skeleton) > 4]
        for start in range(0, len(others), 200):
            rows = others[start : start + 200]
            likeness = process.cdist(
                [queries[row].skeleton for row in rows],
                self._terms,
                scorer=fuzz.ratio,
                score_cutoff=100 * NEARLY,
                workers=1,
            )
            for position, term in zip(*np.nonzero(likeness), strict=True):
                self._add(
                    found,
                    rows[position],
                    queries[rows[position]],
                    self._terms[term],
                    float(likeness[position, term]) / 100,
                )
        return [found[key] for key in sorted(found)]

    def _add(
        self, found: dict[tuple[int, int], Remembered], row: int, query: Query, term: str, likeness: float
    ) -> None:
        decisions = self._by_term[term]
        for target, decision in decisions:
            if likeness < 1 and not _says_the_same(query, decision):
                continue
            agreeing = sum(other == target for other, _ in decisions) / len(decisions)
            known = found.get((row, target))
            if known is None or (likeness, decision.decided_on) > (known.likeness, known.decision.decided_on):
                found[row, target] = Remembered(row, target, likeness, agreeing, decision)


def _says_the_same(query: Query, decision: EarlierDecision) -> bool:
    """Whether typed words other than "other/unspecified" are equal: a near-identical term of the other side is another term."""
    theirs = typed_mask(typed_values(decision.term, language_of(decision.language) or query.language))
    return (theirs ^ query.typed) & ~_DETAIL == 0
