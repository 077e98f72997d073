"""The learned ranker at run time: a small network over features, as numpy arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.features import FEATURES, GROUPS, PENALTIES
from termserver.matching.weight_files import read_arrays

IS_PENALTY = np.array([name in PENALTIES for name in FEATURES])
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]
Float = TypeVar("Float", np.float32, np.float64)


@dataclass(frozen=True, slots=True)
class Ranker:
    """An average of networks.

    Parameters
    ----------
    mean, scale
        Shape (n_features,): a feature is centred and divided before it enters.
    networks
        Each a tuple of layers (weights, shape (inputs, outputs); bias, shape (outputs,)); the last has one output.
    penalties
        Shape (n_features,), 0 or more: what each unit of a feature of `PENALTIES` takes from the score. The networks do not
        see these features, so a conflict can only push down.
    version
        Eight hexadecimal digits of the content.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    networks: tuple[tuple[Layer, ...], ...]
    penalties: NDArray[np.float32]
    version: str

    @classmethod
    def load(cls, path: Path) -> Ranker:
        """Read `ranker.npz`.

        Raises
        ------
        MatchingError
            If the file is missing, damaged or made for other features.
        """
        arrays = read_arrays(path, (), what="ranker")
        if [str(name) for name in arrays.get("features", ())] != list(FEATURES):
            raise MatchingError(
                f"{path}: this ranker was trained for other features than this version has; train again"
            )
        count = int(arrays["networks"])
        networks = tuple(
            tuple(
                (arrays[f"w{number}_{layer}"], arrays[f"b{number}_{layer}"]) for layer in range(int(arrays["layers"]))
            )
            for number in range(count)
        )
        content = b"".join(arrays[name].tobytes() for name in sorted(arrays) if name != "features")
        return cls(
            arrays["mean"], arrays["scale"], networks, arrays["penalties"], hashlib.sha256(content).hexdigest()[:8]
        )

    def save(self, path: Path) -> None:
        """Write `ranker.npz`, the same bytes for the same content."""
        layers = {
            f"{kind}{number}_{position}": array
            for number, network in enumerate(self.networks)
            for position, layer in enumerate(network)
            for kind, array in zip("wb", layer, strict=True)
        }
        np.savez(
            path,
            allow_pickle=False,
            features=np.array(FEATURES),
            mean=self.mean,
            scale=self.scale,
            penalties=self.penalties,
            networks=np.array(len(self.networks)),
            layers=np.array(len(self.networks[0])),
            **layers,
        )

    def score(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ranking value of each pair, shape (n_pairs,), without unit; larger is better.

        Parameters
        ----------
        features
            Shape (n_pairs, n_features), as `features.describe` gives them.
        """
        # twice the precision of the answer, so that its last digit does not depend on how many pairs are scored together
        inputs = self.standardise(features).astype(np.float64)
        total = np.zeros(len(features), np.float64)
        for network in self.networks:
            total += forward(network, inputs)[-1].ravel()
        costs = features.astype(np.float64) @ self.penalties
        return np.asarray(total / len(self.networks) - costs, np.float32)

    def shares(
        self, features: NDArray[np.float32], scores: NDArray[np.float32], reference: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How much of each pair's score each group of `GROUPS` explains, shape (n_pairs, n_groups), rows sum to 1.

        A group's part is what the score loses when the group's features are those of a typical candidate of the row.

        Parameters
        ----------
        reference
            Shape (n_pairs, n_features): the typical candidate of each pair's row.
        """
        parts = np.empty((len(features), len(GROUPS)), np.float32)
        start = 0
        for column, names in enumerate(GROUPS.values()):
            masked = features.copy()
            masked[:, start : start + len(names)] = reference[:, start : start + len(names)]
            parts[:, column] = np.maximum(scores - self.score(masked), 0) + 0.01
            start += len(names)
        return np.asarray(parts / parts.sum(axis=1, keepdims=True), np.float32)

    def standardise(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features centred, divided and capped at 5 either way; those of `PENALTIES` become 0."""
        inputs = np.asarray(np.clip((features - self.mean) / self.scale, -5, 5), np.float32)
        inputs[:, IS_PENALTY] = 0
        return inputs


def forward(network: tuple[Layer, ...], inputs: NDArray[Float]) -> list[NDArray[Float]]:
    """Outputs of every layer, the inputs first; hidden layers are rectified."""
    outputs = [inputs]
    for position, (weights, bias) in enumerate(network):
        sums = outputs[-1] @ weights + bias
        outputs.append(np.maximum(sums, 0) if position < len(network) - 1 else sums)
    return outputs
