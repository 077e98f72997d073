"""Records of delimited text with their place, where a broken quote harms one record and not the rest of the file.

Python's csv reader takes everything behind an unclosed quote as one cell. Here a record may span a bounded number of
lines; one that is broken is told with the line where it begins, and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from termserver.errors import BadInput

MOST_LINES_IN_A_RECORD = 100


class BrokenRecordError(Exception):
    """A record that cannot be read. Never leaves `bulk`."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class _Feeder:
    """Physical lines for the csv reader; lines of a record that broke can be given back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: deque[str] = deque()
        self.line = 0
        self.of_record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.of_record) >= MOST_LINES_IN_A_RECORD:
            raise csv.Error("a quote is opened and not closed")
        line = self._waiting.popleft() if self._waiting else self._file.readline()
        if not line:
            raise StopIteration
        self.line += 1
        self.of_record.append(line)
        return line

    def give_back(self) -> None:
        """All lines of the record but its first are read again."""
        again = self.of_record[1:]
        self._waiting.extendleft(reversed(again))
        self.line -= len(again)


def check_delimiter(delimiter: str) -> str:
    """The delimiter, if it can be one.

    Raises
    ------
    BadInput
        If it is not one character, or one that means something else.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise BadInput(
            f"The delimiter '{delimiter[:20]}' must be one character, and no quote or line break",
            expression="delimiter",
        )
    return delimiter


class Records:
    """Iterates (line where the record begins, its cells). Raises `BrokenRecordError`; going on afterwards is possible."""

    def __init__(self, file: TextIO, delimiter: str) -> None:
        self._feeder = _Feeder(file)
        self._delimiter = check_delimiter(delimiter)
        self._reader = csv.reader(self._feeder, delimiter=delimiter, strict=True)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        feeder = self._feeder
        feeder.of_record.clear()
        begin = feeder.line + 1
        try:
            return begin, next(self._reader)
        except csv.Error as error:
            feeder.give_back()
            self._reader = csv.reader(feeder, delimiter=self._delimiter, strict=True)
            raise BrokenRecordError(begin, str(error)) from None
