"""The own model at run time: texts in, unit vectors out. Numpy only; the weights, of four bits a number, are memory-mapped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.hashing import Vocabulary, bucket_matrix, normalised_rows
from termserver.matching.normalise.common import skeleton_words

WEIGHTS = Path(__file__).parent / "weights"
_CHUNK = 20_000
_LARGEST, _ZERO = 7, 8  # of a number in four bits: -7 to 7, written as 1 to 15


class OwnModel:
    """Bucket vectors of the small cross-lingual model.

    Parameters
    ----------
    vectors
        Shape (n_buckets, dimensions / 2), uint8: two numbers from 1 to 15 a byte, the first half of the dimensions in the lower
        bits.
    scales
        Shape (n_buckets,), float16; `(number - 8) * scale` is what was trained (decision 0057).
    """

    def __init__(self, vectors: NDArray[np.uint8], scales: NDArray[np.float16]) -> None:
        self.vectors = vectors
        self.scales = scales
        self.version = hashlib.sha256(np.ascontiguousarray(vectors[::64]).tobytes() + scales.tobytes()).hexdigest()[:8]

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> OwnModel:
        """Open the weights of a folder; memory is mapped, not read.

        Raises
        ------
        MatchingError
            If the files are missing or have the wrong shape.
        """
        return cls(*_opened(folder))

    @staticmethod
    def serves(folder: Path) -> bool:
        """Whether a folder has the weights in the form that this version reads."""
        try:
            _opened(folder)
        except MatchingError:
            return False
        return True

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return 2 * int(self.vectors.shape[1])

    @classmethod
    def of(cls, trained: NDArray[np.float32]) -> OwnModel:
        """The model of trained bucket vectors, shape (n_buckets, dimensions); each number is kept within half a scale.

        Raises
        ------
        MatchingError
            If the dimensions are odd.
        """
        half, odd = divmod(trained.shape[1], 2)
        if odd:
            raise MatchingError(f"{trained.shape[1]} dimensions: two numbers share a byte, choose an even count")
        scales = (np.abs(trained).max(axis=1) / _LARGEST).astype(np.float16)
        safe = np.maximum(scales.astype(np.float32), 1e-7)[:, None]
        numbers = (np.clip(np.rint(trained / safe), -_LARGEST, _LARGEST) + _ZERO).astype(np.uint8)
        return cls(numbers[:, :half] | numbers[:, half:] << 4, scales)

    def save(self, folder: Path) -> None:
        """Write `own_vectors.npy` and `own_scales.npy`."""
        np.save(folder / "own_vectors.npy", np.asarray(self.vectors))
        np.save(folder / "own_scales.npy", self.scales)

    def bucket_vectors(self, buckets: NDArray[np.integer[Any]] | slice) -> NDArray[np.float32]:
        """Vectors of some buckets as they were trained, shape (n, dimensions)."""
        packed = np.asarray(self.vectors[buckets])
        half = packed.shape[1]
        vectors = np.empty((len(packed), 2 * half), np.float32)
        vectors[:, :half] = packed & 15
        vectors[:, half:] = packed >> 4
        vectors -= _ZERO
        vectors *= self.scales[buckets].astype(np.float32)[:, None]
        return vectors

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape (n_texts, dimensions); a text without a word gives zeros.

        Memory: about 600 bytes a text beside the answer, in chunks of 20,000 texts.
        """
        chunks = [
            self.encode_words([skeleton_words(text) for text in texts[start : start + _CHUNK]])
            for start in range(0, len(texts), _CHUNK)
        ]
        return np.concatenate(chunks) if chunks else np.zeros((0, self.dimensions), np.float32)

    def encode_words(self, texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """As `encode`, of texts given as skeleton words."""
        vocabulary = Vocabulary()
        counts = vocabulary.matrix_of(texts)
        return normalised_rows(np.asarray(counts @ self.sums_of_words(vocabulary.words), dtype=np.float32))

    def encode_single_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of skeleton words, shape (n_words, dimensions)."""
        return normalised_rows(self.sums_of_words(words))

    def sums_of_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Sum of the bucket vectors of each word, shape (n_words, dimensions)."""
        sums = np.zeros((len(words), self.dimensions), np.float32)
        for start in range(0, len(words), _CHUNK // 4):
            features = bucket_matrix(words[start : start + _CHUNK // 4], n_buckets=len(self.vectors))
            buckets, columns = np.unique(features.indices, return_inverse=True)
            local = sparse.csr_matrix(
                (features.data, columns, features.indptr), shape=(features.shape[0], len(buckets))
            )
            sums[start : start + features.shape[0]] = local @ self.bucket_vectors(buckets)
        return sums


def _opened(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Vectors, mapped, and scales."""
    try:
        vectors = np.load(folder / "own_vectors.npy", mmap_mode="r")
        scales = np.load(folder / "own_scales.npy")
    except (OSError, ValueError) as error:
        raise MatchingError(
            f"{folder}: no own model here ({error}); make one with `termserver train --out {folder}`"
        ) from error
    if vectors.ndim != 2 or vectors.dtype != np.uint8 or scales.shape != vectors.shape[:1]:
        raise MatchingError(
            f"{folder}: own_vectors.npy and own_scales.npy do not belong together, or another version wrote them; train again"
        )
    return vectors, scales
