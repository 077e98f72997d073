"""Fits the own model: in-batch contrastive loss on pairs of names of one concept, in numpy, deterministic by seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.matching.hashing import BUCKETS, Vocabulary, bucket_matrix, distinct
from termserver.matching.normalise.common import skeleton_words
from termserver.matching.training.sources import Concept

Report = Callable[[str], None]
_LEAST_BETWEEN = 0.5  # weight of a concept whose names in other languages are paired with each other too
_ROWS_IN_CACHE = 1024  # moved at once by the optimiser


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the own model is fitted.

    Parameters
    ----------
    dimensions
        Of the vectors.
    epochs
        Passes over the pairs; the learning rate falls linearly to zero over them.
    batch
        Pairs of a batch; the others of the batch are the wrong answers.
    siblings
        Neighbouring concepts that stay together in a batch, so that near-duplicates are told apart.
    temperature
        Cosines are divided by it before the softmax.
    feature_dropout
        Share of the n-grams of a text that a step does not see.
    """

    dimensions: int = 160
    epochs: int = 9
    batch: int = 2048
    siblings: int = 16
    temperature: float = 0.07
    learning_rate: float = 0.2
    feature_dropout: float = 0.25
    buckets: int = BUCKETS


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of names.

    Parameters
    ----------
    features
        Shape (n_texts, buckets), counts.
    left, right
        Shape (n_pairs,), rows of `features`; the right one is English where there is English.
    concept
        Shape (n_pairs,), number of the concept: two pairs of one concept are never each other's wrong answers.
    weight
        Shape (n_pairs,), how often an epoch shows the pair, in the mean.
    """

    features: sparse.csr_matrix
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    concept: NDArray[np.int64]
    weight: NDArray[np.float64]


def merge(concepts: Iterable[Concept]) -> list[Concept]:
    """One concept per key, names without repeats, ordered by key so that siblings stand together."""
    names: dict[str, dict[tuple[str, str], None]] = {}
    first: dict[str, Concept] = {}
    for concept in concepts:
        first.setdefault(concept.key, concept)
        names.setdefault(concept.key, {}).update(dict.fromkeys(concept.names))
    return [Concept(key, tuple(names[key]), first[key].source, first[key].weight) for key in sorted(names)]


def make_pairs(concepts: Iterable[Concept], *, buckets: int = BUCKETS) -> Pairs:
    """Pairs (name, English name) of each concept, and (name, name of the next language) beside them.

    Memory: about 700 bytes a text.
    """
    numbers: dict[str, int] = {}
    texts: list[list[str]] = []

    def number(text: str) -> int:
        words = skeleton_words(text)
        key = " ".join(words)
        if key not in numbers:
            numbers[key] = len(texts)
            texts.append(words)
        return numbers[key]

    pairs: list[tuple[int, int, int, float]] = []
    for position, concept in enumerate(merge(concepts)):
        # a name that sister languages share is one text
        english = list(dict.fromkeys(number(name) for language, name in concept.names if language == "en"))
        others = list(dict.fromkeys(number(name) for language, name in concept.names if language != "en"))
        for count, left in enumerate(others):
            if english:
                pairs.extend(
                    (left, right, position, concept.weight / len(english)) for right in english if right != left
                )
            if len(others) > 1 and concept.weight >= _LEAST_BETWEEN:
                right = others[(count + 1) % len(others)]
                if right != left:
                    pairs.append((left, right, position, 0.25 if english else 1.0))
        pairs.extend((left, right, position, 0.5) for left, right in pairwise(english) if left != right)
    vocabulary = Vocabulary()
    counts = vocabulary.matrix_of(texts)
    columns = np.array(pairs, dtype=np.float64).reshape(-1, 4)
    return Pairs(
        features=sparse.csr_matrix(counts @ bucket_matrix(vocabulary.words, n_buckets=buckets)),
        left=columns[:, 0].astype(np.int64),
        right=columns[:, 1].astype(np.int64),
        concept=columns[:, 2].astype(np.int64),
        weight=columns[:, 3],
    )


def fit(
    pairs: Pairs,
    recipe: Recipe,
    *,
    seed: int,
    start: NDArray[np.float32] | None = None,
    report: Report = lambda line: None,
) -> NDArray[np.float32]:
    """Bucket vectors, shape (buckets, dimensions), fitted to the pairs.

    Source
    ------
    van den Oord et al., arXiv:1807.03748 (InfoNCE); Duchi et al., JMLR 12 (2011) 2121 (Adagrad).
    """
    random = np.random.default_rng(seed)
    weights = (
        (random.standard_normal((recipe.buckets, recipe.dimensions)) * 0.1).astype(np.float32)
        if start is None
        else start.copy()
    )
    optimiser = _RowAdagrad(weights)
    steps_an_epoch = max(1, int(pairs.weight.sum()) // recipe.batch)
    step, total = 0, steps_an_epoch * recipe.epochs
    for epoch in range(recipe.epochs):
        losses = []
        for batch in batches_of(pairs, recipe, random):
            rate = recipe.learning_rate * max(0.02, 1 - step / total)
            losses.append(_step(pairs, batch, weights, optimiser, recipe, rate, random))
            step += 1
        report(f"own model: epoch {epoch + 1} of {recipe.epochs}, loss {np.mean(losses):.4f}")
    return weights


def batches_of(pairs: Pairs, recipe: Recipe, random: np.random.Generator) -> list[NDArray[np.int64]]:
    """Batches of pair numbers: groups of neighbouring concepts, each once a group, shuffled as groups.

    Pairs of one concept are no wrong answers to each other, so they had better not meet: first comes one pair of every concept,
    then a second of those that have two, and so on. Neighbours by key are near-duplicates by meaning (A00.0, A00.1, …).
    """
    times = np.floor(pairs.weight + random.random(len(pairs.weight))).astype(np.int64)
    shown = random.permutation(np.repeat(np.arange(len(times)), times))
    concept = pairs.concept[shown]
    by_concept = np.argsort(concept, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(concept[by_concept]) > 0])
    sizes = np.diff(np.r_[begins, len(shown)])
    turn = np.empty(len(shown), np.int64)
    turn[by_concept] = np.arange(len(shown)) - np.repeat(begins, sizes)
    ordered = shown[np.lexsort((concept, turn))]
    groups = np.array_split(
        np.roll(ordered, int(random.integers(recipe.siblings))), max(1, len(ordered) // recipe.siblings)
    )
    order = np.concatenate([groups[number] for number in random.permutation(len(groups))])
    return np.array_split(order, max(1, len(order) // recipe.batch))


def _step(
    pairs: Pairs,
    batch: NDArray[np.int64],
    weights: NDArray[np.float32],
    optimiser: _RowAdagrad,
    recipe: Recipe,
    rate: float,
    random: np.random.Generator,
) -> float:
    """One gradient step; the loss in nats."""
    texts = np.concatenate([pairs.left[batch], pairs.right[batch]])
    features = pairs.features[texts]
    seen = random.random(len(features.data)) >= recipe.feature_dropout
    ends = np.concatenate([[0], np.cumsum(seen)])[features.indptr]
    buckets, columns = distinct(features.indices[seen], len(weights))
    local = sparse.csr_matrix((features.data[seen].astype(np.float32), columns, ends), shape=(len(texts), len(buckets)))
    pooled = local @ weights[buckets]
    lengths = np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-6)
    unit = pooled / lengths
    half = len(batch)
    loss, gradient = _contrast(unit[:half], unit[half:], pairs, batch, recipe.temperature)
    gradient = (gradient - unit * np.sum(gradient * unit, axis=1, keepdims=True)) / lengths
    optimiser.update(weights, buckets, np.asarray(local.T @ gradient, dtype=np.float32), rate)
    return loss


def _contrast(
    left: NDArray[np.float32], right: NDArray[np.float32], pairs: Pairs, batch: NDArray[np.int64], temperature: float
) -> tuple[float, NDArray[np.float32]]:
    """Symmetric in-batch softmax loss and its gradient to the unit vectors, left ones first."""
    logits = left @ right.T
    logits -= 1  # cosines are at most 1, so no power overflows, and at 40 below it none is lost
    logits /= np.float32(temperature)
    power = np.exp(logits, out=logits)
    for numbers in (pairs.concept, pairs.left, pairs.right):
        power[_alike(numbers[batch])] = 0  # no wrong answers to each other
    rows, columns, right_answers = power.sum(axis=1), power.sum(axis=0), np.diagonal(power)
    loss = -float((np.log(right_answers / rows) + np.log(right_answers / columns)).mean()) / 2
    total = power
    total *= 1 / rows[:, None] + 1 / columns
    total[np.arange(len(batch)), np.arange(len(batch))] -= 2
    total /= np.float32(2 * len(batch) * temperature)
    return loss, np.concatenate([total @ right, total.T @ left])


def _alike(numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of different places that hold the same number, either way round.

    >>> [places.tolist() for places in _alike(np.array([5, 7, 5]))]
    [[0, 2], [2, 0]]
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    found = [np.zeros((2, 0), np.int64)]
    for apart in range(1, len(numbers)):
        first = np.flatnonzero(ordered[apart:] == ordered[:-apart])
        if not len(first):
            break
        found.append(np.stack([order[first], order[first + apart]]))
    once = np.concatenate(found, axis=1)
    return np.r_[once[0], once[1]], np.r_[once[1], once[0]]


class _RowAdagrad:
    """Adagrad with one rate a bucket, not one a number: a third of Adam's memory traffic, which is what a step costs."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self._square = np.zeros(len(weights), np.float32)

    def update(
        self, weights: NDArray[np.float32], rows: NDArray[np.int64], gradient: NDArray[np.float32], rate: float
    ) -> None:
        """Move `weights[rows]` against the gradient, shape (len(rows), dimensions)."""
        square = self._square[rows] + np.einsum("ij,ij->i", gradient, gradient) / np.float32(gradient.shape[1])
        self._square[rows] = square
        gradient *= (np.float32(rate) / (np.sqrt(square) + np.float32(1e-12)))[:, None]
        for start in range(0, len(rows), _ROWS_IN_CACHE):
            part = slice(start, start + _ROWS_IN_CACHE)
            weights[rows[part]] -= gradient[part]


def texts_of(concepts: Sequence[Concept]) -> int:
    """How many names the concepts have together."""
    return sum(len(concept.names) for concept in concepts)
