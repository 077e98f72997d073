"""The targets of one system as arrays: names, vectors, n-grams, keys. `index_files` saves and opens them."""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from termserver.matching.hashing import normalised_rows
from termserver.matching.identifiers import marks_of
from termserver.matching.labs import analyte_of, axes_of_name, scale_of_name
from termserver.matching.learned_names import LearnedNames
from termserver.matching.lexical import NgramIndex
from termserver.matching.meaning import CoarseNames
from termserver.matching.name_words import NameWords, WordNames, names_of_words, words_of_names
from termserver.matching.normalise.common import fold, numbers_of, skel
from termserver.matching.normalise.negation import negated_words
from termserver.matching.normalise.tables import typed_mask, typed_values
from termserver.matching.own_model import OwnModel
from termserver.matching.target_columns import TargetColumns, columns_of
from termserver.matching.target_table import TargetTable
from termserver.matching.text_table import Labels, NumberSets, TextTable
from termserver.model.candidate import Target
from termserver.model.coding import Designation

_TAG = re.compile(r"^(.*\S)\s+\(([^()]+)\)$")
WORDS_A_NAME = 12
_CHUNK = 20_000  # names handled at once while building
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
    typed, negated, n_words, n_letters, marks
        Shape (n_names,): bits of `tables.VALUES`, bits of the words that are denied, count of words, letters of the skeleton,
        bits of `identifiers.marks_of`.
    specimen, property, timing, method, scale
        Shape (n_names,): laboratory axes of displays as `labs.LabAxes` and `labs.scale_of_name` have them; 0 for other names.
    words, word_numbers
        Distinct skeleton words, sorted; shape (n_names, WORDS_A_NAME), positions in `words`, -1 where a name has fewer.
    """

    texts: TextTable
    searched: TextTable
    languages: Labels
    concept: NDArray[np.int32]
    start: NDArray[np.int32]
    typed: NDArray[np.int64]
    negated: NDArray[np.int32]
    n_words: NDArray[np.int16]
    n_letters: NDArray[np.int32]
    marks: NDArray[np.int8]
    specimen: NDArray[np.int8]
    property: NDArray[np.int8]
    timing: NDArray[np.int8]
    method: NDArray[np.int32]
    scale: NDArray[np.int8]
    skeletons: TextTable
    numbers: NumberSets
    words: TextTable
    word_numbers: NDArray[np.int32]


@dataclass(slots=True)
class TargetIndex:
    """Everything the engine needs of one target system.

    Parameters
    ----------
    vectors, coarse
        Shape (n_names, dimensions), float16, unit rows of the own model; the same as sums of words, for the first look.
    targets
        Without their designations, which are in `names`.
    words
        Which names have which words.
    name_keys, name_order
        Shape (n_names,): hashes of the folded names, rising, and the name of each.
    code_keys, code_order
        Codes without punctuation, upper case, sorted; shape (n_targets,), the target of each.
    learned_vectors, learned_target
        Shape (n_learned, dimensions), float16, and (n_learned,), rising: vectors of further names that training knew.
    analyte_vectors, analyte_row
        Shape (n_laboratory_targets, dimensions), float16, of what is measured, without specimen, property, method;
        shape (n_targets,): row of each target, -1 for one that is no laboratory test.
    """

    targets: TargetTable
    names: Names
    vectors: NDArray[np.float16]
    coarse: CoarseNames
    ngrams: NgramIndex
    words: WordNames
    transformer_vectors: NDArray[np.float16] | None = None
    word_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    name_keys: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    name_order: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    code_keys: TextTable = field(default_factory=lambda: TextTable.of(()))
    code_order: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    has_children: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    learned_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    learned_target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    analyte_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    analyte_row: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))

    def names_equal_to(self, folded: str) -> list[int]:
        """Names whose folded form is the text, in order."""
        key = np.uint32(key_of_name(folded))
        first, last = (np.searchsorted(self.name_keys, key, side=side) for side in ("left", "right"))
        found = sorted(self.name_order[first:last].tolist())
        return [name for name in found if fold(self.names.searched[name]) == folded]

    def targets_with_key(self, key: str) -> list[int]:
        """Targets whose code without punctuation is the key, in order."""
        first = bisect_left(self.code_keys, key)
        last = bisect_right(self.code_keys, key)
        return [int(target) for target in self.code_order[first:last]]

    def targets_beginning_with(self, key: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The targets whose code without punctuation begins with the key, in its order; the length of each such code."""
        first = bisect_left(self.code_keys, key)
        last = bisect_left(self.code_keys, key + "\U0010ffff")
        lengths = self.code_keys.ends[first:last] - self.code_keys.starts[first:last]
        return self.code_order[first:last], lengths

    def designation(self, name: int) -> Designation:
        """A name as the caller gave it."""
        language = self.names.languages[name]
        return Designation(self.names.texts[name], language)


def untagged(name: str, kind: str | None) -> str:
    """A fully specified name without its semantic tag.

    >>> untagged("Appendectomy (procedure)", "procedure"), untagged("Pneumonia (viral)", None)
    ('Appendectomy', 'Pneumonia (viral)')
    """
    if not name.endswith((")", ")\n")):
        return name
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


def key_of_name(folded: str) -> int:
    """A 32-bit hash of a folded name."""
    return zlib.crc32(folded.encode("utf-8", "surrogatepass"))


def code_key(code: str) -> str:
    """A code without punctuation, in capitals: `i21.9` → `I219`."""
    return _NOT_CODE.sub("", code).upper()


def build_index(targets: Iterable[Target], model: OwnModel, learned: LearnedNames | None = None) -> TargetIndex:
    """Index the targets of one system (or of several that are searched as one).

    Time: about 6 s of one core for 64,000 names. Memory: the index, some 700 bytes a name; the targets themselves are let go
    as soon as they are read, if the caller gives an iterator.

    Raises
    ------
    MatchingError
        If there are no targets.
    """
    columns = columns_of(targets)
    del targets  # from here on the columns speak
    names, name_words = names_of(columns)
    sums = model.sums_of_words(list(names.words))
    vectors = vectors_of_names(sums, name_words)
    coarse, word_vectors = CoarseNames.of(vectors, sums, name_words), normalised_rows(sums).astype(np.float16)
    del sums
    index = TargetIndex(
        columns.table,
        names,
        vectors,
        coarse,
        NgramIndex.build(names.words, name_words),
        names_of_words(names.words, name_words),
        word_vectors=word_vectors,
        has_children=columns.has_children,
    )
    add_keys(index)
    add_analytes(index, model)
    if learned is not None:
        displays = [names.skeletons[first] for first in names.start[:-1]]
        index.learned_vectors, index.learned_target = learned.vectors_of(displays)
    return index


def displays_of(texts: TextTable, start: NDArray[np.int32]) -> TextTable:
    """The first name of each target; the block is shared."""
    return TextTable(texts.block, texts.starts[start[:-1]], texts.ends[start[:-1]])


def vectors_of_names(sums: NDArray[np.float32], name_words: NameWords) -> NDArray[np.float16]:
    """Unit vectors of the names, shape (n_names, dimensions), from the words' sums, shape (n_words, dimensions)."""
    vectors = np.empty((len(name_words), sums.shape[1]), np.float16)
    for first in range(0, len(name_words), _CHUNK):
        last = min(first + _CHUNK, len(name_words))
        vectors[first:last] = normalised_rows(np.asarray(name_words.counts(first, last, len(sums)) @ sums, np.float32))
    return vectors


def add_analytes(index: TargetIndex, model: OwnModel) -> None:
    """Vectors of the analytes of laboratory targets."""
    names = index.names
    index.analyte_row = np.full(len(index.targets), -1, np.int32)
    analytes: list[str] = []
    for number, first in enumerate(names.start[:-1]):
        display = names.searched[first]
        analyte = analyte_of(display)
        if analyte != display:
            index.analyte_row[number] = len(analytes)
            analytes.append(analyte)
    index.analyte_vectors = model.encode(analytes).astype(np.float16)


def names_of(columns: TargetColumns) -> tuple[Names, NameWords]:
    """All names of the targets with what is read from each, and the words of each."""
    texts, languages, kinds = columns.texts, columns.languages, columns.table.kinds
    count = len(texts)
    lengths = np.fromiter(
        (
            len(untagged(text, kinds.values[kind]).encode("utf-8", "surrogatepass"))
            for text, kind in zip(texts, kinds.numbers[columns.concept].tolist(), strict=True)
        ),
        np.int64,
        count,
    )
    searched = texts.shortened(lengths)
    skeletons = TextTable.of(skel(text) for text in searched)
    words, name_words = words_of_names(skeletons)
    said = [languages.values[number] or "en" for number in languages.numbers.tolist()]
    names = Names(
        texts=texts,
        searched=searched,
        languages=languages,
        concept=columns.concept,
        start=columns.start,
        typed=np.fromiter(
            (typed_mask(typed_values(text, language)) for text, language in zip(searched, said, strict=True)),
            np.int64,
            count,
        ),
        negated=np.fromiter(
            (negated_words(text, language) for text, language in zip(searched, said, strict=True)), np.int32, count
        ),
        n_words=np.fromiter((skeleton.count(" ") + 1 for skeleton in skeletons), np.int16, count),
        n_letters=np.fromiter(map(len, skeletons), np.int32, count),
        marks=np.fromiter(map(marks_of, searched), np.int8, count),
        **_axes_of(texts, searched, columns.concept),
        skeletons=skeletons,
        numbers=NumberSets.of(numbers_of(text) for text in searched),
        words=words,
        word_numbers=name_words.first_words(WORDS_A_NAME),
    )
    return names, name_words


def _axes_of(texts: TextTable, searched: TextTable, concept: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    """Laboratory axes of displays, which speak for their targets; 0 for other names."""
    columns: dict[str, NDArray[Any]] = {
        axis: np.zeros(len(texts), np.int8) for axis in ("specimen", "property", "timing", "scale")
    }
    columns["method"] = np.zeros(len(texts), np.int32)
    for name in np.flatnonzero(np.r_[True, concept[1:] != concept[:-1]]).tolist():
        axes = axes_of_name(texts[name])
        for axis in ("specimen", "property", "timing", "method"):
            columns[axis][name] = getattr(axes, axis)
        columns["scale"][name] = scale_of_name(searched[name])
    return columns


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


def add_keys(index: TargetIndex) -> None:
    """Fill the look-ups by name and by code."""
    count = len(index.names.concept)
    keys = np.fromiter((key_of_name(fold(text)) for text in index.names.searched), np.uint32, count)
    index.name_order = np.argsort(keys, kind="stable").astype(np.int32)
    index.name_keys = keys[index.name_order]
    codes = [code_key(code) for code in index.targets.codes]
    order = sorted(range(len(codes)), key=codes.__getitem__)
    index.code_order = np.array(order, np.int32)
    index.code_keys = TextTable.of(codes[position] for position in order)
