"""$translate from memory: a concept map as (system, code) → targets and back, at the same speed whatever its size.

Built from the store on first use. What belongs to an element lies packed in one block of bytes and is unpacked on a
hit; codes are found through a `CodeIndex`: a table costs about 100 bytes an element. Most elements are *plain*: codes,
displays, relationships and comments, kept as the JSON text that an answer needs, so that hot paths copy bytes. Displays
of the target (and source) code system are put in when the table is built; `TranslationTables` keeps tables within a
byte budget.
"""

from __future__ import annotations

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from itertools import product
from mmap import mmap
from typing import Any

import orjson

from termserver.fhir.primitives import plain_json
from termserver.index.code_index import CodeIndex, CodeIndexDraft
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, DependencyValue, MapElement, MapGroup, MapTarget
from termserver.model.relationship import R4_EQUIVALENCES, Relationship
from termserver.store.json_text import loads_exactly

DisplaysOf = Callable[[Sequence[str]], list[str | None]]
"""Codes → each code's display in its code system, or None."""

_BATCH = 5_000
TAGS: tuple[tuple[Relationship, str | None], ...] = tuple(product(Relationship, (None, *R4_EQUIVALENCES)))
"""What a plain target says beside code, display and comment; a record holds its place here, plus one."""
_TAG_OF = {said: place + 1 for place, said in enumerate(TAGS)}
_FIELDS_OF_TARGET = 3
_VALUE_SETS = b""
"""In place of a code's JSON text: elements (targets) that stand for a value set."""
_SEPARATOR = b"\0"  # JSON text never holds it
Record = list[bytes]
"""An element as it lies in memory: JSON texts, empty for None. A plain one: a byte of tags for each target, code,
display, then code, display and comment of each target. Any other: nothing, code, the whole as a JSON array."""


class GroupTable:
    """One group of a map: elements by source code and by target code.

    Parameters
    ----------
    blob
        All records, one after the other.
    starts
        Unsigned 64-bit: where each record begins in `blob`, and where the last one ends.
    forward, reverse
        Number of the record by source code, by target code; a code is its JSON text.
    """

    __slots__ = ("_blob", "_forward", "_reverse", "_starts", "group", "size_bytes")

    def __init__(
        self, group: MapGroup, blob: bytes | mmap, starts: memoryview, forward: CodeIndex, reverse: CodeIndex
    ) -> None:
        self.group = group
        self._blob = blob
        self._starts = starts
        self._forward = forward
        self._reverse = reverse
        self.size_bytes = len(blob) + starts.nbytes + forward.size_bytes + reverse.size_bytes

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def buffers(self) -> dict[str, bytes | mmap | memoryview]:
        """What the table consists of, by name, to be written to files."""
        forward, reverse = self._forward.arrays, self._reverse.arrays
        return {
            "records": self._blob,
            "starts": self._starts,
            "forward_starts": forward[0],
            "forward_places": forward[1],
            "reverse_starts": reverse[0],
            "reverse_places": reverse[1],
        }

    def elements(self, code: str) -> tuple[MapElement, ...]:
        """The elements with this source code; almost always none or one."""
        return tuple([_unpack(record) for record in self.records(orjson.dumps(code))])

    def sources_of(self, code: str) -> tuple[MapElement, ...]:
        """The elements that have this target code, in the map's order."""
        elements = [_unpack(record) for record in self.records_to(orjson.dumps(code))]
        return tuple([item for item in elements if any(target.code == code for target in item.targets)])

    def elements_of_value_sets(self) -> tuple[MapElement, ...]:
        """The elements that stand for a whole value set, not for a code."""
        return tuple([_unpack(record) for record in self.records(_VALUE_SETS)])

    def elements_to_value_sets(self) -> tuple[MapElement, ...]:
        """The elements that have a target which is a whole value set."""
        elements = [_unpack(record) for record in self.records_to(_VALUE_SETS) if not record[0]]
        return tuple([item for item in elements if any(target.value_set for target in item.targets)])

    def records(self, key: bytes) -> list[Record]:
        """The records of the elements whose code has this JSON text."""
        blob, starts = self._blob, self._starts
        found = []
        for place in self._forward.places_of(key):
            record = blob[starts[place] : starts[place + 1]].split(_SEPARATOR)
            if record[1] == key:
                found.append(record)
        return found

    def records_to(self, key: bytes) -> list[Record]:
        """The records of the elements that may have a target whose code has this JSON text: all, and others."""
        blob, starts = self._blob, self._starts
        places = self._reverse.places_of(key)
        # An element stands in a bucket as often as it has targets there
        once = dict.fromkeys(places) if len(places) > 1 else places
        return [blob[starts[place] : starts[place + 1]].split(_SEPARATOR) for place in once]


class TranslationTable:
    """A concept map, ready to translate. The groups of `head` have no elements.

    Parameters
    ----------
    content_hash
        Of the stored map; empty if the map came with the request.
    """

    __slots__ = ("content_hash", "groups", "head", "size_bytes")

    def __init__(self, head: ConceptMap, groups: tuple[GroupTable, ...], content_hash: str = "") -> None:
        self.content_hash = content_hash
        self.head = head
        self.groups = groups
        self.size_bytes = 2_000 + sum(group.size_bytes for group in groups)

    @property
    def is_brought(self) -> bool:
        """True if the map came with the request."""
        return not self.content_hash

    @property
    def element_count(self) -> int:
        """How many elements the groups have."""
        return sum(len(group) for group in self.groups)


def table_from_map(concept_map: ConceptMap) -> TranslationTable:
    """The table of a map in hand (inline, or overlaid by a request); displays are the map's own."""
    elements = ((index, element) for index, group in enumerate(concept_map.groups) for element in group.elements)
    head = replace(concept_map, groups=tuple(replace(group, elements=()) for group in concept_map.groups))
    return build_table(head, elements, None)


def build_table(
    head: ConceptMap,
    elements: Iterable[tuple[int, MapElement]],
    displays: Sequence[tuple[DisplaysOf | None, DisplaysOf | None]] | None,
) -> TranslationTable:
    """Build a table from a stream of (group index, element).

    Parameters
    ----------
    head
        The map, its groups without elements.
    displays
        Of each group: how to look up displays of source and target codes; None keeps the map's.
    """
    drafts = [
        _Draft(group, *(displays[place] if displays else (None, None))) for place, group in enumerate(head.groups)
    ]
    for index, element in elements:
        drafts[index].add(element)
    return TranslationTable(head, tuple(draft.finished() for draft in drafts))


class _Draft:
    """A group table while it is built."""

    def __init__(
        self, group: MapGroup, source_displays_of: DisplaysOf | None, target_displays_of: DisplaysOf | None
    ) -> None:
        self._group = replace(group, elements=())
        self._source_displays_of = source_displays_of or _no_displays
        self._target_displays_of = target_displays_of or _no_displays
        self._waiting: list[MapElement] = []
        self._forward = CodeIndexDraft()
        self._reverse = CodeIndexDraft()
        self._blob = bytearray()
        self._starts: array[int] = array("Q", [0])

    def add(self, element: MapElement) -> None:
        self._waiting.append(element)
        if len(self._waiting) >= _BATCH:
            self._flush()

    def finished(self) -> GroupTable:
        self._flush()
        return GroupTable(
            self._group,
            bytes(self._blob),
            memoryview(self._starts),
            self._forward.finished(),
            self._reverse.finished(),
        )

    def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        target_codes = list(dict.fromkeys(target.code for element in batch for target in element.targets))
        source_displays = self._source_displays_of([item.code for item in batch])
        target_displays = dict(zip(target_codes, self._target_displays_of(target_codes), strict=True))
        for element, source_display in zip(batch, source_displays, strict=True):
            place = len(self._starts) - 1
            self._blob += _pack(element, source_display, target_displays)
            self._starts.append(len(self._blob))
            self._forward.add(_packed_text(element.code), place)
            for code in dict.fromkeys(target.code for target in element.targets):
                self._reverse.add(_packed_text(code), place)


def _no_displays(codes: Sequence[str]) -> list[str | None]:
    return [None] * len(codes)


def _pack(element: MapElement, source_display: str | None, target_displays: dict[str, str | None]) -> bytes:
    code, display = _packed_text(element.code), source_display or element.display
    targets = element.targets
    tags = bytes([_tag(target) for target in targets])
    if not tags or not code or element.no_map or element.comment or 0 in tags:
        return _SEPARATOR.join((b"", code, _packed_whole(element, display, target_displays)))
    fields = [tags, code, _packed_text(display)]
    for target in targets:
        fields.append(orjson.dumps(target.code))
        fields.append(_packed_text(target_displays.get(target.code) or target.display))
        fields.append(_packed_text(target.comment))
    return _SEPARATOR.join(fields)


def _tag(target: MapTarget) -> int:
    """The target's tag; 0 if it says more than a plain record has room for."""
    if target.depends_on or target.products or target.properties or not target.code:
        return 0
    return _TAG_OF.get((target.relationship, target.r4_equivalence), 0)


def _packed_text(text: str | None) -> bytes:
    return orjson.dumps(text) if text else b""


def _packed_whole(element: MapElement, display: str | None, target_displays: dict[str, str | None]) -> bytes:
    targets = [
        [
            target.code,
            target.relationship.value,
            target_displays.get(target.code) or target.display,
            target.comment,
            target.r4_equivalence,
            target.depends_on,
            target.products,
            target.properties,
            target.value_set,
        ]
        for target in element.targets
    ]
    return orjson.dumps([display, element.no_map, element.comment, element.value_set, targets], default=plain_json)


def _unpack(record: Record) -> MapElement:
    code = orjson.loads(record[1]) if record[1] else ""
    tags = record[0]
    if not tags:
        display, no_map, comment, value_set, targets = loads_exactly(record[2])
        return MapElement(code, display, tuple([_target(*target) for target in targets]), no_map, comment, value_set)
    fields: list[Any] = [orjson.loads(field) if field else None for field in record[2:]]
    places = range(1, len(fields), _FIELDS_OF_TARGET)
    return MapElement(
        code,
        fields[0],
        tuple([_plain_target(tag, *fields[at : at + _FIELDS_OF_TARGET]) for tag, at in zip(tags, places, strict=True)]),
    )


def _plain_target(tag: int, code: str, display: str | None, comment: str | None) -> MapTarget:
    relationship, r4_equivalence = TAGS[tag - 1]
    return MapTarget(code, relationship, display, comment, r4_equivalence)


def _target(
    code: str,
    relationship: str,
    display: str | None,
    comment: str | None,
    r4_equivalence: str | None,
    depends_on: Sequence[dict[str, object]],
    products: Sequence[dict[str, object]],
    properties: Sequence[tuple[str, object]],
    value_set: str | None,
) -> MapTarget:
    return MapTarget(
        code,
        Relationship(relationship),
        display,
        comment,
        r4_equivalence,
        tuple(_dependency(item) for item in depends_on),
        tuple(_dependency(item) for item in products),
        tuple((name, value) for name, raw in properties if (value := _value(raw)) is not None),
        value_set,
    )


def _dependency(item: dict[str, object]) -> Dependency:
    value_set, display, other = item["value_set"], item["display"], item["other"]
    return Dependency(
        str(item["attribute"]),
        _value(item["value"]),
        value_set if isinstance(value_set, str) else None,
        display if isinstance(display, str) else None,
        other if isinstance(other, dict) else None,
    )


def _value(raw: object) -> DependencyValue | None:
    if isinstance(raw, dict):
        return Coding(raw["system"], raw["code"], raw["version"], raw["display"])
    return raw if isinstance(raw, str | bool | int | float) else None


class TranslationTables:
    """The tables in memory, the least recently used leaving first; one table may be larger than the budget.

    `departures` counts those that left: who keeps a table for later may compare.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.departures = 0
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
                self.departures += 1

    def size_bytes(self) -> int:
        """Estimated size of all tables, in bytes."""
        return sum(table.size_bytes for table in self._tables.values())
