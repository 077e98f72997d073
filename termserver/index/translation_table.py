"""$translate from memory: a concept map as (system, code) → targets and back, at the same speed whatever its size.

Built from the store on first use. Codes are keys of dicts; what belongs to an element lies packed in one block of
bytes and is unpacked on a hit, so that a table costs about 250 bytes an element. Displays of the target (and source)
code system are put in when the table is built; `TranslationTables` keeps tables within a byte budget.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

import orjson

from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, DependencyValue, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship

DisplaysOf = Callable[[str, str | None, Sequence[str]], list[str | None]]
"""(system, version, codes) → each code's display in its code system, or None."""

_BATCH = 5_000
_BYTES_A_KEY = 170
_RELATIONSHIPS = {item.value: item for item in Relationship}


class GroupTable:
    """One group of a map: elements by source code and by target code."""

    __slots__ = ("_blob", "_ends", "_forward", "_reverse", "group", "size_bytes")

    def __init__(
        self,
        group: MapGroup,
        forward: dict[str, tuple[int, ...] | int],
        reverse: dict[str, tuple[int, ...] | int],
        blob: bytes,
        ends: array[int],
    ) -> None:
        self.group = group
        self._forward = forward
        self._reverse = reverse
        self._blob = blob
        self._ends = ends
        keys = sum(map(len, forward)) + sum(map(len, reverse)) + _BYTES_A_KEY * (len(forward) + len(reverse))
        self.size_bytes = len(blob) + 8 * len(ends) + keys

    def elements(self, code: str) -> tuple[MapElement, ...]:
        """The elements with this source code; almost always none or one."""
        return self._unpacked(self._forward.get(code))

    def sources_of(self, code: str) -> tuple[MapElement, ...]:
        """The elements that have this target code, in the map's order."""
        return self._unpacked(self._reverse.get(code))

    def _unpacked(self, places: tuple[int, ...] | int | None) -> tuple[MapElement, ...]:
        if places is None:
            return ()
        if isinstance(places, int):
            places = (places,)
        ends, blob = self._ends, self._blob
        return tuple(_unpack(blob[ends[place - 1] if place else 0 : ends[place]]) for place in places)


class TranslationTable:
    """A concept map, ready to translate. The groups of `head` have no elements."""

    __slots__ = ("groups", "head", "size_bytes")

    def __init__(self, head: ConceptMap, groups: tuple[GroupTable, ...]) -> None:
        self.head = head
        self.groups = groups
        self.size_bytes = 2_000 + sum(group.size_bytes for group in groups)


def table_from_map(concept_map: ConceptMap) -> TranslationTable:
    """The table of a map in hand (inline, or overlaid by a request); displays are the map's own."""
    elements = ((index, element) for index, group in enumerate(concept_map.groups) for element in group.elements)
    head = replace(concept_map, groups=tuple(replace(group, elements=()) for group in concept_map.groups))
    return build_table(head, elements, None)


def build_table(
    head: ConceptMap, elements: Iterable[tuple[int, MapElement]], displays_of: DisplaysOf | None
) -> TranslationTable:
    """Build a table from a stream of (group index, element).

    Parameters
    ----------
    head
        The map, its groups without elements.
    displays_of
        Looks displays up in code systems; None keeps the map's.
    """
    drafts = [_Draft(group, displays_of) for group in head.groups]
    for index, element in elements:
        drafts[index].add(element)
    return TranslationTable(head, tuple(draft.finished() for draft in drafts))


class _Draft:
    """A group table while it is built."""

    def __init__(self, group: MapGroup, displays_of: DisplaysOf | None) -> None:
        self._group = replace(group, elements=())
        self._displays_of = displays_of
        self._waiting: list[MapElement] = []
        self._forward: dict[str, tuple[int, ...] | int] = {}
        self._reverse: dict[str, tuple[int, ...] | int] = {}
        self._blob = bytearray()
        self._ends: array[int] = array("Q")

    def add(self, element: MapElement) -> None:
        self._waiting.append(element)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def finished(self) -> GroupTable:
        self._flush()
        return GroupTable(self._group, self._forward, self._reverse, bytes(self._blob), self._ends)

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        target_codes = list(dict.fromkeys(target.code for element in batch for target in element.targets))
        source_displays = self._displays(self._group.source, self._group.source_version, [item.code for item in batch])
        target_displays = dict(
            zip(
                target_codes,
                self._displays(self._group.target, self._group.target_version, target_codes),
                strict=True,
            )
        )
        for element, source_display in zip(batch, source_displays, strict=True):
            place = len(self._ends)
            self._blob += _pack(element, source_display, target_displays)
            self._ends.append(len(self._blob))
            _put(self._forward, element.code, place)
            for code in dict.fromkeys(target.code for target in element.targets):
                _put(self._reverse, code, place)

    def _displays(self, system: str, version: str | None, codes: Sequence[str]) -> list[str | None]:
        if self._displays_of is None or not codes:
            return [None] * len(codes)
        return self._displays_of(system, version, codes)


def _put(places: dict[str, tuple[int, ...] | int], code: str, place: int) -> None:
    known = places.get(code)
    if known is None:
        places[code] = place
    else:
        places[code] = (*known, place) if isinstance(known, tuple) else (known, place)


def _pack(element: MapElement, source_display: str | None, target_displays: dict[str, str | None]) -> bytes:
    targets = []
    for target in element.targets:
        packed: list[object] = [
            target.code,
            target.relationship.value,
            target_displays.get(target.code) or target.display,
        ]
        if target.comment or target.r4_equivalence or target.depends_on or target.products or target.properties:
            packed += [
                target.comment,
                target.r4_equivalence,
                target.depends_on,
                target.products,
                target.properties,
            ]
        targets.append(packed)
    return orjson.dumps([element.code, source_display or element.display, element.no_map, element.comment, targets])


def _unpack(packed: bytes) -> MapElement:
    code, display, no_map, comment, targets = orjson.loads(packed)
    return MapElement(code, display, tuple([_target(*target) for target in targets]), no_map, comment)


def _target(
    code: str,
    relationship: str,
    display: str | None,
    comment: str | None = None,
    r4_equivalence: str | None = None,
    depends_on: Sequence[dict[str, object]] = (),
    products: Sequence[dict[str, object]] = (),
    properties: Sequence[tuple[str, object]] = (),
) -> MapTarget:
    if not (depends_on or products or properties):
        return MapTarget(code, _RELATIONSHIPS[relationship], display, comment, r4_equivalence)
    return MapTarget(
        code,
        _RELATIONSHIPS[relationship],
        display,
        comment,
        r4_equivalence,
        tuple(_dependency(item) for item in depends_on),
        tuple(_dependency(item) for item in products),
        tuple((name, value) for name, raw in properties if (value := _value(raw)) is not None),
    )


def _dependency(item: dict[str, object]) -> Dependency:
    value_set, display = item["value_set"], item["display"]
    return Dependency(
        str(item["attribute"]),
        _value(item["value"]),
        value_set if isinstance(value_set, str) else None,
        display if isinstance(display, str) else None,
    )


def _value(raw: object) -> DependencyValue | None:
    if isinstance(raw, dict):
        return Coding(raw["system"], raw["code"], raw["version"], raw["display"])
    return raw if isinstance(raw, str | bool | int | float) else None


class TranslationTables:
    """The tables in memory, the least recently used leaving first; one table may be larger than the budget."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._tables: OrderedDict[Hashable, TranslationTable] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> TranslationTable | None:
        """The table, if it is in memory."""
        with self._lock:
            table = self._tables.get(key)
            if table is not None:
                self._tables.move_to_end(key)
            return table

    def put(self, key: Hashable, table: TranslationTable) -> None:
        """Keep a table; others leave until the budget holds."""
        with self._lock:
            self._tables[key] = table
            self._tables.move_to_end(key)
            while len(self._tables) > 1 and self.size_bytes() > self._budget_bytes:
                self._tables.popitem(last=False)

    def size_bytes(self) -> int:
        """Estimated size of all tables, in bytes."""
        return sum(table.size_bytes for table in self._tables.values())
