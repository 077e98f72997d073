"""What the ranker sees of a candidate: one row of numbers a pair (row, target), each named, all from texts and arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from termserver.matching.attributes import AttributeModel, target_classes
from termserver.matching.identifiers import MINUTES, SYMBOLS, identifiers_of, minutes_of
from termserver.matching.index import TargetIndex, number_words
from termserver.matching.normalise.tables import AXES, VALUES
from termserver.matching.own_model import OwnModel
from termserver.matching.pivot_features import PIVOT_FEATURES, pivot_features
from termserver.matching.profile import ListProfile
from termserver.matching.queries import Query
from termserver.matching.search import CODE_SHAPE, Found, below_best
from termserver.matching.units import unit_of_name
from termserver.matching.word_costs import WORD_COST_FEATURES, WordCosts, WordsLeft, words_left

WORDS_A_TERM = 10
GROUPS: dict[str, tuple[str, ...]] = {
    "meaning": (
        "cosine",
        "display_cosine",
        "own_cosine",
        "own_names",
        "context_cosine",
        "learned_cosine",
        "analyte_cosine",
        "cosine_gap",
        "display_gap",
        "context_gap",
        "learned_gap",
        "analyte_gap",
        "cosine_rank",
        "context_rank",
        "kind_fit",
        "transformer_cosine",
        "transformer_gap",
    ),
    "words": (
        "ngram_cosine",
        "ratio",
        "token_set",
        "token_sort",
        "ratio_gap",
        "exact_own",
        "exact_other",
        "term_covered",
        "name_covered",
        "worst_term_word",
        "worst_name_word",
        "covered_gap",
        "same_case",
        "length_ratio",
        "word_difference",
        *WORD_COST_FEATURES,
        *PIVOT_FEATURES,
    ),
    "structure": (
        "code_shape",
        "agreements",
        "conflicts",
        "term_only_typed",
        "name_only_typed",
        "unspecified_both",
        "unspecified_term",
        "unspecified_name",
        "other_both",
        "other_term",
        "other_name",
        "side_conflict",
        "negation_differs",
        "negation_agrees",
        "negation_conflict",
        "behaviour_conflict",
        "numbers_shared",
        "numbers_missing",
        "numbers_added",
        "numbers_conflict",
        "specimen_agrees",
        "specimen_conflicts",
        "property_agrees",
        "property_conflicts",
        "timing_agrees",
        "timing_conflicts",
        "timing_added",
        "method_shared",
        "method_conflicts",
        "method_added",
        "laboratory",
        "has_children",
        "kind_chance",
        "property_chance",
        "specimen_chance",
        "timing_chance",
        "method_chance",
        "list_kind",
        "symbols_shared",
        "symbols_missing",
        "symbols_added",
        "minutes_agree",
        "minutes_conflict",
        "scale_agrees",
        "scale_conflicts",
        "unit_agrees",
        "unit_conflicts",
        "unit_added",
    ),
}
FEATURES = tuple(name for names in GROUPS.values() for name in names)
# what can only push a candidate down, however well the rest fits
PENALTIES = (
    "side_conflict",
    "negation_conflict",
    "behaviour_conflict",
    "numbers_conflict",
    "specimen_conflicts",
    "property_conflicts",
    "timing_conflicts",
)
DENIED_LIKENESS = 0.45  # cosine of two words from which one denied and one not contradict each other
_AXIS_BITS = {axis: [1 << VALUES.index(value) for value in values] for axis, values in AXES.items()}


@dataclass(slots=True)
class Described:
    """Features of a block.

    Parameters
    ----------
    values
        Shape (n_pairs, len(FEATURES)), float32.
    word_cosine
        Shape (n_pairs, WORDS_A_TERM, WORDS_A_NAME): likeness of the term's words to the name's; -1 where there is no word.
    conflict_bits
        Shape (n_pairs,): bit per axis of `AXES`, in their order, that contradicts.
    left
        The words of each pair, and how much of each has no counterpart.
    """

    values: NDArray[np.float32]
    word_cosine: NDArray[np.float32]
    conflict_bits: NDArray[np.int64]
    left: WordsLeft


def describe(
    index: TargetIndex,
    model: OwnModel,
    attributes: AttributeModel,
    costs: WordCosts,
    queries: Sequence[Query],
    found: Found,
    profile: ListProfile | None = None,
) -> Described:
    """Features of the candidates of a block, in the order of `found`.

    Parameters
    ----------
    profile
        Of the list that the rows come from; None where they come alone.
    """
    columns: dict[str, NDArray[np.float32]] = {}
    columns |= _meaning(index, model, queries, found)
    columns |= _texts(index, queries, found)
    word_cosine, covered = _words(index, model, queries, found)
    columns |= covered
    left = words_left(index, queries, found, word_cosine)
    columns |= costs.columns(found.row, left)
    columns["covered_gap"] = below_best(found.row, columns["term_covered"] + columns["name_covered"])
    typed, conflict_bits = _typed(index, queries, found)
    columns |= typed
    columns |= _numbers(index, queries, found)
    columns |= _laboratory(index, queries, found)
    columns |= pivot_features(index, model, queries, found)
    columns |= _symbols(index, queries, found)
    columns |= _chances(index, attributes, queries, found, profile)
    columns["code_shape"] = (found.sources & CODE_SHAPE > 0).astype(np.float32)
    columns["has_children"] = index.has_children[found.target].astype(np.float32)
    values = np.column_stack([columns[name] for name in FEATURES]).astype(np.float32)
    values = np.round(values, 4)  # so that the last bits, which depend on the size of the block, decide nothing
    return Described(values, word_cosine, conflict_bits, left)


def _rank(row: NDArray[np.int64], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """log2(1 + rank) within the row, 0 for the best, equal values in order of pair."""
    order = np.lexsort((-values, row))
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    counts = np.diff(np.r_[starts, len(row)])
    position = np.empty(len(row), np.float32)
    position[order] = np.arange(len(row)) - np.repeat(starts, counts)
    return np.log2(1 + position).astype(np.float32)


def _meaning(
    index: TargetIndex, model: OwnModel, queries: Sequence[Query], found: Found
) -> dict[str, NDArray[np.float32]]:
    own = found.own_cosine > -0.999
    analyte = _analyte_cosine(index, model, queries, found)
    return {
        "cosine": found.cosine,
        "display_cosine": np.maximum(found.display_cosine, -0.2),
        "own_cosine": np.where(own, found.own_cosine, 0).astype(np.float32),
        "own_names": own.astype(np.float32),
        "context_cosine": found.context_cosine,
        "learned_cosine": found.learned_cosine,
        "analyte_cosine": analyte,
        "cosine_gap": below_best(found.row, found.cosine),
        "display_gap": below_best(found.row, found.display_cosine),
        "context_gap": below_best(found.row, found.context_cosine),
        "learned_gap": below_best(found.row, found.learned_cosine),
        "analyte_gap": below_best(found.row, analyte),
        "cosine_rank": _rank(found.row, found.cosine),
        "context_rank": _rank(found.row, found.context_cosine),
        "kind_fit": _kind_fit(index, model, queries, found),
        "transformer_cosine": found.transformer_cosine,
        "transformer_gap": below_best(found.row, found.transformer_cosine),
    }


def _analyte_cosine(index: TargetIndex, model: OwnModel, queries: Sequence[Query], found: Found) -> NDArray[np.float32]:
    """Cosine of what is measured on both sides; the display's cosine for a target that is no laboratory test."""
    cosines = found.display_cosine.copy()
    laboratory = np.flatnonzero(index.analyte_row[found.target] >= 0)
    if len(laboratory):
        terms = model.encode([query.analyte for query in queries])
        rows = index.analyte_row[found.target[laboratory]]
        vectors = np.asarray(index.analyte_vectors[rows], np.float32)
        cosines[laboratory] = np.einsum("ij,ij->i", terms[found.row[laboratory]], vectors)
    return cosines


def _kind_fit(index: TargetIndex, model: OwnModel, queries: Sequence[Query], found: Found) -> NDArray[np.float32]:
    """Cosine of the row's context to the target's kind, less the row's mean over its candidates; 0 without either."""
    values = index.targets.kinds.values
    kinds = sorted(kind for kind in values if kind)
    if not kinds or not any(query.context for query in queries):
        return np.zeros(len(found.row), np.float32)
    contexts = model.encode([query.context for query in queries]).astype(np.float64)
    cosines = contexts @ model.encode(kinds).T  # twice the precision: the last digit must not depend on the block
    number = {kind: position for position, kind in enumerate(kinds)}
    column = np.array([number.get(kind or "", -1) for kind in values])[index.targets.kinds.numbers[found.target]]
    return np.where(column >= 0, cosines[found.row, column], 0).astype(np.float32)


def _texts(index: TargetIndex, queries: Sequence[Query], found: Found) -> dict[str, NDArray[np.float32]]:
    """Likeness of whole texts by rapidfuzz, 0 to 1, on skeletons."""
    row = found.row.tolist()
    skeletons = [query.skeleton for query in queries]
    terms = [skeletons[number] for number in row]
    names = index.names.skeletons.take(found.name)

    def score(scorer: Callable[..., float]) -> NDArray[np.float32]:
        return np.asarray(process.cpdist(terms, names, scorer=scorer, workers=1) / 100, np.float32)

    ratio = score(fuzz.ratio)
    ours = np.array([len(skeleton) + 1 for skeleton in skeletons], np.float32)[found.row]
    theirs = (index.names.n_letters[found.name] + 1).astype(np.float32)
    words = np.array([skeleton.count(" ") + 1 for skeleton in skeletons], np.float32)[found.row]
    return {
        "ngram_cosine": found.ngram_cosine,
        "ratio": ratio,
        "token_set": score(fuzz.token_set_ratio),
        "token_sort": score(fuzz.token_sort_ratio),
        "ratio_gap": below_best(found.row, ratio),
        "exact_own": (found.exact == 2).astype(np.float32),
        "exact_other": (found.exact == 1).astype(np.float32),
        "length_ratio": np.minimum(ours, theirs) / np.maximum(ours, theirs),
        "word_difference": np.clip(words - index.names.n_words[found.name], -8, 8) / 8,
        "same_case": _same_case(index, queries, found),
    }


def _same_case(index: TargetIndex, queries: Sequence[Query], found: Found) -> NDArray[np.float32]:
    """1 if a one-letter word of the term is in the name in the same case, -1 if only in the other case, else 0."""
    letters = [
        [word for word in query.named.replace(",", " ").split() if len(word) == 1 and word.isalpha()]
        for query in queries
    ]
    values = np.zeros(len(found.row), np.float32)
    pairs = np.flatnonzero(np.array([bool(ours) for ours in letters], np.bool_)[found.row])
    names = index.names.searched.take(found.name[pairs])
    for pair, row, name in zip(pairs.tolist(), found.row[pairs].tolist(), names, strict=True):
        words, ours = name.replace(",", " ").split(), letters[row]
        if any(letter in words or (letter.islower() and "little" in words) for letter in ours):
            values[pair] = 1
        elif any(letter.swapcase() in words for letter in ours):
            values[pair] = -1
    return values


def _words(
    index: TargetIndex, model: OwnModel, queries: Sequence[Query], found: Found
) -> tuple[NDArray[np.float32], dict[str, NDArray[np.float32]]]:
    """Likeness of each word to each word, and how well the words of either side are covered by the other."""
    words, term_words = number_words([query.skeleton for query in queries], WORDS_A_TERM)
    name_words = index.names.word_numbers[found.name]
    used, local = np.unique(name_words, return_inverse=True)
    local = local.reshape(name_words.shape)
    sides = model.encode_single_words(words) if words else np.zeros((1, model.dimensions), np.float32)
    # twice the precision of what is kept, so that its last digit does not depend on the words of other rows
    cosines = np.asarray(
        sides.astype(np.float64) @ index.word_vectors[np.maximum(used, 0)].T.astype(np.float64), np.float32
    )
    cosines[:, used < 0] = -1
    cosines = np.vstack([cosines, np.full((1, cosines.shape[1]), -1, np.float32)])  # last row: no word
    cube = cosines[term_words[found.row][:, :, None], local[:, None, :]]
    term_weight = np.array(
        [[0.0 if number < 0 else min(len(words[number]), 8) for number in row] for row in term_words], np.float32
    )[found.row]
    letters = (
        [min(len(word), 8) for word in index.names.words.take(np.maximum(used, 0))] if len(index.names.words) else 0
    )
    lengths = np.where(used < 0, 0, letters).astype(np.float32)
    name_weight = lengths[local]
    term_best, name_best = cube.max(axis=2).clip(0), cube.max(axis=1).clip(0)

    def mean(best: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((best * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-6), np.float32)

    def worst(best: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.where(weight >= 3, best, 1).min(axis=1), np.float32)

    return cube, {
        **_denied(index, queries, found, cube),
        "term_covered": mean(term_best, term_weight),
        "name_covered": mean(name_best, name_weight),
        "worst_term_word": worst(term_best, term_weight),
        "worst_name_word": worst(name_best, name_weight),
    }


def _denied(
    index: TargetIndex, queries: Sequence[Query], found: Found, cube: NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """Words that one side denies and the other says, and words that both deny."""
    agrees, conflict = np.zeros(len(found.row), np.float32), np.zeros(len(found.row), np.float32)
    ours = np.array([query.negated for query in queries], np.int64)[found.row]
    theirs = index.names.negated[found.name].astype(np.int64)
    pairs = np.flatnonzero((ours | theirs) > 0)
    if len(pairs):
        term = (ours[pairs, None] >> np.arange(cube.shape[1])) & 1
        name = (theirs[pairs, None] >> np.arange(cube.shape[2])) & 1
        alike = term[:, :, None] == name[:, None, :]
        same = np.where(alike, cube[pairs], 0).max(axis=2)
        opposite = np.where(alike, 0, cube[pairs]).max(axis=2)
        against = np.where(opposite >= DENIED_LIKENESS, opposite - np.maximum(same, 0), 0)
        conflict[pairs] = np.clip(against.max(axis=1), 0, 1)
        both = np.where((term[:, :, None] & name[:, None, :]) > 0, cube[pairs], 0).max(axis=(1, 2))
        agrees[pairs] = np.where(both >= DENIED_LIKENESS, both, 0)
    return {"negation_agrees": agrees, "negation_conflict": conflict}


def _typed(
    index: TargetIndex, queries: Sequence[Query], found: Found
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.int64]]:
    """Agreement of typed words, by axis."""
    term = np.array([query.typed for query in queries], np.int64)[found.row]
    name = index.names.typed[found.name]
    conflict_bits = np.zeros(len(term), np.int64)
    for position, bits in enumerate(_AXIS_BITS.values()):
        mask = sum(bits)
        differs = ((term & mask) > 0) & ((name & mask) > 0) & ((term & name & mask) == 0)
        conflict_bits |= differs.astype(np.int64) << position
    unspecified, other = 1 << VALUES.index("unspecified"), 1 << VALUES.index("other")
    axes = list(_AXIS_BITS)

    def count(bits: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(np.minimum(np.bitwise_count(bits), 4) / 4, np.float32)

    def flag(condition: NDArray[np.bool_]) -> NDArray[np.float32]:
        return condition.astype(np.float32)

    without = 1 << VALUES.index("without")
    return {
        "agreements": count(term & name),
        "conflicts": count(conflict_bits),
        "term_only_typed": count(term & ~name),
        "name_only_typed": count(name & ~term),
        "unspecified_both": flag((term & name & unspecified) > 0),
        "unspecified_term": flag((term & ~name & unspecified) > 0),
        "unspecified_name": flag((name & ~term & unspecified) > 0),
        "other_both": flag((term & name & other) > 0),
        "other_term": flag((term & ~name & other) > 0),
        "other_name": flag((name & ~term & other) > 0),
        "side_conflict": flag((conflict_bits >> axes.index("side")) & 1 > 0),
        "negation_differs": flag(((term ^ name) & without) > 0),
        "behaviour_conflict": flag((conflict_bits >> axes.index("behaviour")) & 1 > 0),
    }, conflict_bits


def _numbers(index: TargetIndex, queries: Sequence[Query], found: Found) -> dict[str, NDArray[np.float32]]:
    """Numbers that both have, that only the term has, that only the name has, capped at 3; whether all of them differ."""
    counts = np.zeros((len(found.row), 3), np.float32)
    has = np.array([bool(query.numbers) for query in queries], np.bool_)
    pairs = np.flatnonzero(has[found.row] | index.names.numbers.has[found.name])
    names = index.names.numbers.take(found.name[pairs])
    for pair, row, theirs in zip(pairs.tolist(), found.row[pairs].tolist(), names, strict=True):
        ours = queries[row].numbers
        counts[pair] = len(ours & theirs), len(ours - theirs), len(theirs - ours)
    capped = np.asarray(np.minimum(counts, 3) / 3, np.float32)
    conflict = (counts[:, 0] == 0) & (counts[:, 1] > 0) & (counts[:, 2] > 0)
    return {
        "numbers_shared": capped[:, 0],
        "numbers_missing": capped[:, 1],
        "numbers_added": capped[:, 2],
        "numbers_conflict": conflict.astype(np.float32),
    }


def _symbols(index: TargetIndex, queries: Sequence[Query], found: Found) -> dict[str, NDArray[np.float32]]:
    """Letters, symbols and times of either side that the other has too, or lacks."""
    ours = [(identifiers_of(query.named), minutes_of(query.named)) for query in queries]
    columns = {
        name: np.zeros(len(found.row), np.float32)
        for name in ("symbols_shared", "symbols_missing", "symbols_added", "minutes_agree", "minutes_conflict")
    }
    symbolic, timed = (
        np.array([bool(one[place]) for one in ours], np.bool_)[found.row] | (index.names.marks[found.name] & mark > 0)
        for place, mark in enumerate((SYMBOLS, MINUTES))
    )
    pairs = np.flatnonzero(symbolic | timed)
    texts = index.names.searched.take(found.name[pairs])
    for pair, row, text in zip(pairs.tolist(), found.row[pairs].tolist(), texts, strict=True):
        symbols, minutes = ours[row]
        theirs, their_minutes = identifiers_of(text), minutes_of(text)
        if symbols:
            shared = len(symbols & theirs)
            columns["symbols_shared"][pair] = shared / len(symbols)
            columns["symbols_missing"][pair] = min(len(symbols) - shared, 3) / 3
        if theirs:
            columns["symbols_added"][pair] = min(len(theirs - symbols), 3) / 3
        if minutes and their_minutes:
            columns["minutes_agree" if minutes & their_minutes else "minutes_conflict"][pair] = 1
    return columns


def _laboratory(index: TargetIndex, queries: Sequence[Query], found: Found) -> dict[str, NDArray[np.float32]]:
    """Agreement of laboratory axes where both sides say them; the display speaks for the target."""
    display = index.names.start[found.target]
    columns: dict[str, NDArray[np.float32]] = {}
    names = index.names
    for axis, theirs in (
        ("specimen", names.specimen[display]),
        ("property", names.property[display]),
        ("timing", names.timing[display]),
    ):
        ours = np.array([getattr(query.lab, axis) for query in queries], np.int8)[found.row]
        both = (ours > 0) & (theirs > 0)
        columns[f"{axis}_agrees"] = (both & (ours == theirs)).astype(np.float32)
        columns[f"{axis}_conflicts"] = (both & (ours != theirs)).astype(np.float32)
        if axis == "timing":
            columns["timing_added"] = ((ours == 0) & (theirs > 0)).astype(np.float32)
    said = np.array([query.lab.method for query in queries], np.int64)[found.row]
    named = names.method[display].astype(np.int64)
    columns["method_shared"] = ((said & named) > 0).astype(np.float32)
    columns["method_conflicts"] = ((said > 0) & (named > 0) & ((said & named) == 0)).astype(np.float32)
    columns["method_added"] = np.minimum(np.bitwise_count(named & ~said), 2).astype(np.float32) / 2
    ours = np.array([query.scale for query in queries], np.int8)[found.row]
    theirs = names.scale[display]
    both = (ours > 0) & (theirs > 0)
    columns["scale_agrees"] = (both & (ours == theirs)).astype(np.float32)
    columns["scale_conflicts"] = (both & (ours != theirs)).astype(np.float32)
    columns["laboratory"] = ((index.names.specimen[display] > 0) & (index.names.property[display] > 0)).astype(
        np.float32
    )
    return columns | _units(index, queries, found)


def _units(index: TargetIndex, queries: Sequence[Query], found: Found) -> dict[str, NDArray[np.float32]]:
    """Units of rows that are a laboratory's beside those of displays that end with one."""
    columns = {name: np.zeros(len(found.row), np.float32) for name in ("unit_agrees", "unit_conflicts", "unit_added")}
    asked = np.array([bool(query.unit or query.lab.specimen or query.lab.property) for query in queries], np.bool_)
    display = index.names.start[found.target]
    pairs = np.flatnonzero(asked[found.row] & (index.names.specimen[display] > 0))
    texts = index.names.searched.take(display[pairs])
    for pair, row, text in zip(pairs.tolist(), found.row[pairs].tolist(), texts, strict=True):
        ours, theirs = queries[row].unit, unit_of_name(text)
        if theirs is None:
            continue
        if ours:
            columns["unit_agrees" if ours == theirs else "unit_conflicts"][pair] = 1
        elif theirs:
            columns["unit_added"][pair] = 1
    return columns


def _chances(
    index: TargetIndex,
    attributes: AttributeModel,
    queries: Sequence[Query],
    found: Found,
    profile: ListProfile | None,
) -> dict[str, NDArray[np.float32]]:
    """How much less likely the words of the term make each class of the target than the best class among the row's candidates.

    0 is the best of the row; 0 too for a target of no known class. `list_kind` says the same of the list the row comes from.
    """
    chances = attributes.log_chances([query.with_context for query in queries])
    used, local = np.unique(found.target, return_inverse=True)
    classes = {head: values[local] for head, values in target_classes(index, used).items()}
    columns = {f"{head}_chance": _chance_below_best(found.row, chances[head], mine) for head, mine in classes.items()}
    if profile is None:
        columns["list_kind"] = np.zeros(len(found.row), np.float32)
    else:
        columns["list_kind"] = _chance_below_best(found.row, profile.of(queries), classes["kind"])
    return columns


def _chance_below_best(
    row: NDArray[np.int64], chances: NDArray[np.float32], mine: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Each pair's chance below the best of its row; 0 where the pair has no class."""
    values = np.where(mine >= 0, chances[row, mine], np.float32(-99))
    return np.where(mine >= 0, below_best(row, values), 0).astype(np.float32)
