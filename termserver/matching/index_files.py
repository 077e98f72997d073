"""A target index as a folder: targets as JSON, vectors and n-grams as arrays; vectors are mapped when it is opened."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.index import TargetIndex, add_keys, names_of, without_designations
from termserver.matching.lexical import NgramIndex
from termserver.model.candidate import Target
from termserver.model.coding import Designation


def save_index(index: TargetIndex, folder: Path) -> None:
    """Write the index to a folder: targets as JSON, vectors as arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        [
            target.system,
            target.code,
            target.display,
            _designations(index, position),
            target.active,
            target.kind,
            list(target.parents),
        ]
        for position, target in enumerate(index.targets)
    ]
    (folder / "targets.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    np.save(folder / "vectors.npy", index.vectors)
    np.save(folder / "word_vectors.npy", index.word_vectors)
    postings = index.ngrams.postings
    np.savez(
        folder / "ngrams.npz",
        data=postings.data,
        indices=postings.indices,
        indptr=postings.indptr,
        idf=index.ngrams.idf,
        common=index.ngrams.common,
    )
    if index.transformer_vectors is not None:
        np.save(folder / "transformer_vectors.npy", index.transformer_vectors)


def _designations(index: TargetIndex, target: int) -> list[tuple[str, str | None]]:
    """Names of a target besides its display; the display too where its language is known."""
    names = range(int(index.names.start[target]), int(index.names.start[target + 1]))
    pairs = [(index.names.texts[name], index.names.languages[name]) for name in names]
    return pairs if pairs[0][1] else pairs[1:]


def load_index(folder: Path) -> TargetIndex:
    """Open a saved index; vectors are mapped.

    Raises
    ------
    MatchingError
        If the folder does not hold a whole index.
    """
    try:
        rows = json.loads((folder / "targets.json").read_text(encoding="utf-8"))
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        word_vectors = np.load(folder / "word_vectors.npy", mmap_mode="r")
        with np.load(folder / "ngrams.npz") as stored:
            arrays = (stored["data"], stored["indices"], stored["indptr"])
            postings = sparse.csr_matrix(arrays, shape=(len(stored["idf"]), len(vectors)))
            ngrams = NgramIndex(postings, stored["idf"], stored["common"])
    except (OSError, ValueError, KeyError) as error:
        raise MatchingError(f"{folder}: not a saved target index ({error}); build the engine again") from error
    targets = tuple(
        Target(
            system,
            code,
            display,
            tuple(Designation(value, language) for value, language in designations),
            active,
            kind,
            tuple(parents),
        )
        for system, code, display, designations, active, kind, parents in rows
    )
    path = folder / "transformer_vectors.npy"
    index = TargetIndex(
        without_designations(targets),
        names_of(targets),
        vectors,
        ngrams,
        np.load(path, mmap_mode="r") if path.exists() else None,
        word_vectors,
    )
    add_keys(index)
    return index
