"""Sort more rows than fit in memory, so that the files of a release can be joined by code in one pass.

A release comes as several files in no common order (concepts, descriptions, relationships…). Each is written into a
`SortedRows` and read back group by group; at most `rows_in_memory` rows are held, the rest waits in temporary files.
"""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from types import TracebackType
from typing import IO

Fields = tuple[str, ...]

_ROWS_IN_MEMORY = 150_000


class SortedRows:
    """Rows of texts, given in any order, read back sorted by their first field; equal keys keep the order given.

    >>> with SortedRows(rows_in_memory=2) as rows:
    ...     for fields in [("b", "1"), ("a", "2"), ("b", "3"), ("a", "4")]:
    ...         rows.add(fields)
    ...     [(key, [fields[1] for fields in group]) for key, group in rows.groups()]
    [('a', ['2', '4']), ('b', ['1', '3'])]
    """

    def __init__(self, *, rows_in_memory: int = _ROWS_IN_MEMORY) -> None:
        self._limit = rows_in_memory
        self._rows: list[Fields] = []
        self._spilled: list[IO[str]] = []

    def add(self, fields: Sequence[str]) -> None:
        """Take one row; tabs and line breaks within a field become spaces."""
        self._rows.append(tuple(fields))
        if len(self._rows) >= self._limit:
            self._spill()

    def groups(self) -> Iterator[tuple[str, list[Fields]]]:
        """Pairs (key, its rows), keys ascending. May be read once."""
        self._rows.sort(key=itemgetter(0))
        streams = [_read_back(file) for file in self._spilled]
        merged = heapq.merge(*streams, iter(self._rows), key=itemgetter(0))
        for key, group in groupby(merged, key=itemgetter(0)):
            yield key, list(group)

    def close(self) -> None:
        """Forget all rows and delete the temporary files."""
        self._rows = []
        for file in self._spilled:
            file.close()
        self._spilled = []

    def __enter__(self) -> SortedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spill(self) -> None:
        self._rows.sort(key=itemgetter(0))
        file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - lives until close()
        for fields in self._rows:
            file.write("\t".join(_one_line(field) for field in fields) + "\n")
        self._spilled.append(file)
        self._rows = []


class Groups:
    """Groups of a `SortedRows`, fetched by ascending keys.

    >>> rows = SortedRows()
    >>> rows.add(("a", "1")); rows.add(("c", "2"))
    >>> groups = Groups(rows)
    >>> groups.of("a"), groups.of("b"), groups.of("c")
    ([('a', '1')], [], [('c', '2')])
    """

    def __init__(self, rows: SortedRows) -> None:
        self._groups = rows.groups()
        self._next = next(self._groups, None)
        self.skipped = 0

    def of(self, key: str) -> list[Fields]:
        """Rows of a key; `skipped` counts the rows of keys nobody asked for."""
        while self._next is not None and self._next[0] < key:
            self.skipped += len(self._next[1])
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != key:
            return []
        group = self._next[1]
        self._next = next(self._groups, None)
        return group


def _one_line(field: str) -> str:
    return field if "\t" not in field and "\n" not in field and "\r" not in field else " ".join(field.split())


def _read_back(file: IO[str]) -> Iterator[Fields]:
    file.seek(0)
    for line in file:
        yield tuple(line[:-1].split("\t"))
