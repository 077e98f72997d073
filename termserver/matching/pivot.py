"""Reads a term word by word in English, from tables of words: for languages that have no parallel list, and for the curator.

A term is read from the left, the longest known phrase first. A word is looked up as it is, then by its stem, then as a compound
of two known parts. Of several translations the first is taken whose words the targets use; a word that nobody knows stays.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from termserver.matching.function_words import FUNCTION_WORDS
from termserver.matching.normalise.common import skel, skeleton_of_word, words_of
from termserver.matching.queries import Query
from termserver.matching.weight_files import read_arrays

SEARCHED = frozenset(
    {"is", "lv", "lt"}
)  # languages whose reading searches too; the others have national lists behind them
MOST_WORDS = 5  # of a phrase
CHOICES = 3  # translations of a phrase
LEAST_SHARE = 0.3  # of the letters that must be known before a reading is used
_LEAST_STEM = 4
_SHORT_PARTS = frozenset({"sv", "nb", "nn", "da"})  # languages whose compounds have parts like "tå" and "led"
_COMPOUNDING = frozenset({"is", "sv", "nb", "nn", "da", "fi", "et"})
_LINKS = ("", "s", "a", "u", "ar", "ur", "na", "e", "i")
_WORD = re.compile(r"[^\W_]+")
_ROMAN = frozenset(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"])
# endings by language, on skeletons (no doubled letters, no diacritics), the longest first
_SWEDISH = "arnas ornas ernas arna orna erna ens ets ar or er en et na ns as an a n t s e"
_NORWEGIAN = "enes ene ens ets er en et ne a e s t r"
_ENDINGS = {
    "sv": _SWEDISH,
    "nb": _NORWEGIAN,
    "nn": _NORWEGIAN,
    "da": "ernes erne enes ens ets er en et ne e s t r",
    "fi": "issa ista iin illa ilta ille iden ien jen ten den ssa sta lla lta lle ksi ita ja ta na en n t a i",
    "et": "ides idel idest idega idele test tel teks tega de te id es est ele el elt eks ega a e i u d s l t",
    "is": "inum unum anum arinar unar inar ana una ina um ar ir ur in id an as s a i u r n t d",
    "lv": "iem ajam ajai ajos ajas aja ais am as os us es is um em im s a u i e o m",
    "lt": "iams omis uose iose iais iai ams ais oms ios ose yje iu io ia as os es is us ai ei ui ie um a e i o u s",
}
_ENDING = {
    language: re.compile(f"({'|'.join(dict.fromkeys(map(skel, endings.split())))})$")
    for language, endings in _ENDINGS.items()
}


@dataclass(frozen=True, slots=True)
class Reading:
    """A term in English.

    Parameters
    ----------
    text
        English words, unknown words as they are written; empty where nothing is known.
    share
        Share of the term's letters that were read, 0 to 1.
    """

    text: str
    share: float


NOTHING = Reading("", 0.0)


def key_of_phrase(language: str, phrase: str) -> int:
    """A 32-bit hash of a skeleton phrase in a language."""
    return zlib.crc32(f"{language} {phrase}".encode("utf-8", "surrogatepass"))


def stem_of(word: str, language: str) -> str | None:
    """The key of a skeleton word without its ending, marked so that it is no word; None where little would be left.

    >>> stem_of("iekaisuma", "lv"), stem_of("usdegimo", "lt"), stem_of("sar", "sv"), stem_of("akut", "en")
    ('iekaisum~', 'usdegim~', None, None)
    """
    pattern = _ENDING.get(language)
    if pattern is None or len(word) <= _LEAST_STEM:
        return None
    stem = pattern.sub("", word)
    return f"{stem if len(stem) >= _LEAST_STEM else word[:_LEAST_STEM]}~"


def _planes(numbers: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """The lowest bytes of all numbers, then the next, shape (4, n).

    >>> _planes(np.array([1, 515])).tolist()
    [[1, 3], [0, 2], [0, 0], [0, 0]]
    """
    return np.ascontiguousarray(numbers.astype("<u4").view(np.uint8).reshape(-1, 4).T)


def _from_planes(planes: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Shape (n,), what `_planes` took apart."""
    return np.ascontiguousarray(planes.T).view("<u4").ravel()


class Pivot:
    """Tables of words and phrases into English.

    Parameters
    ----------
    keys
        Shape (n,), uint32, rising: `key_of_phrase`.
    choices
        Shape (n, CHOICES), int32: positions in `english`, best first, -1 for none.
    english
        English words and phrases.
    """

    def __init__(self, keys: NDArray[np.uint32], choices: NDArray[np.int32], english: Sequence[str]) -> None:
        self.keys = keys
        self.choices = choices
        self.english = tuple(english)

    @classmethod
    def empty(cls) -> Pivot:
        """Tables that know no word."""
        return cls(np.zeros(0, np.uint32), np.zeros((0, CHOICES), np.int32), ())

    @classmethod
    def load(cls, path: Path) -> Pivot:
        """Read `pivot.npz`.

        Raises
        ------
        MatchingError
            If the file is missing or damaged.
        """
        arrays = read_arrays(path, ("english", "steps", "choices"), what="word tables")
        english = arrays["english"].tobytes().decode("utf-8").split("\n")
        keys = np.cumsum(_from_planes(arrays["steps"]), dtype=np.uint32)
        choices = _from_planes(arrays["choices"]).reshape(CHOICES, -1).T
        return cls(keys, choices.astype(np.int32) - 1, english)

    def save(self, path: Path) -> None:
        """Write `pivot.npz`, the same bytes for the same content; planes of bytes compress to three quarters."""
        text = np.frombuffer("\n".join(self.english).encode("utf-8"), np.uint8)
        steps = _planes(np.diff(self.keys, prepend=np.uint32(0)))
        np.savez_compressed(
            path, allow_pickle=False, steps=steps, choices=_planes((self.choices + 1).T.ravel()), english=text
        )

    def reader(self, known: Container[str]) -> Reader:
        """A reader for targets whose names use the skeleton words `known`."""
        return Reader(self, known)

    def translations(self, language: str, phrase: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Translations of a skeleton phrase with their skeleton words, best first; empty for an unknown phrase."""
        key = np.uint32(key_of_phrase(language, phrase))
        row = int(np.searchsorted(self.keys, key))
        if row == len(self.keys) or self.keys[row] != key:
            return ()
        texts = (self.english[choice] for choice in self.choices[row] if choice >= 0)
        return tuple((text, _skeleton_words(text)) for text in texts)


@lru_cache(maxsize=20_000)
def _skeleton_words(text: str) -> tuple[str, ...]:
    return tuple(skel(text).split())


@dataclass(frozen=True, slots=True)
class SortedWords(Container[str]):
    """The words of an index, sorted: looked up where they lie, mapped or not.

    >>> "akut" in SortedWords(["akut", "kronik"]), "sub" in SortedWords(["akut"])
    (True, False)
    """

    words: Sequence[str]

    def __contains__(self, word: object) -> bool:
        if not isinstance(word, str):
            return False
        at = bisect_left(self.words, word)
        return at < len(self.words) and self.words[at] == word


class Reader:
    """Reads terms for one target system. Make it with `Pivot.reader`."""

    def __init__(self, pivot: Pivot, known: Container[str]) -> None:
        self._pivot = pivot
        self._known = known
        self._word = lru_cache(maxsize=50_000)(self._read_word)
        self._phrase = lru_cache(maxsize=50_000)(self._best)

    def read(self, text: str, language: str | None) -> Reading:
        """A term in English; nothing where the language has no tables."""
        written = words_of(text) if language else []
        words = [skeleton_of_word(word) for word in written]
        if language is None or not words:
            return NOTHING
        shouted = _in_capitals(text, len(words))  # "AF" is atrial fibrillation where "af" is "of"
        small = FUNCTION_WORDS.get(language, {})
        parts: list[str] = []
        read, letters, at = 0, 0, 0
        while at < len(words):
            length, english = self._longest(words[at : at + MOST_WORDS], language)
            if length == 1 and words[at] in small and not shouted[at]:
                parts.append(small[words[at]])  # says too little to be counted
            else:
                if length == 1 and shouted[at] and written[at] in _ROMAN:
                    english = written[at]
                size = sum(len(word) for word in words[at : at + length])
                letters += size
                read += size if english is not None else 0
                parts.append(written[at] if english is None else english)
            at += length
        share = read / max(letters, 1)
        return Reading(" ".join(part for part in parts if part), share) if share >= LEAST_SHARE else NOTHING

    def glossed(self, queries: Sequence[Query]) -> list[Query]:
        """The queries with their readings; in languages of `SEARCHED` the reading is one more text that searches."""
        return [self._with_reading(query) for query in queries]

    def _with_reading(self, query: Query) -> Query:
        reading = self.read(query.term, query.language)
        if not reading.text:
            return query
        texts = (*query.texts, reading.text) if query.language in SEARCHED else query.texts
        return replace(query, texts=texts, gloss=reading.text, gloss_share=reading.share)

    def _longest(self, words: Sequence[str], language: str) -> tuple[int, str | None]:
        """Words that the longest known phrase at the beginning takes, and its English; (1, None) for an unknown word."""
        for length in range(len(words), 1, -1):
            english = self._phrase(language, " ".join(words[:length]))
            if english is not None:
                return length, english
        return 1, self._word(language, words[0])

    def _best(self, language: str, phrase: str) -> str | None:
        """The first translation whose words the targets use, else the first."""
        found = self._pivot.translations(language, phrase)
        if not found:
            return None
        return next((text for text, words in found if all(word in self._known for word in words)), found[0][0])

    def _read_word(self, language: str, word: str) -> str | None:
        if word.isdigit():
            return word
        return self._simple(language, word) or self._compound(language, word)

    def _simple(self, language: str, word: str) -> str | None:
        """A word as it is, or by its stem."""
        found = self._best(language, word)
        if found is None and (stem := stem_of(word, language)):
            found = self._best(language, stem)
        return found

    def _compound(self, language: str, word: str) -> str | None:
        """Both parts of a compound, that with the longest last part; linking letters are left out."""
        if language not in _COMPOUNDING:
            return None
        least_head, first_cut, least_stem = (3, 2, 2) if language in _SHORT_PARTS else (4, 4, 3)
        for cut in range(first_cut, len(word) - least_head + 1):
            head = self._simple(language, word[cut:])
            if head is None:
                continue
            for link in _LINKS:
                stem = word[: cut - len(link)]
                if word[:cut].endswith(link) and len(stem) >= least_stem:
                    modifier = self._simple(language, stem)
                    if modifier is not None:
                        return f"{modifier} {head}"
        return None


def _in_capitals(text: str, count: int) -> list[bool]:
    """Which of the words are written in capitals; none where all are, or where folding made other words of the text.

    >>> _in_capitals("pain with AF", 3), _in_capitals("PAIN WITH AF", 3)
    ([False, False, True], [False, False, False])
    """
    words = _WORD.findall(text)
    if text.isupper() or len(words) != count:
        return [False] * count
    return [word.isupper() for word in words]
