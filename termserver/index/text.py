"""Text search over the designations of a code system version: any language, accents ignored, several words.

A SQLite FTS5 file in the index folder, one line a name (display, designation, code). Each word of the search must
begin some word of one name; the order does not matter. Source: https://www.sqlite.org/fts5.html
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.model.code_system import Concept

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i"})
_WORD = re.compile(r"[^\W_]+")
_BATCH = 5_000


def fold(text: str) -> str:
    """Lower case, without accents.

    >>> fold("Hjärtinfarkt, Ålder ØRE")
    'hjartinfarkt, alder ore'
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


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


def build_text_index(path: Path, concepts: Iterable[Concept]) -> None:
    """Write the FTS5 file; memory is one batch of names."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE VIRTUAL TABLE name USING fts5(ordinal UNINDEXED, folded, tokenize = 'ascii', detail = 'none', "
            "prefix = '2 3')"
        )
        connection.execute("BEGIN")
        batch: list[tuple[int, str]] = []
        for line in _names(concepts):
            batch.append(line)
            if len(batch) >= _BATCH:
                connection.executemany("INSERT INTO name (ordinal, folded) VALUES (?, ?)", batch)
                batch.clear()
        connection.executemany("INSERT INTO name (ordinal, folded) VALUES (?, ?)", batch)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _names(concepts: Iterable[Concept]) -> Iterator[tuple[int, str]]:
    for ordinal, concept in enumerate(concepts):
        names = {concept.display, concept.code, *(designation.value for designation in concept.designations)}
        for name in names:
            yield ordinal, " ".join(words_of(name))


class TextIndex:
    """An open text index; each search opens the file for itself, so that threads do not meet."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def search(self, text: str) -> NDArray[np.int32]:
        """Ordinals of the concepts of which one name matches, ascending; all words empty means none."""
        words = words_of(text)
        if not words:
            return np.empty(0, dtype=np.int32)
        query = " AND ".join(f'"{word}" *' for word in words)
        connection = sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            rows = connection.execute("SELECT ordinal FROM name WHERE name MATCH ?", (query,)).fetchall()
        finally:
            connection.close()
        return np.unique(np.array([row[0] for row in rows], dtype=np.int32))
