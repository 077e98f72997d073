"""The distinct words of all names, which name has which, and the names that have a word beginning with some letters."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from termserver.matching.text_table import TextTable


@dataclass(frozen=True, slots=True)
class WordNames:
    """For each word the names that have it.

    Parameters
    ----------
    words
        Distinct skeleton words, sorted.
    names
        Names of the first word, of the second…, rising, each once a word.
    ends
        Shape (n_words + 1,): where the names of each word begin; the last is where they end.
    """

    words: TextTable
    names: NDArray[np.int32]
    ends: NDArray[np.int64]

    def beginning_with(self, letters: str) -> NDArray[np.int32]:
        """Names with a word that begins with the letters, rising.

        >>> words, names_words = words_of_names(["akut bronkit", "bronkit", "kron akutbron"])
        >>> names_of_words(words, names_words).beginning_with("akut").tolist()
        [0, 2]
        """
        first = bisect_left(self.words, letters)
        last = bisect_left(self.words, letters + "\U0010ffff")
        found = self.names[self.ends[first] : self.ends[last]]
        if last - first < 2:
            return found
        found = np.sort(found)
        return found[np.r_[True, found[1:] != found[:-1]]]

    def with_words(self, beginnings: Iterable[str]) -> NDArray[np.int32]:
        """Names in which each of the beginnings begins a word, rising."""
        sets = sorted((self.beginning_with(letters) for letters in set(beginnings)), key=len)
        if not sets:
            return np.zeros(0, np.int32)
        found = sets[0]
        for other in sets[1:]:
            found = found[np.isin(found, other, assume_unique=True)]
        return found


@dataclass(frozen=True, slots=True)
class NameWords:
    """For each name its words in their order.

    Parameters
    ----------
    words
        Positions among the distinct words.
    ends
        Shape (n_names + 1,).
    """

    words: NDArray[np.int32]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def counts(self, first: int, last: int, n_words: int) -> sparse.csr_matrix:
        """How often the names from `first` to `last` have each word, shape (last - first, n_words)."""
        begin, end = int(self.ends[first]), int(self.ends[last])
        matrix = sparse.csr_matrix(
            (np.ones(end - begin, np.float32), self.words[begin:end].copy(), self.ends[first : last + 1] - begin),
            shape=(last - first, n_words),
        )
        matrix.sum_duplicates()
        return matrix

    def first_words(self, width: int) -> NDArray[np.int32]:
        """The first words of each name, shape (n_names, width); -1 where a name has fewer."""
        starts, counts = self.ends[:-1], np.minimum(np.diff(self.ends), width)
        found = np.full((len(self), width), -1, np.int32)
        for column in range(width):
            has = np.flatnonzero(counts > column)
            found[has, column] = self.words[starts[has] + column]
        return found


def words_of_names(skeletons: Iterable[str]) -> tuple[TextTable, NameWords]:
    """The distinct words of the skeletons, sorted, and the words of each."""
    number: dict[str, int] = {}
    columns, ends = array("i"), array("q", [0])
    for skeleton in skeletons:
        columns.extend([number.setdefault(word, len(number)) for word in skeleton.split()])
        ends.append(len(columns))
    distinct = sorted(number)
    rank = np.empty(len(distinct), np.int32)
    rank[[number[word] for word in distinct]] = np.arange(len(distinct), dtype=np.int32)
    words = rank[np.frombuffer(columns, np.int32)] if len(columns) else np.zeros(0, np.int32)
    return TextTable.of(distinct), NameWords(words, np.frombuffer(ends, np.int64))


def names_of_words(words: TextTable, name_words: NameWords) -> WordNames:
    """`NameWords` turned round. Memory while it works: some 20 bytes a word of a name."""
    order = np.argsort(name_words.words, kind="stable")  # of a word the names stay in their order
    names = np.repeat(np.arange(len(name_words), dtype=np.int32), np.diff(name_words.ends))[order]
    owners = name_words.words[order]
    del order
    once = np.ones(len(names), np.bool_)
    once[1:] = (owners[1:] != owners[:-1]) | (names[1:] != names[:-1])
    ends = np.searchsorted(owners[once], np.arange(len(words) + 1, dtype=np.int32))
    return WordNames(words, names[once], ends.astype(np.int64))
