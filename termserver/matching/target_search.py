"""Search for a target by what a curator types: code, words, meaning."""

from __future__ import annotations

import numpy as np
from rapidfuzz import fuzz, process

from termserver.matching.index import TargetIndex, code_key
from termserver.matching.meaning import nearest_names, pair_cosines
from termserver.matching.normalise.common import fold, skel
from termserver.matching.normalise.tables import expand, language_of, sisters_of
from termserver.matching.own_model import OwnModel
from termserver.model.candidate import Candidate, Evidence

CODE, WORDS, MEANING = 3.0, 2.0, 1.0  # what kind of find ranks before which
EQUAL, NEAR = 0.04, 0.05  # what an equal name and one in the searcher's language or a sister language gains
INACTIVE = 0.5  # what an inactive target loses
WORD_CHUNK = 512


def search_targets(
    index: TargetIndex, model: OwnModel, text: str, *, language: str | None, limit: int
) -> list[Candidate]:
    """Targets, best first; `score` is 3 to 4 for a code, 2 to 3 for words, below 2 for meaning.

    Time: what can be found is cut to what can be among the first `limit` before anything is looked at one by one.
    """
    text = text.strip()
    if not text or limit < 1:
        return []
    scores: dict[int, tuple[float, int | None]] = {}

    def offer(target: int, score: float, name: int | None) -> None:
        if score > scores.get(target, (-9.0, None))[0]:
            scores[target] = (score, name)

    for target, score in _by_code(index, text, limit):
        offer(target, score, None)
    near: set[str | None] = {language_of(language), *sisters_of(language_of(language))} - {None}
    for name, score in _by_words(index, text, near, limit):
        offer(int(index.names.concept[name]), score, name)
    is_code = any(score >= CODE for score, _ in scores.values())
    for name, score in _by_meaning(index, model, expand(text, language_of(language)), 0 if is_code else 3 * limit):
        offer(int(index.names.concept[name]), score, name)
    ranked = sorted(scores, key=lambda target: (-scores[target][0] + _behind(index, target), target))
    return [_candidate(index, target, rank, *scores[target]) for rank, target in enumerate(ranked[:limit], start=1)]


def _behind(index: TargetIndex, target: int) -> float:
    """What an inactive target loses."""
    return 0.0 if index.targets.active[target] else INACTIVE


def _by_code(index: TargetIndex, text: str, limit: int) -> list[tuple[int, float]]:
    """The best targets whose code begins with the text; the shorter the rest, the better."""
    key = code_key(text)
    if not key or " " in text or not any(letter.isdigit() for letter in key):
        return []
    targets, lengths = index.targets_beginning_with(key)
    scores = CODE + len(key) / np.maximum(lengths, 1)
    order = np.lexsort((targets, np.where(index.targets.active[targets], 0, INACTIVE) - scores))[:limit]
    return [(int(targets[place]), float(scores[place])) for place in order]


def _by_words(index: TargetIndex, text: str, near: set[str | None], limit: int) -> list[tuple[int, float]]:
    """The best names in which each word of the text begins a word, in any order, by skeleton.

    A likeness cannot be more than the lengths of both texts allow: names are looked at in that order, and no further than to
    where none can be among the first `limit` targets.
    """
    words = skel(text).split()
    if not words:
        return []
    folded, skeleton = fold(text), " ".join(words)
    names = index.words.with_words(words).astype(np.int64)
    letters = index.names.n_letters[names]
    bounds = 0.9 * 2 * np.minimum(letters, len(skeleton)) / (letters + len(skeleton)) + EQUAL + NEAR
    order = np.argsort(-bounds, kind="stable")
    found: list[tuple[int, float]] = []
    best: dict[int, float] = {}
    least = -9.0
    for start in range(0, len(order), WORD_CHUNK):
        chunk = order[start : start + WORD_CHUNK]
        if WORDS + bounds[chunk[0]] < least:
            break
        likeness = process.cdist([skeleton], index.names.skeletons.take(names[chunk]), scorer=fuzz.ratio, workers=1)[0]
        for name, like in zip(names[chunk].tolist(), likeness.tolist(), strict=True):
            score = WORDS + 0.9 * like / 100
            if like > 99 and fold(index.names.searched[name]) == folded:
                score += EQUAL
            if index.names.languages[name] in near:
                score += NEAR
            target = int(index.names.concept[name])
            found.append((name, score))
            best[target] = max(best.get(target, -9.0), score - _behind(index, target))
        if len(best) >= limit:
            least = sorted(best.values(), reverse=True)[limit - 1]
    return found


def _by_meaning(index: TargetIndex, model: OwnModel, text: str, limit: int) -> list[tuple[int, float]]:
    """The names nearest by the own model."""
    vector = model.encode([text])
    if not vector.any() or limit < 1:
        return []
    row, everything = np.zeros(1, np.int64), np.ones(len(index.vectors), np.bool_)
    owners, names = nearest_names(index.vectors, index.coarse, everything, vector, row, limit)
    cosines = pair_cosines(index.vectors, names, owners, vector, row)
    return [
        (name, MEANING * cosine) for name, cosine in zip(names.tolist(), cosines.tolist(), strict=True) if cosine > 0.2
    ]


def _candidate(index: TargetIndex, target: int, rank: int, score: float, name: int | None) -> Candidate:
    concept = index.targets[target]
    evidence = Evidence(
        matched_designation=index.designation(name) if name is not None else None,
        warnings=() if concept.active else ("inactive",),
        sources=("code shape",) if score >= CODE else ("n-gram",) if score >= WORDS else ("own model",),
    )
    return Candidate(concept.system, concept.code, concept.display, rank, round(score, 5), 0.0, evidence=evidence)
