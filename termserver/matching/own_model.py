"""The own model at run time: texts in, unit vectors out. Numpy only; the weights are int8 and memory-mapped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.hashing import Vocabulary, bucket_matrix, normalised_rows
from termserver.matching.normalise.common import skeleton_words

WEIGHTS = Path(__file__).parent / "weights"
_CHUNK = 20_000


class OwnModel:
    """Bucket vectors of the small cross-lingual model.

    Parameters
    ----------
    vectors
        Shape (n_buckets, dimensions), int8.
    scales
        Shape (n_buckets,), float16; `vectors * scales` are the trained vectors.
    """

    def __init__(self, vectors: NDArray[np.int8], scales: NDArray[np.float16]) -> None:
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
        try:
            vectors = np.load(folder / "own_vectors.npy", mmap_mode="r")
            scales = np.load(folder / "own_scales.npy")
        except (OSError, ValueError) as error:
            raise MatchingError(
                f"{folder}: no own model here ({error}); make one with `termserver train --out {folder}`"
            ) from error
        if vectors.ndim != 2 or vectors.dtype != np.int8 or scales.shape != vectors.shape[:1]:
            raise MatchingError(f"{folder}: own_vectors.npy and own_scales.npy do not belong together; train again")
        return cls(vectors, scales)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self.vectors.shape[1])

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
            rows = self.vectors[buckets].astype(np.float32) * self.scales[buckets].astype(np.float32)[:, None]
            sums[start : start + features.shape[0]] = local @ rows
        return sums
