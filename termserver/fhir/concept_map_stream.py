"""A ConceptMap that comes in pieces: its elements one by one, then its head; JSON or XML.

Memory does not grow with the number of elements. Every element is checked as `conformity` checks a resource.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from termserver.fhir.concept_map import declarations_of, read_concept_map
from termserver.fhir.conformity import check_element, check_resource
from termserver.fhir.elements import Json, fault, kind_of, resource_of_type
from termserver.fhir.json_stream import JsonStream
from termserver.fhir.map_groups import Declarations, read_element
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import read_xml_chunks
from termserver.model.concept_map import ConceptMap, MapElement

ElementSink = Callable[[int, MapElement], None]
_SURROGATES = re.compile("[\ud800-\udfff]")


def read_concept_map_stream(
    chunks: Callable[[], Iterable[bytes]],
    representation: Representation,
    sink: ElementSink,
    *,
    strip: Callable[[Json], Json] = lambda head: head,
) -> ConceptMap:
    """Read a map; each element goes to `sink` with the index of its group.

    Parameters
    ----------
    chunks
        Begins a new reading of the body. R4's elements are read by what the head declares, and in JSON the head may come
        last: then the body is read once more for the head alone, before its elements.
    strip
        What is taken from the head before it is read (its id).

    Returns
    -------
    The map without elements.

    Raises
    ------
    BadInput
        Naming the element at fault.
    """
    version = representation.version
    declared = _declared_before_elements(chunks, representation)
    reader = _ElementReader(version, declared, sink)
    head = _read(chunks(), representation, reader)
    check_resource(head, version, except_for={"ConceptMap.group.element"})
    return read_concept_map(strip(head), version, declared)


def _declared_before_elements(chunks: Callable[[], Iterable[bytes]], representation: Representation) -> Declarations:
    if representation.version.is_r5:  # R5's elements say the codes themselves
        return Declarations()
    head = _read(chunks(), representation, None)
    known = {name: value for name, value in head.items() if name in ("resourceType", "extension", "url")}
    return declarations_of(read_concept_map(known, representation.version))


class _ElementReader:
    """Reads elements into the model; knows where it is."""

    def __init__(self, version: FhirVersion, declared: Declarations, sink: ElementSink) -> None:
        self.group = 0
        self._place = 0
        self._version = version
        self._declared = declared
        self._sink = sink

    def element(self, element: Any) -> None:
        """Take the next element of the group."""
        path = f"ConceptMap.group[{self.group}].element[{self._place}]"
        if not isinstance(element, dict):
            raise fault(path, f"must be an object, not {kind_of(element)}")
        check_element(element, "ConceptMapGroupElement", path, self._version)
        self._sink(self.group, read_element(element, path, self._declared, r5=self._version.is_r5))
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
    head = read_xml_chunks(chunks, version, streamed=streamed)
    return head | ({"group": groups} if groups else {})
