"""Candidates of a block of rows: own model, n-grams, exact names, code shapes, a transformer; and the cosines that rank them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from termserver.matching.index import TargetIndex, code_key
from termserver.matching.meaning import RowVectors, nearest_names, pair_cosines, vectors_of_rows
from termserver.matching.normalise.tables import sisters_of
from termserver.matching.own_model import OwnModel
from termserver.matching.queries import Query

MEANING_NAMES = 48  # names a row from the own model, before names of one target are joined
NGRAM_NAMES = 12
LEARNED_NAMES = 24
BLOCK_ROWS = 256  # rows handled at once
_NAME_CELLS = 200_000_000  # rows times names, at most: what a block holds beside the index
_TRANSFORMER_CELLS = 32_000_000  # transformer cosines held at once
SOURCES = ("exact", "n-gram", "own model", "transformer", "memory", "code shape")
EXACT, NGRAM, MEANING, TRANSFORMER, MEMORY, CODE_SHAPE = (1 << bit for bit in range(6))


@dataclass(slots=True)
class Found:
    """Candidates of a block as pairs (row, target), ordered by row, then target.

    Parameters
    ----------
    row, target, name
        Shape (n_pairs,): row of the block, position of the target, the name that fits the row best.
    sources
        Bits of `SOURCES`.
    cosine, display_cosine, own_cosine, context_cosine, learned_cosine, ngram_cosine, transformer_cosine
        Best cosine over all names allowed, to the display, to names in the row's own or a sister language (-1: has none),
        of the term with its context, over the learned names too (at least `cosine`), of n-grams (0: not found by them), of the
        transformer (0: none configured).
    exact
        2 own or sister language or display, 1 another language, 0 no.
    """

    row: NDArray[np.int64]
    target: NDArray[np.int64]
    name: NDArray[np.int64]
    sources: NDArray[np.int64]
    cosine: NDArray[np.float32]
    display_cosine: NDArray[np.float32]
    own_cosine: NDArray[np.float32]
    context_cosine: NDArray[np.float32]
    learned_cosine: NDArray[np.float32]
    ngram_cosine: NDArray[np.float32]
    transformer_cosine: NDArray[np.float32]
    exact: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which names rows of one language may meet.

    Parameters
    ----------
    allowed, own
        Shape (n_names,): names that are searched; names in the own or a sister language.
    offered
        Shape (n_targets,): targets that may be proposed.
    """

    allowed: NDArray[np.bool_]
    own: NDArray[np.bool_]
    offered: NDArray[np.bool_]


def scope_of(index: TargetIndex, language: str | None, chosen: NDArray[np.bool_] | None = None) -> Scope:
    """Names in the row's language, its sisters, English, Latin or no language, and displays; all names for an unknown language.

    Inactive targets are out, unless the system has no active one.

    Parameters
    ----------
    chosen
        Shape (n_targets,): targets that may be proposed; None for all.
    """
    names = index.names
    near: set[str | None] = {language, *sisters_of(language)} - {None}
    own = names.languages.are_in(near)
    general = names.languages.are_in({None, "en", "la"})
    general[names.start[:-1]] = True
    active = np.array(index.targets.active)
    if not active.any():
        active[:] = True
    allowed = own | general if language is not None else np.ones(len(own), np.bool_)
    if chosen is not None:
        active &= chosen
    allowed &= active[names.concept]
    return Scope(allowed, own, allowed[names.start[:-1]])


def block_size(index: TargetIndex) -> int:
    """Rows handled at once; fewer beside very many names, and where a transformer's cosines to all targets are held."""
    rows = int(np.clip(_NAME_CELLS // len(index.names.concept), 64, BLOCK_ROWS))
    if index.transformer_vectors is None:
        return rows
    return int(np.clip(_TRANSFORMER_CELLS // len(index.targets), 4, rows))


def find(
    index: TargetIndex,
    model: OwnModel,
    queries: Sequence[Query],
    scope: Scope,
    *,
    extra: Sequence[tuple[int, int]] = (),
    transformer: NDArray[np.float32] | None = None,
) -> Found:
    """Candidates of a block of rows of one language.

    Parameters
    ----------
    extra
        Pairs (row, target) from memory, added to the candidates.
    transformer
        Shape (n_rows, transformer dimensions), unit rows; None where none is configured.
    """
    rows = vectors_of_rows(model, queries)
    keys: dict[str, NDArray[np.int64]] = {}
    n_targets = len(index.targets)
    row, name = nearest_names(
        index.vectors,
        index.coarse,
        scope.allowed,
        np.concatenate([rows.texts, rows.context]),
        np.r_[rows.text_row, rows.count + rows.context_row],
        MEANING_NAMES,
    )
    keys["own model"] = row % rows.count * n_targets + index.names.concept[name]
    learned = _learned_cosines(index, rows, scope)
    if learned.shape[1]:
        best = _top(learned, LEARNED_NAMES)
        found_row = np.repeat(np.arange(len(queries)), best.shape[1])
        keys["own model"] = np.concatenate(
            [keys["own model"], found_row * n_targets + index.learned_target[best.ravel()]]
        )
    asked, asker = _ngram_texts(queries)
    ngram_text, ngram_name, ngram_score = index.ngrams.search(index.ngrams.encode(asked), scope.allowed, NGRAM_NAMES)
    keys["n-gram"] = asker[ngram_text] * n_targets + index.names.concept[ngram_name]
    exact = _exact_pairs(index, queries, scope)
    keys["exact"] = np.array([row * n_targets + target for row, target in exact], np.int64)
    keys["code shape"] = np.array(
        [row * n_targets + target for row, target in _code_pairs(index, queries, scope)], np.int64
    )
    keys["memory"] = np.array([row * n_targets + target for row, target in extra], np.int64)
    transformer_cosines = None
    if transformer is not None and index.transformer_vectors is not None:
        transformer_cosines = transformer @ np.asarray(index.transformer_vectors, np.float32).T
        best = _top(np.where(scope.offered, transformer_cosines, -1), 20)
        keys["transformer"] = np.repeat(np.arange(len(queries)), best.shape[1]) * n_targets + best.ravel()
    # a small system fills its lists with what is not allowed
    keys = {source: found[scope.offered[found % n_targets]] for source, found in keys.items()}
    pairs = np.unique(np.concatenate(list(keys.values())))
    sources = np.zeros(len(pairs), np.int64)
    for source, found in keys.items():
        sources[np.searchsorted(pairs, np.unique(found))] |= 1 << SOURCES.index(source)
    row, target = pairs // n_targets, pairs % n_targets
    ngram_cosine = np.zeros(len(pairs), np.float32)
    np.maximum.at(ngram_cosine, np.searchsorted(pairs, keys["n-gram"]), ngram_score)
    exact_flag = np.zeros(len(pairs), np.int8)
    for (exact_row, exact_target), kind in exact.items():
        exact_flag[np.searchsorted(pairs, exact_row * n_targets + exact_target)] = kind
    name, cosine, own_cosine, context_cosine = _best_names(index, rows, scope, row, target)
    display = index.names.start[target].astype(np.int64)
    return Found(
        row=row,
        target=target,
        name=name,
        sources=sources,
        cosine=cosine,
        own_cosine=own_cosine,
        context_cosine=context_cosine,
        learned_cosine=np.maximum(cosine, _best_learned(index, rows, row, target)),
        display_cosine=pair_cosines(index.vectors, display, row, rows.texts, rows.text_row),
        ngram_cosine=ngram_cosine,
        exact=exact_flag,
        transformer_cosine=np.zeros(len(row), np.float32)
        if transformer_cosines is None
        else transformer_cosines[row, target].astype(np.float32),
    )


def _ngram_texts(queries: Sequence[Query]) -> tuple[list[str], NDArray[np.int64]]:
    """What n-grams look for, and the row of each text: the term, and its English reading where that searches."""
    asked = [(row, query.term) for row, query in enumerate(queries)]
    asked += [(row, query.gloss) for row, query in enumerate(queries) if query.gloss and query.gloss in query.texts]
    return [text for _, text in asked], np.array([row for row, _ in asked], np.int64)


def _learned_cosines(index: TargetIndex, rows: RowVectors, scope: Scope) -> NDArray[np.float32]:
    """Cosines of terms to the learned names, shape (n_rows, n_learned); -1 where the target is not allowed."""
    if not len(index.learned_target):
        return np.zeros((rows.count, 0), np.float32)
    cosines = rows.texts[rows.first] @ np.asarray(index.learned_vectors, np.float32).T
    cosines[:, ~scope.offered[index.learned_target]] = -1
    return np.asarray(cosines, np.float32)


def _best_learned(
    index: TargetIndex, rows: RowVectors, row: NDArray[np.int64], target: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Best cosine of each pair over the target's learned names; -1 for a target that has none.

    Pair by pair, so that the last digit does not depend on the other rows of the block.
    """
    best = np.full(len(row), -1, np.float32)
    if len(index.learned_target):
        terms = rows.texts[rows.first]
        first = np.searchsorted(index.learned_target, target, side="left")
        last = np.searchsorted(index.learned_target, target, side="right")
        for offset in range(int((last - first).max(initial=0))):
            has = np.flatnonzero(first + offset < last)
            vectors = np.asarray(index.learned_vectors[first[has] + offset], np.float32)
            best[has] = np.maximum(best[has], np.einsum("ij,ij->i", terms[row[has]], vectors))
    return best


def _top(cosines: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Columns of the largest values, shape (n_rows, at most limit), unordered."""
    if cosines.shape[1] <= limit:
        return np.tile(np.arange(cosines.shape[1]), (cosines.shape[0], 1))
    return np.argpartition(-cosines, limit - 1, axis=1)[:, :limit]


def _best_names(
    index: TargetIndex, rows: RowVectors, scope: Scope, row: NDArray[np.int64], target: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The best name of each pair with its cosine, the best cosine in the own language, and the best with context."""
    start = index.names.start
    counts = (start[target + 1] - start[target]).astype(np.int64)
    ends = np.cumsum(counts)
    begins = ends - counts
    pair = np.repeat(np.arange(len(row)), counts)
    name = np.arange(ends[-1]) - np.repeat(begins, counts) + np.repeat(start[target], counts)
    allowed = scope.allowed[name]

    def cosines(vectors: NDArray[np.float32], owner: NDArray[np.int64]) -> NDArray[np.float32]:
        found = pair_cosines(index.vectors, name, row[pair], vectors, owner)
        return np.where(allowed, found, np.float32(-1))

    values = cosines(rows.texts, rows.text_row)
    best = np.maximum.reduceat(values, begins)
    at_best = np.flatnonzero(values == best[pair])
    _, first = np.unique(pair[at_best], return_index=True)
    own = np.maximum.reduceat(np.where(scope.own[name], values, np.float32(-1)), begins)
    with_context = best
    if len(rows.context_row):
        in_context = np.maximum.reduceat(cosines(rows.context, rows.context_row), begins)
        with_context = np.where(np.isin(row, rows.context_row), in_context, best)
    return name[at_best[first]], best, own, with_context


def _exact_pairs(index: TargetIndex, queries: Sequence[Query], scope: Scope) -> dict[tuple[int, int], int]:
    """Pairs (row, target) whose folded names are equal → 2 in the own language or display, 1 in another."""
    pairs: dict[tuple[int, int], int] = {}
    for row, query in enumerate(queries):
        for name in index.names_equal_to(query.folded):
            target = int(index.names.concept[name])
            if scope.offered[target]:
                kind = 2 if scope.own[name] or name == index.names.start[target] else 1
                pairs[row, target] = max(kind, pairs.get((row, target), 0))
    return pairs


def _code_pairs(index: TargetIndex, queries: Sequence[Query], scope: Scope) -> list[tuple[int, int]]:
    """Pairs (row, target) by the shape of the local code: itself, without a leading `D`, shortened by national letters."""
    pairs: list[tuple[int, int]] = []
    for row, query in enumerate(queries):
        for shape in code_shapes(query.code or ""):
            found = [target for target in index.targets_with_key(shape) if scope.offered[target]]
            if found:
                pairs.extend((row, target) for target in found)
                break
    return pairs


def code_shapes(code: str) -> list[str]:
    """Forms of a local code to look for, the most specific first.

    >>> code_shapes("DE110A"), code_shapes("I21.9A"), code_shapes("4711")
    (['DE110A', 'E110A', 'E110', 'E11'], ['I219A', 'I219'], ['4711'])
    """
    key = code_key(code)
    if not key:
        return []
    shapes = [key]
    danish = re.fullmatch(r"D([A-Z]\d\d[0-9A-Z]*)", key)
    icd = danish[1] if danish else key
    if danish:
        shapes.append(icd)
    national = re.fullmatch(r"([A-Z]\d\d)(\d?)([0-9A-Z]*)", icd)
    if national and national[3] and national[2]:
        shapes.append(national[1] + national[2])
    if danish and national:
        shapes.append(national[1])
    return list(dict.fromkeys(shapes))


def below_best(row: NDArray[np.int64], values: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """How far each value lies below the best of its row; 0 for the best. Shape (n_pairs,).

    Parameters
    ----------
    row
        Row of each pair, rising.

    >>> below_best(np.array([0, 0, 1]), np.array([0.25, 0.75, 0.5], np.float32)).tolist()
    [-0.5, 0.0, 0.0]
    """
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    best = np.maximum.reduceat(values, starts)
    return np.asarray(values - np.repeat(best, np.diff(np.r_[starts, len(row)])), np.float32)
