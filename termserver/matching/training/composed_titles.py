"""Titles that no list has, composed word by word from our lexicons: how whole titles look in languages that only have words.

The own model pools the words of a title; from single words alone it cannot learn how little "ekki flokkað annars staðar"
weighs beside what a title names. Word order is of no account to it, so words stay in the English order.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from termserver.matching.normalise.common import skeleton_words
from termserver.matching.training.sources import Concept

LANGUAGES = ("is", "lv", "lt")
WEIGHT = 0.35
LEAST_SHARE = 0.6  # of a title's letters that the lexicons must know
_MOST_WORDS = 7  # of an English phrase
_UNSAID = frozenset({"te", "a", "an", "of", "at", "in", "to", "bi"})  # endings say them, or nothing does

Forms = Mapping[str, Sequence[str]]


def forms_by_english(lexicon: Iterable[Concept]) -> dict[str, dict[str, list[str]]]:
    """Language → skeleton of an English phrase → its forms."""
    forms: dict[str, dict[str, list[str]]] = {language: defaultdict(list) for language in LANGUAGES}
    for concept in lexicon:
        english = {" ".join(skeleton_words(name)) for language, name in concept.names if language == "en"}
        for language, name in concept.names:
            if language in forms:
                for phrase in sorted(english):
                    forms[language][phrase].append(name.rstrip("-"))
    return forms


def composed(title: str, forms: Forms, *, seed: str) -> str | None:
    """An English title in a language, each phrase in one of its forms; None where too much of it is not known.

    >>> composed("Acute bronchitis of the lung", {"akute": ["bráð"], "bronkitis": ["berkjubólga"]}, seed="x")
    'bráð berkjubólga lung'
    """
    words = skeleton_words(title)
    parts: list[str] = []
    known = at = 0
    while at < len(words):
        for length in range(min(_MOST_WORDS, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            choices = () if phrase in _UNSAID else forms.get(phrase) or forms.get(phrase.removesuffix("s"), ())
            if choices or phrase in _UNSAID:
                if choices:
                    parts.append(choices[zlib.crc32(f"{seed} {at}".encode()) % len(choices)])
                known += len(phrase)
                at += length
                break
        else:
            parts.append(words[at])
            at += 1
    return " ".join(parts) if words and known >= LEAST_SHARE * len(" ".join(words)) else None


def composed_titles(lexicon: Iterable[Concept], titles: Mapping[str, str]) -> Iterator[Concept]:
    """A concept a title and language, for every English title that can be composed."""
    forms = forms_by_english(lexicon)
    for code, title in titles.items():
        for language in LANGUAGES:
            text = composed(title, forms[language], seed=f"{language} {code}")
            if text is not None:
                names = (("en", title), (language, text))
                yield Concept(f"composed:{language}:{code}", names, "composed from our lexicons", WEIGHT)
