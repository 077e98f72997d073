"""Optional sentence-transformers models: a `Transformer` makes vectors of texts, a `CrossEncoder` reads term and name together.

What they say is cached on disk by the model's content and the texts, so a text is read once for ever, and a second run
with the same model gives the same answers.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError

_BATCH = 64
_BETWEEN = "\x1f"  # term and name of a pair
_KEYS_A_QUERY = 500
_TEXTS_A_STEP = 4096
_EXTRA = "run `pip install 'termserver[transformers]'` or unset the model"


class Encoder(Protocol):
    """Texts to vectors, as SentenceTransformer does."""

    def encode(
        self, sentences: list[str], *, batch_size: int, normalize_embeddings: bool, show_progress_bar: bool
    ) -> NDArray[np.float32]:
        """Vectors, shape (n_sentences, dimensions)."""


class PairReader(Protocol):
    """Pairs of texts to numbers, as sentence-transformers' CrossEncoder does."""

    def predict(
        self, sentences: list[tuple[str, str]], *, batch_size: int, show_progress_bar: bool
    ) -> NDArray[np.float32]:
        """Scores, shape (n_pairs,)."""


class Transformer:
    """A sentence-transformers model with its cache.

    Parameters
    ----------
    name
        Path of a model folder, or id on a model hub; `id@revision` pins one.
    cache_dir
        Folder of the cache; None keeps vectors only for the call.
    encoder
        The model; None opens it by name at first need, so that cached texts need no torch.
    """

    def __init__(self, name: str, cache_dir: Path | None, *, encoder: Encoder | None = None) -> None:
        self.name = name
        self.version = model_version(name)
        self._encoder = encoder
        self._cache = _Cache(cache_dir, "vectors", self.version)

    def encode(self, texts: Sequence[str], *, role: str = "query") -> NDArray[np.float32]:
        """Unit vectors, shape (n_texts, dimensions), in half precision as the cache keeps them.

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
        return self._cache.values([prefix + text for text in texts], self._read)

    def _read(self, texts: list[str]) -> NDArray[np.float32]:
        if self._encoder is None:
            self._encoder = _opened(self.name, "SentenceTransformer")
        vectors = self._encoder.encode(texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


class CrossEncoder:
    """A sentence-transformers cross-encoder with its cache: it reads the term and a target's name together.

    Parameters
    ----------
    name
        Path of a model folder, or id on a model hub; `id@revision` pins one. The model has one output: the larger, the better.
    cache_dir
        Folder of the cache; None keeps scores only for the call.
    reader
        The model; None opens it by name at first need.
    """

    def __init__(self, name: str, cache_dir: Path | None, *, reader: PairReader | None = None) -> None:
        self.name = name
        self.version = model_version(name)
        self._reader = reader
        self._cache = _Cache(cache_dir, "pairs", self.version)

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """What the model says of each (term, name), shape (n_pairs,).

        Raises
        ------
        MatchingError
            If the extra `transformers` is not installed, the model cannot be opened, or it has more outputs than one.
        """
        if not pairs:
            return np.empty(0, np.float32)
        return self._cache.values(
            [f"{term.replace(_BETWEEN, ' ')}{_BETWEEN}{name}" for term, name in pairs], self._read
        )[:, 0]

    def _read(self, texts: list[str]) -> NDArray[np.float32]:
        pairs = [(term, name) for term, _, name in (text.partition(_BETWEEN) for text in texts)]
        if self._reader is None:
            self._reader = _opened(self.name, "CrossEncoder")
        scores = np.asarray(self._reader.predict(pairs, batch_size=_BATCH, show_progress_bar=False), np.float32)
        if scores.size != len(pairs):
            raise MatchingError(
                f"the cross-encoder {self.name!r} has {scores.size // len(pairs)} outputs; take one with a single output"
            )
        return scores.reshape(-1, 1)


@dataclass(frozen=True, slots=True)
class Transformers:
    """The optional models of an engine: neither, either or both."""

    encoder: Transformer | None = None
    cross_encoder: CrossEncoder | None = None

    @classmethod
    def named(cls, transformer: str | None, cross_encoder: str | None, cache_dir: Path | None) -> Transformers:
        """Models by folder or hub id, opened at first need."""
        return cls(
            Transformer(transformer, cache_dir) if transformer else None,
            CrossEncoder(cross_encoder, cache_dir) if cross_encoder else None,
        )

    @property
    def version(self) -> str:
        """What an engine version says of them."""
        return "".join(f" / {model.version}" for model in (self.encoder, self.cross_encoder) if model)


def model_version(name: str) -> str:
    """Name and eight hexadecimal digits of a model folder's files; the id alone of a model on a hub.

    >>> model_version("intfloat/multilingual-e5-small@fd1525a")
    'intfloat/multilingual-e5-small@fd1525a'
    """
    folder = Path(name)
    if not folder.is_dir():
        return name
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\x1f{path.stat().st_size}\x1f".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"{folder.name} {digest.hexdigest()[:8]}"


def _opened(name: str, kind: str) -> Any:
    """A model of sentence-transformers on the processor, in single precision: half precision is many times slower there."""
    try:
        import sentence_transformers
        import torch
    except ImportError as error:
        raise MatchingError(
            f"the transformer model {name!r} is set, but the extra is not installed; {_EXTRA}"
        ) from error
    torch.set_num_threads(1)  # two threads wait for each other on a machine with other work
    place, _, revision = name.partition("@") if not Path(name).exists() else (name, "", "")
    try:
        model = getattr(sentence_transformers, kind)(place, device="cpu", revision=revision or None)
    except (OSError, ValueError) as error:
        raise MatchingError(
            f"the transformer model {name!r} cannot be opened ({error}); give a folder or a hub id"
        ) from error
    return model.float()


class _Cache:
    """Arrays by text in an SQLite file, in half precision; None as folder keeps nothing."""

    def __init__(self, folder: Path | None, kind: str, version: str) -> None:
        name = f"{kind}-{hashlib.sha256(version.encode()).hexdigest()[:16]}.sqlite"
        self._path = folder / name if folder else None

    def values(self, texts: Sequence[str], make: Callable[[list[str]], NDArray[np.float32]]) -> NDArray[np.float32]:
        """One row a text, shape (n_texts, values of a text): those known, and of the others what `make` says of them."""
        distinct = list(dict.fromkeys(texts))
        known = self._read(distinct)
        missing = [text for text in distinct if text not in known]
        for start in range(0, len(missing), _TEXTS_A_STEP):  # kept step by step: a stopped run goes on where it was
            step = missing[start : start + _TEXTS_A_STEP]
            made = dict(zip(step, make(step).astype(np.float16), strict=True))
            self._write(made)
            known |= made
        return np.array([known[text] for text in texts], np.float32)

    def _read(self, texts: list[str]) -> dict[str, NDArray[np.float16]]:
        if self._path is None or not self._path.exists():
            return {}
        text_of = {_key(text): text for text in texts}
        keys = list(text_of)
        found = {}
        with closing(sqlite3.connect(self._path)) as connection:
            for start in range(0, len(keys), _KEYS_A_QUERY):
                some = keys[start : start + _KEYS_A_QUERY]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT text, vector FROM vector WHERE text IN ({marks})", some)  # noqa: S608
                found.update({text_of[key]: np.frombuffer(vector, np.float16) for key, vector in rows})
        return found

    def _write(self, vectors: dict[str, NDArray[np.float16]]) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vector (text BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
            )
            connection.executemany(
                "INSERT OR REPLACE INTO vector VALUES (?, ?)",
                ((_key(text), vector.tobytes()) for text, vector in vectors.items()),
            )


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
