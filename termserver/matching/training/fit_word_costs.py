"""Fits what words without a counterpart cost, beside a linear model of all other features.

The ranker must not learn from costs that were fitted to its own rows: each fold's rows get the costs that the other folds
taught, and what ships is their mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from termserver.matching.features import FEATURES
from termserver.matching.training.fit_ranker import emphasis, list_weights, listwise_gradient, pairs_of_rows, row_spans
from termserver.matching.training.rows import Examples, joined
from termserver.matching.word_costs import BUCKETS, WORD_COST_FEATURES, WordCosts

EPOCHS = 8
ROWS_A_STEP = 64
RATE = 0.02
DECAY = 1e-5
_COLUMNS = [FEATURES.index(name) for name in WORD_COST_FEATURES]


def with_word_costs(parts: Sequence[Examples], *, seed: int) -> tuple[list[Examples], WordCosts]:
    """The examples of each fold with the costs that the others taught, and the costs that ship.

    Parameters
    ----------
    parts
        Examples of each fold, made with costs of nothing; one fold alone teaches itself.
    """
    taught = [
        fit_word_costs(joined([other for other in parts if other is not part] or [part]), seed=seed) for part in parts
    ]
    costed = [_costed(part, WordCosts.of(*costs)) for part, costs in zip(parts, taught, strict=True)]
    mean = np.asarray(np.mean(np.stack(taught), axis=0), np.float32)
    return costed, WordCosts.of(mean[0], mean[1])


def _costed(examples: Examples, costs: WordCosts) -> Examples:
    features = examples.features.copy()
    columns = costs.columns(examples.row, examples.left)
    for position, name in zip(_COLUMNS, WORD_COST_FEATURES, strict=True):
        features[:, position] = np.round(columns[name], 4)
    return replace(examples, features=features)


@dataclass(slots=True)
class _Adam:
    """One array and its moments. Source: Kingma and Ba, ICLR 2015."""

    values: NDArray[np.float32]
    mean: NDArray[np.float32]
    square: NDArray[np.float32]

    @classmethod
    def of(cls, *shape: int) -> _Adam:
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32))

    def move(self, gradient: NDArray[np.float32], rate: float, step: int) -> None:
        self.mean += np.float32(0.1) * (gradient - self.mean)
        self.square += np.float32(0.001) * (gradient * gradient - self.square)
        spread = np.sqrt(self.square / np.float32(1 - 0.999**step)) + np.float32(1e-6)
        self.values -= np.float32(rate / (1 - 0.9**step)) * self.mean / spread


def fit_word_costs(examples: Examples, *, seed: int) -> NDArray[np.float32]:
    """Costs of names' and of terms' words, shape (2, BUCKETS): a listwise softmax over each row's candidates.

    Source: as `fit_ranker.fit_ranker`.
    """
    inputs = _standardised(examples.features)
    buckets = np.hstack([examples.left.name_buckets, examples.left.term_buckets.astype(np.int64) + BUCKETS])
    shares = np.hstack([examples.left.name_left, examples.left.term_left])
    starts, ends = row_spans(examples)
    useful = np.flatnonzero(np.logical_or.reduceat(examples.right, starts))
    kind = examples.kind[examples.row[starts]]
    weight = list_weights(kind) * emphasis(examples)[kind]
    random = np.random.default_rng([seed, 11])
    linear, costs = _Adam.of(inputs.shape[1]), _Adam.of(2 * BUCKETS)
    total, step = EPOCHS * (len(useful) // ROWS_A_STEP + 1), 0
    for _ in range(EPOCHS):
        order = random.permutation(useful)
        for start in range(0, len(order), ROWS_A_STEP):
            step += 1
            chosen = order[start : start + ROWS_A_STEP]
            pairs, counts = pairs_of_rows(starts[chosen], ends[chosen])
            scores = inputs[pairs] @ linear.values - (costs.values[buckets[pairs]] * shares[pairs]).sum(axis=1)
            delta = listwise_gradient(scores, examples.right[pairs], counts, weight[chosen])
            down = -np.bincount(buckets[pairs].ravel(), (shares[pairs] * delta[:, None]).ravel(), 2 * BUCKETS)
            rate = RATE * (1 - step / (total + 1))
            linear.move(inputs[pairs].T @ delta, rate, step)
            costs.move(down.astype(np.float32) + np.float32(DECAY) * costs.values, rate, step)
    return costs.values.reshape(2, BUCKETS)


def _standardised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread < 1e-4, 1e6, spread)
    return np.asarray(np.clip(scaled, -5, 5), np.float32)
