"""Text search over the designations of a code system version: any language, accents ignored, several words.

A name is a display, a designation or a code. Each word of the search must begin some word of one name; the order does
not matter. An inverted index in arrays: the words in the order of their bytes, for each the names that have it. A
beginning is a range of words, so its names are one slice, however short it is and however many names it hits.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput
from termserver.index.cache import open_array
from termserver.index.parts import Part
from termserver.model.code_system import Concept
from termserver.model.folding import fold

_WORD = re.compile(r"[^\W_]+")
_FILES = ("word_bytes", "word_ends", "starts", "names", "ordinals")
# Above every byte of UTF-8: the end of the range of words with a beginning
_AFTER_ALL = b"\xff"
_MOST_WORDS = 100


def words_of(text: str) -> list[str]:
    """The folded words of a text.

    >>> words_of("I21.9 Akut hjärtinfarkt")
    ['i21', '9', 'akut', 'hjartinfarkt']
    """
    return _WORD.findall(fold(text))


def matches_words(text: str, words: list[str]) -> bool:
    """True if each word begins some word of the text: the rule of the index, for a text in hand.

    >>> matches_words("Akut hjärtinfarkt", ["hjart", "ak"])
    True
    """
    own = words_of(text)
    return all(any(mine.startswith(word) for mine in own) for word in words)


class TextBuilder:
    """Collects the words of all names; memory is some 10 bytes a word of a name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, int] = {}
        self._words = array("i")
        self._lengths = array("i")
        self._ordinals = array("i")
        self._count = 0

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        ordinal, self._count = self._count, self._count + 1
        known = self._known
        names = {concept.display, concept.code, *(designation.value for designation in concept.designations)}
        for words in {tuple(words_of(name)) for name in names}:
            for word in words:
                self._words.append(known.setdefault(word, len(known)))
            self._lengths.append(len(words))
            self._ordinals.append(ordinal)

    def finish(self) -> None:
        """Sort and write."""
        encoded = [word.encode() for word in self._known]
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        rank = np.empty(len(order), dtype=np.int32)
        rank[np.array(order, dtype=np.int32)] = np.arange(len(order), dtype=np.int32)
        words = rank[np.frombuffer(self._words, dtype=np.int32)]
        names = np.repeat(np.arange(len(self._lengths), dtype=np.int32), np.frombuffer(self._lengths, dtype=np.int32))
        starts = np.zeros(len(order) + 1, dtype=np.int64)
        np.cumsum(np.bincount(words, minlength=len(order)), out=starts[1:])
        arrays: dict[str, np.ndarray] = {
            "word_bytes": np.frombuffer(b"".join(encoded[place] for place in order), dtype=np.uint8),
            "word_ends": np.cumsum([len(encoded[place]) for place in order], dtype=np.int64),
            "starts": starts,
            "names": names[np.argsort(words, kind="stable")],
            "ordinals": np.frombuffer(self._ordinals, dtype=np.int32),
        }
        for name in _FILES:
            np.save(self._folder / f"{name}.npy", arrays[name])

    def close(self) -> None:
        """Forget what was collected."""
        self._known.clear()


TEXT = Part("text", "2", TextBuilder)


@dataclass(frozen=True, slots=True)
class TextIndex:
    """An open text index.

    Parameters
    ----------
    word_bytes, word_ends
        All words one after another, in the order of their bytes; shape (n_words,): where each ends.
    starts, names
        The names with word `i` are `names[starts[i]:starts[i + 1]]`; shape (n_words + 1,) and one item a word of a name.
    ordinals
        Shape (n_names,): the concept of each name, ascending.
    """

    word_bytes: NDArray[np.uint8]
    word_ends: NDArray[np.int64]
    starts: NDArray[np.int64]
    names: NDArray[np.int32]
    ordinals: NDArray[np.int32]

    def search(self, text: str) -> NDArray[np.int32]:
        """Ordinals of the concepts of which one name matches, ascending; a text without words matches none.

        Raises
        ------
        BadInput
            If the text has more than 100 words.
        """
        found = self._matching_names(text)
        if found is None:
            return np.empty(0, dtype=np.int32)
        ordinals = self.ordinals[found]
        return ordinals[np.concatenate(([True], ordinals[1:] != ordinals[:-1]))[: len(ordinals)]]

    def _matching_names(self, text: str) -> NDArray[np.bool_] | None:
        """Shape (n_names,): which names have all words; None where there are no words, or none has them."""
        words = list(dict.fromkeys(words_of(text)))
        if len(words) > _MOST_WORDS:
            raise BadInput(f"The text to search for has {len(words):,} words; at most {_MOST_WORDS} are looked for")
        matching: NDArray[np.bool_] | None = None
        for one in sorted(map(self._names_with, words), key=len):
            if not len(one) or (matching is not None and not matching.any()):
                return None
            having = np.zeros(len(self.ordinals), dtype=np.bool_)
            having[one] = True
            matching = having if matching is None else matching & having
        return matching

    def _names_with(self, beginning: str) -> NDArray[np.int32]:
        """The names with a word that begins so; repeated where two of a name's words do."""
        begin, words = beginning.encode(), range(len(self.word_ends))
        low = bisect_left(words, begin, key=self._word)
        high = bisect_left(words, begin + _AFTER_ALL, lo=low, key=self._word)
        return self.names[int(self.starts[low]) : int(self.starts[high])]

    def _word(self, place: int) -> bytes:
        start = self.word_ends.item(place - 1) if place else 0
        return self.word_bytes[start : self.word_ends.item(place)].tobytes()


def open_text(folder: Path) -> TextIndex:
    """Map a text index into memory."""
    return TextIndex(*(open_array(folder / f"{name}.npy") for name in _FILES))
