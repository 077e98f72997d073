"""What is odd about a source term: said on the row, and taken from its probability where the engine cannot read the letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

MOST_CHARACTERS = 1000  # a term is a name; what is longer is a note, of which the beginning is read
_ALL_READ = "\u0250"  # every letter before is Latin
_READABLE = ("LATIN", "GREEK", "CYRILLIC", "MICRO", "MODIFIER", "FEMININE", "MASCULINE", "SUPERSCRIPT", "SUBSCRIPT")
# letters that tell a language; a term that has them is not in another of the served languages (þ is also what cp1257 makes of š)
_TELLING = {
    "ð": {"is"},
    "õ": {"et"},
    "ķ": {"lv"},
    "ļ": {"lv"},
    "ņ": {"lv"},
    "ģ": {"lv"},
    "ą": {"lt"},
    "ę": {"lt"},
    "ė": {"lt"},
    "į": {"lt"},
    "ų": {"lt"},
    "ø": {"da", "nb", "nn"},
}


def readable_share(term: str) -> float:
    """Share of the letters that the engine reads: Latin, Greek, Cyrillic; 0 for a term without a letter.

    >>> readable_share("Ägghvita"), readable_share("التهاب"), readable_share("12 %")
    (1.0, 0.0, 0.0)
    """
    if term.isascii() or max(term) < _ALL_READ:
        return float(any(map(str.isalpha, term)))
    letters = [letter for letter in term if letter.isalpha()]
    if not letters:
        return 0.0
    return sum(map(_is_readable, letters)) / len(letters)


@lru_cache(maxsize=4096)
def _is_readable(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_READABLE)


@lru_cache(maxsize=4096)
def _is_cyrillic(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("CYRILLIC")


def told_languages(term: str) -> set[str] | None:
    """Languages that the term's letters allow; None where no letter tells.

    >>> told_languages("Sýking í öndunarfærum"), sorted(told_languages("Blødning") or ())
    (None, ['da', 'nb', 'nn'])
    """
    found = [_TELLING[letter] for letter in set(term.lower()) if letter in _TELLING]
    return set.intersection(*found) if found else None


def remarks_of(term: str, language: str | None, *, whole_length: int, label: str | None = None) -> tuple[str, ...]:
    """Sentences for the curator on what is odd about a term.

    Parameters
    ----------
    term
        As it is read: repaired, cut.
    language
        Primary language of the row, as it is labelled; None where the label is missing or unknown to the engine.
    label
        The label itself.
    whole_length
        Characters of the term as it came.

    >>> remarks_of("Гипертония", "lv", whole_length=10)
    ('written in Cyrillic letters: read letter by letter, with few words known',)
    """
    remarks = []
    if whole_length > MOST_CHARACTERS:
        remarks.append(f"only the first {MOST_CHARACTERS} of {whole_length:,} characters were read")
    readable = readable_share(term)
    if not any(map(str.isalpha, term)):
        remarks.append("the term has no letters")
    elif readable < 0.7:
        remarks.append("written in letters that the engine does not read")
    elif readable < 1:
        remarks.append("some of its letters are of a script that the engine does not read: they are left out")
    elif any(map(_is_cyrillic, term)):
        remarks.append("written in Cyrillic letters: read letter by letter, with few words known")
    if label and language is None and not remarks:
        remarks.append(
            f"labelled '{label[:20]}', a language of which the engine knows no words: names of all languages were searched"
        )
    told = told_languages(term)
    if told is not None and language is not None and language not in told:
        named = " or ".join(sorted(told)) or "several languages"
        remarks.append(f"labelled '{language}', but has letters of {named}: names of all languages were searched")
    return tuple(remarks)
