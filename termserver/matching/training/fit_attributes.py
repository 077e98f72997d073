"""Fits the attribute model: softmaxes over words and n-grams, in numpy, deterministic by seed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.attributes import ATTRIBUTE_BUCKETS, HEADS, AttributeModel, attribute_features, class_of_kind
from termserver.matching.evaluation import GoldRow, read_gold
from termserver.matching.hashing import distinct
from termserver.matching.labs import LabAxes, axes_of_name
from termserver.matching.queries import query_of
from termserver.matching.training.held_out import Fold
from termserver.matching.training.rows import POOLS, gold_files, gold_terms, pool
from termserver.matching.training.sources import Concept
from termserver.model.candidate import Target

EPOCHS = 8
BATCH = 512
RATE = 0.5
RIDGE = 1e-6
TARGET_WEIGHT = 0.3  # of the targets' own English names
TITLE_WEIGHT = 0.3
ONE_TITLE_IN = 6  # of the names of shared lists, which are many and alike
# kind of what a shared list names, by the prefix of its concepts' keys
_KIND_OF_LIST = {
    "ncsp": "procedure",
    "spat": "procedure",
    "labfi": "measurement",
    "npu": "measurement",
    "microbe": "organism",
}
_KIND_OF_LIST |= {
    "atc": "substance",
    "edqm": "dose form",
    "doseform": "dose form",
    "icpc": "disorder",
    "icd": "disorder",
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with the class it has in each head, -1 where nothing is known."""

    text: str
    classes: tuple[int, ...]
    weight: float = 1.0


def labelled_texts(data: Path, concepts: Iterable[Concept], fold: Fold) -> list[Labelled]:
    """Gold terms, names of shared lists and the targets' own names, without what the fold holds out."""
    targets = {(target.system, target.code): target for target in pool(data, POOLS)}
    forbidden = {term for term in gold_terms(data) if fold.holds_term(term)}
    examples: list[Labelled] = []
    for path in gold_files(data):
        for row in read_gold(path):
            if not fold.holds_term(row.term.term):
                examples.extend(_of_gold(row, targets))
    examples.extend(
        Labelled(target.display, (kind, -1, -1, -1, -1), TARGET_WEIGHT)
        for target in targets.values()
        if (kind := kind_of_target(target)) >= 0
    )
    for concept in concepts:
        kind = class_of_kind(_KIND_OF_LIST.get(concept.key.split(":")[0]))
        if kind >= 0 and not concept.key.startswith(("icd:R", "icd:V", "icd:W", "icd:X", "icd:Y", "icd:Z")):
            examples.extend(
                Labelled(name, (kind, -1, -1, -1, -1), TITLE_WEIGHT)
                for language, name in concept.names
                if language != "en" and name not in forbidden and zlib.crc32(name.encode()) % ONE_TITLE_IN == 0
            )
    return examples


def kind_of_target(target: Target) -> int:
    """Class of a target by its kind; a laboratory test by its name where it has none."""
    if target.kind:
        return class_of_kind(target.kind)
    axes = axes_of_name(target.display)
    return class_of_kind("measurement") if axes.specimen and axes.property else -1


def _of_gold(row: GoldRow, targets: dict[tuple[str, str], Target]) -> Iterator[Labelled]:
    found = [targets[key] for key in sorted(row.right) if key in targets]
    if not found:
        return
    query = query_of(row.term)
    classes = (kind_of_target(found[0]), *classes_of_axes(axes_of_name(found[0].display)))
    texts = [query.term] if query.with_context == query.term else [query.term, query.with_context]
    for text in texts:
        yield Labelled(text, classes, 1 / len(texts))


def classes_of_axes(axes: LabAxes) -> tuple[int, int, int, int]:
    """Class of each laboratory head; -1 throughout for a name that is no laboratory test's."""
    if not (axes.specimen and axes.property):
        return -1, -1, -1, -1
    return axes.property, axes.specimen, axes.timing, first_method(axes.method)


def first_method(bits: int) -> int:
    """Position of the first method plus one, 0 for none."""
    return (bits & -bits).bit_length()


def fit_attributes(examples: list[Labelled], *, seed: int) -> AttributeModel:
    """The model fitted to the texts.

    Source: Duchi et al., JMLR 12 (2011) 2121 (Adagrad).

    Raises
    ------
    MatchingError
        If there is no text.
    """
    if not examples:
        raise MatchingError("there are no labelled texts to fit attributes on")
    features = attribute_features([example.text for example in examples])
    classes = np.array([example.classes for example in examples], np.int64)
    weight = np.array([example.weight for example in examples], np.float32)
    total = sum(map(len, HEADS.values()))
    weights, bias = np.zeros((ATTRIBUTE_BUCKETS, total), np.float32), np.zeros(total, np.float32)
    square, bias_square = np.full_like(weights, 1e-4), np.full_like(bias, 1e-4)
    random = np.random.default_rng(seed)
    steps = EPOCHS * (len(examples) // BATCH + 1)
    step = 0
    for _ in range(EPOCHS):
        order = random.permutation(len(examples))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            rows = features[chosen]
            buckets, columns = distinct(rows.indices, ATTRIBUTE_BUCKETS)
            local = sparse.csr_matrix((rows.data, columns, rows.indptr), shape=(len(chosen), len(buckets)))
            before = weights[buckets]
            logits = np.asarray(local @ before, np.float32) + bias
            gradient = _gradient(logits, classes[chosen], weight[chosen])
            rate = np.float32(RATE * (1 - step / (steps + 1)))
            step += 1
            change = np.asarray(local.T @ gradient, np.float32) + np.float32(RIDGE) * before
            squares = square[buckets] + change**2
            square[buckets] = squares
            weights[buckets] = before - rate * change / np.sqrt(squares)
            change_of_bias = gradient.sum(axis=0)
            bias_square += change_of_bias**2
            bias -= rate * change_of_bias / np.sqrt(bias_square)
    return AttributeModel.of(weights, bias)


def _gradient(
    logits: NDArray[np.float32], classes: NDArray[np.int64], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Of the summed cross-entropies to the logits; heads whose class is unknown give nothing."""
    gradient = np.zeros_like(logits)
    start = 0
    for head, names in enumerate(HEADS.values()):
        known = np.flatnonzero(classes[:, head] >= 0)
        part = logits[known, start : start + len(names)]
        chance = np.exp(part - part.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        chance[np.arange(len(known)), classes[known, head]] -= 1
        gradient[known, start : start + len(names)] = chance * weight[known, None] / np.float32(len(weight))
        start += len(names)
    return gradient
