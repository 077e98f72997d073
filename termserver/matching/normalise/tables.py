"""Typed words and abbreviations by language: which table a row reads, and what its words say on each axis.

A typed word says something that must not differ between a source term and its target: the side, the course, whether something is
unspecified. Disagreement is shown to the curator and weighs in the rank.
"""

from __future__ import annotations

import re
from functools import lru_cache

from termserver.matching.normalise import da, en, et, fi, is_, la, lt, lv, nb, nn, sv
from termserver.matching.normalise.common import fold

_WORD = re.compile(r"[^\W_]+")
LANGUAGES = ("sv", "nb", "nn", "da", "fi", "is", "et", "lv", "lt", "en", "la")
_MODULES = {
    "sv": sv,
    "nb": nb,
    "nn": nn,
    "da": da,
    "fi": fi,
    "is": is_,
    "et": et,
    "lv": lv,
    "lt": lt,
    "en": en,
    "la": la,
}
_SISTERS = {
    "sv": ("nb", "nn", "da"),
    "nb": ("nn", "da", "sv", "no"),
    "nn": ("nb", "da", "sv", "no"),
    "no": ("nb", "nn", "da", "sv"),
    "da": ("nb", "nn", "sv", "no"),
    "fi": ("et",),
    "et": ("fi",),
    "is": ("da", "nb"),
    "lv": ("lt",),
    "lt": ("lv",),
}
VALUES = tuple(en.TYPED_WORDS)
# axis → its values; two different values of one axis contradict each other, a value on one side only is a difference of detail
AXES: dict[str, tuple[str, ...]] = {
    "detail": ("unspecified", "other"),
    "course": ("acute", "subacute", "chronic", "recurrent"),
    "side": ("left", "right", "bilateral"),
    "negation": ("without",),
    "behaviour": ("malignant", "benign", "in situ"),
    "origin": ("congenital", "acquired"),
    "order": ("primary", "secondary"),
    "wound": ("open", "closed"),
    "history": ("history",),
    "certainty": ("suspected",),
    "sex": ("male", "female"),
    "age": ("newborn", "child"),
    "pregnancy": ("pregnancy",),
    "number": ("multiple",),
    "extent": ("partial", "total"),
    "height": ("upper", "lower"),
    "depth": ("external", "internal"),
}


def language_of(tag: str | None) -> str | None:
    """The primary language of a BCP-47 tag as the tables know it; None where it is not named or not known.

    >>> language_of("nb-NO"), language_of("no"), language_of("sme"), language_of(None)
    ('nb', 'nb', None, None)
    """
    primary = (tag or "").replace("_", "-").split("-")[0].lower()
    primary = {
        "no": "nb",
        "swe": "sv",
        "fin": "fi",
        "est": "et",
        "dan": "da",
        "nor": "nb",
        "isl": "is",
        "lav": "lv",
        "lit": "lt",
    }.get(primary, primary)
    return primary if primary in _MODULES else None


def sisters_of(language: str | None) -> tuple[str, ...]:
    """Languages whose names a reader of the language half understands; the nearest first.

    >>> sisters_of("sv")
    ('nb', 'nn', 'da')
    """
    return _SISTERS.get(language or "", ())


# phrases that say "unspecified" in several words, folded; typed words alone would read "without" or nothing
UNSPECIFIED_PHRASES = re.compile(
    "|".join(
        (
            r"\b(site )?(not otherwise specified|not specified|not stated)\b",
            (
                r"\b(utan|utom) (angiven|angivet|angivna|angivande av|narmare angiven|narmare)"
                r" ?(lokalisation|lage|orsak|typ|specifikation)?"
            ),
            r"\b(ej|icke) (narmare )?(specificera|angive)\w*",
            r"\b(uten|uden) (naermere )?(angivelse|spesifikasjon|specifikation|angitt)\w*( af| av)?( lokalisation| sted)?",
            r"\b(ikke|ikkje) (naermere )?(spesifiser|specificer|angi)\w*",
            r"\bei (tarkemmin )?maaritel\w*",
            r"\bpole tapsustatud",
            r"\bekki (nanar )?tilgrein\w*",
            r"\bnon specificat\w*",
            r"\bsine specificatione",
        )
    )
)


@lru_cache(maxsize=32)
def _typed_pattern(language: str | None) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Whole words → value, and beginnings → value, of a language with Latin beside it; of all languages for None."""
    if language is None:
        languages: tuple[str, ...] = LANGUAGES
    else:
        languages = tuple(
            dict.fromkeys((language, *(("nb",) if language == "nn" else ()), *(("la",) if language != "en" else ())))
        )
    whole: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for name in reversed(languages):
        for value, words in _MODULES[name].TYPED_WORDS.items():
            for word in words.split():
                (beginnings if word.endswith("*") else whole)[word.rstrip("*")] = value
    return whole, tuple(sorted(beginnings.items(), key=lambda item: -len(item[0])))


@lru_cache(maxsize=20_000)
def value_of_word(word: str, language: str | None) -> str | None:
    """What one folded word says, or None.

    >>> value_of_word("vänster", "sv"), value_of_word("vanster", "sv")
    (None, 'left')
    """
    whole, beginnings = _typed_pattern(language)
    if word in whole:
        return whole[word]
    return next((value for start, value in beginnings if word.startswith(start)), None)


def typed_values(text: str, language: str | None) -> frozenset[str]:
    """What the typed words of a text say.

    >>> sorted(typed_values("Akut bronkit, ospecificerad", "sv")), sorted(typed_values("Täpsustamata äge bronhiit", "et"))
    (['acute', 'unspecified'], ['acute', 'unspecified'])
    """
    folded = UNSPECIFIED_PHRASES.sub(" nos ", fold(text))
    values = {"unspecified" if word == "nos" else value_of_word(word, language) for word in _WORD.findall(folded)}
    return frozenset(value for value in values if value is not None)


def without_unspecified(text: str, language: str | None) -> str:
    """The text without its words for "unspecified", folded; for generic terms as local lists have them.

    >>> without_unspecified("Pneumoni, ospecificerad", "sv"), without_unspecified("Cholera, not specified", "en")
    ('pneumoni', 'cholera')
    """
    words = _WORD.findall(UNSPECIFIED_PHRASES.sub(" nos ", fold(text)))
    return " ".join(word for word in words if word != "nos" and value_of_word(word, language) != "unspecified")


def typed_mask(values: frozenset[str]) -> int:
    """Values as bits, in the order of `VALUES`.

    >>> typed_mask(frozenset({"unspecified"}))
    1
    """
    return sum(1 << position for position, value in enumerate(VALUES) if value in values)


@lru_cache(maxsize=32)
def _abbreviations(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """Pattern of abbreviated words (with or without their full stop) and what they stand for."""
    table = dict(_MODULES[language].ABBREVIATIONS)
    folded = {fold(short): long for short, long in table.items()}
    alternatives = "|".join(sorted((re.escape(short) for short in {*table, *folded}), key=len, reverse=True))
    return re.compile(rf"(?<![\w-])({alternatives})(\.|(?![\w-]))(?!\w)", re.IGNORECASE), {**folded, **table}


def expand(text: str, language: str | None) -> str:
    """The text with its abbreviations written out; shorts of one letter only where a full stop or slash follows.

    >>> expand("Kron. bronkit UNS", "sv")
    'kronisk bronkit ospecificerad'
    """
    if language not in _MODULES:
        return text
    pattern, table = _abbreviations(language)

    def long_form(found: re.Match[str]) -> str:
        short = found[1].lower()
        return table.get(short, found[0]) if len(short) > 1 or found[2] == "." else found[0]

    return pattern.sub(long_form, text)
