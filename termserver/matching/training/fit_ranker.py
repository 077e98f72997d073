"""Fits the ranker (a listwise softmax over each row's candidates) and the calibration, in numpy, deterministic by seed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from termserver.matching.calibration import (
    Calibration,
    centre_and_scale,
    fit_logistic,
    fit_steps,
    logistic,
    row_facts,
    standard_facts,
    top_chances,
)
from termserver.matching.features import FEATURES
from termserver.matching.profile import LEAST_ROWS
from termserver.matching.ranker import IS_PENALTY, Layer, Ranker, forward
from termserver.matching.training.rows import Examples

HIDDEN = (48, 24)
NETWORKS = 5
EPOCHS = 10
ROWS_A_STEP = 64
WEIGHT_DECAY = 1e-4
FEATURE_DROPOUT = 0.05
_TITLES = re.compile(r"icd10_..(_beside_others)?")
LEAST_PENALTY = 0.5  # what a conflict costs at least, where the rows would have it cost less
LIST_ROWS = 1200  # rows a list counts as at most, so that no list rules the others
GENERIC_WEIGHT = (
    0.2  # of generic terms beside English names only: they blur category and "unspecified" for whole titles
)
TITLE_WEIGHT = 1.8  # of whole national titles, which are fewer here than in the lists that people bring
CALIBRATION_ROWS = 600  # rows a list counts as at most in calibration
CALIBRATION_RIDGE = 10.0
VARIANT_WEIGHT = 0.3  # in calibration, of generic terms and of small systems
MISSING_SHARE = 0.15  # rows whose right candidates are taken away, so that "no good target" can be learned

# facts, whether the first is right (-1 for robbed rows), whether any is, and the weight of each row
Outcome = tuple[NDArray[np.float64], NDArray[np.int8], NDArray[np.int8], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What all networks are fitted to.

    Parameters
    ----------
    inputs, conflicts
        Shape (n_pairs, n_features), standardised; shape (n_pairs, len(PENALTIES)), as they are.
    starts, ends, weight
        Of each row.
    """

    inputs: NDArray[np.float32]
    conflicts: NDArray[np.float32]
    right: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    weight: NDArray[np.float64]


def fit_ranker(examples: Examples, *, seed: int, report: Callable[[str], None] = lambda line: None) -> Ranker:
    """Networks fitted to put right candidates first.

    Source: Cao et al., ICML 2007, doi:10.1145/1273496.1273513 (ListNet, top-one chance); Adam as in `fit_own_model`.
    """
    mean = examples.features.mean(axis=0)
    spread = examples.features.std(axis=0)
    scale = np.where(spread < 1e-4, 1e6, spread)  # a feature that never varied must not speak later
    empty = Ranker(mean.astype(np.float32), scale.astype(np.float32), (), np.zeros(len(mean), np.float32), "")
    starts, ends = row_spans(examples)
    useful = np.flatnonzero(np.logical_or.reduceat(examples.right, starts))
    kind = examples.kind[examples.row[starts]]
    weight = list_weights(kind) * emphasis(examples)[kind]
    conflicts = np.ascontiguousarray(examples.features[:, IS_PENALTY])
    rows = _Rows(empty.standardise(examples.features), conflicts, examples.right, starts, ends, weight)
    networks, penalties = [], np.zeros(len(mean), np.float32)
    for number in range(NETWORKS):
        network, costs = _fit_network(rows, useful, np.random.default_rng([seed, number]))
        networks.append(network)
        penalties[IS_PENALTY] += costs / np.float32(NETWORKS)
        report(f"ranker: network {number + 1} of {NETWORKS} fitted to {len(useful)} rows")
    return Ranker(empty.mean, empty.scale, tuple(networks), penalties, "")


def row_spans(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pair of each row that has candidates, and the pair after its last."""
    starts = np.flatnonzero(np.r_[True, examples.row[1:] != examples.row[:-1]])
    return starts, np.r_[starts[1:], len(examples.row)]


def list_weights(kind: NDArray[np.int64], most: int = LIST_ROWS) -> NDArray[np.float64]:
    """Weight of each row: 1, less in lists of more than `most` rows."""
    counts = np.bincount(kind)
    return np.asarray(np.minimum(1, most / np.maximum(counts, 1))[kind], np.float64)


def emphasis(examples: Examples) -> NDArray[np.float64]:
    """Weight of a row by its list, shape (n_lists,)."""
    return np.array(
        [
            GENERIC_WEIGHT if name.endswith("_generic") else TITLE_WEIGHT if _TITLES.fullmatch(name) else 1.0
            for name in examples.lists
        ]
    )


def _calibration_emphasis(examples: Examples) -> NDArray[np.float64]:
    """Weight of a row in calibration by its list: variants of a list should not outweigh the lists that people bring."""
    return np.array([VARIANT_WEIGHT if name.endswith(("_generic", "_small")) else 1.0 for name in examples.lists])


def _fit_network(
    rows: _Rows, useful: NDArray[np.int64], random: np.random.Generator
) -> tuple[tuple[Layer, ...], NDArray[np.float32]]:
    """One network and what each conflict costs beside it."""
    sizes = (rows.inputs.shape[1], *HIDDEN, 1)
    arrays: list[NDArray[np.float32]] = []
    for before, after in pairwise(sizes):
        arrays.append((random.standard_normal((before, after)) * np.sqrt(2 / before)).astype(np.float32))
        arrays.append(np.zeros(after, np.float32))
    penalties = np.full(rows.conflicts.shape[1], LEAST_PENALTY, np.float32)
    arrays.append(penalties)
    moments = [(np.zeros_like(array), np.zeros_like(array)) for array in arrays]
    total, step = EPOCHS * (len(useful) // ROWS_A_STEP + 1), 0
    for _ in range(EPOCHS):
        order = random.permutation(useful)
        for start in range(0, len(order), ROWS_A_STEP):
            step += 1
            gradients = _gradients(layers_of(arrays), penalties, rows, order[start : start + ROWS_A_STEP], random)
            rate = 3e-3 * (1 - step / (total + 1))
            for array, gradient, (mean, square) in zip(arrays, gradients, moments, strict=True):
                if array.ndim == 2:
                    gradient = gradient + np.float32(WEIGHT_DECAY) * array
                mean += np.float32(0.1) * (gradient - mean)
                square += np.float32(0.001) * (gradient**2 - square)
                corrected = np.sqrt(square / np.float32(1 - 0.999**step)) + np.float32(1e-8)
                array -= np.float32(rate / (1 - 0.9**step)) * mean / corrected
            np.maximum(penalties, LEAST_PENALTY, out=penalties)
    return layers_of(arrays), penalties


def layers_of(arrays: Sequence[NDArray[np.float32]]) -> tuple[Layer, ...]:
    """Weights and biases in turn, as layers; the last array, which is no layer's, is left out."""
    return tuple(zip(arrays[0:-1:2], arrays[1:-1:2], strict=True))


def _gradients(
    network: tuple[Layer, ...],
    penalties: NDArray[np.float32],
    rows: _Rows,
    chosen: NDArray[np.int64],
    random: np.random.Generator,
) -> list[NDArray[np.float32]]:
    """Gradients of the mean loss of some rows: weights and bias of each layer in turn, then the penalties."""
    pairs, counts = pairs_of_rows(rows.starts[chosen], rows.ends[chosen])
    noisy = rows.inputs[pairs] * (random.random((1, rows.inputs.shape[1])) >= FEATURE_DROPOUT)
    outputs = forward(network, noisy.astype(np.float32))
    conflicts = rows.conflicts[pairs]
    scores = outputs[-1].ravel() - conflicts @ penalties
    delta = listwise_gradient(scores, rows.right[pairs], counts, rows.weight[chosen])[:, None]
    gradients: list[NDArray[np.float32]] = [-(conflicts.T @ delta).ravel()]
    for position in range(len(network) - 1, -1, -1):
        gradients[:0] = [outputs[position].T @ delta, delta.sum(axis=0)]
        if position:
            delta = (delta @ network[position][0].T) * (outputs[position] > 0)
    return gradients


def pairs_of_rows(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of some rows, row after row, and how many each row has.

    >>> [array.tolist() for array in pairs_of_rows(np.array([4, 0]), np.array([6, 1]))]
    [[4, 5, 0], [2, 1]]
    """
    counts = ends - starts
    begins = np.cumsum(counts) - counts
    return np.arange(counts.sum()) - np.repeat(begins, counts) + np.repeat(starts, counts), counts


def listwise_gradient(
    scores: NDArray[np.float32], right: NDArray[np.bool_], counts: NDArray[np.int64], weight: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Gradient by each score of the mean loss of some rows: the top-one chance less what it should be; any right target counts.

    Parameters
    ----------
    scores, right
        Shape (n_pairs,), row after row; each row has a right pair.
    counts, weight
        Shape (n_rows,).
    """
    begins = np.cumsum(counts) - counts
    exponent = np.exp(scores - np.repeat(np.maximum.reduceat(scores, begins), counts))
    chance = exponent / np.repeat(np.add.reduceat(exponent, begins), counts)
    correct = np.maximum(exponent, 1e-12) * right
    wanted = correct / np.repeat(np.add.reduceat(correct, begins), counts)
    shares = np.repeat(weight, counts) / weight.sum()
    return np.asarray((chance - wanted) * shares, np.float32)


def fit_calibration(outcomes: Sequence[Outcome]) -> Calibration:
    """Calibration on rows that neither ranker nor own model has seen."""
    facts, first, any_right, weight = (np.concatenate(columns) for columns in zip(*outcomes, strict=True))
    present = first >= 0
    mean, scale = centre_and_scale(facts)
    inputs = standard_facts(facts, mean, scale)
    right = first[present] > 0
    first_weights = fit_logistic(inputs[present], right, weight[present], ridge=CALIBRATION_RIDGE)
    steps = fit_steps(logistic(inputs[present], first_weights), right, weight[present])
    return Calibration(
        mean, scale, first_weights, fit_logistic(inputs, any_right > 0, weight, ridge=CALIBRATION_RIDGE), steps
    )


def ranking_outcomes(examples: Examples, ranker: Ranker, *, seed: int) -> list[Outcome]:
    """How a ranker does, with all candidates and, for a share of the rows, robbed of the right ones."""
    return list(_outcomes(examples, ranker, seed))


def _outcomes(examples: Examples, ranker: Ranker, seed: int) -> Iterator[Outcome]:
    random = np.random.default_rng([seed, 99])
    scores = ranker.score(examples.features)
    starts, ends = row_spans(examples)
    certainty = list_certainty(examples, scores, starts)
    robbed = np.repeat(random.random(len(starts)) < MISSING_SHARE, ends - starts)
    for kept, are_robbed in ((~robbed, False), (robbed & ~examples.right, True)):
        pairs = np.flatnonzero(kept)
        pairs = pairs[np.lexsort((-scores[pairs], examples.row[pairs]))]
        row = examples.row[pairs]
        begins = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        right = examples.right[pairs]
        kind = examples.kind[row[begins]]
        first = right[begins].astype(np.int8) - np.int8(are_robbed)
        yield (
            row_facts(scores[pairs], examples.features[pairs], begins, examples.setting[pairs], certainty[kind]),
            first,
            np.logical_or.reduceat(right, begins).astype(np.int8),
            list_weights(kind, CALIBRATION_ROWS) * _calibration_emphasis(examples)[kind],
        )


def list_certainty(examples: Examples, scores: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean share of the first candidate over the rows of each list, shape (n_lists,); not a number for a short list."""
    kind = examples.kind[examples.row[starts]]
    counts = np.bincount(kind, minlength=len(examples.lists))
    sums = np.bincount(kind, top_chances(scores, starts), minlength=len(examples.lists))
    return np.where(counts >= LEAST_ROWS, sums / np.maximum(counts, 1), np.nan)


def feature_importance(examples: Examples, ranker: Ranker) -> dict[str, float]:
    """How much recall@1 falls when a feature is set to its mean; for the model card."""
    starts, ends = row_spans(examples)

    def recall(features: NDArray[np.float32]) -> float:
        scores = ranker.score(features)
        best = [start + int(np.argmax(scores[start:end])) for start, end in zip(starts, ends, strict=True)]
        return float(examples.right[best].mean())

    whole = recall(examples.features)
    drops = {}
    for column, name in enumerate(FEATURES):
        masked = examples.features.copy()
        masked[:, column] = ranker.mean[column]
        drops[name] = whole - recall(masked)
    return drops
