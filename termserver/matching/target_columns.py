"""Targets as they come, kept as columns until all are here and can be put in order.

Half a million targets with their names as Python objects take half a gigabyte, and a process does not get all of it back.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.normalise.common import fold
from termserver.matching.normalise.tables import language_of
from termserver.matching.target_table import TargetTable, joined_parents
from termserver.matching.text_table import Labels, TextTable
from termserver.model.candidate import Target

_GROUPS_AT_ONCE = 4_096


@dataclass(frozen=True, slots=True)
class TargetColumns:
    """Targets in order of code, then system, with their names.

    Parameters
    ----------
    table
        The targets.
    has_children
        Shape (n_targets,): another one names it as parent, or continues its code behind a point.
    texts, languages
        All names, those of one target together, its display first, equal ones once; primary language, or None.
    concept, start
        Shape (n_names,), the target of each name; (n_targets + 1,), the first name of each target.
    """

    table: TargetTable
    has_children: NDArray[np.bool_]
    texts: TextTable
    languages: Labels
    concept: NDArray[np.int32]
    start: NDArray[np.int32]


def columns_of(targets: Iterable[Target]) -> TargetColumns:
    """Read targets one by one, then put them in order. Memory: twice the letters of their names, and some 200 bytes a target.

    Raises
    ------
    MatchingError
        If there are none.
    """
    names, codes, parents = _Names(), list[str](), _Texts()
    systems, kinds, active = _Labels(), _Labels(), bytearray()
    for target in targets:
        names.add(target)
        codes.append(target.code)
        systems.add(target.system)
        kinds.add(target.kind)
        parents.add(joined_parents(target.parents))
        active.append(target.active)
        names.parents.update(target.parents)
    if not codes:
        raise MatchingError("there are no targets to search; load the target code system first")
    order = _order(codes, systems)
    texts, languages, start = names.ordered(order)
    in_order = [codes[place] for place in order.tolist()]
    table = TargetTable(
        systems.ordered(order),
        TextTable.of(in_order),
        TextTable(texts.block, texts.starts[start[:-1]], texts.ends[start[:-1]]),
        kinds.ordered(order),
        parents.ordered(order, np.arange(len(codes) + 1)),
        np.frombuffer(active, np.bool_)[order],
    )
    concept = np.repeat(np.arange(len(order), dtype=np.int32), np.diff(start))
    return TargetColumns(table, _have_children(in_order, names.parents), texts, languages, concept, start)


class _Texts:
    """Texts in one block, as they come."""

    def __init__(self) -> None:
        self._block = bytearray()
        self._ends = array("q", [0])

    def add(self, text: str) -> None:
        self._block += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._block))

    def ordered(self, order: NDArray[np.int64], start: NDArray[np.int64]) -> TextTable:
        """The groups of texts that begin at `start`, in another order."""
        ends = np.frombuffer(self._ends, np.int64)
        lengths = np.diff(ends)[places_of(order, start)]
        letters, block = bytearray(), memoryview(self._block)
        for place in range(0, len(order), _GROUPS_AT_ONCE):
            chosen = order[place : place + _GROUPS_AT_ONCE]
            first, last = ends[start[chosen]].tolist(), ends[start[chosen + 1]].tolist()
            letters += b"".join([block[begin:end] for begin, end in zip(first, last, strict=True)])
        after = np.cumsum(lengths)
        return TextTable(np.frombuffer(letters, np.uint8), after - lengths, after)


class _Labels:
    """Labels as they come."""

    def __init__(self) -> None:
        self._number: dict[str | None, int] = {}
        self._numbers = array("i")

    def add(self, label: str | None) -> None:
        self._numbers.append(self._number.setdefault(label, len(self._number)))

    def ordered(self, order: NDArray[np.int64]) -> Labels:
        """In another order, the values in order of first sight there."""
        numbers = np.frombuffer(self._numbers, np.int32)[order]
        used, first = np.unique(numbers, return_index=True)
        used = used[np.argsort(first)]
        renumbered = np.zeros(len(self._number), np.int32)
        renumbered[used] = np.arange(len(used), dtype=np.int32)
        values = list(self._number)
        return Labels(renumbered[numbers], tuple(values[number] for number in used.tolist()))

    def values(self) -> list[str | None]:
        """The label of each, as they came."""
        labels = list(self._number)
        return [labels[number] for number in self._numbers]


class _Names:
    """The names of the targets as they come, a target's equal ones once; and the codes that are named as parents."""

    def __init__(self) -> None:
        self._texts = _Texts()
        self._languages = _Labels()
        self._start = array("q", [0])
        self.parents: set[str] = set()

    def add(self, target: Target) -> None:
        language = _display_language(target)
        self._texts.add(target.display)
        self._languages.add(language)
        count = 1
        seen = {(fold(target.display), language)}
        for designation in target.designations:
            language = language_of(designation.language)
            key = (fold(designation.value), language)
            if key[0] and key not in seen:
                seen.add(key)
                self._texts.add(designation.value)
                self._languages.add(language)
                count += 1
        self._start.append(self._start[-1] + count)

    def ordered(self, order: NDArray[np.int64]) -> tuple[TextTable, Labels, NDArray[np.int32]]:
        """Texts, languages, and the first name of each target, in another order."""
        start = np.frombuffer(self._start, np.int64)
        first = np.r_[0, np.cumsum(np.diff(start)[order])].astype(np.int32)
        return self._texts.ordered(order, start), self._languages.ordered(places_of(order, start)), first


def places_of(order: NDArray[np.int64], start: NDArray[np.int64]) -> NDArray[np.int64]:
    """The members of groups that begin at `start`, the groups in another order.

    >>> places_of(np.array([1, 0]), np.array([0, 2, 5])).tolist()
    [2, 3, 4, 0, 1]
    """
    counts = np.diff(start)[order]
    return np.asarray(
        np.arange(counts.sum()) + np.repeat(start[order] - (np.cumsum(counts) - counts), counts), np.int64
    )


def _order(codes: Sequence[str], systems: _Labels) -> NDArray[np.int64]:
    """By code, then system."""
    named = systems.values()
    return np.array(sorted(range(len(codes)), key=lambda place: (codes[place], named[place] or "")), np.int64)


def _display_language(target: Target) -> str | None:
    """The language of the display, where one of the designations repeats it with a tag."""
    return next(
        (
            language_of(designation.language)
            for designation in target.designations
            if designation.value == target.display and designation.language
        ),
        None,
    )


def _have_children(codes: Sequence[str], parents: set[str]) -> NDArray[np.bool_]:
    """Which codes are parents, or stand before another one's point; shape (n_targets,)."""
    before = {code.split(".")[0] for code in codes if "." in code}
    return np.fromiter((code in parents or code in before for code in codes), np.bool_, len(codes))
