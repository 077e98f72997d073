"""The targets of one system as arrays: names, vectors, n-grams, keys. `index_files` saves and opens them."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.labs import LabAxes, analyte_of, axes_of_name
from termserver.matching.learned_names import LearnedNames
from termserver.matching.lexical import NgramIndex
from termserver.matching.normalise.common import fold, numbers_of, skel
from termserver.matching.normalise.negation import negated_words
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
    typed, negated, n_words
        Shape (n_names,): bits of `tables.VALUES`, bits of the words that are denied, count of words.
    specimen, property, timing, method
        Shape (n_names,): laboratory axes of displays as `labs.LabAxes` has them; 0 for other names.
    words, word_numbers
        Distinct skeleton words; shape (n_names, WORDS_A_NAME), positions in `words`, -1 where a name has fewer.
    """

    texts: tuple[str, ...]
    searched: tuple[str, ...]
    languages: tuple[str | None, ...]
    concept: NDArray[np.int32]
    start: NDArray[np.int32]
    typed: NDArray[np.int64]
    negated: NDArray[np.int32]
    n_words: NDArray[np.int16]
    specimen: NDArray[np.int8]
    property: NDArray[np.int8]
    timing: NDArray[np.int8]
    method: NDArray[np.int32]
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
    targets
        Without their designations, which are in `names`.
    name_keys, name_order
        Shape (n_names,): hashes of the folded names, rising, and the name of each.
    by_code
        Code without punctuation, upper case → targets.
    learned_vectors, learned_target
        Shape (n_learned, dimensions), float16, and (n_learned,), rising: vectors of further names that training knew.
    analyte_vectors, analyte_row
        Shape (n_laboratory_targets, dimensions), float16, of what is measured, without specimen, property, method;
        shape (n_targets,): row of each target, -1 for one that is no laboratory test.
    """

    targets: tuple[Target, ...]
    names: Names
    vectors: NDArray[np.float16]
    ngrams: NgramIndex
    transformer_vectors: NDArray[np.float16] | None = None
    word_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    name_keys: NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    name_order: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    by_code: dict[str, list[int]] = field(default_factory=dict)
    has_children: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    learned_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    learned_target: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    analyte_vectors: NDArray[np.float16] = field(default_factory=lambda: np.zeros((0, 0), np.float16))
    analyte_row: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))

    def names_equal_to(self, folded: str) -> list[int]:
        """Names whose folded form is the text, in order."""
        key = key_of_name(folded)
        first, last = np.searchsorted(self.name_keys, [key, key + 1])
        found = sorted(self.name_order[first:last].tolist())
        return [name for name in found if fold(self.names.searched[name]) == folded]

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


def key_of_name(folded: str) -> int:
    """A 32-bit hash of a folded name."""
    return zlib.crc32(folded.encode("utf-8", "surrogatepass"))


def without_designations(targets: Iterable[Target]) -> tuple[Target, ...]:
    """The targets without the names that an index keeps beside them."""
    return tuple(replace(target, designations=()) for target in targets)


def code_key(code: str) -> str:
    """A code without punctuation, in capitals: `i21.9` → `I219`."""
    return _NOT_CODE.sub("", code).upper()


def build_index(targets: Iterable[Target], model: OwnModel, learned: LearnedNames | None = None) -> TargetIndex:
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
    names = names_of(kept)
    vectors = model.encode(names.searched).astype(np.float16)
    index = TargetIndex(
        without_designations(kept),
        names,
        vectors,
        NgramIndex.build(names.searched),
        word_vectors=model.encode_single_words(names.words).astype(np.float16),
    )
    add_keys(index)
    add_analytes(index, model)
    if learned is not None:
        displays = [names.skeletons[first] for first in names.start[:-1]]
        index.learned_vectors, index.learned_target = learned.vectors_of(displays)
    return index


def add_analytes(index: TargetIndex, model: OwnModel) -> None:
    """Vectors of the analytes of laboratory targets."""
    names = index.names
    displays = [names.searched[first] for first in names.start[:-1]]
    analytes = [analyte_of(display) for display in displays]
    laboratory = [number for number, display in enumerate(displays) if analytes[number] != display]
    index.analyte_row = np.full(len(displays), -1, np.int32)
    index.analyte_row[laboratory] = np.arange(len(laboratory))
    index.analyte_vectors = model.encode([analytes[number] for number in laboratory]).astype(np.float16)


def names_of(targets: Sequence[Target]) -> Names:
    """All names of the targets with what is read from each."""
    texts: list[str] = []
    languages: list[str | None] = []
    concept: list[int] = []
    for position, target in enumerate(targets):
        display_language = _display_language(target)
        seen = {(fold(target.display), display_language)}
        texts.append(target.display)
        languages.append(display_language)
        concept.append(position)
        for designation in target.designations:
            language = language_of(designation.language)
            key = (fold(designation.value), language)
            if key[0] and key not in seen:
                seen.add(key)
                texts.append(designation.value)
                languages.append(language)
                concept.append(position)
    searched = tuple(untagged(text, targets[position].kind) for text, position in zip(texts, concept, strict=True))
    skeletons = tuple(skel(text) for text in searched)
    concepts = np.array(concept, np.int32)
    is_display = np.r_[True, concepts[1:] != concepts[:-1]]
    none = LabAxes()  # the display speaks for its target
    axes = [axes_of_name(text) if display else none for text, display in zip(texts, is_display, strict=True)]
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
        negated=np.array(
            [negated_words(text, language or "en") for text, language in zip(searched, languages, strict=True)],
            np.int32,
        ),
        n_words=np.array([skeleton.count(" ") + 1 for skeleton in skeletons], np.int16),
        specimen=np.array([axis.specimen for axis in axes], np.int8),
        property=np.array([axis.property for axis in axes], np.int8),
        timing=np.array([axis.timing for axis in axes], np.int8),
        method=np.array([axis.method for axis in axes], np.int32),
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


def code_positions(targets: Sequence[Target]) -> dict[str, list[int]]:
    """Code without punctuation → positions of the targets."""
    by_code: dict[str, list[int]] = defaultdict(list)
    for position, target in enumerate(targets):
        by_code[code_key(target.code)].append(position)
    return dict(by_code)


def add_keys(index: TargetIndex) -> None:
    """Fill the look-ups by name, by code and by hierarchy."""
    keys = np.array([key_of_name(fold(text)) for text in index.names.searched], np.uint32)
    index.name_order = np.argsort(keys, kind="stable").astype(np.int32)
    index.name_keys = keys[index.name_order]
    index.by_code = code_positions(index.targets)
    parents = {parent for target in index.targets for parent in target.parents}
    prefixes = {target.code.split(".")[0] for target in index.targets if "." in target.code}
    index.has_children = np.array(
        [target.code in parents or target.code in prefixes for target in index.targets], np.bool_
    )
