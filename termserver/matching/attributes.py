"""What a term's words tell of its target before any target is looked at: its kind, and the axes of a laboratory test.

"poisto" speaks of a procedure, "hulk" of a concentration, "külv" of a culture: a linear model over words and n-grams gives each
class of each head a chance. The ranker compares a candidate's class with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.hashing import Vocabulary, bucket_matrix
from termserver.matching.index import TargetIndex
from termserver.matching.labs import METHODS, PROPERTIES, SPECIMENS, TIMINGS
from termserver.matching.normalise.common import skeleton_words
from termserver.matching.weight_files import read_arrays

ATTRIBUTE_BUCKETS = 1 << 15
LEAST_LOG_CHANCE = -6.0
_CLASS_OF_KIND = {
    kind: name
    for name, kinds in {
        "disorder": "disorder|finding|clinical finding|condition|situation|context-dependent|event",
        "procedure": "procedure|regime/therapy",
        "observation": "observation|observable entity|staging scale|staging / scales|assessment scale|tumor staging",
        "measurement": "measurement|laboratory test",
        "organism": "organism",
        "morphology": "morphologic abnormality|morph abnormality",
        "body structure": "body structure|cell|cell structure|spec anatomic site|intendedsite|intended site",
        "substance": "substance|product|drug|medicinal product|medicinal product form|pharma/biol product|clinical drug",
        "device": "physical object|device|administrationdevice|container|closure|packagingcategory",
        "qualifier": "qualifier value|meas value|attribute|physical force|administrationmethod|administration method",
        "specimen": "specimen",
        "unit": "unit|unitofpresentation|unit of presentation",
        "person": "person|occupation|provider|social concept|social context|ethnic group",
        "place": "environment|visit|geography|environment / location|geographic location",
        "dose form": "pharmaceuticaldoseform|combinedpharmaceuticaldoseform|combinedterm|patientfriendlyterm|basicdoseform"
        "|dose form|basic dose form|combinationpack|routeofadministration|route",
    }.items()
    for kind in kinds.split("|")
}
KIND_CLASSES = tuple(dict.fromkeys(_CLASS_OF_KIND.values()))
HEADS: dict[str, tuple[str, ...]] = {
    "kind": KIND_CLASSES,
    "property": ("", *PROPERTIES),
    "specimen": ("", *SPECIMENS),
    "timing": ("", *TIMINGS),
    "method": ("", *METHODS),
}


def class_of_kind(kind: str | None) -> int:
    """Position in `KIND_CLASSES` of a target's kind (semantic tag, domain, class); -1 for another or none.

    >>> KIND_CLASSES[class_of_kind("Clinical Finding")], class_of_kind("category")
    ('disorder', -1)
    """
    name = _CLASS_OF_KIND.get((kind or "").lower())
    return -1 if name is None else KIND_CLASSES.index(name)


@dataclass(frozen=True, slots=True)
class AttributeModel:
    """A softmax per head over hashed words and n-grams.

    Parameters
    ----------
    weights
        Shape (buckets, classes of all heads in the order of `HEADS`), int8.
    scale, bias
        Shape (classes,): a logit is `weights * scale` summed over a text's buckets, each once, divided by the root of their
        number, plus `bias`.
    version
        Eight hexadecimal digits of the content.
    """

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]
    version: str

    @classmethod
    def of(cls, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> AttributeModel:
        """From fitted weights, shape (buckets, classes)."""
        scale = np.maximum(np.abs(weights).max(axis=0) / 127, 1e-9).astype(np.float32)
        kept = np.clip(np.rint(weights / scale), -127, 127).astype(np.int8)
        version = hashlib.sha256(kept.tobytes() + scale.tobytes() + bias.tobytes()).hexdigest()[:8]
        return cls(kept, scale, bias.astype(np.float32), version)

    @classmethod
    def load(cls, path: Path) -> AttributeModel:
        """Read `attributes.npz`.

        Raises
        ------
        MatchingError
            If the file is missing or made for other heads.
        """
        arrays = read_arrays(path, ("weights", "scale", "bias", "version"), what="attributes")
        weights, scale, bias, version = arrays["weights"], arrays["scale"], arrays["bias"], str(arrays["version"])
        if weights.shape[1:] != bias.shape or len(bias) != sum(map(len, HEADS.values())):
            raise MatchingError(f"{path}: made for another version; train again")
        return cls(weights, scale, bias, version)

    def save(self, path: Path) -> None:
        """Write `attributes.npz`, the same bytes for the same content."""
        np.savez_compressed(
            path,
            allow_pickle=False,
            weights=self.weights,
            scale=self.scale,
            bias=self.bias,
            version=np.array(self.version),
        )

    def log_chances(self, texts: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """For each head the logarithm of each class's chance, shape (n_texts, classes of the head), no less than -6."""
        features = attribute_features(texts)
        buckets, columns = np.unique(features.indices, return_inverse=True)
        local = sparse.csr_matrix((features.data, columns, features.indptr), shape=(features.shape[0], len(buckets)))
        logits = np.asarray(local @ (self.weights[buckets].astype(np.float32) * self.scale), np.float32) + self.bias
        chances: dict[str, NDArray[np.float32]] = {}
        start = 0
        for head, classes in HEADS.items():
            part = logits[:, start : start + len(classes)]
            start += len(classes)
            part = part - part.max(axis=1, keepdims=True)
            part = part - np.log(np.exp(part).sum(axis=1, keepdims=True))
            chances[head] = np.maximum(part, np.float32(LEAST_LOG_CHANCE))
        return chances


def attribute_features(texts: Sequence[str]) -> sparse.csr_matrix:
    """Buckets of each text's words, each once, rows of length one. Shape (n_texts, ATTRIBUTE_BUCKETS)."""
    vocabulary = Vocabulary()
    counts = vocabulary.matrix_of([skeleton_words(text) for text in texts])
    features = sparse.csr_matrix(counts @ bucket_matrix(vocabulary.words, n_buckets=ATTRIBUTE_BUCKETS))
    features.sort_indices()
    features.data = np.ones_like(features.data)
    lengths = np.maximum(np.diff(features.indptr), 1)
    features.data /= np.repeat(np.sqrt(lengths), np.diff(features.indptr)).astype(np.float32)
    return features


def target_classes(index: TargetIndex, targets: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Class of each of some targets in each head, shape (n_targets,); -1 where the head does not apply to it."""
    names = index.names
    display = names.start[targets].astype(np.int64)
    laboratory = (names.specimen[display] > 0) & (names.property[display] > 0)
    measurement = class_of_kind("measurement")
    labels = index.targets.kinds
    classes = np.array([class_of_kind(label) for label in labels.values], np.int64)
    unnamed = np.array([not label for label in labels.values], np.bool_)
    kind, unknown = classes[labels.numbers[targets]], unnamed[labels.numbers[targets]]
    bits = names.method[display].astype(np.int64)
    first = bits & -bits
    method = np.where(first > 0, np.log2(np.maximum(first, 1)).astype(np.int64) + 1, 0)
    axes = {
        "property": names.property[display],
        "specimen": names.specimen[display],
        "timing": names.timing[display],
        "method": method,
    }
    return {
        "kind": np.where(unknown & laboratory, measurement, kind),
        **{head: np.where(laboratory, values, -1).astype(np.int64) for head, values in axes.items()},
    }
