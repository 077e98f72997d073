"""Character n-gram search: TF-IDF over the 3–5-grams that the own model hashes too, kept sparse by dropping the commonest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.matching.hashing import Vocabulary, bucket_matrix
from termserver.matching.name_words import NameWords
from termserver.matching.normalise.common import skeleton_words

COMMON_SHARE = 0.006  # an n-gram in more than this share of the names finds nothing
_ROWS_AT_ONCE = 64
_NAMES_AT_ONCE = 20_000
QUERY_GRAMS = 24  # the rarest n-grams of a query that search; all of them score


class NgramIndex:
    """Names as normalised TF-IDF rows, turned round: for each n-gram that is not common, the names that have it.

    Parameters
    ----------
    postings
        Shape (n_buckets, n_names).
    idf
        Shape (n_buckets,); 0 for a bucket that no name has.
    common
        Shape (n_buckets,): n-grams that score in a query's length but find nothing.
    """

    def __init__(self, postings: sparse.csr_matrix, idf: NDArray[np.float32], common: NDArray[np.bool_]) -> None:
        self.postings = postings
        self.idf = idf
        self.common = common

    @classmethod
    def build(cls, words: Sequence[str], name_words: NameWords) -> NgramIndex:
        """Index the names of one target system, given as the words of each.

        Memory: the postings and some 20,000 names more; the postings are filled in place, chunk by chunk.
        """
        grams = bucket_matrix(words)
        n_names = len(name_words)
        frequency = np.zeros(grams.shape[1], np.int64)
        for _, counts in _chunks(name_words, grams):
            frequency += np.bincount(counts.indices, minlength=grams.shape[1])
        idf = np.where(frequency > 0, np.log1p(n_names / np.maximum(frequency, 1)), 0).astype(np.float32)
        common = frequency > max(60, COMMON_SHARE * n_names)
        ends = np.r_[0, np.cumsum(np.where(common, 0, frequency))]
        names, weights = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.float32)
        free = ends[:-1].copy()
        for first, counts in _chunks(name_words, grams):
            rows = _weighted(counts, idf)
            rows.data[common[rows.indices]] = 0
            rows.eliminate_zeros()
            columns = rows.tocsc()
            filled = np.diff(columns.indptr)
            places = np.repeat(free - columns.indptr[:-1], filled) + np.arange(columns.nnz)
            names[places], weights[places] = columns.indices + first, columns.data
            free += filled
        return cls(postings_of(weights, names, ends, n_names), idf, common)

    def encode(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Queries as normalised rows, shape (n_texts, n_buckets); n-grams unknown to the index get the highest weight."""
        unknown = float(self.idf.max()) if len(self.idf) else 1.0
        return _weighted(ngram_counts(texts), np.where(self.idf > 0, self.idf, unknown).astype(np.float32))

    def search(
        self, queries: sparse.csr_matrix, allowed: NDArray[np.bool_], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """The best names: triples (query, name, cosine over the uncommon n-grams), at most `limit` a query.

        Parameters
        ----------
        allowed
            Shape (n_names,): names that may be found.
        """
        query_rows: list[NDArray[np.int64]] = []
        names: list[NDArray[np.int64]] = []
        cosines: list[NDArray[np.float32]] = []
        rarest = self._rarest(queries)
        for start in range(0, queries.shape[0], _ROWS_AT_ONCE):
            scores = sparse.csr_matrix(rarest[start : start + _ROWS_AT_ONCE] @ self.postings)
            for row in range(scores.shape[0]):
                span = slice(scores.indptr[row], scores.indptr[row + 1])
                found, score = scores.indices[span], scores.data[span]
                keep = allowed[found]
                found, score = found[keep], score[keep]
                if len(found) > limit:
                    best = np.argpartition(-score, limit - 1)[:limit]
                    found, score = found[best], score[best]
                query_rows.append(np.full(len(found), start + row, np.int64))
                names.append(found.astype(np.int64))
                cosines.append(score.astype(np.float32))
        empty = np.zeros(0, np.int64)
        return (
            np.concatenate([*query_rows, empty]),
            np.concatenate([*names, empty]),
            np.concatenate([*cosines, np.zeros(0, np.float32)]),
        )

    def _rarest(self, queries: sparse.csr_matrix) -> sparse.csr_matrix:
        """Queries reduced to their heaviest uncommon n-grams."""
        reduced = queries.copy()
        reduced.data = np.where(
            self.common[reduced.indices] | (self.idf[reduced.indices] == 0), 0, reduced.data
        ).astype(np.float32)
        for row in range(reduced.shape[0]):
            span = slice(reduced.indptr[row], reduced.indptr[row + 1])
            weights = reduced.data[span]
            if len(weights) > QUERY_GRAMS:
                weights[weights < np.partition(weights, -QUERY_GRAMS)[-QUERY_GRAMS]] = 0
        reduced.eliminate_zeros()
        return reduced


def postings_of(
    weights: NDArray[np.float32], names: NDArray[np.int32], ends: NDArray[np.int64], n_names: int
) -> sparse.csr_matrix:
    """Postings from their arrays, which are not copied; shape (n_buckets, n_names)."""
    narrow = np.int32 if len(names) < 2**31 else np.int64
    return sparse.csr_matrix((weights, names, ends.astype(narrow)), shape=(len(ends) - 1, n_names), copy=False)


def _chunks(name_words: NameWords, grams: sparse.csr_matrix) -> Iterator[tuple[int, sparse.csr_matrix]]:
    """(First name, counts of n-grams of the next names), so many names at once as memory stays small."""
    for first in range(0, len(name_words), _NAMES_AT_ONCE):
        last = min(first + _NAMES_AT_ONCE, len(name_words))
        yield first, sparse.csr_matrix(name_words.counts(first, last, grams.shape[0]) @ grams)


def ngram_counts(texts: Sequence[str]) -> sparse.csr_matrix:
    """Counts of hashed n-grams, shape (n_texts, n_buckets)."""
    vocabulary = Vocabulary()
    counts = vocabulary.matrix_of(skeleton_words(text) for text in texts)
    return sparse.csr_matrix(counts @ bucket_matrix(vocabulary.words))


def _weighted(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """TF-IDF rows of length one."""
    rows = counts.copy()
    rows.data = (np.sqrt(rows.data) * idf[rows.indices]).astype(np.float32)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(rows.indptr)).astype(np.float32)
    return rows
