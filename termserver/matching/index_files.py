"""A target index as a folder of arrays, which are mapped when it is opened: opening takes no time, memory is what is touched.

What is read from a name (skeleton, typed words, laboratory axes) is stored too. Processes that open the folder share its pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from termserver.errors import MatchingError
from termserver.matching.index import Names, TargetIndex, displays_of
from termserver.matching.lexical import NgramIndex
from termserver.matching.meaning import CoarseNames, mixtures_of
from termserver.matching.name_words import WordNames
from termserver.matching.target_table import TargetTable
from termserver.matching.text_table import Labels, NumberSets, TextTable

_INDEX_ARRAYS = (
    "vectors",
    "word_vectors",
    "learned_vectors",
    "learned_target",
    "analyte_vectors",
    "analyte_row",
    "name_keys",
    "name_order",
    "code_order",
    "has_children",
)
_NGRAM_ARRAYS = ("names", "counts", "ends", "lengths", "idf", "common")
_NAME_ARRAYS = (
    "concept",
    "start",
    "typed",
    "negated",
    "n_words",
    "n_letters",
    "marks",
    "specimen",
    "property",
    "timing",
    "method",
    "scale",
    "word_numbers",
)


def save_index(index: TargetIndex, folder: Path) -> None:
    """Write the index to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    names, targets = index.names, index.targets
    arrays = {name: getattr(index, name) for name in _INDEX_ARRAYS}
    arrays |= {f"names_{name}": getattr(names, name) for name in _NAME_ARRAYS}
    arrays |= {
        "coarse_codes": index.coarse.codes,
        "coarse_scales": index.coarse.scales,
        "coarse_error": np.array(index.coarse.error),
        "coarse_weights": index.coarse.mixtures.data,
        "coarse_words": index.coarse.mixtures.indices,
        "coarse_ends": index.coarse.mixtures.indptr,
        **{f"ngrams_{name}": getattr(index.ngrams, name) for name in _NGRAM_ARRAYS},
        "word_names": index.words.names,
        "word_names_ends": index.words.ends,
        "names_searched_ends": names.searched.ends,
        "targets_active": targets.active,
    }
    if index.transformer_vectors is not None:
        arrays["transformer_vectors"] = index.transformer_vectors
    for name, table in (
        ("names_texts", names.texts),
        ("names_skeletons", names.skeletons),
        ("names_numbers", names.numbers.table),
        ("words", names.words),
        ("targets_codes", targets.codes),
        ("targets_parents", targets.parents),
        ("code_keys", index.code_keys),
    ):
        arrays |= {f"{name}_block": table.block, f"{name}_starts": table.starts, f"{name}_ends": table.ends}
    values: dict[str, tuple[str | None, ...]] = {}
    for name, labels in (
        ("names_languages", names.languages),
        ("targets_systems", targets.systems),
        ("targets_kinds", targets.kinds),
    ):
        arrays[f"{name}_numbers"] = labels.numbers
        values[name] = labels.values
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    content = json.dumps(values, ensure_ascii=False)
    (folder / "labels.json").write_text(content, encoding="utf-8", errors="surrogatepass")


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
        """A plain array over the mapped file: items of `numpy.memmap` cost more."""
        return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))

    def table(name: str) -> TextTable:
        return TextTable(array(f"{name}_block"), array(f"{name}_starts"), array(f"{name}_ends"))

    values = json.loads((folder / "labels.json").read_text(encoding="utf-8", errors="surrogatepass"))

    def labels(name: str) -> Labels:
        return Labels(array(f"{name}_numbers"), tuple(values[name]))

    texts, start = table("names_texts"), array("names_start")
    names = Names(
        texts=texts,
        searched=TextTable(texts.block, texts.starts, array("names_searched_ends")),
        languages=labels("names_languages"),
        skeletons=table("names_skeletons"),
        numbers=NumberSets(table("names_numbers")),
        words=table("words"),
        **{name: array(f"names_{name}") for name in _NAME_ARRAYS},
    )
    targets = TargetTable(
        labels("targets_systems"),
        table("targets_codes"),
        displays_of(texts, start),
        labels("targets_kinds"),
        table("targets_parents"),
        array("targets_active"),
    )
    path = folder / "transformer_vectors.npy"
    return TargetIndex(
        targets,
        names,
        coarse=CoarseNames(
            array("coarse_codes"),
            array("coarse_scales"),
            mixtures_of(array("coarse_weights"), array("coarse_words"), array("coarse_ends"), len(names.words)),
            float(array("coarse_error")),
        ),
        ngrams=NgramIndex(**{name: array(f"ngrams_{name}") for name in _NGRAM_ARRAYS}),
        words=WordNames(names.words, array("word_names"), array("word_names_ends")),
        transformer_vectors=array("transformer_vectors") if path.exists() else None,
        code_keys=table("code_keys"),
        **{name: array(name) for name in _INDEX_ARRAYS},
    )
