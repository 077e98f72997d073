"""JSON that comes in pieces: a large array is read item by item, each by Python's own C scanner.

Memory is the buffer and one item. Used for bodies whose arrays do not fit into memory; small ones are read whole.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from termserver.errors import BadInput
from termserver.model.decimals import DecimalText

_BLANKS = " \t\n\r"
_IN_NUMBERS = "0123456789.eE+-"  # the buffer may end within a number, where what is there so far is one as well
_LARGEST_ITEM = 32 * 1024 * 1024  # characters


def object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """`object_pairs_hook` of `json`: a member that is there twice is an error, because one of the two would be lost.

    Raises
    ------
    BadInput
        Naming the member.
    """
    made = dict(pairs)
    if len(made) != len(pairs):
        refuse_repeats([name for name, _ in pairs])
    return made


def refuse_repeats(names: list[str]) -> NoReturn:
    """Raise, naming the first that is there twice."""
    repeated = next(name for place, name in enumerate(names) if name in names[:place])
    raise BadInput(f"The JSON has the member '{repeated[:80]}' twice in one object", expression=repeated[:80])


def bounded_int(text: str) -> int | DecimalText:
    """`parse_int` of `json`: a number beyond 64 bits stays what was written, and is no integer to anybody.

    >>> bounded_int("12"), bounded_int("1" + "0" * 30).text[:3]
    (12, '100')
    """
    return int(text) if len(text) < 19 else DecimalText(text)


def _no_constant(name: str) -> NoReturn:
    raise BadInput(f"The body is not valid JSON: {name} is no number")


class JsonStream:
    """A reader over chunks of UTF-8; the caller says what comes next.

    >>> stream = JsonStream([b'{"a": [1, {"b"', b': 2}]}'])
    >>> [(name, list(stream.items())) for name in stream.members()]
    [('a', [1, {'b': 2}])]
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._buffer = ""
        self._place = 0
        self._read = 0
        self._ended = False
        self._scan = json.JSONDecoder(
            object_pairs_hook=object_without_repeats,
            parse_float=DecimalText,
            parse_int=bounded_int,
            parse_constant=_no_constant,
        ).raw_decode

    def members(self) -> Iterator[str]:
        """The names of the object that comes next; the caller reads each value before it asks for the next name."""
        self._expect("{")
        seen: list[str] = []
        while self._more(seen, "}"):
            name = self.value()
            if not isinstance(name, str):
                self._refuse("a member's name is missing")
            if name in seen:
                refuse_repeats([*seen, name])
            seen.append(name)
            self._expect(":")
            yield name

    def items(self) -> Iterator[Any]:
        """The items of the array that comes next."""
        for _ in self.places():
            yield self.value()

    def places(self) -> Iterator[int]:
        """The places of the array that comes next; the caller reads each item before it asks for the next place."""
        self._expect("[")
        seen: list[str] = []
        place = 0
        while self._more(seen, "]"):
            yield place
            place += 1
            seen = [""]

    def value(self) -> Any:
        """The value that comes next, whole."""
        self._next()
        while True:
            try:
                value, end = self._scan(self._buffer, self._place)
            except json.JSONDecodeError as error:
                if self._ended or len(self._buffer) - self._place > _LARGEST_ITEM:
                    self._refuse(error.msg, error.pos)
            except RecursionError:
                raise BadInput("The body nests too deep") from None
            else:
                if self._ended or (end < len(self._buffer) and self._buffer[end] not in _IN_NUMBERS):
                    self._place = end
                    return value
            self._fill()

    def end(self) -> None:
        """Nothing but blanks may follow."""
        if self._next() != "":
            self._refuse("something follows the resource")

    def _more(self, seen: list[str], closing: str) -> bool:
        character = self._next()
        if character == closing:
            self._place += 1
            return False
        if seen:
            self._expect(",")
        return True

    def _next(self) -> str:
        """The next character that is no blank, not taken; empty at the end."""
        while True:
            while self._place < len(self._buffer):
                if self._buffer[self._place] not in _BLANKS:
                    return self._buffer[self._place]
                self._place += 1
            if self._ended:
                return ""
            self._fill()

    def _expect(self, character: str) -> None:
        if self._next() != character:
            self._refuse(f"'{character}' is expected")
        self._place += 1

    def _fill(self) -> None:
        chunk = next(self._chunks, None)
        try:
            more = self._decode(chunk or b"", final=chunk is None)
        except UnicodeDecodeError as error:
            raise BadInput(f"The body is not UTF-8: {error.reason} in byte {error.object[error.start]:#04x}") from None
        self._ended = chunk is None
        self._read += self._place
        self._buffer = self._buffer[self._place :] + more
        self._place = 0

    def _refuse(self, what: str, place: int | None = None) -> NoReturn:
        at = self._read + (self._place if place is None else place)
        raise BadInput(f"The body is not valid JSON: {what}, character {at}")
