"""An optional sentence-transformers model; its vectors are cached on disk by (model, text)."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError

_BATCH = 64


class Encoder(Protocol):
    """Texts to vectors, as SentenceTransformer does."""

    def encode(
        self, sentences: list[str], *, batch_size: int, normalize_embeddings: bool, show_progress_bar: bool
    ) -> NDArray[np.float32]:
        """Vectors, shape (n_sentences, dimensions)."""


class Transformer:
    """A sentence-transformers model with its cache.

    Parameters
    ----------
    name
        Path of a model folder, or id on a model hub.
    cache_dir
        Folder of the cache; None keeps vectors only for the call.
    encoder
        The model; None opens it by name at first need, so that cached texts need no torch.
    """

    def __init__(self, name: str, cache_dir: Path | None, *, encoder: Encoder | None = None) -> None:
        self.name = name
        self._encoder = encoder
        self._cache = (
            cache_dir / f"vectors-{hashlib.sha256(name.encode()).hexdigest()[:16]}.sqlite" if cache_dir else None
        )

    def encode(self, texts: Sequence[str], *, role: str = "query") -> NDArray[np.float32]:
        """Unit vectors, shape (n_texts, dimensions).

        Parameters
        ----------
        role
            `query` for rows, `passage` for targets; the E5 family reads it as a prefix, other models never see it.

        Raises
        ------
        MatchingError
            If the extra `transformers` is not installed or the model cannot be opened.
        """
        prefix = f"{role}: " if "e5" in Path(self.name).name.lower() else ""
        prefixed = [prefix + text for text in texts]
        distinct = list(dict.fromkeys(prefixed))
        known = self._read(distinct)
        missing = [text for text in distinct if text not in known]
        if missing:
            vectors = self._open().encode(
                missing, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            )
            fresh = dict(zip(missing, np.asarray(vectors, np.float32), strict=True))
            self._write(fresh)
            known |= fresh
        return np.array([known[text] for text in prefixed], np.float32)

    def _open(self) -> Encoder:
        if self._encoder is None:
            try:
                import torch
                from sentence_transformers import SentenceTransformer
            except ImportError as error:
                raise MatchingError(
                    f"the transformer model {self.name!r} is set, but the extra is not installed; "
                    "run `pip install 'termserver[transformers]'` or unset the model"
                ) from error
            torch.set_num_threads(1)  # two threads on a shared machine were seven times slower
            try:
                encoder: Encoder = SentenceTransformer(self.name, device="cpu")
            except (OSError, ValueError) as error:
                raise MatchingError(
                    f"the transformer model {self.name!r} cannot be opened ({error}); give a folder or a hub id"
                ) from error
            self._encoder = encoder
        return self._encoder

    def _read(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if self._cache is None or not self._cache.exists():
            return {}
        found = {}
        with closing(sqlite3.connect(self._cache)) as connection:
            for text in texts:
                row = connection.execute("SELECT vector FROM vector WHERE text = ?", (_key(text),)).fetchone()
                if row:
                    found[text] = np.frombuffer(row[0], np.float16).astype(np.float32)
        return found

    def _write(self, vectors: dict[str, NDArray[np.float32]]) -> None:
        if self._cache is None:
            return
        self._cache.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._cache)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vector (text BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
            connection.executemany(
                "INSERT OR REPLACE INTO vector VALUES (?, ?)",
                ((_key(text), vector.astype(np.float16).tobytes()) for text, vector in vectors.items()),
            )


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
