"""Ranker and probabilities fitted to what a deployment's curators decided, beside the weights in use; old against new, held out.

A hospital has hundreds of decisions, not the tens of thousands of rows behind the shipped ranker. Nothing is learned anew: to the
score of the ranker in use comes a weighted sum of its own (standardised) features, and the probabilities are stretched and
shifted. Both are convex, have few numbers, and stay what they were where the decisions say nothing.

Terms are split by their spelling: half fit the weights, a quarter the probabilities, a quarter is only measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput
from termserver.matching.attributes import AttributeModel
from termserver.matching.calibration import Calibration, row_facts
from termserver.matching.evaluation import GoldRow
from termserver.matching.learned_names import LearnedNames
from termserver.matching.normalise.common import skel
from termserver.matching.own_model import OwnModel
from termserver.matching.pivot import Pivot
from termserver.matching.ranker import Layer, Ranker
from termserver.matching.training.comparison import Comparison, comparison_of
from termserver.matching.training.fit_ranker import list_certainty, row_spans
from termserver.matching.training.held_out import Fold
from termserver.matching.training.rows import Examples, Knowledge, RankedList, make_examples
from termserver.matching.word_costs import WordCosts

LEAST_TERMS = 300  # distinct decided terms: with fewer, the quarter that is measured cannot tell 5 points from chance
FITTED, CALIBRATED, MEASURED = (Fold(frozenset(slots)) for slots in (range(10), range(10, 15), range(15, 20)))
RIDGES = (0.3, 0.1, 0.03, 0.01)  # what the square of a weight costs; the rows of `CALIBRATED` choose
STEPS = 150
Report = Callable[[str], None]


def fit_to_decisions(lists: Sequence[RankedList], base: Path, out: Path, *, seed: int, report: Report) -> Comparison:
    """Write `ranker.npz` and `calibration.npz` fitted to decided rows; own model and learned names are those of `base`.

    Parameters
    ----------
    lists
        One a target system: name, targets, decided rows; a row that has no right target was decided as "no map".
    base
        Folder of the weights in use.

    Raises
    ------
    BadInput
        If there are fewer than `LEAST_TERMS` distinct terms.
    """
    count = require_enough([row for _, _, rows in lists for row in rows])
    learned = LearnedNames.load(base / "learned_names.npz")
    attributes, pivot = AttributeModel.load(base / "attributes.npz"), Pivot.load(base / "pivot.npz")
    knowledge = Knowledge(OwnModel.load(base), attributes, WordCosts.load(base), pivot, lambda name: learned)
    fitted, calibrated, unseen = (
        make_examples(_of_fold(lists, fold), knowledge) for fold in (FITTED, CALIBRATED, MEASURED)
    )
    report(f"candidates of {count} decided terms found")
    ranker, calibration = Ranker.load(base / "ranker.npz"), Calibration.load(base / "calibration.npz")
    tuned = tune_ranker(ranker, fitted, calibrated)
    report("ranker fitted")
    recalibrated = tune_calibration(calibration, tuned, calibrated)
    report("probabilities fitted")
    tuned.save(out / "ranker.npz")
    recalibrated.save(out / "calibration.npz")
    old, new = (measured(*weights, unseen) for weights in ((ranker, calibration), (tuned, recalibrated)))
    return comparison_of(old, new, learned_from=f"{count} decided terms", seed=seed)


def require_enough(rows: Sequence[GoldRow]) -> int:
    """How many distinct terms the rows have.

    Raises
    ------
    BadInput
        If they are too few to learn from and to measure.
    """
    count = len({skel(row.term.term) for row in rows if row.right})
    if count < LEAST_TERMS:
        raise BadInput(
            f"{count} distinct terms are decided, {LEAST_TERMS} are needed to fit and to measure; "
            f"decide {LEAST_TERMS - count} more, then train again"
        )
    return count


def _of_fold(lists: Sequence[RankedList], fold: Fold) -> list[RankedList]:
    chosen = [(name, targets, [row for row in rows if fold.holds_term(row.term.term)]) for name, targets, rows in lists]
    return [entry for entry in chosen if entry[2]]


def tune_ranker(ranker: Ranker, fitted: Examples, chosen_on: Examples) -> Ranker:
    """The ranker with a weighted sum of features added, as far as that helps rows it was not fitted to.

    Source: Cao et al., ICML 2007 (ListNet, top-one chance), as in `fit_ranker`; with a ridge, so that the problem is convex.
    """
    best, least = ranker, loss_of(ranker, chosen_on)
    for ridge in RIDGES:
        candidate = with_linear(ranker, fit_linear(ranker, fitted, ridge=ridge))
        loss = loss_of(candidate, chosen_on)
        if loss < least:
            best, least = candidate, loss
    return best


def loss_of(ranker: Ranker, examples: Examples) -> float:
    """Mean negative log chance of the right candidates, over the rows that have one."""
    starts, ends, pairs = _useful(examples)
    chance, _ = _chances(ranker.score(examples.features[pairs]), starts, ends)
    return float(-np.log(np.maximum(np.add.reduceat(chance * examples.right[pairs], starts), 1e-9)).mean())


def fit_linear(ranker: Ranker, examples: Examples, *, ridge: float) -> NDArray[np.float32]:
    """Weights of the standardised features, shape (n_features,), by Adam over all rows at once."""
    starts, ends, pairs = _useful(examples)
    features = examples.features[pairs]
    inputs, scores, right = ranker.standardise(features), ranker.score(features), examples.right[pairs]
    weights = np.zeros(inputs.shape[1], np.float32)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, STEPS + 1):
        chance, exponent = _chances(scores + inputs @ weights, starts, ends)
        correct = exponent * right
        wanted = correct / np.repeat(np.maximum(np.add.reduceat(correct, starts), 1e-12), ends - starts)
        gradient = inputs.T @ (chance - wanted).astype(np.float32) / np.float32(len(starts)) + ridge * weights
        mean += np.float32(0.1) * (gradient - mean)
        square += np.float32(0.01) * (gradient**2 - square)
        corrected = np.sqrt(square / np.float32(1 - 0.99**step)) + np.float32(1e-8)
        weights -= np.float32(0.05 * (1 - step / (STEPS + 1)) / (1 - 0.9**step)) * mean / corrected
    return weights


def _useful(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of the rows that have a right candidate: first of each row, behind the last, and which pairs they are."""
    starts, ends = row_spans(examples)
    has = np.logical_or.reduceat(examples.right, starts)
    counts = (ends - starts)[has]
    last = np.cumsum(counts)
    return last - counts, last, np.flatnonzero(np.repeat(has, ends - starts))


def _chances(
    scores: NDArray[np.float32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The softmax of each row's scores, and what it is made of."""
    counts = ends - starts
    exponent = np.exp((scores - np.repeat(np.maximum.reduceat(scores, starts), counts)).astype(np.float64))
    return exponent / np.repeat(np.add.reduceat(exponent, starts), counts), exponent


def with_linear(ranker: Ranker, weights: NDArray[np.float32]) -> Ranker:
    """A ranker whose score is the ranker's and a weighted sum of its standardised features.

    The sum is one more network of the average: its rectified halves pass through the hidden layers unchanged. Its share of the
    average is undone by scaling all last layers.
    """
    layers, count = len(ranker.networks[0]), len(ranker.networks)
    more = np.float32((count + 1) / count)
    networks = [(*network[:-1], (network[-1][0] * more, network[-1][1] * more)) for network in ranker.networks]
    halves = np.stack([weights, -weights], axis=1).astype(np.float32)
    through: list[Layer] = [(np.eye(2, dtype=np.float32), np.zeros(2, np.float32)) for _ in range(layers - 2)]
    last = np.array([[count + 1], [-(count + 1)]], np.float32)
    linear = ((halves, np.zeros(2, np.float32)), *through, (last, np.zeros(1, np.float32)))
    return replace(ranker, networks=(*networks, linear), version="")


def tune_calibration(calibration: Calibration, ranker: Ranker, examples: Examples) -> Calibration:
    """The calibration with its log odds stretched and shifted to what was right among the rows.

    Source: Platt 1999, two numbers a curve, by Newton's method with a prior of ten rows for "as it was".
    """
    facts, first, any_right = _outcomes(ranker, examples)
    chance, any_chance = calibration.probabilities(facts)
    stretch, shift = fit_platt(chance, first)
    steps = np.array([calibration.steps[0], _platt(calibration.steps[1], stretch, shift)])
    any_stretch, any_shift = fit_platt(any_chance, any_right)
    weights = calibration.any_right * any_stretch
    weights[-1] += any_shift
    return replace(calibration, steps=steps, any_right=weights)


def fit_platt(chance: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Stretch (0.3 to 3) and shift of log odds that fit the outcomes best.

    >>> chances = np.repeat([0.9, 0.5], 500)
    >>> stretch, shift = fit_platt(chances, np.arange(1000) % 2 == 0)
    >>> stretch < 0.5
    True
    """
    odds = _log_odds(chance)
    design = np.column_stack([odds, np.ones(len(odds))])
    values, prior = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-np.clip(design @ values, -30, 30)))
        gradient = design.T @ (probability - right) + 10 * (values - prior)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + 10 * np.eye(2)
        values = values - np.linalg.solve(curvature, gradient)
        values[0] = np.clip(values[0], 0.3, 3)
    return float(values[0]), float(values[1])


def _platt(chance: NDArray[np.float64], stretch: float, shift: float) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-(stretch * _log_odds(chance) + shift))), np.float64)


def _log_odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(chance, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)


def _outcomes(ranker: Ranker, examples: Examples) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Facts of each row's ranking, whether its first candidate is right, whether any is."""
    scores = ranker.score(examples.features)
    order = np.lexsort((-scores, examples.row))
    starts, _ = row_spans(examples)  # rows keep their places, only their pairs are reordered
    right = examples.right[order]
    return (
        _facts(scores, examples, order, starts),
        right[starts],
        np.logical_or.reduceat(right, starts),
    )


def _facts(
    scores: NDArray[np.float32], examples: Examples, order: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Facts of each row's ranking; `order` puts each row's best pair first."""
    certainty = _certainty(scores, examples, starts)
    return row_facts(scores[order], examples.features[order], starts, examples.setting[order], certainty)


def _certainty(scores: NDArray[np.float32], examples: Examples, starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """How sure the ranking of each row's list is, as `MatchingEngine.profile` says it."""
    return list_certainty(examples, scores, starts)[examples.kind[examples.row[starts]]]


def measured(
    ranker: Ranker, calibration: Calibration, examples: Examples
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rank of the best right candidate of each row, 0 where none is; the probability of the first."""
    scores = ranker.score(examples.features)
    order = np.lexsort((-scores, examples.row))
    starts, ends = row_spans(examples)
    place = np.arange(len(order)) - np.repeat(starts, ends - starts) + 1
    ranks = np.minimum.reduceat(np.where(examples.right[order], place, len(order) + 1), starts)
    facts = _facts(scores, examples, order, starts)
    chance, _ = calibration.probabilities(facts)
    return np.where(ranks > len(order), 0, ranks), chance
