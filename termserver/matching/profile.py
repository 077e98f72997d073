"""What a whole list is about: a list of operations goes to procedures, the rows of one value set to one kind of thing."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from termserver.matching.attributes import KIND_CLASSES, LEAST_LOG_CHANCE, AttributeModel
from termserver.matching.queries import Query

T = TypeVar("T")
LEAST_ROWS = 20  # a shorter list says too little of its rows
MOST_ROWS = 5_000  # of a list, evenly taken
_ROUNDS = 3
_LIST_WEIGHT = 5.0  # rows that the whole list counts as beside the rows of one context
_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class ListProfile:
    """How likely each kind of target is in a list.

    Parameters
    ----------
    whole
        Shape (len(KIND_CLASSES),), logarithms of chances.
    by_context
        The same for rows of one context (a value set, a chapter), by the words of the context.
    certainty
        Mean of the first candidate's share in the ranking, 0 to 1, over rows of the list: a hard list makes each of its rows
        less sure. Not a number where nobody has looked.
    """

    whole: NDArray[np.float32]
    by_context: Mapping[str, NDArray[np.float32]]
    certainty: float = math.nan

    def of(self, queries: Sequence[Query]) -> NDArray[np.float32]:
        """Logarithm of the chance of each kind for each row, shape (n_rows, len(KIND_CLASSES))."""
        return np.array([self.by_context.get(query.context, self.whole) for query in queries], np.float32).reshape(
            -1, len(KIND_CLASSES)
        )


def profile_of(attributes: AttributeModel, queries: Sequence[Query]) -> ListProfile | None:
    """The profile of a list; None for one of fewer than `LEAST_ROWS` rows with words.

    Each row's chances are weighed with the list's, and the list's taken anew from them (Saerens et al., Neural Comput. 14
    (2002) 21, without the classifier's own prior).
    """
    kept = [query for query in queries if query.skeleton]
    if len(kept) < LEAST_ROWS:
        return None
    kept = evenly(kept, MOST_ROWS)
    chances = np.exp(attributes.log_chances([query.with_context for query in kept])["kind"]).astype(np.float64)
    weighed = chances
    for _ in range(_ROUNDS):
        share = weighed.mean(axis=0)
        weighed = chances * share
        weighed /= weighed.sum(axis=1, keepdims=True)
    share = weighed.mean(axis=0)
    members: dict[str, list[int]] = defaultdict(list)
    for number, query in enumerate(kept):
        if query.context:
            members[query.context].append(number)
    groups = {
        context: _logarithms((weighed[rows].sum(axis=0) + _LIST_WEIGHT * share) / (len(rows) + _LIST_WEIGHT))
        for context, rows in members.items()
        if len(rows) > 1
    }
    return ListProfile(_logarithms(share), groups)


def evenly(things: Sequence[T], most: int) -> list[T]:
    """At most `most` of the things, taken from all over them.

    >>> evenly("abcde", 2)
    ['a', 'c']
    """
    if len(things) <= most:
        return list(things)
    return [things[position * len(things) // most] for position in range(most)]


def _logarithms(share: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.maximum(np.log(share + _FLOOR), LEAST_LOG_CHANCE).astype(np.float32)
