"""What the ranker sees of a term's English reading: its likeness to each candidate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from termserver.matching.index import TargetIndex
from termserver.matching.normalise.common import skel
from termserver.matching.own_model import OwnModel
from termserver.matching.queries import Query
from termserver.matching.search import Found, below_best

PIVOT_FEATURES = ("gloss_cosine", "gloss_gap", "gloss_words", "gloss_ratio", "gloss_share")


def pivot_features(
    index: TargetIndex, model: OwnModel, queries: Sequence[Query], found: Found
) -> dict[str, NDArray[np.float32]]:
    """Columns of `PIVOT_FEATURES`, shape (n_pairs,) each; zeros for rows without a reading.

    `gloss_cosine` is the own model's cosine of the reading to the best name or the display, `gloss_gap` how far it lies below
    the row's best, `gloss_words` and `gloss_ratio` the likeness of the texts, `gloss_share` how much of the term was read.
    """
    columns = {name: np.zeros(len(found.row), np.float32) for name in PIVOT_FEATURES}
    read = np.array([bool(query.gloss) for query in queries], np.bool_)
    pairs = np.flatnonzero(read[found.row])
    if not len(pairs):
        return columns
    row, name = found.row[pairs], found.name[pairs]
    vectors = model.encode([query.gloss for query in queries])
    display = index.names.start[found.target[pairs]].astype(np.int64)
    cosine = _cosines(index, vectors, row, display)
    other = np.flatnonzero(name != display)
    cosine[other] = np.maximum(cosine[other], _cosines(index, vectors, row[other], name[other]))
    skeletons = [skel(query.gloss) for query in queries]
    ours = [skeletons[number] for number in row]
    theirs = index.names.skeletons.take(display)
    columns["gloss_cosine"][pairs] = cosine
    columns["gloss_gap"][pairs] = below_best(row, cosine)
    columns["gloss_words"][pairs] = process.cpdist(ours, theirs, scorer=fuzz.token_set_ratio, workers=1) / 100
    columns["gloss_ratio"][pairs] = process.cpdist(ours, theirs, scorer=fuzz.token_sort_ratio, workers=1) / 100
    columns["gloss_share"][pairs] = np.array([query.gloss_share for query in queries], np.float32)[row]
    return columns


def _cosines(
    index: TargetIndex, vectors: NDArray[np.float32], row: NDArray[np.int64], name: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Cosine of each row's reading to a name, shape (n_pairs,)."""
    used, local = np.unique(name, return_inverse=True)
    of_names = np.asarray(index.vectors[used], np.float32)
    return np.asarray(np.einsum("ij,ij->i", vectors[row], of_names[local]), np.float32)
