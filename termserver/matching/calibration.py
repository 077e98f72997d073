"""Scores made probabilities: a logistic curve over what a row's ranking looks like, then monotone steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.features import FEATURES
from termserver.matching.setting import SETTING_FACTS, setting_facts
from termserver.matching.weight_files import read_arrays

ROW_FACTS = (
    "chance",
    "log_odds",
    "margin",
    "entropy",
    "candidates",
    "list_certainty",
    "cosine",
    "display_cosine",
    "own_names",
    "own_cosine",
    "context_cosine",
    "term_covered",
    "name_covered",
    "worst_term_word",
    "worst_name_word",
    "ratio",
    "exact_own",
    "exact_other",
    "conflicts",
    "code_shape",
    "laboratory",
    "specimen_conflicts",
    "property_conflicts",
    "learned_cosine",
    "analyte_cosine",
    "negation_conflict",
    "numbers_conflict",
    "method_added",
    "word_difference",
    "has_children",
    "unspecified_name",
    "kind_fit",
    "unit_agrees",
    "unit_conflicts",
)
_COPIED = ROW_FACTS[6:]
FACTS = (*ROW_FACTS, *SETTING_FACTS)
_SETTING_SCALE = 0.5  # rare languages should not weigh more than frequent ones


@dataclass(frozen=True, slots=True)
class Calibration:
    """Two logistic models over the facts of a row: is the first candidate right; is any.

    Parameters
    ----------
    mean, scale
        Shape (len(FACTS),).
    first, any_right
        Shape (len(FACTS) + 1,), the last is the constant.
    steps
        Shape (2, n_steps): logistic value → probability of the first candidate, both rising.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    first: NDArray[np.float64]
    any_right: NDArray[np.float64]
    steps: NDArray[np.float64]

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read `calibration.npz`.

        Raises
        ------
        MatchingError
            If the file is missing or made for other facts.
        """
        names = ("mean", "scale", "first", "any_right", "steps")
        arrays = read_arrays(path, names, what="calibration")
        calibration = cls(*(arrays[name] for name in names))
        if calibration.mean.shape != (len(FACTS),):
            raise MatchingError(f"{path}: this calibration was made for another version; train again")
        return calibration

    def save(self, path: Path) -> None:
        """Write `calibration.npz`."""
        np.savez(
            path,
            allow_pickle=False,
            mean=self.mean,
            scale=self.scale,
            first=self.first,
            any_right=self.any_right,
            steps=self.steps,
        )

    def probabilities(self, facts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Chance that the first candidate is right, and that any of the list is, never below it.

        Each of shape (n_rows,).
        """
        inputs = standard_facts(facts, self.mean, self.scale)
        first = np.interp(logistic(inputs, self.first), self.steps[0], self.steps[1])
        return first, np.maximum(logistic(inputs, self.any_right), first)


def centre_and_scale(facts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What `standard_facts` takes off and divides by; facts that no row knows stay as they are, settings are 0 or 2."""
    mean, scale = np.zeros(facts.shape[1]), np.ones(facts.shape[1])
    known = np.isfinite(facts).any(axis=0)
    mean[known], scale[known] = (
        np.nanmean(facts[:, known], axis=0),
        np.maximum(np.nanstd(facts[:, known], axis=0), 1e-3),
    )
    mean[len(ROW_FACTS) :], scale[len(ROW_FACTS) :] = 0, _SETTING_SCALE
    return mean, scale


def standard_facts(
    facts: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Facts centred, divided and capped at 4 either way; what is not known is 0."""
    return np.nan_to_num(np.clip((facts - mean) / scale, -4, 4))


def top_chances(scores: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each row's best score in the softmax over its candidates, shape (n_rows,); pairs in any order in a row."""
    counts = np.diff(np.r_[starts, len(scores)])
    best = np.maximum.reduceat(scores, starts).astype(np.float64)
    return np.asarray(1 / np.add.reduceat(np.exp(scores - np.repeat(best, counts)), starts), np.float64)


def row_facts(
    scores: NDArray[np.float32],
    features: NDArray[np.float32],
    starts: NDArray[np.int64],
    setting: NDArray[np.int16],
    certainty: NDArray[np.float64] | float | None = None,
) -> NDArray[np.float64]:
    """Facts of each row's ranking, shape (n_rows, len(FACTS)).

    Parameters
    ----------
    scores
        Shape (n_pairs,), each row's pairs together, best first.
    starts
        Shape (n_rows,): first pair of each row.
    setting
        Shape (n_pairs,), as `settings_of`.
    certainty
        How sure the ranking of the whole list is, as `ListProfile.certainty`, of each row or of all; None where the rows come
        alone.
    """
    ends = np.r_[starts[1:], len(scores)]
    best = scores[starts].astype(np.float64)
    exponent = np.exp(scores.astype(np.float64) - np.repeat(best, ends - starts))
    total = np.add.reduceat(exponent, starts)
    chance = 1 / total
    second = np.array(
        [scores[start + 1] if end - start > 1 else scores[start] - 10 for start, end in zip(starts, ends, strict=True)]
    )
    share = exponent / np.repeat(total, ends - starts)
    entropy = -np.add.reduceat(share * np.log(np.maximum(share, 1e-12)), starts)
    copied = features[starts][:, [FEATURES.index(name) for name in _COPIED]].astype(np.float64)
    log_odds = np.log(np.clip(chance, 1e-6, 1 - 1e-6) / (1 - np.clip(chance, 1e-6, 1 - 1e-6)))
    of_list = np.broadcast_to(np.nan if certainty is None else np.asarray(certainty, np.float64), chance.shape)
    places = setting_facts(setting[starts], copied[:, _COPIED.index("laboratory")])
    return np.column_stack(
        [chance, log_odds, np.minimum(best - second, 10), entropy, np.log2(ends - starts), of_list, copied, places]
    )


def logistic(inputs: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-(inputs · weights + constant))), shape (n_rows,)."""
    sums = inputs @ weights[:-1] + weights[-1]
    return np.asarray(1 / (1 + np.exp(-np.clip(sums, -30, 30))), np.float64)


def fit_logistic(
    inputs: NDArray[np.float64], right: NDArray[np.bool_], row_weight: NDArray[np.float64], *, ridge: float = 2.0
) -> NDArray[np.float64]:
    """Weights and constant by Newton's method with a ridge on the weights, shape (n_inputs + 1,)."""
    design = np.column_stack([inputs, np.ones(len(inputs))])
    weights = np.zeros(design.shape[1])
    penalty = np.diag([ridge] * inputs.shape[1] + [1e-6])
    for _ in range(30):
        chance = logistic(inputs, weights)
        gradient = design.T @ (row_weight * (chance - right)) + penalty @ weights
        curvature = (design * (row_weight * np.maximum(chance * (1 - chance), 1e-6))[:, None]).T @ design + penalty
        move = np.linalg.solve(curvature, gradient)
        weights -= move
        if np.abs(move).max() < 1e-8:
            break
    return weights


def fit_steps(
    values: NDArray[np.float64], right: NDArray[np.bool_], row_weight: NDArray[np.float64], *, least_rows: int = 40
) -> NDArray[np.float64]:
    """Monotone steps (pool adjacent violators), shape (2, n_steps), shrunk towards the logistic value and never 0 or 1.

    Source: Ayer et al., Ann. Math. Statist. 26 (1955) 641; blocks of fewer than `least_rows` rows are joined.
    """
    order = np.argsort(values, kind="stable")
    blocks: list[list[float]] = []  # weight, weighted right, weighted value, rows
    for value, outcome, weight in zip(values[order], right[order], row_weight[order], strict=True):
        blocks.append([weight, weight * float(outcome), weight * value, 1])
        while len(blocks) > 1 and (
            blocks[-2][3] < least_rows or blocks[-2][1] / blocks[-2][0] >= blocks[-1][1] / blocks[-1][0]
        ):
            last = blocks.pop()
            blocks[-1] = [left + added for left, added in zip(blocks[-1], last, strict=True)]
    x = np.array([block[2] / block[0] for block in blocks])
    y = np.array([(block[1] + 2 * block[2] / block[0]) / (block[0] + 2) for block in blocks])
    y = np.maximum.accumulate(np.clip(y, 0.001, 0.999))
    low, high = min(0.001, float(y[0])), max(float(y[-1]), 0.0)
    return np.array([np.r_[0.0, x, 1.0], np.r_[low, y, high]])
