"""A ConceptMap that comes in pieces: its elements one by one, then its head; JSON or XML.

Memory does not grow with the number of elements. Every element is checked as `conformity` checks a resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, Protocol

from termserver.fhir.concept_map import declarations_of, read_concept_map
from termserver.fhir.conformity import check_element, check_resource
from termserver.fhir.elements import Json, fault, kind_of, resource_of_type
from termserver.fhir.json_stream import JsonStream
from termserver.fhir.map_groups import Declarations, read_element
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import read_xml_chunks
from termserver.model.concept_map import ConceptMap, MapElement


class ElementSink(Protocol):
    """Takes elements as they come."""

    def add(self, group_index: int, element: MapElement) -> None:
        """The next element of a group."""

    def clear(self) -> None:
        """Forget all: the map is read once more."""


_SURROGATES = re.compile("[\ud800-\udfff]")


def read_concept_map_stream(
    chunks: Callable[[], Iterable[bytes]],
    representation: Representation,
    sink: ElementSink,
    *,
    strip: Callable[[Json], Json] = lambda head: head,
    is_checked: bool = True,
) -> ConceptMap:
    """Read a map; each element goes to `sink` with the index of its group.

    Parameters
    ----------
    chunks
        Begins a new reading of the body. R4's elements are read by what the head declares, and in JSON the declarations
        may come behind them: then all is read once more.
    strip
        What is taken from the head before it is read (its id).
    is_checked
        False reads what is not quite FHIR as well, as long as its meaning is plain.

    Returns
    -------
    The map without elements.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    version = representation.version
    reader = _ElementReader(version, sink, is_checked=is_checked)
    if representation.format is WireFormat.XML:
        reader.declare(_declared_in_xml(chunks(), version))
    head = _read(chunks(), representation, reader)
    if reader.declared_by != _declarations(head, version):
        sink.clear()
        reader = _ElementReader(version, sink, is_checked=is_checked)
        reader.declare(_declarations(head, version))
        head = _read(chunks(), representation, reader)
    if is_checked:
        check_resource(head, version, except_for={"ConceptMap.group.element"})
    return read_concept_map(strip(head), version, reader.declared)


def _declared_in_xml(chunks: Iterable[bytes], version: FhirVersion) -> Declarations:
    """In XML the head is there when the document ends: the body is read once for it alone."""
    if version.is_r5:
        return Declarations()
    return _declarations(_read(chunks, Representation(version, WireFormat.XML), None), version)


def _declarations(head: Json, version: FhirVersion) -> Declarations:
    if version.is_r5:  # R5's elements say the codes themselves
        return Declarations()
    known = {"extension": head["extension"]} if "extension" in head else {}
    return declarations_of(read_concept_map({"resourceType": "ConceptMap", **known}, version))


class _ElementReader:
    """Reads elements into the model; knows where it is."""

    def __init__(self, version: FhirVersion, sink: ElementSink, *, is_checked: bool) -> None:
        self.group = 0
        self.declared = Declarations()  # elements add to it
        self.declared_by = Declarations()  # as the head had it
        self._is_declared = False
        self._place = 0
        self._version = version
        self.is_checked = is_checked
        self._sink = sink

    def declare(self, declared: Declarations) -> None:
        """What the head declares, before the first element."""
        self.declared, self.declared_by, self._is_declared = declared, deepcopy(declared), True

    def head_so_far(self, head: Json) -> None:
        """The groups begin: what stands before them is all there is to go by."""
        if not self._is_declared:
            self.declare(_declarations(head, self._version))

    def element(self, element: Any) -> None:
        """Take the next element of the group."""
        path = f"ConceptMap.group[{self.group}].element[{self._place}]"
        if not isinstance(element, dict):
            raise fault(path, f"must be an object, not {kind_of(element)}")
        if self.is_checked:
            check_element(element, "ConceptMapGroupElement", path, self._version)
        self._sink.add(self.group, read_element(element, path, self.declared, r5=self._version.is_r5))
        self._place += 1

    def next_group(self) -> None:
        """The group has ended."""
        self.group += 1
        self._place = 0


def _read(chunks: Iterable[bytes], representation: Representation, reader: _ElementReader | None) -> Json:
    if representation.format is WireFormat.XML:
        head = _read_xml(chunks, representation.version, reader)
    else:
        head = _read_json(JsonStream(chunks), reader)
    return resource_of_type(head, "ConceptMap")


def _read_json(stream: JsonStream, reader: _ElementReader | None) -> Json:
    head: Json = {}
    for name in stream.members():
        if name != "group":
            head[name] = _plain(stream.value(), f"ConceptMap.{name}")
            continue
        groups: list[Json] = []
        if reader is not None:
            reader.head_so_far(head)
        for place in stream.places():
            groups.append(_read_group(stream, reader, f"ConceptMap.group[{place}]"))
            if reader is not None:
                reader.next_group()
        head["group"] = groups
    stream.end()
    return head


def _read_group(stream: JsonStream, reader: _ElementReader | None, path: str) -> Json:
    group: Json = {}
    for name in stream.members():
        if name != "element":
            group[name] = _plain(stream.value(), f"{path}.{name}")
            continue
        for element in stream.items():
            if reader is not None:
                reader.element(element)
    return group


def _plain(value: Any, path: str) -> Any:
    """The value, if it is text that can be stored: JSON's escapes can say half a character."""
    if isinstance(value, str) and (_SURROGATES.search(value) or "\x00" in value):
        raise fault(path, "holds a character that is none")
    return value


def _read_xml(chunks: Iterable[bytes], version: FhirVersion, reader: _ElementReader | None) -> Json:
    groups: list[Json] = []

    def take_element(element: Json) -> None:
        if reader is not None:
            reader.element(element)

    def take_group(group: Json) -> None:
        groups.append(group)
        if reader is not None:
            reader.next_group()

    streamed: Mapping[str, Callable[[Json], None]] = {
        "ConceptMap.group.element": take_element,
        "ConceptMap.group": take_group,
    }
    head = read_xml_chunks(chunks, version, streamed=streamed, strict=reader is None or reader.is_checked)
    return head | ({"group": groups} if groups else {})
