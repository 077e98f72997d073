"""Which words of a text are denied: "migraine without aura" and "migreen aurata" say that there is no aura."""

from __future__ import annotations

import re

from termserver.matching.normalise.common import fold
from termserver.matching.normalise.tables import UNSPECIFIED_PHRASES, value_of_word

MOST_WORDS = 16
_REACH = 6  # words that a denial reaches at most
_TOKEN = re.compile(r"[^\W_]+|[,;:()\[\]]")
# words that end a denial's reach: what follows them is said to be there
_POSITIVE = frozenset(
    {
        "with",
        "med",
        "kanssa",
        "koos",
        "ar",
        "su",
        "samt",
        "but",
        "men",
        "mutta",
        "kuid",
        "bet",
        "en",
        "cum",
        "pga",
        "due",
    }
)
# Estonian says "without" by an ending of the noun (aurata, koletsüstiidita); verbs end so too
_ABESSIVE = re.compile(r"\w{3,}[aeiou]ta")
_NOT_ABESSIVE = re.compile(r"\w*mata|prostata|beeta|\w*staata|\w*kvoota")


def negated_words(text: str, language: str | None) -> int:
    """Bits of the words that are denied, in the order of `common.words_of`, of the first sixteen words.

    >>> bin(negated_words("Migraine without aura [common migraine]", "en"))
    '0b100'
    >>> negated_words("Migreen aurata", "et"), negated_words("Eesnäärme ehk prostata vähk", "et")
    (2, 0)
    """
    folded = fold(text)
    if UNSPECIFIED_PHRASES.search(folded):
        return 0
    bits, position, left = 0, 0, 0
    for found in _TOKEN.finditer(folded):
        token = found[0]
        if not token[0].isalnum():
            left = 0
            continue
        if position >= MOST_WORDS:
            break
        if value_of_word(token, language) == "without":
            left = _REACH
        elif token in _POSITIVE:
            left = 0
        elif left:
            bits |= 1 << position
            left -= 1
        elif language == "et" and _ABESSIVE.fullmatch(token) and not _NOT_ABESSIVE.fullmatch(token):
            bits |= 1 << position
        position += 1
    return bits
