"""One way to fold texts for searching: lower case, without accents."""

from __future__ import annotations

import unicodedata

# Letters of their own that Unicode does not decompose
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ð": "d", "þ": "th", "ł": "l", "đ": "d", "ı": "i"})


def fold(text: str) -> str:
    """Lower case, without accents.

    >>> fold("Hjärtinfarkt, Ålder ØRE")
    'hjartinfarkt, alder ore'
    """
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
