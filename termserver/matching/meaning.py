"""Search by the own model: rows' vectors against all names, in chunks, so that memory does not grow with the target system.

A name's vector is the sum of its words' vectors, made a unit. So one look at the words tells nearly how near each name is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.matching.name_words import NameWords
from termserver.matching.own_model import OwnModel
from termserver.matching.queries import Query

NAME_CHUNK = 16_384  # names looked at at once for the first time: they tell how near a name must be
_LEAST_CHUNK = 2_048
_WORD_CHUNK = 1_024
_PAIR_CHUNK = 512  # pairs whose vectors are multiplied at once: they fit into a processor's own memory
FEW_VECTORS = 4  # what one row asks
_CELLS = 1 << 20  # cosines held at once
_SLACK = 1e-5  # what sums of floats in another order may differ by
Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
Nearest = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class CoarseNames:
    """Names as sums of their words, the words in one byte a number: little to read, and a known error, so that nothing is lost.

    Parameters
    ----------
    codes, scales
        Shape (n_words, dimensions), int8; (n_words,), float32: `codes * scales` are the words' unit vectors, nearly.
    mixtures
        Shape (n_names, n_words): `mixtures @ (codes * scales)` are the names' unit vectors, nearly.
    error
        The longest difference to a name's vector: no cosine with a unit vector is off by more.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    mixtures: sparse.csr_matrix
    error: float

    @classmethod
    def of(cls, vectors: NDArray[np.float16], sums: NDArray[np.float32], name_words: NameWords) -> CoarseNames:
        """Of names, shape (n_names, dimensions), made of the words' `sums`, shape (n_words, dimensions)."""
        lengths = np.maximum(np.linalg.norm(sums, axis=1), 1e-9).astype(np.float32)
        codes, scales = _bytes_of(sums, lengths)
        words = codes * scales[:, None]
        ends = np.zeros(len(name_words) + 1, np.int64)
        columns, weights = np.empty(len(name_words.words), np.int32), np.empty(len(name_words.words), np.float32)
        error = 0.0
        for first in range(0, len(vectors), NAME_CHUNK):
            last = min(first + NAME_CHUNK, len(vectors))
            counts = name_words.counts(first, last, len(sums))
            whole = np.maximum(np.linalg.norm(counts @ sums, axis=1), 1e-9)
            counts.data *= lengths[counts.indices] / np.repeat(whole, np.diff(counts.indptr)).astype(np.float32)
            off = np.linalg.norm(counts @ words - vectors[first:last].astype(np.float32), axis=1)
            error = max(error, float(off.max(initial=0)))
            ends[first + 1 : last + 1] = ends[first] + counts.indptr[1:]
            span = slice(ends[first], ends[last])
            columns[span], weights[span] = counts.indices, counts.data
        used = int(ends[-1])
        return cls(codes, scales, mixtures_of(weights[:used], columns[:used], ends, len(sums)), error)

    def cosines_of_words(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """About the cosine of each word to each vector, shape (n_words, n_vectors)."""
        cosines = np.empty((len(self.codes), len(vectors)), np.float32)
        rows = np.empty((min(_WORD_CHUNK, len(self.codes)), self.codes.shape[1]), np.float32)
        for first in range(0, len(self.codes), _WORD_CHUNK):
            codes = self.codes[first : first + _WORD_CHUNK]
            np.copyto(rows[: len(codes)], codes)
            np.matmul(rows[: len(codes)], vectors.T, out=cosines[first : first + len(codes)])
        cosines *= self.scales[:, None]
        return cosines

    def chunks(
        self, words: NDArray[np.float32], chosen: NDArray[np.int64] | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(First name of a chunk, about the cosines of its names, shape (n_chunk, n_vectors)); of the chosen names, or of all."""
        n_names = self.mixtures.shape[0] if chosen is None else len(chosen)
        width = int(np.clip(_CELLS // words.shape[1], _LEAST_CHUNK, _CELLS))
        first, last = 0, min(width, NAME_CHUNK, n_names)
        while first < n_names:
            rows = self._rows(first, last) if chosen is None else self.mixtures[chosen[first:last]]
            if words.shape[1] <= FEW_VECTORS:
                yield first, np.stack([rows @ column for column in np.ascontiguousarray(words.T)], axis=1)
            else:
                yield first, rows @ words
            first, last = last, min(last + width, n_names)

    def _rows(self, first: int, last: int) -> sparse.csr_matrix:
        """Some of the mixtures; nothing is copied but the ends."""
        ends = self.mixtures.indptr[first : last + 1]
        span = slice(ends[0], ends[-1])
        return mixtures_of(
            self.mixtures.data[span], self.mixtures.indices[span], ends - ends[0], self.mixtures.shape[1]
        )


def mixtures_of(
    weights: NDArray[np.float32], words: NDArray[np.int32], ends: NDArray[np.integer], n_words: int
) -> sparse.csr_matrix:
    """Mixtures from their arrays, which are not copied; shape (n_names, n_words)."""
    narrow = np.int32 if len(words) < 2**31 else np.int64
    return sparse.csr_matrix(
        (weights, words, ends.astype(narrow, copy=False)), shape=(len(ends) - 1, n_words), copy=False
    )


def _bytes_of(
    vectors: NDArray[np.float32], lengths: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Vectors divided by their lengths in one byte a number, with the scale of each."""
    codes, scales = np.empty(vectors.shape, np.int8), np.ones(len(vectors), np.float32)
    for first in range(0, len(vectors), NAME_CHUNK):
        span = slice(first, first + NAME_CHUNK)
        units = vectors[span] / lengths[span, None]
        largest = np.abs(units).max(axis=1, initial=0)
        scales[span] = np.where(largest > 0, largest / 127, 1)
        codes[span] = np.rint(units / scales[span, None])
    return codes, scales


@dataclass(frozen=True, slots=True)
class RowVectors:
    """Vectors of a block of rows.

    Parameters
    ----------
    texts, text_row
        Shape (n_texts, dimensions), unit rows; (n_texts,), the row each text belongs to, rising. A row has one text or more.
    context, context_row
        The same for rows that have a context: the term followed by it.
    count
        Rows of the block.
    """

    texts: NDArray[np.float32]
    text_row: NDArray[np.int64]
    context: NDArray[np.float32]
    context_row: NDArray[np.int64]
    count: int

    @property
    def first(self) -> NDArray[np.int64]:
        """Position in `texts` of each row's term itself, shape (count,)."""
        return np.searchsorted(self.text_row, np.arange(self.count))


def vectors_of_rows(model: OwnModel, queries: Sequence[Query]) -> RowVectors:
    """Encode the texts of some rows."""
    texts = [(row, text) for row, query in enumerate(queries) for text in query.texts]
    contexts = [row for row, query in enumerate(queries) if query.context]
    return RowVectors(
        model.encode([text for _, text in texts]),
        np.array([row for row, _ in texts], np.int64),
        model.encode([queries[row].with_context for row in contexts]),
        np.array(contexts, np.int64),
        len(queries),
    )


def nearest_names(
    names: NDArray[np.float16],
    coarse: CoarseNames,
    allowed: NDArray[np.bool_],
    vectors: NDArray[np.float32],
    row: NDArray[np.int64],
    limit: int,
) -> Nearest:
    """For each row the names nearest to any of its vectors: pairs (row, name), at most `limit` a row, in order.

    A first look at all names, by their words, keeps what can be among the nearest: its error is known. The true cosines of what
    is kept decide. So the answer is the one of brute force, while a fraction of the memory is read. Memory: a cosine of each word
    to each vector, and `_CELLS` cosines of names, however many there are.

    Parameters
    ----------
    names, coarse
        Shape (n_names, dimensions), unit rows; the same as sums of words.
    allowed
        Shape (n_names,).
    vectors, row
        As in `RowVectors`, rising.
    """
    if not len(row) or not allowed.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    owner, name = _first_look(coarse, allowed, vectors, row, limit)
    owner, name, _ = _best_of((owner, name, pair_cosines(names, name, owner, vectors, row)), limit)
    return owner, name


def _first_look(
    coarse: CoarseNames, allowed: NDArray[np.bool_], vectors: NDArray[np.float32], row: NDArray[np.int64], limit: int
) -> Nearest:
    """Pairs (row, name) that can be among a row's `limit` nearest, each once.

    Each vector looks for itself. What is among the nearest of a row is among the nearest of one of its vectors, and no nearer
    than the nearest of any of them must it be.
    """
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    counts = np.diff(np.r_[starts, len(row)])
    margin = np.float32(2 * coarse.error + _SLACK)
    chosen = _chosen(allowed, many=len(row) > FEW_VECTORS)
    floor = np.full(len(row), -2, np.float32)  # below every cosine
    kept: list[Pairs] = []
    for number, (first, cosines) in enumerate(coarse.chunks(coarse.cosines_of_words(vectors), chosen)):
        if chosen is None:
            cosines[~allowed[first : first + len(cosines)]] = -3
        if number == 0 and len(cosines) > limit:
            floor = np.maximum(np.partition(cosines.T, -limit, axis=1)[:, -limit] - margin, floor)
            floor = np.repeat(np.maximum.reduceat(floor, starts), counts)
        place, at = np.divmod(np.flatnonzero(cosines >= floor), len(row))
        kept.append((at, first + place, cosines[place, at]))
        if (number + 1) & number == 0:  # behind the first, second, fourth… chunk: what is kept only doubles in between
            floor, kept = _raised(kept, floor, limit, margin)
            floor = np.repeat(np.maximum.reduceat(floor, starts), counts)
    _, [(at, name, _)] = _raised(kept, floor, limit, margin)
    pairs = np.unique(row[at] * len(allowed) + (name if chosen is None else chosen[name]))
    return np.divmod(pairs, len(allowed))


def _chosen(allowed: NDArray[np.bool_], *, many: bool) -> NDArray[np.int64] | None:
    """The names to look at, or None for all: to leave out a part of them costs more than it gives where vectors are few."""
    count = np.count_nonzero(allowed)
    return None if count == len(allowed) or (not many and 4 * count > len(allowed)) else np.flatnonzero(allowed)


def _raised(
    kept: list[Pairs], floor: NDArray[np.float32], limit: int, margin: np.float32
) -> tuple[NDArray[np.float32], list[Pairs]]:
    """Each vector's floor, `margin` below the `limit`-th best so far, and what stands above it."""
    at, name, value = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    ranked = np.sort(4.0 * at - value)  # one number a pair: sorted by vector, the nearest first
    counts = np.bincount(at, minlength=len(floor))
    full = np.flatnonzero(counts >= limit)
    last = (np.cumsum(counts) - counts)[full] + limit - 1
    floor[full] = np.maximum(floor[full], 4.0 * full - ranked[last] - margin)
    above = value >= floor[at]
    return floor, [(at[above], name[above], value[above])]


def _best_of(found: Pairs, limit: int) -> Pairs:
    """The `limit` best of each row, ordered by row, then value, then name."""
    row, name, value = found
    order = np.lexsort((name, -value, row))
    row, name, value = row[order], name[order], value[order]
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else np.zeros(0, np.int64)
    counts = np.diff(np.r_[starts, len(row)])
    keep = np.arange(len(row)) - np.repeat(starts, counts) < limit
    return row[keep], name[keep], value[keep]


def pair_cosines(
    names: NDArray[np.float16],
    pair_name: NDArray[np.int64],
    pair_row: NDArray[np.int64],
    vectors: NDArray[np.float32],
    row: NDArray[np.int64],
) -> NDArray[np.float32]:
    """The best cosine of each pair (row, name) over the row's vectors, shape (n_pairs,); -1 for a row without a vector."""
    used, local = np.unique(pair_name, return_inverse=True)
    name_vectors = np.asarray(names[used], np.float32)
    best = np.full(len(pair_name), -1, np.float32)
    first, last = np.searchsorted(row, pair_row, side="left"), np.searchsorted(row, pair_row, side="right")
    for start in range(0, len(pair_name), _PAIR_CHUNK):
        span = slice(start, start + _PAIR_CHUNK)
        theirs, begins, counts = name_vectors[local[span]], first[span], last[span] - first[span]
        for offset in range(int(counts.max())):
            has = np.flatnonzero(offset < counts)
            ours = theirs if len(has) == len(theirs) else theirs[has]
            cosines = np.einsum("ij,ij->i", vectors[begins[has] + offset], ours)
            best[start + has] = np.maximum(best[start + has], cosines)
    return best
