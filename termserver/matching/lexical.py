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

    A weight is what count, n-gram and length of the name make it; so a byte a posting is kept instead of a number of 32 bits.

    Parameters
    ----------
    names, counts
        Shape (n_postings,): names of the first n-gram, of the second…, rising; how often each has it.
    ends
        Shape (n_buckets + 1,): where the postings of each n-gram begin; the last is where they end.
    lengths
        Shape (n_names,): what a name's weights are divided by.
    idf
        Shape (n_buckets,); 0 for a bucket that no name has.
    common
        Shape (n_buckets,): n-grams that score in a query's length but find nothing.
    """

    def __init__(
        self,
        names: NDArray[np.int32],
        counts: NDArray[np.unsignedinteger],
        ends: NDArray[np.int64],
        lengths: NDArray[np.float32],
        idf: NDArray[np.float32],
        common: NDArray[np.bool_],
    ) -> None:
        self.names = names
        self.counts = counts
        self.ends = ends
        self.lengths = lengths
        self.idf = idf
        self.common = common
        # n-grams that no name has are the rarest of all
        self._asked_idf = np.where(idf > 0, idf, float(idf.max()) if len(idf) else 1.0).astype(np.float32)

    @classmethod
    def build(cls, words: Sequence[str], name_words: NameWords) -> NgramIndex:
        """Index the names of one target system, given as the words of each.

        Memory: the postings and some 20,000 names more; the postings are filled in place, chunk by chunk.
        """
        grams = bucket_matrix(words)
        n_names = len(name_words)
        frequency, most = np.zeros(grams.shape[1], np.int64), 0.0
        for _, chunk in _chunks(name_words, grams):
            frequency += np.bincount(chunk.indices, minlength=grams.shape[1])
            most = max(most, float(chunk.data.max(initial=0)))
        idf = np.where(frequency > 0, np.log1p(n_names / np.maximum(frequency, 1)), 0).astype(np.float32)
        common = frequency > max(60, COMMON_SHARE * n_names)
        ends = np.r_[0, np.cumsum(np.where(common, 0, frequency))]
        names, counts = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.min_scalar_type(int(most)))
        lengths = np.empty(n_names, np.float32)
        free = ends[:-1].copy()
        for first, chunk in _chunks(name_words, grams):
            lengths[first : first + chunk.shape[0]] = _lengths(_scaled(chunk, idf))
            chunk.data[common[chunk.indices]] = 0
            chunk.eliminate_zeros()
            columns = chunk.tocsc()
            filled = np.diff(columns.indptr)
            places = np.repeat(free - columns.indptr[:-1], filled) + np.arange(columns.nnz)
            names[places], counts[places] = columns.indices + first, columns.data
            free += filled
        return cls(names, counts, ends, lengths, idf, common)

    def encode(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Queries as normalised rows, shape (n_texts, n_buckets); n-grams unknown to the index get the highest weight."""
        return _weighted(ngram_counts(texts), self._asked_idf)

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
        every = bool(allowed.all())
        for start in range(0, queries.shape[0], _ROWS_AT_ONCE):
            asked = rarest[start : start + _ROWS_AT_ONCE]
            used, local = np.unique(asked.indices, return_inverse=True)
            asked = sparse.csr_matrix((asked.data, local, asked.indptr), shape=(asked.shape[0], len(used)))
            scores = sparse.csr_matrix(asked @ self._postings(used, None if every else allowed))
            for row in range(scores.shape[0]):
                span = slice(scores.indptr[row], scores.indptr[row + 1])
                found, score = scores.indices[span], scores.data[span]
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

    def _postings(self, buckets: NDArray[np.integer], allowed: NDArray[np.bool_] | None) -> sparse.csr_matrix:
        """Weights of the names that have some n-grams and are allowed, shape (len(buckets), n_names)."""
        counts = self.ends[buckets + 1] - self.ends[buckets]
        bucket = np.repeat(np.arange(len(buckets)), counts)
        places = np.arange(counts.sum()) + np.repeat(self.ends[buckets] - (np.cumsum(counts) - counts), counts)
        names = self.names[places]
        if allowed is not None:
            kept = np.flatnonzero(allowed[names])
            names, places, bucket = names[kept], places[kept], bucket[kept]
            counts = np.bincount(bucket, minlength=len(buckets))
        weights = np.sqrt(self.counts[places], dtype=np.float32) * self.idf[buckets][bucket]
        weights /= self.lengths[names]
        return sparse.csr_matrix(
            (weights, names, np.r_[0, np.cumsum(counts)]), shape=(len(buckets), len(self.lengths)), copy=False
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
    rows = _scaled(counts, idf)
    rows.data /= np.repeat(_lengths(rows), np.diff(rows.indptr))
    return rows


def _scaled(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """TF-IDF rows as they are."""
    rows = counts.copy()
    rows.data = (np.sqrt(rows.data) * idf[rows.indices]).astype(np.float32)
    return rows


def _lengths(rows: sparse.csr_matrix) -> NDArray[np.float32]:
    """The length of each row, no less than a hair."""
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return np.asarray(np.maximum(lengths, 1e-9), np.float32)
