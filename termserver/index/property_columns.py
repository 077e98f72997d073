"""Which concepts have which value of a property: one column a property, built when a filter first asks for it.

A column answers `=`, `in` and `exists` from arrays and tests a regular expression on each distinct value once, so that
only the first filter on a property reads the concepts. Columns are kept in memory, the oldest go first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.index.brief_concepts import BriefConcepts, values_of
from termserver.index.concept_table import ConceptTable
from termserver.model.code_system import Concept
from termserver.model.coding import Coding

Ordinals = NDArray[np.int32]
_OF_THE_CONCEPT = {"code", "concept", "display", "definition", "designation"}
_FLAGS = {"inactive", "notSelectable"}
# Some 10 bytes a pair, and what the texts of the distinct values take
_MOST_PAIRS = 5_000_000


@dataclass(frozen=True, slots=True)
class PropertyColumn:
    """The values of one property.

    Parameters
    ----------
    places
        Distinct value → its row.
    starts, ordinals
        Row `i` is `ordinals[starts[i]:starts[i + 1]]`: the concepts with that value, ascending.
    """

    places: dict[str, int]
    starts: NDArray[np.int64]
    ordinals: Ordinals

    def having(self, values: Iterable[str]) -> Ordinals:
        """Ordinals of the concepts with one of the values, ascending."""
        rows = [self.places[value] for value in values if value in self.places]
        if not rows:
            return np.empty(0, dtype=np.int32)
        chosen = [self.ordinals[int(self.starts[row]) : int(self.starts[row + 1])] for row in rows]
        return chosen[0] if len(chosen) == 1 else np.unique(np.concatenate(chosen))

    def where(self, test: Callable[[str], bool]) -> Ordinals:
        """Ordinals of the concepts with a value that passes the test, ascending."""
        return self.having([value for value in self.places if test(value)])

    def any_value(self) -> Ordinals:
        """Ordinals of the concepts with some value, ascending."""
        return np.unique(self.ordinals)


def property_values(concept: Concept, name: str) -> list[str]:
    """A concept's values of a property, as texts: a Coding's code, `true` and `false` for booleans.

    `code`, `display`, `definition` and `designation` are what the concept has under those names. Where a code system
    does not say `inactive` or `notSelectable`, its concepts' activity says it.
    """
    if name in ("code", "concept"):
        return [concept.code]
    if name == "display":
        return [concept.display] if concept.display else []
    if name == "definition":
        return [concept.definition] if concept.definition else []
    if name == "designation":
        return [item.value for item in concept.designations]
    found = [_text_of(item.value) for item in concept.properties if item.code == name]
    if not found and name == "inactive":
        return [_text_of(not concept.active)]
    if not found and name == "notSelectable" and concept.abstract:
        return ["true"]
    return found


def _text_of(value: object) -> str:
    if isinstance(value, Coding):
        return value.code
    return str(value).lower() if isinstance(value, bool) else str(value)


def column_of(concepts: Iterable[Concept], name: str) -> PropertyColumn:
    """Read a column, from concepts in the order of their ordinals.

    >>> column = column_of([Concept("A", "a"), Concept("B", "b", active=False)], "inactive")
    >>> column.having(["true"]).tolist()
    [1]
    """
    places: dict[str, int] = {}
    rows: list[int] = []
    ordinals: list[int] = []
    for ordinal, concept in enumerate(concepts):
        for value in dict.fromkeys(property_values(concept, name)):
            rows.append(places.setdefault(value, len(places)))
            ordinals.append(ordinal)
    return _column(places, np.array(rows, dtype=np.int64), np.array(ordinals, dtype=np.int32))


def column_of_records(table: ConceptTable, brief: BriefConcepts, name: str) -> PropertyColumn | None:
    """As `column_of`, read from the brief records of a content version; None for what they do not have as it is.

    A property that no concept has costs nothing, another one some microseconds a concept.
    """
    if name in _OF_THE_CONCEPT:
        return None
    kinds = {kind for kind, item in enumerate(brief.properties) if item.code == name}
    places: dict[str, int] = {}
    rows: list[int] = []
    ordinals: list[int] = []
    for ordinal in range(len(table)) if kinds or name in _FLAGS else ():
        values = values_of(brief.lines(ordinal)) if kinds else ()
        found = [_text_of_record(value) for kind, value in values if kind in kinds]
        if not found and name == "inactive":
            found = [_text_of(not table.active.item(ordinal))]
        elif not found and name == "notSelectable" and table.abstract.item(ordinal):
            found = ["true"]
        for text in dict.fromkeys(found) if len(found) > 1 else found:
            rows.append(places.setdefault(text, len(places)))
            ordinals.append(ordinal)
    return _column(places, np.array(rows, dtype=np.int64), np.array(ordinals, dtype=np.int32))


def _text_of_record(value: object) -> str:
    return str(value["code"]) if isinstance(value, dict) else _text_of(value)


def _column(places: dict[str, int], rows: NDArray[np.int64], ordinals: Ordinals) -> PropertyColumn:
    order = np.lexsort((ordinals, rows))
    starts = np.zeros(len(places) + 1, dtype=np.int64)
    np.cumsum(np.bincount(rows, minlength=len(places)), out=starts[1:])
    return PropertyColumn(places, starts, ordinals[order])


def merged_columns(columns: Iterable[tuple[PropertyColumn, Ordinals | None]]) -> PropertyColumn:
    """One column of several.

    Parameters
    ----------
    columns
        Pairs (column, the ordinal that each of its ordinals has in the merged one, -1 for none; None for the same).
    """
    places: dict[str, int] = {}
    rows: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    ordinals: list[Ordinals] = [np.empty(0, dtype=np.int32)]
    for column, renumbered in columns:
        own = column.ordinals if renumbered is None else renumbered[column.ordinals]
        named = np.array([places.setdefault(value, len(places)) for value in column.places], dtype=np.int64)
        row = np.repeat(named, np.diff(column.starts))
        rows.append(row[own >= 0])
        ordinals.append(own[own >= 0])
    pairs = np.unique(np.stack((np.concatenate(rows), np.concatenate(ordinals).astype(np.int64))), axis=1)
    return _column(places, pairs[0], pairs[1].astype(np.int32))


class PropertyColumns:
    """The columns in memory, by content version and property."""

    def __init__(self, most_pairs: int = _MOST_PAIRS) -> None:
        self._most_pairs = most_pairs
        self._columns: OrderedDict[tuple[str, str], PropertyColumn] = OrderedDict()
        self._lock = threading.Lock()

    def column(self, content_key: str, name: str, read: Callable[[], PropertyColumn]) -> PropertyColumn:
        """A column; read if it is not there, while others wait who want one that is not there either.

        The least recently read goes first where there is no more room.
        """
        key = (content_key, name)
        found = self._columns.get(key)
        if found is not None:
            return found
        with self._lock:
            found = self._columns.get(key)
            if found is None:
                found = self._columns[key] = read()
                self._make_room()
        return found

    def _make_room(self) -> None:
        while len(self._columns) > 1 and sum(len(item.ordinals) for item in self._columns.values()) > self._most_pairs:
            self._columns.popitem(last=False)
