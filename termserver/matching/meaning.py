"""Search by the own model: rows' vectors against all names, in chunks, so that memory does not grow with the target system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.matching.own_model import OwnModel
from termserver.matching.queries import Query

NAME_CHUNK = 16_384  # names looked at at once, at most
_LEAST_CHUNK = 2_048
FEW_VECTORS = 4  # what one row asks
_CELLS = 1 << 20  # cosines held at once
_NOWHERE = np.float32(-2)  # below every cosine
Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
Nearest = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class CoarseVectors:
    """Unit rows in one byte a number: half the memory to read, and a known error, so that the first look loses nothing.

    Parameters
    ----------
    codes, scales
        Shape (n, dimensions), int8; (n,), float32: `codes * scales` are the rows, nearly.
    error
        The longest difference to a row: no cosine with a unit vector is off by more.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    error: float

    @classmethod
    def of(cls, vectors: NDArray[np.float16]) -> CoarseVectors:
        """Of unit rows in half precision."""
        codes, scales = np.empty(vectors.shape, np.int8), np.ones(len(vectors), np.float32)
        error = 0.0
        for first in range(0, len(vectors), NAME_CHUNK):
            rows = vectors[first : first + NAME_CHUNK].astype(np.float32)
            largest = np.abs(rows).max(axis=1, initial=0)
            scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
            rounded = np.rint(rows / scale[:, None])
            codes[first : first + NAME_CHUNK], scales[first : first + NAME_CHUNK] = rounded, scale
            error = max(error, float(np.linalg.norm(rows - rounded * scale[:, None], axis=1).max(initial=0)))
        return cls(codes, scales, error)


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
    coarse: CoarseVectors,
    allowed: NDArray[np.bool_],
    vectors: NDArray[np.float32],
    row: NDArray[np.int64],
    limit: int,
) -> Nearest:
    """For each row the names nearest to any of its vectors: pairs (row, name), at most `limit` a row, in order.

    A first look at all names that are allowed, a byte a number, keeps what can be among the nearest: its error is known. The true
    cosines of what is kept decide. So the answer is the one of brute force, while a fraction of the memory is read. Memory:
    `_CELLS` cosines, or one row's by `_LEAST_CHUNK`, however many names there are.

    Parameters
    ----------
    names, coarse
        Shape (n_names, dimensions), unit rows, twice.
    allowed
        Shape (n_names,).
    vectors, row
        As in `RowVectors`.
    """
    if not len(row):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    owner, name, _ = _first_look(coarse, None if allowed.all() else np.flatnonzero(allowed), vectors, row, limit)
    owner, name, _ = _best_of((owner, name, pair_cosines(names, name, owner, vectors, row)), limit)
    return owner, name


def _first_look(
    coarse: CoarseVectors,
    chosen: NDArray[np.int64] | None,
    vectors: NDArray[np.float32],
    row: NDArray[np.int64],
    limit: int,
) -> Pairs:
    """Pairs (row, name, about its cosine) that can be among a row's `limit` nearest; `chosen`: names allowed, None for all."""
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    owners = row[starts]
    n_names = len(coarse.codes) if chosen is None else len(chosen)
    width = int(np.clip(_CELLS // len(vectors), _LEAST_CHUNK, NAME_CHUNK))
    floor = np.full(len(owners), _NOWHERE, np.float32)
    kept: list[Pairs] = []
    rows = np.empty((min(width, n_names), coarse.codes.shape[1]), np.float32)
    for number, first in enumerate(range(0, n_names, width)):
        span = slice(first, min(first + width, n_names)) if chosen is None else chosen[first : first + width]
        codes = coarse.codes[span]
        np.copyto(rows[: len(codes)], codes)
        cosines = _best_of_rows(_products(vectors, rows[: len(codes)]), starts)
        cosines *= coarse.scales[span]
        if number == 0 and len(codes) > limit:
            floor = np.partition(cosines, -limit, axis=1)[:, -limit] - np.float32(2 * coarse.error)
        at, place = np.divmod(np.flatnonzero(cosines >= floor[:, None]), len(codes))
        kept.append((at, first + place, cosines[at, place]))
        if (number + 1) & number == 0:  # behind the first, second, fourth… chunk: what is kept only doubles in between
            floor, kept = _raised(kept, floor, limit, 2 * coarse.error)
    _, [(at, name, value)] = _raised(kept, floor, limit, 2 * coarse.error)
    return owners[at], name if chosen is None else chosen[name], value


def _products(vectors: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scalar products, shape (n_vectors, n_rows). Threads of linear algebra cost more than they give where vectors are few."""
    return np.vecdot(vectors[:, None], rows[None]) if len(vectors) <= FEW_VECTORS else vectors @ rows.T


def _best_of_rows(cosines: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The best over each row's vectors, shape (n_rows, n_names); `starts` are the rows' first vectors."""
    return cosines if len(starts) == len(cosines) else np.maximum.reduceat(cosines, starts, axis=0)


def _raised(
    kept: list[Pairs], floor: NDArray[np.float32], limit: int, margin: float
) -> tuple[NDArray[np.float32], list[Pairs]]:
    """Each row's floor, `margin` below the `limit`-th best so far, and what stands above it."""
    at, name, value = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    order = np.lexsort((-value, at))
    counts = np.bincount(at, minlength=len(floor))
    full = np.flatnonzero(counts >= limit)
    last = (np.cumsum(counts) - counts)[full] + limit - 1
    floor[full] = value[order[last]] - np.float32(margin)
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
    for offset in range(int((last - first).max(initial=0))):
        has = np.flatnonzero(first + offset < last)
        cosines = np.einsum("ij,ij->i", vectors[first[has] + offset], name_vectors[local[has]])
        best[has] = np.maximum(best[has], cosines)
    return best
