"""Rules of all languages: repair, folding, skeleton, tokens, numbers.

`skel` joins spellings that the Nordic and Baltic languages give the same Greek or Latin word: "Phaeochromocytoma" and
"feokromocytom" meet as "feokromokitom(a)". The raw text is kept by the caller; these are keys for search.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "þ": "th",
        "ð": "d",
        "đ": "d",
        "ł": "l",
        "ß": "ss",
        "ı": "i",
        "ħ": "h",
        "ŋ": "n",
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "κ": "kappa",
        "λ": "lambda",
        "μ": "u",
        "ω": "omega",
        "’": "'",
        "‘": "'",
        "`": "'",
        "´": "'",
        **dict(zip("абвгдезиклмнопрстуфхыэ", "abvgdeziklmnoprstufhie", strict=True)),
        **dict(zip("жйцчшщюя", ("zh", "i", "ts", "ch", "sh", "sch", "iu", "ia"), strict=True)),
        "ъ": None,
        "ь": None,
        "–": "-",
        "—": "-",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "⁄": "/",
        "×": "x",
        "\u00ad": None,
        "\u200b": None,
        "\ufeff": None,
    }
)
_KEPT_LETTERS = (
    0x3000  # Latin, Greek, Cyrillic and their marks, punctuation; what follows are scripts of other continents
)
_WORD = re.compile(r"[^\W_]+")
_SKELETON = (
    ("ph", "f"),
    ("rh", "r"),
    ("th", "t"),
    ("ch", "k"),
    ("ck", "k"),
    ("c", "k"),
    ("qu", "kv"),
    ("x", "ks"),
    ("ae", "e"),
    ("oe", "e"),
    ("z", "s"),
    ("y", "i"),
    ("j", "i"),
    ("w", "v"),
)
_DOUBLE = re.compile(r"([^\W\d_])\1+")
_MOJIBAKE = re.compile("[ÃÂÄÅ][\u0080-\u00bf\u0152-\u0178\u2013-\u203a\u20ac\u2122]")
_ROMAN = {
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "v": 5,
    "vi": 6,
    "vii": 7,
    "viii": 8,
    "ix": 9,
    "x": 10,
    "xi": 11,
    "xii": 12,
    "xiii": 13,
}
_ORDINALS = {
    word: number
    for number, words in enumerate(
        (
            "first forsta forste ensimmaisen esimese pirmas pirmo fyrsta",
            "second andra andre anden toisen teise otras antro annars",
            "third tredje kolmannen kolmanda tresas trecio thridja",
            "fourth fjarde fjerde neljannen neljanda ceturtas ketvirto fjorda",
        ),
        start=1,
    )
    for word in words.split()
}
_DEGREE = re.compile(
    rf"\b({'|'.join(_ORDINALS)}) (?:degree|stage|trimester|grad\w*|asteen|astme|pakapes|laipsnio|stigs|kolmannek\w*)"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def repair(text: str) -> str:
    """UTF-8 that was read as Latin-1 or cp1252 made whole again; other texts unchanged.

    >>> repair("SjÃ¶gren"), repair("Sjögren")
    ('Sjögren', 'Sjögren')
    """
    if not _MOJIBAKE.search(text):
        return text
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def fold(text: str) -> str:
    """Lower case without diacritics, one space between words; idempotent.

    >>> fold("  Ägghvita i URINEN "), fold("Blöðrubólga")
    ('agghvita i urinen', 'blodrubolga')
    """
    text = text.lower() if text.isascii() else _fold_letters(text)
    return " ".join(text.split())


def _fold_letters(text: str) -> str:
    """Letter by letter, once the whole text is repaired."""
    return repair(text).translate(_FOLDED)


class _FoldedLetters(dict[int, str]):
    """What each letter folds to, found when it is first met; the letters of the served languages are kept."""

    def __missing__(self, letter: int) -> str:
        folded = _fold_letter(chr(letter))
        if letter < _KEPT_LETTERS:
            self[letter] = folded
        return folded


def _fold_letter(letter: str) -> str:
    """Decompose, drop marks, then replace letters that have no decomposition; until nothing changes."""
    text = letter
    for _ in range(4):
        decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
        folded = "".join(part for part in decomposed if not unicodedata.combining(part)).translate(_LETTERS)
        if folded == text:
            break
        text = folded
    return text


_FOLDED = _FoldedLetters()


def words_of(text: str) -> list[str]:
    """Runs of letters and digits of the folded text, in order.

    >>> words_of("fP-Gluk (0h), Ätiologi")
    ['fp', 'gluk', '0h', 'atiologi']
    """
    return _WORD.findall(fold(text))


@lru_cache(maxsize=40_000)
def skeleton_of_word(word: str) -> str:
    """The spelling skeleton of one folded word; idempotent.

    >>> skeleton_of_word("phaeochromocytoma"), skeleton_of_word("feokromocytom")
    ('feokromokitoma', 'feokromokitom')
    """
    while True:
        skeleton = word
        for letters, replacement in _SKELETON:
            if letters in skeleton:
                skeleton = skeleton.replace(letters, replacement)
        skeleton = _DOUBLE.sub(r"\1", skeleton)
        if skeleton == word:
            return skeleton
        word = skeleton


def skeleton_words(text: str) -> list[str]:
    """Skeletons of the words of a text, in order.

    >>> skeleton_words("Typhus, akut")
    ['tifus', 'akut']
    """
    return [skeleton_of_word(word) for word in words_of(text)]


def skel(text: str) -> str:
    """The skeleton of a text: skeleton words joined by one space; idempotent.

    >>> skel("Morbus Crohn")
    'morbus krohn'
    """
    return " ".join(skeleton_words(text))


def numbers_of(text: str) -> frozenset[str]:
    """Numbers of a text, Roman ones below fourteen as Arabic (a lone `I`, `V` or `X` counts too), ordinals before a degree.

    >>> sorted(numbers_of("Faktor VIII, 2,5 mg")), sorted(numbers_of("Burn of second degree of ankle"))
    (['2.5', '8'], ['2'])
    """
    found = {number.replace(",", ".") for number in _NUMBER.findall(text)}
    found.update(str(_ORDINALS[word]) for word in _DEGREE.findall(fold(text)))
    for word in _WORD.findall(text):
        if word.isupper() and word.lower() in _ROMAN:
            found.add(str(_ROMAN[word.lower()]))
    return frozenset(found)
