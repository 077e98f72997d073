"""Words and their 3–5-character n-grams as sparse features in hashed buckets."""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BUCKETS = 1 << 18
NGRAM_LENGTHS = (3, 4, 5)


def buckets_of_word(word: str, *, n_buckets: int = BUCKETS) -> list[int]:
    """Buckets of one skeleton word: the word itself and its n-grams with `<` and `>` at the ends.

    Returns
    -------
    At least one bucket, each 0 <= bucket < n_buckets; repeats are kept.

    Source
    ------
    Bojanowski et al., TACL 2017, doi:10.1162/tacl_a_00051 (subword n-grams); CRC-32 so that every platform agrees.

    >>> len(buckets_of_word("akut"))
    10
    """
    marked = f"<{word}>"
    grams = [f"={word}"]
    for length in NGRAM_LENGTHS:
        grams.extend(marked[start : start + length] for start in range(len(marked) - length + 1))
    return [zlib.crc32(gram.encode("utf-8", "surrogatepass")) % n_buckets for gram in grams]


@lru_cache(maxsize=30_000)
def _kept_buckets(word: str, n_buckets: int) -> bytes:
    """As `buckets_of_word`: the words of a row are asked for its terms, its n-grams and its words one by one.

    In 32 bits a number, thirty thousand words are 6 MB; as Python's numbers they would be 40.
    """
    return array("i", buckets_of_word(word, n_buckets=n_buckets)).tobytes()


class Vocabulary:
    """Words in order of first sight, so that each is hashed once.

    >>> vocabulary = Vocabulary()
    >>> vocabulary.matrix_of([["akut", "akut"], []]).toarray().tolist()
    [[2.0], [0.0]]
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        self._number: dict[str, int] = {}

    def number(self, word: str) -> int:
        """The word's row; a new word gets the next one."""
        found = self._number.get(word)
        if found is None:
            found = self._number[word] = len(self.words)
            self.words.append(word)
        return found

    def matrix_of(self, texts: Iterable[Sequence[str]]) -> sparse.csr_matrix:
        """Counts, shape (n_texts, n_words so far), of texts given as lists of skeleton words."""
        columns: list[int] = []
        ends = [0]
        for words in texts:
            columns.extend(self.number(word) for word in words)
            ends.append(len(columns))
        matrix = sparse.csr_matrix(
            (np.ones(len(columns), np.float32), np.array(columns, np.int32), np.array(ends, np.int64)),
            shape=(len(ends) - 1, len(self.words)),
        )
        matrix.sum_duplicates()
        return matrix


def bucket_matrix(words: Sequence[str], *, n_buckets: int = BUCKETS) -> sparse.csr_matrix:
    """Counts of buckets, shape (n_words, n_buckets)."""
    buckets = [_kept_buckets(word, n_buckets) for word in words]
    ends = np.cumsum([0, *map(len, buckets)]) // np.dtype(np.int32).itemsize
    columns = np.frombuffer(bytearray().join(buckets), np.int32)
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), np.float32), columns, ends),
        shape=(len(words), n_buckets),
    )
    matrix.sum_duplicates()
    return matrix


def distinct(numbers: NDArray[np.int32], below: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The numbers that occur, rising, and where among them each stands; `np.unique` without its sorting.

    Parameters
    ----------
    numbers
        Shape (n,), each at least 0 and less than `below`.

    >>> [array.tolist() for array in distinct(np.array([7, 2, 7]), 9)]
    [[2, 7], [1, 0, 1]]
    """
    occurs = np.zeros(below, np.bool_)
    occurs[numbers] = True
    found = np.flatnonzero(occurs)
    place = np.empty(below, np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return found, place[numbers]


def normalised_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows scaled to length one; rows of zeros stay zero. Shape kept."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)
