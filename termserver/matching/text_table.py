"""Columns of an index as arrays: texts in one block of bytes, labels as numbers; in memory or mapped from a file.

A million and a half names as Python objects would take a gigabyte in every process; as arrays they take what their letters take,
and a process that maps them holds only what it touches.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

_RARE = "surrogatepass"  # a lone surrogate in a publisher's file is not worth a crash


class TextTable(Sequence[str]):
    """Texts as spans of one block of UTF-8.

    Parameters
    ----------
    block
        Shape (n_bytes,), uint8.
    starts, ends
        Shape (n_texts,), int64: the bytes of each text.

    >>> table = TextTable.of(["akut", "", "blödning"])
    >>> table[2], len(table), list(table)
    ('blödning', 3, ['akut', '', 'blödning'])
    """

    __slots__ = ("_bytes", "block", "ends", "starts")

    def __init__(self, block: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        self.block = block
        self.starts = starts
        self.ends = ends
        self._bytes = block.data

    @classmethod
    def of(cls, texts: Iterable[str]) -> TextTable:
        """A table of some texts, in their order."""
        block = bytearray()
        ends = []
        for text in texts:
            block += text.encode("utf-8", _RARE)
            ends.append(len(block))
        last = np.array(ends, np.int64)
        return cls(np.frombuffer(bytes(block), np.uint8), np.r_[np.int64(0), last[:-1]][: len(last)], last)

    def shortened(self, lengths: NDArray[np.int64]) -> TextTable:
        """The same texts cut after some bytes each; the block is shared."""
        return TextTable(self.block, self.starts, self.starts + lengths)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        return str(self._bytes[self.starts[index] : self.ends[index]], "utf-8", _RARE)

    def take(self, positions: NDArray[np.integer]) -> list[str]:
        """Some of the texts; faster than one by one.

        >>> TextTable.of(["akut", "kron"]).take(np.array([1, 0, 1]))
        ['kron', 'akut', 'kron']
        """
        spans = zip(self.starts[positions].tolist(), self.ends[positions].tolist(), strict=True)
        return [str(self._bytes[start:end], "utf-8", _RARE) for start, end in spans]

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), 4096):
            spans = zip(
                self.starts[first : first + 4096].tolist(), self.ends[first : first + 4096].tolist(), strict=True
            )
            for start, end in spans:
                yield str(self._bytes[start:end], "utf-8", _RARE)


@dataclass(frozen=True, slots=True)
class Labels(Sequence[str | None]):
    """A few values that many positions share: languages, kinds, systems.

    Parameters
    ----------
    numbers
        Shape (n,): position in `values`.
    values
        Distinct.

    >>> labels = Labels.of(["sv", None, "sv"])
    >>> labels[2], labels.are_in({None}).tolist()
    ('sv', [False, True, False])
    """

    numbers: NDArray[np.int32]
    values: tuple[str | None, ...]

    @classmethod
    def of(cls, labels: Iterable[str | None]) -> Labels:
        """Labels in order of first sight."""
        number: dict[str | None, int] = {}
        numbers = np.fromiter((number.setdefault(label, len(number)) for label in labels), np.int32)
        return cls(numbers, tuple(number))

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str | None] | None:
        if isinstance(index, slice):
            return [self.values[number] for number in self.numbers[index].tolist()]
        return self.values[int(self.numbers[index])]

    def are_in(self, wanted: set[str | None]) -> NDArray[np.bool_]:
        """Which positions have one of the values, shape (n,)."""
        is_wanted = np.array([value in wanted for value in self.values], np.bool_)
        return np.asarray(is_wanted[self.numbers] if len(is_wanted) else np.zeros(len(self), np.bool_), np.bool_)


class NumberSets(Sequence[frozenset[str]]):
    """The numbers that each name has: a few texts a name, most names none.

    >>> NumberSets.of([frozenset({"2", "1.5"}), frozenset()])[0] == {"2", "1.5"}
    True
    """

    __slots__ = ("has", "table")

    _NONE: frozenset[str] = frozenset()

    def __init__(self, table: TextTable) -> None:
        self.table = table
        self.has = np.asarray(table.ends > table.starts)

    @classmethod
    def of(cls, sets: Iterable[frozenset[str]]) -> NumberSets:
        """A column of some sets."""
        return cls(TextTable.of(" ".join(sorted(numbers)) for numbers in sets))

    def __len__(self) -> int:
        return len(self.table)

    def take(self, positions: NDArray[np.integer]) -> list[frozenset[str]]:
        """Some of the sets; faster than one by one."""
        found = [self._NONE] * len(positions)
        for place in np.flatnonzero(self.has[positions]).tolist():
            found[place] = self[int(positions[place])]
        return found

    @overload
    def __getitem__(self, index: int) -> frozenset[str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[frozenset[str]]: ...
    def __getitem__(self, index: int | slice) -> frozenset[str] | Sequence[frozenset[str]]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        return frozenset(self.table[index].split()) if self.has[index] else self._NONE


def position_of(sorted_texts: TextTable, text: str) -> int:
    """Where a text stands or would stand among sorted texts.

    >>> position_of(TextTable.of(["A00", "B05"]), "B05")
    1
    """
    return bisect_left(sorted_texts, text)
