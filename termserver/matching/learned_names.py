"""Names that training knew and the package may not carry: kept as vectors, found by the English name they belong to.

Lists that a deployment would load have Latin names and second English names beside the title. Their texts stay with their
publishers; a vector of each is enough to find the target by them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.matching.weight_files import read_arrays

_SCALE = np.float32(1 / 127)


@dataclass(frozen=True, slots=True)
class LearnedNames:
    """Vectors by the skeleton of an English name.

    Parameters
    ----------
    keys
        Shape (n,), uint32, rising: CRC-32 of the skeleton.
    vectors
        Shape (n, dimensions), int8; times 1/127 they are unit rows.
    """

    keys: NDArray[np.uint32]
    vectors: NDArray[np.int8]

    @classmethod
    def load(cls, path: Path) -> LearnedNames:
        """Read `learned_names.npz`.

        Raises
        ------
        MatchingError
            If the file is missing or damaged.
        """
        arrays = read_arrays(path, ("keys", "vectors"), what="learned names")
        return cls(arrays["keys"], arrays["vectors"])

    @classmethod
    def of(cls, names: Sequence[tuple[str, NDArray[np.float32]]], dimensions: int) -> LearnedNames:
        """From pairs (skeleton of the English name, unit vector of the further name)."""
        keys = np.array([key_of(skeleton) for skeleton, _ in names], np.uint32)
        vectors = np.array([vector for _, vector in names], np.float32).reshape(-1, dimensions)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], np.clip(np.rint(vectors[order] * 127), -127, 127).astype(np.int8))

    def save(self, path: Path) -> None:
        """Write `learned_names.npz`, the same bytes for the same content."""
        np.savez_compressed(path, allow_pickle=False, keys=self.keys, vectors=self.vectors)

    def vectors_of(self, skeletons: Sequence[str]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        """Vectors of the names that some English names are known to have too.

        Returns
        -------
        Shape (n_found, dimensions), and (n_found,): position in `skeletons`, rising.
        """
        wanted = np.array([key_of(skeleton) for skeleton in skeletons], np.uint32)
        first = np.searchsorted(self.keys, wanted, side="left")
        counts = np.searchsorted(self.keys, wanted, side="right") - first
        owner = np.repeat(np.arange(len(wanted)), counts)
        rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
        return (self.vectors[rows].astype(np.float32) * _SCALE).astype(np.float16), owner


def key_of(skeleton: str) -> int:
    """A 32-bit hash of a skeleton."""
    return zlib.crc32(b"learned " + skeleton.encode("utf-8", "surrogatepass"))
