"""Learns the word tables of `matching.pivot`: our lexicons, the dictionaries, and words induced from parallel names.

Induced words are those that stand in the names of the same concepts (Dice's coefficient); so every language with a parallel list
gets a table, and the ranker learns from all of them what a reading is worth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy import sparse

from termserver.matching.normalise.common import skel, skeleton_words
from termserver.matching.pivot import CHOICES, MOST_WORDS, SEARCHED, Pivot, key_of_phrase, stem_of
from termserver.matching.training.fit_own_model import merge
from termserver.matching.training.sources import Concept

LANGUAGES = ("sv", "nb", "nn", "da", "fi", "is", "et", "lv", "lt")
_LEXICON, _NAME, _DICTIONARY = (
    4.0,
    2.0,
    1.0,
)  # how far each kind of translation is trusted; induced ones by their Dice, below 1
_SYNONYM = 0.1  # less for each English name that stands before in its row of a lexicon
_LEAST_DICE = 0.25
_LEAST_CONCEPTS = 2  # that a pair of words must share
_LEAST_WORD = 3
_SHORT_NAME = 3  # words of a name that is taken as a phrase

Entry = tuple[str, str, str, float]  # language, skeleton phrase, English, trust


def fit_pivot(concepts: Iterable[Concept]) -> Pivot:
    """Word tables from all names that training may see; the same concepts give the same tables."""
    merged = merge(concept for concept in concepts if not concept.key.startswith("composed:"))
    tables: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for language, phrase, english, trust in (*_phrases(merged), *_induced(merged)):
        keys = {phrase}
        if " " not in phrase and (trust > 1 or language not in SEARCHED) and (stem := stem_of(phrase, language)):
            keys.add(stem)
        for key in keys:
            known = tables[language, key]
            known[english] = max(trust, known.get(english, 0.0))
    return _packed(tables)


def _packed(tables: dict[tuple[str, str], dict[str, float]]) -> Pivot:
    english: dict[str, int] = {}
    rows: dict[int, list[int]] = {}
    for (language, phrase), translations in sorted(tables.items()):
        best = list(translations)
        if len(best) > 1:
            best.sort(key=lambda text: (-translations[text], text.count(" "), len(text), text))
            best = best[:CHOICES]
        rows[key_of_phrase(language, phrase)] = [english.setdefault(text, len(english)) for text in best]
    keys = sorted(rows)
    choices = np.full((len(keys), CHOICES), -1, np.int32)
    for number, key in enumerate(keys):
        choices[number, : len(rows[key])] = rows[key]
    return Pivot(np.array(keys, np.uint32), choices, list(english))


def _phrases(concepts: Sequence[Concept]) -> Iterator[Entry]:
    """Names that are a word or a short phrase, with the first English name of their concept; in our lexicons with all of them."""
    for concept in concepts:
        kind = concept.key.partition(":")[0]
        names = [name for language, name in concept.names if language == "en"]
        texts = [" ".join(name.replace(",", " ").lower().split()) for name in names[: None if kind == "lexicon" else 1]]
        trust = {"lexicon": _LEXICON, "word": _DICTIONARY}.get(kind, _NAME)
        least = 1 if kind == "lexicon" else _LEAST_WORD
        longest = MOST_WORDS if kind in {"lexicon", "edqm"} else _SHORT_NAME
        phrases = [(language, skel(name.rstrip("-"))) for language, name in concept.names if language in LANGUAGES]
        for place, text in enumerate(texts):
            if text and text.count(" ") <= MOST_WORDS:
                for language, phrase in phrases:
                    if phrase.count(" ") < longest and len(phrase) >= least:
                        yield language, phrase, text, trust - _SYNONYM * place


def _induced(concepts: Sequence[Concept]) -> Iterator[Entry]:
    """Word pairs by Dice's coefficient over concepts, for languages with enough parallel names.

    Source
    ------
    Melamed, Computational Linguistics 26 (2000) 221 (word-to-word models from co-occurrence).
    """
    ours: dict[str, list[set[str]]] = {language: [] for language in LANGUAGES}
    theirs: dict[str, list[set[str]]] = {language: [] for language in LANGUAGES}
    for concept in concepts:
        title = next((name for language, name in concept.names if language == "en"), None)
        if title is None or concept.key.startswith(("word:", "lexicon:")):
            continue
        english = {word for word in title.lower().replace(",", " ").split() if len(word) >= _LEAST_WORD}
        words: dict[str, set[str]] = {}
        for language, name in concept.names:
            if language in ours:
                found = (word for word in skeleton_words(name) if len(word) >= _LEAST_WORD)
                words.setdefault(language, set()).update(found)
        for language, of_concept in words.items():
            ours[language].append(of_concept)
            theirs[language].append(english)
    for language in LANGUAGES:
        yield from _dice(language, ours[language], theirs[language])


def _dice(language: str, ours: Sequence[set[str]], theirs: Sequence[set[str]]) -> Iterator[Entry]:
    left, left_words = _incidence(ours)
    right, right_words = _incidence(theirs)
    if left is None or right is None:
        return
    together = (left.T @ right).tocoo()
    n_left, n_right = np.asarray(left.sum(axis=0)).ravel(), np.asarray(right.sum(axis=0)).ravel()
    dice = 2 * together.data / (n_left[together.row] + n_right[together.col])
    kept = np.flatnonzero((together.data >= _LEAST_CONCEPTS) & (dice >= _LEAST_DICE))
    for number in kept[np.lexsort((together.col[kept], -dice[kept], together.row[kept]))].tolist():
        yield (
            language,
            left_words[together.row[number]],
            right_words[together.col[number]],
            round(float(dice[number]), 4),
        )


def _incidence(texts: Sequence[set[str]]) -> tuple[sparse.csr_matrix | None, list[str]]:
    """Which text has which word, shape (n_texts, n_words)."""
    words = sorted(set().union(*texts)) if texts else []
    if not words:
        return None, []
    position = {word: number for number, word in enumerate(words)}
    columns = [position[word] for text in texts for word in text]
    ends = np.cumsum([0, *(len(text) for text in texts)])
    shape = (len(texts), len(words))
    return sparse.csr_matrix((np.ones(len(columns), np.float32), np.array(columns), ends), shape=shape), words
