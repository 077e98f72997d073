"""Letters, symbols and times that must agree to the letter: hepatitis E, HLA-C, BRCA1, vitamin B12, 60 minutes."""

from __future__ import annotations

import re
from functools import lru_cache

from termserver.matching.normalise.common import fold

_TOKEN = re.compile(r"[^\W_]+")
_DURATION = re.compile(
    r"(\d+(?:[.,]\d+)?) ?-?"
    r"(minut\w*|min|hours?|hr|tunni\w*|tund\w*|tunt\w*|timm?\w*|time|stund\w*|valand\w*|klst|val|h|t)\b"
)
_MOST_LETTERS = 12
SYMBOLS, MINUTES = 1, 2  # bits of `marks_of`
# one-letter words of the languages, not symbols: Swedish "i", Danish "å", Latvian "a" in lists…
_SMALL_WORDS = frozenset("aioueyáíóåö")
_ROMAN = re.compile(r"[IVX]+")


@lru_cache(maxsize=20_000)
def identifiers_of(text: str) -> frozenset[str]:
    """Single letters, capitals and mixtures of letters and figures, as they are written; roman numerals and figures are not.

    Nothing of a text written in capitals throughout.

    >>> sorted(identifiers_of("E-hepatiidi viiruse vastane IgG")), sorted(identifiers_of("HLA-C, BRCA1 i blod"))
    (['E', 'IgG'], ['BRCA1', 'C', 'HLA'])
    >>> identifiers_of("FRACTURA COLLI FEMORIS B")
    frozenset()
    """
    if text.isupper() and " " in text.strip():
        return frozenset()
    tokens = _TOKEN.findall(text)
    if text[1:].islower() and not any(
        map(str.isdigit, text)
    ):  # most names: nothing in them but single letters can be a symbol
        tokens = [token for token in tokens if len(token) == 1]
    return frozenset(token for token in tokens if _is_identifier(token))


def _is_identifier(token: str) -> bool:
    if len(token) > _MOST_LETTERS or token.isdigit() or _ROMAN.fullmatch(token):
        return False
    if len(token) == 1:
        return token not in _SMALL_WORDS
    return any(letter.isupper() for letter in token[1:]) or any(letter.isdigit() for letter in token)


@lru_cache(maxsize=20_000)
def minutes_of(text: str) -> frozenset[float]:
    """Times a text names, in minutes.

    >>> sorted(minutes_of("Glükoos 60 minutit pärast")), sorted(minutes_of("Cortisol --3.5 hours post dose glucose"))
    ([60.0], [210.0])
    """
    return frozenset(
        float(number.replace(",", ".")) * (1 if unit.startswith("min") else 60)
        for number, unit in _DURATION.findall(fold(text))
    )


def marks_of(text: str) -> int:
    """Bits that tell whether a text has symbols at all, and times: most names have neither.

    >>> marks_of("Akut bronkit"), marks_of("HLA-C"), marks_of("Cortisol 60 min")
    (0, 1, 2)
    """
    return (SYMBOLS if identifiers_of.__wrapped__(text) else 0) | (MINUTES if minutes_of.__wrapped__(text) else 0)
