"""A target index as a folder: texts as JSON, everything else as arrays, which are mapped when it is opened.

What is read from a name (skeleton, typed words, laboratory axes) is stored too: opening half a million names takes seconds, and
the arrays take memory only as far as they are touched.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from termserver.errors import MatchingError
from termserver.matching.index import Names, TargetIndex, code_positions
from termserver.matching.lexical import NgramIndex
from termserver.model.candidate import Target

_INDEX_ARRAYS = (
    "vectors",
    "word_vectors",
    "learned_vectors",
    "learned_target",
    "analyte_vectors",
    "analyte_row",
    "name_keys",
    "name_order",
    "has_children",
)
_NAME_ARRAYS = (
    "concept",
    "start",
    "typed",
    "negated",
    "n_words",
    "specimen",
    "property",
    "timing",
    "method",
    "word_numbers",
)


def save_index(index: TargetIndex, folder: Path) -> None:
    """Write the index to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names = index.names
    rows = [
        [target.system, target.code, target.display, target.active, target.kind, list(target.parents)]
        for target in index.targets
    ]
    _write_json(folder / "targets.json", rows)
    differs = {
        number: name
        for number, (text, name) in enumerate(zip(names.texts, names.searched, strict=True))
        if text != name
    }
    numbers = {number: sorted(found) for number, found in enumerate(names.numbers) if found}
    texts = [names.texts, differs, names.languages, names.skeletons, numbers, names.words]
    _write_json(folder / "names.json", texts)
    for name in _INDEX_ARRAYS:
        np.save(folder / f"{name}.npy", getattr(index, name))
    for name in _NAME_ARRAYS:
        np.save(folder / f"names_{name}.npy", getattr(names, name))
    postings = index.ngrams.postings
    for name, array in (
        ("data", postings.data),
        ("indices", postings.indices),
        ("indptr", postings.indptr),
        ("idf", index.ngrams.idf),
        ("common", index.ngrams.common),
    ):
        np.save(folder / f"ngrams_{name}.npy", array)
    if index.transformer_vectors is not None:
        np.save(folder / "transformer_vectors.npy", index.transformer_vectors)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")


def load_index(folder: Path) -> TargetIndex:
    """Open a saved index; arrays are mapped.

    Raises
    ------
    MatchingError
        If the folder does not hold a whole index.
    """
    try:
        return _open(folder)
    except (OSError, ValueError, KeyError) as error:
        raise MatchingError(f"{folder}: not a saved target index ({error}); build the engine again") from error


def _open(folder: Path) -> TargetIndex:
    def array(name: str) -> Any:
        return np.load(folder / f"{name}.npy", mmap_mode="r")

    rows = json.loads((folder / "targets.json").read_text(encoding="utf-8", errors="surrogatepass"))
    texts, differs, languages, skeletons, numbers, words = json.loads(
        (folder / "names.json").read_text(encoding="utf-8", errors="surrogatepass")
    )
    none: frozenset[str] = frozenset()
    searched = list(texts)
    for number, name in differs.items():
        searched[int(number)] = name
    every = [none] * len(texts)
    for number, found in numbers.items():
        every[int(number)] = frozenset(found)
    names = Names(
        texts=tuple(texts),
        searched=tuple(searched),
        languages=tuple(languages),
        skeletons=tuple(skeletons),
        numbers=tuple(every),
        words=tuple(words),
        **{name: array(f"names_{name}") for name in _NAME_ARRAYS},
    )
    targets = tuple(
        Target(system, code, display, (), active, kind, tuple(parents))
        for system, code, display, active, kind, parents in rows
    )
    postings: sparse.csr_matrix = sparse.csr_matrix(
        (array("ngrams_data"), array("ngrams_indices"), array("ngrams_indptr")),
        shape=(len(array("ngrams_idf")), len(texts)),
        copy=False,
    )
    path = folder / "transformer_vectors.npy"
    return TargetIndex(
        targets,
        names,
        ngrams=NgramIndex(
            postings, np.asarray(array("ngrams_idf"), np.float32), np.asarray(array("ngrams_common"), np.bool_)
        ),
        transformer_vectors=np.load(path, mmap_mode="r") if path.exists() else None,
        by_code=code_positions(targets),
        **{name: array(name) for name in _INDEX_ARRAYS},
    )
