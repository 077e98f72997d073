"""Earlier decisions offered again: the same term, or nearly the same, that a curator mapped before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz, process

from termserver.matching.normalise.common import skel
from termserver.matching.normalise.tables import VALUES, expand, language_of, typed_mask, typed_values
from termserver.matching.queries import Query
from termserver.model.candidate import EarlierDecision

NEARLY = 0.93  # likeness of the sorted words from which an earlier decision counts
REORDERED = 0.99  # likeness of the same words in another order
_DETAIL = 1 << VALUES.index("unspecified") | 1 << VALUES.index("other")


@dataclass(frozen=True, slots=True)
class Remembered:
    """An earlier decision for a row.

    Parameters
    ----------
    likeness
        1 for the same term (but for case, accents, punctuation and abbreviations), else `NEARLY` to 1.
    agreeing
        Share of the decisions for the term that chose this target, 0 to 1.
    """

    row: int
    target: int
    likeness: float
    agreeing: float
    decision: EarlierDecision


class Memory:
    """Decisions by the words of their term, abbreviations written out, in the order of the alphabet.

    Parameters
    ----------
    position
        Of system and code: where the target stands in the index; None for one that is not there, whose decisions are ignored.
    """

    def __init__(self, decisions: Iterable[EarlierDecision], position: Callable[[str, str], int | None]) -> None:
        self._by_words: dict[str, list[tuple[int, str, EarlierDecision]]] = {}
        for decision in decisions:
            target = position(decision.target_system, decision.target_code)
            skeleton = skel(expand(decision.term, language_of(decision.language)))
            if target is not None and skeleton:
                self._by_words.setdefault(_sorted_words(skeleton), []).append((target, skeleton, decision))
        self._terms = sorted(self._by_words, key=lambda words: (len(words), words))
        self._lengths = np.array([len(words) for words in self._terms], np.int64)

    def __len__(self) -> int:
        return len(self._terms)

    def recall(self, queries: Sequence[Query]) -> list[Remembered]:
        """Earlier decisions for the rows, the likest and latest of each (row, target).

        Time: some microseconds for a term that was decided, 1 to 3 ms for another among 100,000 decided terms.
        """
        if not self._terms:
            return []
        found: dict[tuple[int, int], Remembered] = {}
        for row, query in enumerate(queries):
            words = _sorted_words(query.skeleton)
            if words in self._by_words:
                self._add(found, row, query, words, REORDERED)
            elif len(words) > 4:
                for other, likeness in self._near(words):
                    self._add(found, row, query, other, likeness)
        return [found[key] for key in sorted(found)]

    def _near(self, words: str) -> Iterator[tuple[str, float]]:
        """Terms that are nearly the same. What is much shorter or longer cannot be: twice the shorter length bounds a ratio."""
        shortest, longest = len(words) * NEARLY / (2 - NEARLY), len(words) * (2 - NEARLY) / NEARLY
        first, last = np.searchsorted(self._lengths, [np.floor(shortest), np.floor(longest) + 1])
        terms = self._terms[first:last]
        if terms:
            likeness = process.cdist([words], terms, scorer=fuzz.ratio, score_cutoff=100 * NEARLY, workers=1)[0]
            for place in np.flatnonzero(likeness):
                yield terms[place], min(float(likeness[place]) / 100, REORDERED)

    def _add(
        self, found: dict[tuple[int, int], Remembered], row: int, query: Query, words: str, likeness: float
    ) -> None:
        decisions = self._by_words[words]
        for target, skeleton, decision in decisions:
            alike = 1.0 if skeleton == query.skeleton else likeness
            if alike < 1 and not _says_the_same(query, decision):
                continue
            agreeing = sum(other == target for other, _, _ in decisions) / len(decisions)
            known = found.get((row, target))
            if known is None or (alike, decision.decided_on) > (known.likeness, known.decision.decided_on):
                found[row, target] = Remembered(row, target, alike, agreeing, decision)


def _sorted_words(skeleton: str) -> str:
    """The words of a skeleton in the order of the alphabet.

    >>> _sorted_words("hjertinfarkt akut")
    'akut hjertinfarkt'
    """
    return " ".join(sorted(skeleton.split()))


def _says_the_same(query: Query, decision: EarlierDecision) -> bool:
    """Whether typed words other than "other/unspecified" are equal: a near-identical term of the other side is another term."""
    theirs = typed_mask(typed_values(decision.term, language_of(decision.language) or query.language))
    return (theirs ^ query.typed) & ~_DETAIL == 0
