"""Texts by number, folded, one after another: searched whole by array operations, without a loop over texts.

The beginnings of all words are known, with their first two bytes side by side: a search compares those, and looks into
the texts only where they fit.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput
from termserver.index.cache import open_array
from termserver.index.text import words_of
from termserver.model.folding import fold

Mask = NDArray[np.bool_]

_FILES = ("bytes", "ends", "words", "heads")
_MOST_STARS = 8
# More texts than these are searched all at once rather than one by one
_MOST_LOOKED_INTO = 50_000
_LETTERS_COMPARED_EVERYWHERE = 3
_BLOCK = 128 * 1024
_SIGN = re.compile(r"[^\x00-\x7f\w]|[\r\n]")
_PIECES = re.compile(r"\\.|\*|[^\\*]+", re.DOTALL)


class TextPoolBuilder:
    """Collects texts; memory is their folded bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends: array[int] = array("q")

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, text: str) -> int:
        """Take a text; its number."""
        self._bytes += _folded(text)
        self._bytes += b"\n"
        self._ends.append(len(self._bytes))
        return len(self._ends) - 1

    def save(self, folder: Path, name: str) -> None:
        """Write the files `name_*.npy`."""
        content = np.frombuffer(bytes(self._bytes), dtype=np.uint8)
        np.save(folder / f"{name}_bytes.npy", content)
        np.save(folder / f"{name}_ends.npy", np.frombuffer(self._ends, dtype=np.int64))
        words = _word_beginnings(content)
        np.save(folder / f"{name}_words.npy", words)
        np.save(folder / f"{name}_heads.npy", _heads(content, words))


def _folded(text: str) -> bytes:
    """Folded, on one line; signs beyond ASCII that belong to no word become spaces, as they part words."""
    return _SIGN.sub(" ", fold(text)).encode()


def open_text_pool(folder: Path, name: str) -> TextPool:
    """Map the texts into memory."""
    return TextPool(*(open_array(folder / f"{name}_{part}.npy") for part in _FILES))


def text_pool(texts: list[str]) -> TextPool:
    """A pool in memory.

    >>> pool = text_pool(["Acute hepatitis", "Non-infective hepatitis", "Hépatite"])
    >>> pool.matching("hep ac").tolist(), pool.like("*hepatit*").tolist()
    ([True, False, False], [True, True, True])
    """
    builder = TextPoolBuilder()
    for text in texts:
        builder.add(text)
    content = np.frombuffer(bytes(builder._bytes), dtype=np.uint8)
    words = _word_beginnings(content)
    return TextPool(content, np.frombuffer(builder._ends, dtype=np.int64), words, _heads(content, words))


def _word_beginnings(content: NDArray[np.uint8]) -> NDArray[np.int64]:
    is_word = np.zeros(256, dtype=np.bool_)
    is_word[[*b"0123456789abcdefghijklmnopqrstuvwxyz", *range(0x80, 0x100)]] = True
    inside = is_word[content]
    before = np.concatenate((np.zeros(1, dtype=np.bool_), inside[:-1]))[: len(inside)]
    return np.flatnonzero(inside & ~before).astype(np.int64)


def _heads(content: NDArray[np.uint8], words: NDArray[np.int64]) -> NDArray[np.uint16]:
    """Shape (n_words,): the first byte of each word above, the one behind it below; each text ends with a line break."""
    return (content[words].astype(np.uint16) * 256 + content[words + 1]).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class TextPool:
    """See the module; satisfies `ecl.substrate.Texts`.

    Parameters
    ----------
    content
        Folded UTF-8 of all texts, each ended by a line break.
    ends
        Shape (n_texts,): the place behind each text's line break.
    words
        Places where words begin, ascending.
    heads
        Shape (n_words,): the first two bytes of each.
    """

    content: NDArray[np.uint8]
    ends: NDArray[np.int64]
    words: NDArray[np.int64]
    heads: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.ends)

    def matching(self, text: str) -> Mask:
        """See `Texts`."""
        found: Mask | None = None
        for word in dict.fromkeys(words_of(text)):
            having = self._of_places(self._words_beginning(word.encode()))
            found = having if found is None else found & having
        return np.zeros(len(self), dtype=np.bool_) if found is None else found

    def _words_beginning(self, word: bytes) -> NDArray[np.int64]:
        """Places of the words that begin so. A text's line break ends every comparison in time."""
        if len(word) == 1:
            beginning: NDArray[np.int64] = self.words[self.heads >> 8 == word[0]]
            return beginning
        places: NDArray[np.int64] = self.words[self.heads == (word[0] << 8 | word[1])]
        for offset, byte in enumerate(word[2:], start=2):
            if not len(places):
                break
            places = places[: int(np.searchsorted(places, len(self.content) - offset))]
            places = places[self.content[places + offset] == byte]
        return places

    def _places_of(self, piece: bytes) -> NDArray[np.int64]:
        """Where a piece stands, in all texts; looked for by its rarest letters, which leave little to compare."""
        offsets = sorted(range(len(piece)), key=lambda offset: _COMMON_LETTERS.find(piece[offset : offset + 1]))
        count = max(len(self.content) - len(piece) + 1, 0)
        found = [np.empty(0, dtype=np.int64)]
        for start in range(0, count, _BLOCK):  # what is compared stays in the processor's cache
            end = min(start + _BLOCK, count)
            fits = self.content[start + offsets[0] : end + offsets[0]] == piece[offsets[0]]
            for offset in offsets[1:_LETTERS_COMPARED_EVERYWHERE]:
                fits &= self.content[start + offset : end + offset] == piece[offset]
            found.append(np.flatnonzero(fits) + start)
        places: NDArray[np.int64] = np.concatenate(found)
        for offset in offsets[_LETTERS_COMPARED_EVERYWHERE:]:
            places = places[self.content[places + offset] == piece[offset]]
        return places

    def _with_piece_at(self, edge: NDArray[np.int64], piece: bytes) -> Mask:
        """Which texts have the piece at a place of each; the caller sees to it that the piece does not leave the text."""
        numbers: NDArray[np.int64] = np.flatnonzero(self._lengths() >= len(piece))
        for offset, byte in enumerate(piece):
            numbers = numbers[self.content[edge[numbers] + offset] == byte]
        found = np.zeros(len(self), dtype=np.bool_)
        found[numbers] = True
        return found

    def _starts(self) -> NDArray[np.int64]:
        return np.concatenate((np.zeros(1, dtype=np.int64), self.ends[:-1]))[: len(self)]

    def _lengths(self) -> NDArray[np.int64]:
        """Shape (n_texts,), without the line breaks."""
        lengths: NDArray[np.int64] = self.ends - self._starts() - 1
        return lengths

    def _of_places(self, places: NDArray[np.int64]) -> Mask:
        found = np.zeros(len(self), dtype=np.bool_)
        found[np.searchsorted(self.ends, places, side="right")] = True
        return found

    def like(self, pattern: str) -> Mask:
        """See `Texts`.

        Raises
        ------
        BadInput
            If the pattern has more stars than can be looked for in bounded time.
        """
        pieces = _pieces(pattern)
        if pieces.count(None) > _MOST_STARS:
            raise BadInput(f"The pattern '{pattern}' has more than {_MOST_STARS} stars")
        if not any(pieces):
            return np.full(len(self), None in pieces, dtype=np.bool_)
        found = self._with_edges(pieces)
        inner = [piece for piece in pieces[1:-1] if piece]
        if not inner:
            return found
        longest = max(inner, key=len)
        is_anywhere = pieces == [None, longest, None]
        if is_anywhere or int(np.count_nonzero(found)) > _MOST_LOOKED_INTO:
            found &= self._of_places(self._places_of(longest))
        if is_anywhere:
            return found
        expression = re.compile(_expression(pieces), re.DOTALL)
        content, starts = self.content.data, self._starts()
        for number in np.flatnonzero(found).tolist():
            end = self.ends.item(number) - 1
            found[number] = expression.fullmatch(content, starts.item(number), end) is not None
        return found

    def _with_edges(self, pieces: list[bytes | None]) -> Mask:
        """Which texts begin and end as the pattern does, with room for both."""
        lengths = self._lengths()
        if len(pieces) == 1:
            whole = pieces[0] or b""
            found: Mask = self._with_piece_at(self._starts(), whole) & (lengths == len(whole))
            return found
        first, last = pieces[0] or b"", pieces[-1] or b""
        found = lengths >= len(first) + len(last)
        if first:
            found &= self._with_piece_at(self._starts(), first)
        if last:
            found &= self._with_piece_at(self.ends - 1 - len(last), last)
        return found


# The most frequent letters of European languages, the rarest first; any other byte is rarer still
_COMMON_LETTERS = b"xjqwzykvfbpghumcdlsrontiea "


def _pieces(pattern: str) -> list[bytes | None]:
    """The pattern cut at its stars; a star is None."""
    pieces: list[bytes | None] = []
    for piece in _PIECES.findall(pattern):
        if piece == "*":
            if not pieces or pieces[-1] is not None:
                pieces.append(None)
            continue
        plain = _folded(piece[1:] if piece.startswith("\\") else piece)
        if pieces and pieces[-1] is not None:
            pieces[-1] += plain
        else:
            pieces.append(plain)
    return pieces


def _expression(pieces: list[bytes | None]) -> bytes:
    """Each piece is taken at its first place and never given back, so that the time is linear; the last one is anchored."""
    parts: list[bytes] = []
    for place, piece in enumerate(pieces):
        if piece is None:
            continue
        after_star = place > 0 and pieces[place - 1] is None
        is_last = place == len(pieces) - 1
        if after_star:
            parts.append(b".*" + re.escape(piece) if is_last else b"(?>.*?" + re.escape(piece) + b")")
        else:
            parts.append(re.escape(piece))
    return b"".join(parts) + (b".*" if pieces[-1] is None else b"")
