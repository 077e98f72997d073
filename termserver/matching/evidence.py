"""Why a candidate is offered, in words a curator reads: signals, matched words, agreements, conflicts, warnings, relationship."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from termserver.matching.features import FEATURES
from termserver.matching.identifiers import identifiers_of, minutes_of
from termserver.matching.index import TargetIndex
from termserver.matching.labs import METHODS, PROPERTIES, SCALES, SPECIMENS, TIMINGS, scale_of_name
from termserver.matching.memory import Remembered
from termserver.matching.normalise.tables import AXES, VALUES
from termserver.matching.queries import Query
from termserver.matching.search import SOURCES
from termserver.model.candidate import Evidence, Signal
from termserver.model.relationship import Relationship

SIMILAR_WORD = 0.45  # cosine of the own model from which two words are shown as a pair
_COLUMN = {name: position for position, name in enumerate(FEATURES)}
_AXIS_OF = {value: axis for axis, values in AXES.items() for value in values}
_AXIS_BITS = {
    axis: (sum(1 << VALUES.index(value) for value in values), [(value, 1 << VALUES.index(value)) for value in values])
    for axis, values in AXES.items()
}
_MEMORY_SHARE = 0.6
_FOR = [_COLUMN[name] for name in ("agreements", "numbers_shared", "code_shape", "specimen_agrees", "property_agrees")]
_AGAINST = [_COLUMN[name] for name in ("conflicts", "specimen_conflicts", "property_conflicts", "numbers_missing")]


def evidence_of(
    index: TargetIndex,
    query: Query,
    target: int,
    name: int,
    *,
    features: NDArray[np.float32],
    shares: NDArray[np.float32],
    word_cosine: NDArray[np.float32],
    sources: int,
    remembered: Remembered | None,
) -> Evidence:
    """The evidence of one candidate.

    Parameters
    ----------
    target, name
        Positions in the index.
    features
        Shape (n_features,).
    shares
        Shape (3,): meaning, words, structure, as `ranker.shares` gives them.
    word_cosine
        Shape (words of the term, words of the name); -1 where there is no word.
    sources
        Bits of `search.SOURCES`.
    """
    agreements, conflicts = _axes(index, query, target, name)
    if features[_COLUMN["negation_conflict"]] > 0:
        conflicts = (*conflicts, "denied on one side only")
    return Evidence(
        signals=_signals(features, shares, remembered),
        matched_designation=index.designation(name),
        matched_words=_matched_words(query, index.names.skeletons[name], index.names.searched[name], word_cosine),
        agreements=agreements,
        conflicts=conflicts,
        warnings=_warnings(index, target, conflicts),
        sources=tuple(source for bit, source in enumerate(SOURCES) if sources >> bit & 1),
        memory=remembered.decision if remembered else None,
        reading=query.gloss if query.gloss in query.texts else "",
    )


def _signals(
    features: NDArray[np.float32], shares: NDArray[np.float32], remembered: Remembered | None
) -> tuple[Signal, ...]:
    seen = features.tolist()  # numbers of Python: half the time of an evidence would go into taking them one by one
    memory_share = _MEMORY_SHARE * remembered.likeness if remembered else 0.0
    structure = sum(seen[column] for column in _FOR) - sum(seen[column] for column in _AGAINST)
    values = {
        "meaning": max(seen[_COLUMN["cosine"]], 0.0),
        "words": max(seen[_COLUMN["token_set"]], seen[_COLUMN["exact_own"]]),
        "structure": 0.5 + 0.5 * min(max(structure, -1.0), 1.0),
    }
    parts = [round(share * (1 - memory_share), 3) for share in shares.tolist()]
    parts[parts.index(max(parts))] += 1 - memory_share - sum(parts)
    signals = [
        Signal(group, round(min(values[group], 1.0), 4), part) for group, part in zip(values, parts, strict=True)
    ]
    signals.append(Signal("memory", remembered.likeness if remembered else 0.0, memory_share))
    return tuple(sorted(signals, key=lambda signal: -signal.share))


def _matched_words(query: Query, skeleton: str, name: str, cosines: NDArray[np.float32]) -> tuple[tuple[str, str], ...]:
    """Pairs of words that mean the same, best first, each word once."""
    term_words, name_words = readable_words(query.named, query.skeleton), readable_words(name, skeleton)
    rows, columns = np.nonzero(cosines[: len(term_words), : len(name_words)] >= SIMILAR_WORD)
    order = sorted(zip(rows.tolist(), columns.tolist(), strict=True), key=lambda pair: (-float(cosines[pair]), pair))
    pairs, used_rows, used_columns = [], set(), set()
    for row, column in order:
        if row not in used_rows and column not in used_columns:
            used_rows.add(row)
            used_columns.add(column)
            pairs.append((term_words[row], name_words[column]))
    return tuple(pairs[:6])


def readable_words(text: str, skeleton: str) -> list[str]:
    """The words of a text as it is written, one for each word of its skeleton; the skeleton's where they cannot be paired.

    >>> readable_words("Feokromocytom, akut", "feokromokitom akut")
    ['Feokromocytom', 'akut']
    """
    import re

    written = re.findall(r"[^\W_]+", text)
    words = skeleton.split()
    return written if len(written) == len(words) else words


def _axes(index: TargetIndex, query: Query, target: int, name: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Agreements and conflicts of typed words, numbers and laboratory axes."""
    typed = int(index.names.typed[name])
    both = query.typed & typed
    agreements = [f"{_AXIS_OF[value]} {value}" for bit, value in enumerate(VALUES) if both >> bit & 1] if both else []
    conflicts = []
    for axis, (mask, axis_values) in _AXIS_BITS.items() if query.typed and typed else ():
        if query.typed & mask and typed & mask and not both & mask:
            ours = next(value for value, bit in axis_values if query.typed & bit)
            theirs = next(value for value, bit in axis_values if typed & bit)
            conflicts.append(f"{axis} {ours} ≠ {theirs}")
    if query.numbers and (theirs_numbers := index.names.numbers[name]):
        shared = sorted(query.numbers & theirs_numbers)
        if shared:
            agreements.append("number " + ", ".join(shared))
        else:
            conflicts.append(f"number {', '.join(sorted(query.numbers))} ≠ {', '.join(sorted(theirs_numbers))}")
    text = index.names.searched[name]
    symbols = sorted(identifiers_of(query.named) & identifiers_of(text))
    if symbols:
        agreements.append("symbol " + ", ".join(symbols))
    ours_minutes, their_minutes = minutes_of(query.named), minutes_of(text)
    if ours_minutes & their_minutes:
        agreements.append(f"time {_minutes(ours_minutes & their_minutes)}")
    elif ours_minutes and their_minutes:
        conflicts.append(f"time {_minutes(ours_minutes)} ≠ {_minutes(their_minutes)}")
    display = int(index.names.start[target])
    for axis, values, ours_at, theirs_at in (
        ("specimen", SPECIMENS, query.lab.specimen, int(index.names.specimen[display])),
        ("property", PROPERTIES, query.lab.property, int(index.names.property[display])),
        ("timing", TIMINGS, query.lab.timing, int(index.names.timing[display])),
        ("scale", SCALES, query.scale, scale_of_name(index.names.searched[display]) if query.scale else 0),
    ):
        if ours_at and theirs_at:
            if ours_at == theirs_at:
                agreements.append(f"{axis} {values[ours_at - 1]}")
            else:
                conflicts.append(f"{axis} {values[ours_at - 1]} ≠ {values[theirs_at - 1]}")
    if methods := query.lab.method & int(index.names.method[display]):
        agreements += [f"method {method}" for bit, method in enumerate(METHODS) if methods >> bit & 1]
    return tuple(agreements), tuple(conflicts)


def _minutes(minutes: frozenset[float]) -> str:
    return ", ".join(f"{value:g}" for value in sorted(minutes)) + " min"


def _warnings(index: TargetIndex, target: int, conflicts: tuple[str, ...]) -> tuple[str, ...]:
    """What a curator should look at before accepting."""
    warnings = [] if index.targets[target].active else ["inactive"]
    titles = {
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
    warnings += [f"{titles[axis]}: {conflict}" for conflict in conflicts if (axis := conflict.split()[0]) in titles]
    return tuple(warnings)


def suggested_relationship(query: Query, typed: int, features: NDArray[np.float32]) -> Relationship:
    """Equivalent, narrower (the source says more) or broader (the target says more), from modifiers of one side only.

    A rule, not a learned model: the gold maps name a relationship for one list only. Words that one side lacks are no
    ground, since a synonym or another language lacks them all; a modifier of a known kind (acute, left, in pregnancy) is.
    """
    detail = sum(1 << VALUES.index(value) for value in AXES["detail"])
    ours, theirs = query.typed & ~typed & ~detail, typed & ~query.typed & ~detail
    exact = features[_COLUMN["exact_own"]] > 0 or features[_COLUMN["ratio"]] > 0.97
    more = ours.bit_count() - theirs.bit_count()
    if exact or more in {0, -1}:  # a publisher's name often says one thing more that the local habit takes for granted
        return Relationship.EQUIVALENT
    return Relationship.NARROWER if more > 0 else Relationship.BROADER
