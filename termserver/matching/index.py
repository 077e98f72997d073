"""The targets of one system as arrays: names, vectors, n-grams, keys. Built once, saved as one folder, opened by mapping."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.labs import axes_of_name
from termserver.matching.lexical import NgramIndex
from termserver.matching.normalise.common import fold, numbers_of, skel
from termserver.matching.normalise.tables import language_of, typed_mask, typed_values
from termserver.matching.own_model import OwnModel
from termserver.model.candidate import Target
from termserver.model.coding import Designation

_TAG = re.compile(r"^(.*\S)\s+\(([^()]+)\)$")
WORDS_A_NAME = 12
_NOT_CODE = re.compile(r"[^0-9A-Za-z]")


@dataclass(frozen=True, slots=True)
class Names:
    """All names of all targets, those of one target together, its display first.

    Parameters
    ----------
    texts
        Verbatim.
    searched
        What is compared: without SNOMED's semantic tag.
    languages
        Primary language, or None.
    concept
        Shape (n_names,), position of the target.
    start
        Shape (n_targets + 1,), first name of each target.
    typed, n_words, specimen, property
        Shape (n_names,): bits of `tables.VALUES`, words, positions in `labs`.
    words, word_numbers
        Distinct skeleton words; shape (n_names, WORDS_A_NAME), positions in `words`, -1 where a name has fewer.
    """

    texts: tuple[str, ...]
    searched: tuple[str, ...]
    languages: tuple[str | None, ...]
    concept: NDArray[np.int32]
    start: NDArray[np.int32]
    typed: NDArray[np.int64]
    n_words: NDArray[np.int16]
    specimen: NDArray[np.int8]
    property: NDArray[np.int8]
    skeletons: tuple[str, ...]
    numbers: tuple[frozenset[str], ...]
    words: tuple[str, ...]
    word_numbers: NDArray[np.int32]


@dataclass(slots=True)
class TargetIndex:
    """Everything the engine needs of one target system.

    Parameters
    ----------
    vectors
        Shape (n_names, dimensions), float16, unit rows of the own model.
    folded, by_code
        Folded name → names; code without punctuation, upper case → targets.
    """

    targets: tuple[Target, ...]
    names: Names
    vectors: NDArray[np.float16]
    ngrams: NgramIndex
    transformer_vectors: NDArray[np.float16] | None = None
    word_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    folded: dict[str, list[int]] = field(default_factory=dict)
    by_code: dict[str, list[int]] = field(default_factory=dict)
    has_children: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))

    def designation(self, name: int) -> Designation:
        """A name as the caller gave it."""
        language = self.names.languages[name]
        return Designation(self.names.texts[name], language)


def untagged(name: str, kind: str | None) -> str:
    """A fully specified name without its semantic tag.

    >>> untagged("Appendectomy (procedure)", "procedure"), untagged("Pneumonia (viral)", None)
    ('Appendectomy', 'Pneumonia (viral)')
    """
    found = _TAG.match(name)
    return found[1] if found and found[2] in {kind, *_SEMANTIC_TAGS} else name


_SEMANTIC_TAGS = frozenset(
    (
        "procedure",
        "disorder",
        "finding",
        "body structure",
        "organism",
        "substance",
        "qualifier value",
        "observable entity",
        "morphologic abnormality",
        "regime/therapy",
        "situation",
        "event",
        "physical object",
        "environment",
        "specimen",
        "occupation",
        "person",
        "product",
        "medicinal product",
        "record artifact",
        "assessment scale",
        "attribute",
        "cell",
        "cell structure",
        "staging scale",
        "tumor staging",
        "social concept",
        "ethnic group",
        "physical force",
        "clinical drug",
        "dose form",
        "basic dose form",
        "environment / location",
        "geographic location",
        "intended site",
        "administration method",
        "unit of presentation",
        "navigational concept",
    )
)


def code_key(code: str) -> str:
    """A code without punctuation, in capitals: `i21.9` → `I219`."""
    return _NOT_CODE.sub("", code).upper()


def build_index(targets: Iterable[Target], model: OwnModel) -> TargetIndex:
    """Index the targets of one system (or of several that are searched as one).

    Time: about 7 s for 64,000 names. Memory: about 1.5 kB a name.

    Raises
    ------
    MatchingError
        If there are no targets.
    """
    kept = tuple(sorted(targets, key=lambda target: (target.code, target.system)))
    if not kept:
        raise MatchingError("there are no targets to search; load the target code system first")
    names = _names_of(kept)
    vectors = model.encode(names.searched).astype(np.float16)
    index = TargetIndex(
        kept,
        names,
        vectors,
        NgramIndex.build(names.searched),
        word_vectors=model.encode_single_words(names.words).astype(np.float16),
    )
    _add_keys(index)
    return index


def _names_of(targets: Sequence[Target]) -> Names:
    texts: list[str] = []
    languages: list[str | None] = []
    concept: list[int] = []
    for position, target in enumerate(targets):
        seen = {fold(target.display)}
        texts.append(target.display)
        languages.append(_display_language(target))
        concept.append(position)
        for designation in target.designations:
            key = fold(designation.value)
            if key and key not in seen:
                seen.add(key)
                texts.append(designation.value)
                languages.append(language_of(designation.language))
                concept.append(position)
    searched = tuple(untagged(text, targets[position].kind) for text, position in zip(texts, concept, strict=True))
    skeletons = tuple(skel(text) for text in searched)
    axes = [axes_of_name(text) for text in texts]
    concepts = np.array(concept, np.int32)
    words, word_numbers = number_words(skeletons, WORDS_A_NAME)
    return Names(
        texts=tuple(texts),
        searched=searched,
        languages=tuple(languages),
        concept=concepts,
        start=np.searchsorted(concepts, np.arange(len(targets) + 1)).astype(np.int32),
        typed=np.array(
            [
                typed_mask(typed_values(text, language or "en"))
                for text, language in zip(searched, languages, strict=True)
            ],
            np.int64,
        ),
        n_words=np.array([skeleton.count(" ") + 1 for skeleton in skeletons], np.int16),
        specimen=np.array([axis.specimen for axis in axes], np.int8),
        property=np.array([axis.property for axis in axes], np.int8),
        skeletons=skeletons,
        numbers=tuple(numbers_of(text) for text in searched),
        words=words,
        word_numbers=word_numbers,
    )


def number_words(skeletons: Sequence[str], width: int) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Distinct words, and each text's first `width` words as positions among them, shape (n_texts, width), -1 for none.

    >>> number_words(["akut bronkit", "akut"], 2)[1].tolist()
    [[0, 1], [0, -1]]
    """
    position: dict[str, int] = {}
    numbers = np.full((len(skeletons), width), -1, np.int32)
    for row, skeleton in enumerate(skeletons):
        for column, word in enumerate(skeleton.split()[:width]):
            numbers[row, column] = position.setdefault(word, len(position))
    return tuple(position), numbers


def _display_language(target: Target) -> str | None:
    """The language of the display, where one of the designations repeats it with a tag."""
    return next(
        (
            language_of(designation.language)
            for designation in target.designations
            if designation.value == target.display and designation.language
        ),
        None,
    )


def _add_keys(index: TargetIndex) -> None:
    """Fill the look-ups that are cheaper to make than to store."""
    folded: dict[str, list[int]] = defaultdict(list)
    for name, text in enumerate(index.names.searched):
        folded[fold(text)].append(name)
    by_code: dict[str, list[int]] = defaultdict(list)
    for position, target in enumerate(index.targets):
        by_code[code_key(target.code)].append(position)
    index.folded, index.by_code = dict(folded), dict(by_code)
    parents = {parent for target in index.targets for parent in target.parents}
    prefixes = {target.code.split(".")[0] for target in index.targets if "." in target.code}
    index.has_children = np.array(
        [target.code in parents or target.code in prefixes for target in index.targets], np.bool_
    )


def save_index(index: TargetIndex, folder: Path) -> None:
    """Write the index to a folder: targets as JSON, vectors as arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        [
            target.system,
            target.code,
            target.display,
            [[name.value, name.language] for name in target.designations],
            target.active,
            target.kind,
            list(target.parents),
        ]
        for target in index.targets
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


def load_index(folder: Path) -> TargetIndex:
    """Open a saved index; vectors are mapped.

    Raises
    ------
    MatchingError
        If the folder does not hold a whole index.
    """
    from scipy import sparse

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
        targets,
        _names_of(targets),
        vectors,
        ngrams,
        np.load(path, mmap_mode="r") if path.exists() else None,
        word_vectors,
    )
    _add_keys(index)
    return index
