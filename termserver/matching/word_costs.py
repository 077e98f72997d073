"""What it costs a candidate that a word of either side has no counterpart on the other, learned word by word.

"Procedure" or "structure" in a name that the term does not say is nothing; "congenital" or "tuberculous" is another disease. A
table of hashed words says how much each counts: one for words of names, one for words of terms.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.index import TargetIndex, number_words
from termserver.matching.queries import Query
from termserver.matching.search import Found, below_best
from termserver.matching.weight_files import read_arrays

BUCKETS = 1 << 16
WORD_COST_FEATURES = ("name_words_left", "term_words_left")
FILE = "word_costs.npz"


@dataclass(frozen=True, slots=True)
class WordsLeft:
    """The words of some pairs, and how much of each has no counterpart.

    Parameters
    ----------
    name_buckets, term_buckets
        Shape (n_pairs, words of a name), (n_pairs, words of a term), uint16.
    name_left, term_left
        The same shapes: 1 less the cosine to the most similar word of the other side, 0 to 1; 0 where there is no word.
    """

    name_buckets: NDArray[np.uint16]
    term_buckets: NDArray[np.uint16]
    name_left: NDArray[np.float32]
    term_left: NDArray[np.float32]

    @classmethod
    def joined(cls, parts: Sequence[WordsLeft]) -> WordsLeft:
        """The pairs of several, one after the other."""
        arrays = zip(*(part.arrays() for part in parts), strict=True)
        return cls(*(np.concatenate(array) for array in arrays))

    def of_pairs(self, pairs: NDArray[np.int64]) -> WordsLeft:
        """Some of the pairs, in their order."""
        return WordsLeft(*(array[pairs] for array in self.arrays()))

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The four arrays, in the order of the parameters."""
        return self.name_buckets, self.term_buckets, self.name_left, self.term_left


@dataclass(frozen=True, slots=True)
class WordCosts:
    """Costs by bucket of a word.

    Parameters
    ----------
    name, term
        Shape (BUCKETS,), float16: score a word takes with it that is left over in the name, in the term; negative: gives.
    version
        Eight hexadecimal digits of the content.
    """

    name: NDArray[np.float16]
    term: NDArray[np.float16]
    version: str

    @classmethod
    def of(cls, name: NDArray[np.float32], term: NDArray[np.float32]) -> WordCosts:
        """Costs in the precision in which they are kept."""
        kept = np.asarray(name, np.float16), np.asarray(term, np.float16)
        return cls(*kept, hashlib.sha256(kept[0].tobytes() + kept[1].tobytes()).hexdigest()[:8])

    @classmethod
    def none(cls) -> WordCosts:
        """No word costs anything: what training begins with."""
        return cls.of(np.zeros(BUCKETS, np.float32), np.zeros(BUCKETS, np.float32))

    @classmethod
    def load(cls, folder: Path) -> WordCosts:
        """Read `word_costs.npz` of a folder of weights.

        Raises
        ------
        MatchingError
            If the file is missing, damaged or of another shape.
        """
        arrays = read_arrays(folder / FILE, ("name", "term"), what="costs of words")
        if arrays["name"].shape != (BUCKETS,) or arrays["term"].shape != (BUCKETS,):
            raise MatchingError(f"{folder / FILE}: not {BUCKETS} costs of names and terms each; train again")
        return cls.of(arrays["name"], arrays["term"])

    def save(self, folder: Path) -> None:
        """Write `word_costs.npz`, the same bytes for the same content."""
        np.savez(folder / FILE, allow_pickle=False, name=self.name, term=self.term)

    def columns(self, row: NDArray[np.int64], left: WordsLeft) -> dict[str, NDArray[np.float32]]:
        """Columns of `WORD_COST_FEATURES`: how far each pair lies below the best of its row, shape (n_pairs,).

        Parameters
        ----------
        row
            Row of each pair, rising.
        """
        sides = ((self.name, left.name_buckets, left.name_left), (self.term, left.term_buckets, left.term_left))
        return {
            feature: below_best(row, -(costs.astype(np.float64)[buckets] * share).sum(axis=1))
            for feature, (costs, buckets, share) in zip(WORD_COST_FEATURES, sides, strict=True)
        }


def words_left(
    index: TargetIndex, queries: Sequence[Query], found: Found, word_cosine: NDArray[np.float32]
) -> WordsLeft:
    """What is left over in each pair of a block.

    Parameters
    ----------
    word_cosine
        Shape (n_pairs, words of a term, words of a name), as `features.describe` gives it; -1 where there is no word.
    """
    words, term_words = number_words([query.skeleton for query in queries], word_cosine.shape[1])
    of_terms = np.array([bucket_of(word) for word in words] or [0], np.uint16)
    name_words = index.names.word_numbers[found.name]
    used, local = np.unique(name_words, return_inverse=True)
    of_names = np.array(
        [bucket_of(word) for word in index.names.words.take(np.maximum(used, 0))] if len(index.names.words) else [0],
        np.uint16,
    )
    return WordsLeft(
        of_names[local.reshape(name_words.shape)],
        of_terms[term_words[found.row]],
        np.where(name_words < 0, 0, 1 - word_cosine.max(axis=1).clip(0)).astype(np.float32),
        np.where(term_words[found.row] < 0, 0, 1 - word_cosine.max(axis=2).clip(0)).astype(np.float32),
    )


@lru_cache(maxsize=50_000)
def bucket_of(word: str) -> int:
    """Bucket of a skeleton word, 0 <= bucket < BUCKETS; CRC-32 so that every platform agrees."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass")) % BUCKETS
