"""Search for a target by what a curator types: code, words, meaning."""

from __future__ import annotations

import numpy as np
from rapidfuzz import fuzz

from termserver.matching.index import TargetIndex, code_key
from termserver.matching.normalise.common import fold, skel
from termserver.matching.normalise.tables import expand, language_of, sisters_of
from termserver.matching.own_model import OwnModel
from termserver.model.candidate import Candidate, Evidence

CODE, WORDS, MEANING = 3.0, 2.0, 1.0  # what kind of find ranks before which


def search_targets(
    index: TargetIndex, model: OwnModel, text: str, *, language: str | None, limit: int
) -> list[Candidate]:
    """Targets, best first; `score` is 3 to 4 for a code, 2 to 3 for words, below 2 for meaning."""
    text = text.strip()
    if not text or limit < 1:
        return []
    scores: dict[int, tuple[float, int | None]] = {}

    def offer(target: int, score: float, name: int | None) -> None:
        if score > scores.get(target, (-9.0, None))[0]:
            scores[target] = (score, name)

    for target, score in _by_code(index, text):
        offer(target, score, None)
    near = {language_of(language), *sisters_of(language_of(language))} - {None}
    for name, score in _by_words(index, text):
        offer(int(index.names.concept[name]), score + (0.05 if index.names.languages[name] in near else 0.0), name)
    is_code = any(score >= CODE for score, _ in scores.values())
    for name, score in _by_meaning(index, model, expand(text, language_of(language)), 0 if is_code else 3 * limit):
        offer(int(index.names.concept[name]), score, name)
    ranked = sorted(
        scores,
        key=lambda target: (
            -scores[target][0] + (0.5 if not index.targets[target].active else 0),
            index.targets[target].code,
        ),
    )
    return [_candidate(index, target, rank, *scores[target]) for rank, target in enumerate(ranked[:limit], start=1)]


def _by_code(index: TargetIndex, text: str) -> list[tuple[int, float]]:
    """Targets whose code begins with the text; the shorter the rest, the better."""
    key = code_key(text)
    if not key or " " in text or not any(letter.isdigit() for letter in key):
        return []
    return [
        (target, CODE + len(key) / max(len(code), 1))
        for code, found in index.by_code.items()
        if code.startswith(key)
        for target in found
    ]


def _by_words(index: TargetIndex, text: str) -> list[tuple[int, float]]:
    """Names in which each word of the text begins a word, in any order, by skeleton."""
    words = skel(text).split()
    if not words:
        return []
    folded, skeleton = fold(text), " ".join(words)
    found = []
    for name, candidate in enumerate(index.names.skeletons):
        if words[0] in candidate:
            padded = " " + candidate
            if all(" " + word in padded for word in words):
                likeness = fuzz.ratio(skeleton, candidate) / 100
                found.append(
                    (name, WORDS + 0.9 * likeness + (0.04 if fold(index.names.searched[name]) == folded else 0))
                )
    return found


def _by_meaning(index: TargetIndex, model: OwnModel, text: str, limit: int) -> list[tuple[int, float]]:
    """The names nearest by the own model."""
    vector = model.encode([text])[0]
    if not vector.any() or limit < 1:
        return []
    cosines = np.concatenate(
        [
            index.vectors[start : start + 16_384].astype(np.float32) @ vector
            for start in range(0, len(index.vectors), 16_384)
        ]
    )
    best = np.argpartition(-cosines, min(limit, len(cosines) - 1))[:limit]
    return [(int(name), MEANING * float(cosines[name])) for name in best if cosines[name] > 0.2]


def _candidate(index: TargetIndex, target: int, rank: int, score: float, name: int | None) -> Candidate:
    concept = index.targets[target]
    evidence = Evidence(
        matched_designation=index.designation(name) if name is not None else None,
        warnings=() if concept.active else ("inactive",),
        sources=("code shape",) if score >= CODE else ("n-gram",) if score >= WORDS else ("own model",),
    )
    return Candidate(concept.system, concept.code, concept.display, rank, round(score, 5), 0.0, evidence=evidence)
