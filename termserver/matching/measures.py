"""Figures for comparing engines on one gold list: recall with its interval, by frequency, at the three-character level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from termserver.matching.evaluation import (
    RECALL_DEPTHS,
    GoldRow,
    auto_accept,
    expected_calibration_error,
    right_ranks,
)
from termserver.model.candidate import Suggestions, Target

DRAWS = 1000


def interval(right: NDArray[np.bool_], *, seed: int = 1) -> tuple[float, float]:
    """Bootstrap interval of 95 % of a share.

    >>> interval(np.array([True] * 80 + [False] * 20))
    (0.72, 0.87)
    """
    if not len(right):
        return 0.0, 0.0
    drawn = np.random.default_rng(seed).binomial(len(right), float(right.mean()), DRAWS) / len(right)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(float(low), 4), round(float(high), 4)


def recall_figures(ranks: NDArray[np.int64]) -> dict[str, float]:
    """recall@k and mrr of ranks, where 0 is "not found"."""
    found = {f"recall@{depth}": round(float(((ranks > 0) & (ranks <= depth)).mean()), 4) for depth in RECALL_DEPTHS}
    found["mrr"] = round(float(np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0).mean()), 4)
    return found


def error_by_chance(probabilities: NDArray[np.float64], *, seed: int = 1) -> float:
    """The calibration error that probabilities would show on so few rows if each of them were exactly true: the mean of draws.

    What is measured minus this is what may be held against the probabilities.

    >>> error_by_chance(np.full(25, 0.5)) > error_by_chance(np.full(2500, 0.5)) > 0
    True
    """
    random = np.random.default_rng(seed)
    drawn = [
        expected_calibration_error(probabilities, random.random(len(probabilities)) < probabilities) for _ in range(200)
    ]
    return round(float(np.mean(drawn)), 4)


def list_figures(gold: Sequence[GoldRow], suggestions: Sequence[Suggestions]) -> dict[str, object]:
    """All figures of one list: recalls, interval, frequency-weighted, three characters, coverage, calibration.

    `recall@1 weighted` is 0 for a list without frequencies; `recall@1 of three characters` counts a code of the right category.
    """
    ranks = right_ranks(gold, suggestions)
    first = ranks == 1
    chances = np.array([found.candidates[0].probability if found.candidates else 0.0 for found in suggestions])
    weight = np.array([row.frequency for row in gold])
    category = np.array(
        [
            bool(found.candidates) and found.candidates[0].code[:3] in {code[:3] for _, code in row.right}
            for row, found in zip(gold, suggestions, strict=True)
        ]
    )
    return {
        "n": len(gold),
        **recall_figures(ranks),
        "recall@1 interval": interval(first),
        "recall@1 weighted": round(float((first * weight).sum() / weight.sum()), 4) if weight.sum() else 0.0,
        "recall@1 of three characters": round(float(category.mean()), 4),
        "coverage at 95 %": round(auto_accept(chances, first, precision=0.95), 4),
        "coverage at 99 %": round(auto_accept(chances, first, precision=0.99), 4),
        "ece": round(expected_calibration_error(chances, first), 4),
        "ece by chance": error_by_chance(chances),
    }


def ranks_of_scores(
    gold: Sequence[GoldRow], targets: Sequence[Target], scores: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Rank of the best right target by scores of shape (n_rows, n_targets); ties count against; a score of 0 is no answer."""
    position = {(target.system, target.code): number for number, target in enumerate(targets)}
    ranks = np.zeros(len(gold), np.int64)
    for row, (wanted, values) in enumerate(zip(gold, scores, strict=True)):
        right = [position[target] for target in wanted.right if target in position]
        best = max((float(values[number]) for number in right), default=0.0)
        if best > 0:
            ranks[row] = int((np.delete(values, right) >= best).sum()) + 1
    return ranks


def mean_by(lists: Mapping[str, Mapping[str, object]], groups: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Means of recall@1, recall@10 and ece over the lists of each group, all lists counting alike."""
    means: dict[str, dict[str, float]] = {}
    for group in sorted(set(groups.values())):
        members = [figures for name, figures in lists.items() if groups[name] == group]
        means[group] = {
            key: round(float(np.mean([_number(figures[key]) for figures in members])), 4)
            for key in ("recall@1", "recall@10", "ece")
        }
    return means


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
