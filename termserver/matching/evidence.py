"""Why a candidate is offered, in words a curator reads: signals, matched words, agreements, conflicts, warnings, relationship.

All candidates of a block that are shown are explained together: what depends on the row alone is worked out once a row, texts and
numbers are taken from the index in one go, and only what differs is left for each candidate.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from termserver.matching.features import FEATURES
from termserver.matching.identifiers import identifiers_of, minutes_of
from termserver.matching.index import TargetIndex
from termserver.matching.labs import METHODS, PROPERTIES, SCALES, SPECIMENS, TIMINGS
from termserver.matching.memory import Remembered
from termserver.matching.normalise.tables import AXES, VALUES
from termserver.matching.queries import Query
from termserver.matching.search import SOURCES
from termserver.matching.units import unit_of_name
from termserver.model.candidate import Evidence, Signal
from termserver.model.coding import Designation
from termserver.model.relationship import Relationship

SIMILAR_WORD = 0.45  # cosine of the own model from which two words are shown as a pair
_MOST_PAIRS = 6
_COLUMN = {name: position for position, name in enumerate(FEATURES)}
_AXIS_OF = {value: axis for axis, values in AXES.items() for value in values}
_AXIS_BITS = {
    axis: (sum(1 << VALUES.index(value) for value in values), [(value, 1 << VALUES.index(value)) for value in values])
    for axis, values in AXES.items()
}
_DETAIL = sum(1 << VALUES.index(value) for value in AXES["detail"])
_MEMORY_SHARE = 0.6
_FOR = [_COLUMN[name] for name in ("agreements", "numbers_shared", "code_shape", "specimen_agrees", "property_agrees")]
_AGAINST = [_COLUMN[name] for name in ("conflicts", "specimen_conflicts", "property_conflicts", "numbers_missing")]
_LAB_AXES = (("specimen", SPECIMENS), ("property", PROPERTIES), ("timing", TIMINGS), ("scale", SCALES))
_WORD = re.compile(r"[^\W_]+")
_WARNINGS = {
    "side": "wrong side",
    "specimen": "another specimen",
    "property": "the unit implies another property",
    "timing": "another time of sampling",
    "scale": "another scale of results",
    "time": "another time after the start",
    "denied": "with and without differ",
    "behaviour": "benign and malignant differ",
    "sex": "another sex",
}
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """The candidates of a block that are shown, a place each.

    Parameters
    ----------
    row, target, name, sources
        Shape (n,): row of the block, positions in the index, bits of `search.SOURCES`.
    features
        Shape (n, n_features).
    shares
        Shape (n, 3): meaning, words, structure, as `ranker.shares` gives them.
    word_cosine
        Shape (n, words of the term, words of the name); -1 where there is no word.
    remembered
        The earlier decision that each has, or None.
    """

    row: NDArray[np.int64]
    target: NDArray[np.int64]
    name: NDArray[np.int64]
    sources: NDArray[np.int64]
    features: NDArray[np.float32]
    shares: NDArray[np.float32]
    word_cosine: NDArray[np.float32]
    remembered: Sequence[Remembered | None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the explanations of a row's candidates share."""

    query: Query
    symbols: frozenset[str]
    minutes: frozenset[float]
    lab: tuple[int, int, int, int]
    reading: str

    @classmethod
    def of(cls, query: Query) -> _Asked:
        return cls(
            query,
            identifiers_of(query.named),
            minutes_of(query.named),
            (query.lab.specimen, query.lab.property, query.lab.timing, query.scale),
            query.gloss if query.gloss in query.texts else "",
        )


def evidence_of(index: TargetIndex, queries: Sequence[Query], shown: Shown) -> list[Evidence]:
    """The evidence of each candidate that is shown, in their order."""
    names = index.names
    asked = [_Asked.of(query) for query in queries]
    searched = names.searched.take(shown.name)
    display = names.start[shown.target]
    lab = np.stack([getattr(names, axis)[display] for axis, _ in _LAB_AXES], axis=1).tolist()
    columns = zip(
        shown.row.tolist(),
        names.texts.take(shown.name),
        [names.languages.values[number] for number in names.languages.numbers[shown.name].tolist()],
        searched,
        names.typed[shown.name].tolist(),
        names.numbers.take(shown.name),
        names.searched.take(display),
        lab,
        names.method[display].tolist(),
        index.targets.active[shown.target].tolist(),
        (shown.features[:, _COLUMN["negation_conflict"]] > 0).tolist(),
        shown.sources.tolist(),
        shown.remembered,
        _signals(shown),
        _matched_words(queries, shown, searched, names.skeletons.take(shown.name)),
        strict=True,
    )
    found = []
    for (
        row,
        text,
        language,
        name,
        typed,
        numbers,
        called,
        theirs,
        method,
        active,
        denied,
        sources,
        memory,
        signals,
        words,
    ) in columns:
        one = asked[row]
        agreements, conflicts = _said(one.query.typed, typed)
        more = [*_words_alike(one, name, numbers), *_axes(one, called, theirs, method)]
        if more:
            agreements += tuple(sentence for agrees, sentence in more if agrees)
            conflicts += tuple(sentence for agrees, sentence in more if not agrees)
        if denied:
            conflicts = (*conflicts, "denied on one side only")
        found.append(
            Evidence(
                signals,
                Designation(text, language),
                words,
                agreements,
                conflicts,
                _warnings(conflicts, active=active),
                _source_names(sources),
                memory.decision if memory else None,
                one.reading,
            )
        )
    return found


def _signals(shown: Shown) -> Iterator[tuple[Signal, ...]]:
    """The four signals of each candidate, that with the largest share first."""
    seen = shown.features.astype(np.float64)
    structure = sum(seen[:, column] for column in _FOR) - sum(seen[:, column] for column in _AGAINST)
    cosine, words, exact = (seen[:, _COLUMN[name]] for name in ("cosine", "token_set", "exact_own"))
    values = (
        np.where(cosine < 0, 0.0, cosine),
        np.where(exact > words, exact, words),
        0.5 + 0.5 * np.clip(structure, -1, 1),
    )
    capped = [np.where(value > 1, 1.0, value).tolist() for value in values]
    for meaning, text, built, shares, memory in zip(*capped, shown.shares.tolist(), shown.remembered, strict=True):
        memory_share = _MEMORY_SHARE * memory.likeness if memory else 0.0
        left = 1 - memory_share
        parts = [round(share * left, 3) for share in shares]
        parts[parts.index(max(parts))] += left - sum(parts)
        signals = [
            Signal("meaning", round(meaning, 4), parts[0]),
            Signal("words", round(text, 4), parts[1]),
            Signal("structure", round(built, 4), parts[2]),
            Signal("memory", memory.likeness if memory else 0.0, memory_share),
        ]
        signals.sort(key=lambda signal: -signal.share)
        yield tuple(signals)


def _matched_words(
    queries: Sequence[Query], shown: Shown, searched: Sequence[str], skeletons: Sequence[str]
) -> list[tuple[tuple[str, str], ...]]:
    """Of each candidate the pairs of words that mean the same, best first, each word once."""
    term_words = [readable_words(query.named, query.skeleton) for query in queries]
    place, ours, theirs = np.nonzero(shown.word_cosine >= SIMILAR_WORD)
    order = np.lexsort((theirs, ours, -shown.word_cosine[place, ours, theirs], place))
    pairs: list[list[tuple[str, str]]] = [[] for _ in searched]
    rows = shown.row.tolist()
    last, name_words, used_ours, used_theirs = -1, [""], 0, 0
    for at, word, other in zip(place[order].tolist(), ours[order].tolist(), theirs[order].tolist(), strict=True):
        if at != last:
            last, name_words, used_ours, used_theirs = at, readable_words(searched[at], skeletons[at]), 0, 0
        if not (used_ours >> word & 1 or used_theirs >> other & 1):
            used_ours |= 1 << word
            used_theirs |= 1 << other
            pairs[at].append((term_words[rows[at]][word], name_words[other]))
    return [tuple(found[:_MOST_PAIRS]) for found in pairs]


def readable_words(text: str, skeleton: str) -> list[str]:
    """The words of a text as it is written, one for each word of its skeleton; the skeleton's where they cannot be paired.

    >>> readable_words("Feokromocytom, akut", "feokromokitom akut")
    ['Feokromocytom', 'akut']
    """
    written = _WORD.findall(text)
    words = skeleton.split()
    return written if len(written) == len(words) else words


@lru_cache(maxsize=4_000)
def _said(ours: int, theirs: int) -> tuple[Texts, Texts]:
    """Agreements and conflicts of typed words, given as bits."""
    both = ours & theirs
    agreements = [f"{_AXIS_OF[value]} {value}" for bit, value in enumerate(VALUES) if both >> bit & 1]
    conflicts = []
    for axis, (mask, values) in _AXIS_BITS.items():
        if ours & mask and theirs & mask and not both & mask:
            our_value, their_value = (next(value for value, bit in values if side & bit) for side in (ours, theirs))
            conflicts.append(f"{axis} {our_value} ≠ {their_value}")
    return tuple(agreements), tuple(conflicts)


def _words_alike(asked: _Asked, name: str, theirs: frozenset[str]) -> Iterator[tuple[bool, str]]:
    """What numbers, symbols and times say, each with whether it agrees."""
    ours = asked.query.numbers
    if ours and theirs:
        shared = sorted(ours & theirs)
        if shared:
            yield True, "number " + ", ".join(shared)
        else:
            yield False, f"number {', '.join(sorted(ours))} ≠ {', '.join(sorted(theirs))}"
    if asked.symbols and (symbols := sorted(asked.symbols & identifiers_of(name))):
        yield True, "symbol " + ", ".join(symbols)
    if asked.minutes and (minutes := minutes_of(name)):
        if asked.minutes & minutes:
            yield True, f"time {_minutes(asked.minutes & minutes)}"
        else:
            yield False, f"time {_minutes(asked.minutes)} ≠ {_minutes(minutes)}"


def _axes(asked: _Asked, display: str, theirs: Sequence[int], method: int) -> Iterator[tuple[bool, str]]:
    """What the laboratory axes of the display say, each with whether it agrees."""
    for (axis, values), ours_at, theirs_at in zip(_LAB_AXES, asked.lab, theirs, strict=True):
        if ours_at and theirs_at:
            if ours_at == theirs_at:
                yield True, f"{axis} {values[ours_at - 1]}"
            else:
                yield False, f"{axis} {values[ours_at - 1]} ≠ {values[theirs_at - 1]}"
    unit = unit_of_name(display)
    if asked.query.unit and unit is not None:
        if asked.query.unit == unit:
            yield True, f"unit {unit}"
        else:
            yield False, f"unit {asked.query.unit} ≠ {unit or 'none'}"
    if methods := asked.query.lab.method & method:
        for bit, name in enumerate(METHODS):
            if methods >> bit & 1:
                yield True, f"method {name}"


def _minutes(minutes: frozenset[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(minutes)) + " min"


def _warnings(conflicts: Texts, *, active: bool) -> Texts:
    """What a curator should look at before accepting."""
    if active and not conflicts:
        return ()
    warnings = [] if active else ["inactive"]
    warnings += [
        f"{_WARNINGS[axis]}: {conflict}" for conflict in conflicts if (axis := conflict.split()[0]) in _WARNINGS
    ]
    return tuple(warnings)


@lru_cache(maxsize=64)
def _source_names(bits: int) -> Texts:
    return tuple(source for bit, source in enumerate(SOURCES) if bits >> bit & 1)


def suggested_relationships(index: TargetIndex, queries: Sequence[Query], shown: Shown) -> list[Relationship]:
    """How the term of each candidate that is shown stands to it, source to target."""
    features = shown.features
    exact = (features[:, _COLUMN["exact_own"]] > 0) | (features[:, _COLUMN["ratio"]] > 0.97)
    return [
        _relationship(queries[row].typed, typed, exact=same)
        for row, typed, same in zip(
            shown.row.tolist(), index.names.typed[shown.name].tolist(), exact.tolist(), strict=True
        )
    ]


def _relationship(ours: int, theirs: int, *, exact: bool) -> Relationship:
    """Equivalent, narrower (the source says more) or broader (the target says more), from modifiers of one side only.

    A rule, not a learned model: the gold maps name a relationship for one list only. Words that one side lacks are no
    ground, since a synonym or another language lacks them all; a modifier of a known kind (acute, left, in pregnancy) is.
    """
    more = (ours & ~theirs & ~_DETAIL).bit_count() - (theirs & ~ours & ~_DETAIL).bit_count()
    if exact or more in {0, -1}:  # a publisher's name often says one thing more that the local habit takes for granted
        return Relationship.EQUIVALENT
    return Relationship.NARROWER if more > 0 else Relationship.BROADER
