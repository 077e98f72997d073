"""Fits the ranker (a listwise softmax over each row's candidates) and the calibration, in numpy, deterministic by seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from termserver.matching.calibration import Calibration, fit_logistic, fit_steps, logistic, row_facts
from termserver.matching.features import FEATURES
from termserver.matching.ranker import Layer, Ranker, forward
from termserver.matching.training.rows import Examples

HIDDEN = (48, 24)
NETWORKS = 3
EPOCHS = 24
ROWS_A_STEP = 64
WEIGHT_DECAY = 1e-4
LIST_ROWS = 1200  # rows a list counts as at most, so that no list rules the others
MISSING_SHARE = 0.15  # rows whose right candidates are taken away, so that "no good target" can be learned


def fit_ranker(examples: Examples, *, seed: int, report: Callable[[str], None] = lambda line: None) -> Ranker:
    """Networks fitted to put right candidates first.

    Source: Cao et al., ICML 2007, doi:10.1145/1273496.1273513 (ListNet, top-one chance); Adam as in `fit_own_model`.
    """
    mean = examples.features.mean(axis=0)
    scale = np.maximum(examples.features.std(axis=0), 1e-3)
    empty = Ranker(mean.astype(np.float32), scale.astype(np.float32), (), "")
    inputs = empty.standardise(examples.features)
    starts, ends = row_spans(examples)
    useful = np.flatnonzero(np.logical_or.reduceat(examples.right, starts))
    kind = examples.kind[examples.row[starts]]
    weight = list_weights(kind)
    networks = []
    for number in range(NETWORKS):
        random = np.random.default_rng([seed, number])
        networks.append(_fit_network(inputs, examples.right, starts, ends, useful, weight, random))
        report(f"ranker: network {number + 1} of {NETWORKS} fitted to {len(useful)} rows")
    return Ranker(empty.mean, empty.scale, tuple(networks), "")


def row_spans(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pair of each row that has candidates, and the pair after its last."""
    starts = np.flatnonzero(np.r_[True, examples.row[1:] != examples.row[:-1]])
    return starts, np.r_[starts[1:], len(examples.row)]


def list_weights(kind: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight of each row: 1, less in lists of more than `LIST_ROWS` rows."""
    counts = np.bincount(kind)
    return np.minimum(1, LIST_ROWS / np.maximum(counts, 1))[kind]


def _fit_network(
    inputs: NDArray[np.float32],
    right: NDArray[np.bool_],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    useful: NDArray[np.int64],
    weight: NDArray[np.float64],
    random: np.random.Generator,
) -> tuple[Layer, ...]:
    sizes = (inputs.shape[1], *HIDDEN, 1)
    network = [
        (
            (random.standard_normal((before, after)) * np.sqrt(2 / before)).astype(np.float32),
            np.zeros(after, np.float32),
        )
        for before, after in zip(sizes, sizes[1:], strict=False)
    ]
    moments = [[np.zeros_like(array) for array in layer] for layer in network for _ in range(2)]
    total, step = EPOCHS * (len(useful) // ROWS_A_STEP + 1), 0
    for _ in range(EPOCHS):
        order = random.permutation(useful)
        for start in range(0, len(order), ROWS_A_STEP):
            rows = order[start : start + ROWS_A_STEP]
            step += 1
            gradients = _gradients(tuple(network), inputs, right, starts, ends, rows, weight, random)
            rate = 3e-3 * (1 - step / (total + 1))
            for position, layer in enumerate(network):
                for part, array in enumerate(layer):
                    gradient = gradients[position][part] + (np.float32(WEIGHT_DECAY) * array if part == 0 else 0)
                    mean, square = moments[2 * position][part], moments[2 * position + 1][part]
                    mean += np.float32(0.1) * (gradient - mean)
                    square += np.float32(0.001) * (gradient**2 - square)
                    corrected = np.sqrt(square / np.float32(1 - 0.999**step)) + np.float32(1e-8)
                    array -= np.float32(rate / (1 - 0.9**step)) * mean / corrected
    return tuple(network)


def _gradients(
    network: tuple[Layer, ...],
    inputs: NDArray[np.float32],
    right: NDArray[np.bool_],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    rows: NDArray[np.int64],
    weight: NDArray[np.float64],
    random: np.random.Generator,
) -> list[Layer]:
    """Gradients of the mean loss of some rows, layer by layer."""
    counts = ends[rows] - starts[rows]
    begins = np.cumsum(counts) - counts
    pairs = np.arange(counts.sum()) - np.repeat(begins, counts) + np.repeat(starts[rows], counts)
    noisy = inputs[pairs] * (random.random((1, inputs.shape[1])) >= 0.05)
    outputs = forward(network, noisy.astype(np.float32))
    scores = outputs[-1].ravel()
    exponent = np.exp(scores - np.repeat(np.maximum.reduceat(scores, begins), counts))
    chance = exponent / np.repeat(np.add.reduceat(exponent, begins), counts)
    correct = exponent * right[pairs]
    wanted = correct / np.repeat(np.add.reduceat(correct, begins), counts)  # any right target counts
    delta = ((chance - wanted) * np.repeat(weight[rows], counts) / weight[rows].sum()).astype(np.float32)[:, None]
    gradients: list[Layer] = []
    for position in range(len(network) - 1, -1, -1):
        gradients.append((outputs[position].T @ delta, delta.sum(axis=0)))
        if position:
            delta = (delta @ network[position][0].T) * (outputs[position] > 0)
    return gradients[::-1]


def fit_calibration(examples: Examples, ranker: Ranker, *, seed: int) -> Calibration:
    """Calibration on rows the ranker has not seen, a share of them robbed of their right candidates."""
    random = np.random.default_rng([seed, 99])
    scores = ranker.score(examples.features)
    starts, ends = row_spans(examples)
    robbed = random.random(len(starts)) < MISSING_SHARE
    facts, first, any_right, kinds = [], [], [], []
    for present in (True, False):
        keep = np.ones(len(scores), np.bool_) if present else ~examples.right
        keep &= np.repeat(robbed != present, ends - starts)
        row = examples.row[keep]
        order = np.lexsort((-scores[keep], row))
        begins = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
        ordered = np.flatnonzero(keep)[order]
        facts.append(row_facts(scores[ordered], examples.features[ordered], begins))
        first.append(examples.right[ordered][begins])
        any_right.append(np.logical_or.reduceat(examples.right[ordered], begins))
        kinds.append(examples.kind[examples.row[ordered][begins]])
    values, present_rows = np.concatenate(facts), len(facts[0])
    mean, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-3)
    inputs = np.clip((values - mean) / scale, -4, 4)
    weight = list_weights(np.concatenate(kinds))
    right_first, right_any = np.concatenate(first), np.concatenate(any_right)
    span = slice(0, present_rows)
    first_weights = fit_logistic(inputs[span], right_first[span], weight[span])
    steps = fit_steps(logistic(inputs[span], first_weights), right_first[span], weight[span])
    return Calibration(mean, scale, first_weights, fit_logistic(inputs, right_any, weight), steps)


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
