"""Search by the own model: rows' vectors against all names, in chunks, so that memory does not grow with the target system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.matching.own_model import OwnModel
from termserver.matching.queries import Query

NAME_CHUNK = 16_384
Nearest = tuple[NDArray[np.int64], NDArray[np.int64]]


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
    allowed: NDArray[np.bool_],
    vectors: NDArray[np.float32],
    row: NDArray[np.int64],
    limit: int,
) -> Nearest:
    """For each row the names nearest to any of its vectors: pairs (row, name), at most `limit` a row, in order.

    Memory: vectors by `NAME_CHUNK` cosines, however many names there are.

    Parameters
    ----------
    names
        Shape (n_names, dimensions), unit rows.
    allowed
        Shape (n_names,).
    vectors, row
        As in `RowVectors`.
    """
    kept = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    rows = int(row.max(initial=-1)) + 1
    least = np.full(rows, -1, np.float32)
    is_first = np.r_[True, row[1:] != row[:-1]] if len(row) else np.zeros(0, np.bool_)
    starts, further = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    place = np.cumsum(is_first) - 1
    owners = row[starts]
    for begin in range(0, len(names) if len(row) else 0, NAME_CHUNK):
        span = slice(begin, begin + NAME_CHUNK)
        of_texts = vectors @ names[span].astype(np.float32).T
        cosines = of_texts[starts]
        for text in further:
            np.maximum(cosines[place[text]], of_texts[text], out=cosines[place[text]])
        cosines[:, ~allowed[span]] = -1
        width = cosines.shape[1]
        if begin == 0 and width > limit:
            best = np.argpartition(-cosines, limit - 1, axis=1)[:, :limit].ravel()
            at = np.repeat(np.arange(len(starts)), limit)
        else:
            at, best = np.nonzero(cosines > least[owners][:, None])
        value = cosines[at, best]
        real = value > -1
        found = (owners[at[real]], begin + best[real], value[real])
        kept = _best_of((np.r_[kept[0], found[0]], np.r_[kept[1], found[1]], np.r_[kept[2], found[2]]), limit)
        counts = np.bincount(kept[0], minlength=rows)
        full = np.flatnonzero(counts >= limit)
        least[full] = np.minimum.reduceat(kept[2], np.cumsum(counts) - counts)[full] if len(full) else least[full]
    return kept[0], kept[1]


def _best_of(
    found: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
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
