"""ConceptMaps in FHIR's own forms: a resource, a Bundle of them, NDJSON; JSON or XML; R4, R4B or R5.

A ConceptMap by itself is read element by element: memory does not grow with it. One in a Bundle or a line of NDJSON is read
whole (32 MB at most).
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from termserver.errors import BadFile, BadInput
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.concept_map_stream import read_concept_map_stream
from termserver.fhir.elements import Json
from termserver.fhir.json_stream import JsonStream
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import MalformedXml, read_xml_chunks
from termserver.loaders.fhir_xml import looks_like_fhir_xml
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.model.concept_map import ConceptMap
from termserver.store.element_rows import RowFile

_CHUNK = 1 << 20
_LONGEST_LINE = 32 * _CHUNK
_R5_WORDS = (b'"relationship"', b'"noMap"', b"<relationship ", b"<noMap ", b":relationship ", b":noMap ")
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(ConceptMap|Bundle)[\s>]")


def is_r5(path: Path) -> bool:
    """Tell R5 from R4 by what only R5 says. Memory: none, whatever the size."""
    with path.open("rb") as file:
        try:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file
            return False
        with content:
            return any(content.find(word) >= 0 for word in _R5_WORDS)


def read_fhir_maps(path: Path, header: MapHeader, version: FhirVersion, *, name: str) -> Iterator[LoadedMap]:
    """The maps of a file, in its order.

    Raises
    ------
    BadFile
        If the file is damaged or holds no ConceptMap; naming line, entry or element.
    """
    if looks_like_fhir_xml(path):
        yield from _read_xml(path, header, version, name=name)
        return
    if _is_ndjson(path):
        yield from _read_ndjson(path, header, name=name)
        return
    kind = _told(path, name, lambda: _kind_of_json(path))
    if kind == "Bundle":
        yield from _of_bundle(_bundle_entries(path, name), header, name=name)
    else:
        yield _streamed(path, header, Representation(version), name=name)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_CHUNK), b"")


def _streamed(path: Path, header: MapHeader, representation: Representation, *, name: str) -> LoadedMap:
    """A ConceptMap by itself; its elements go to a file."""
    rows = RowFile()
    try:
        concept_map = _told(
            path,
            name,
            lambda: read_concept_map_stream(lambda: _chunks(path), representation, rows, is_checked=False),
        )
        return _loaded(concept_map, header, rows, name=name)
    except BaseException:
        rows.close()
        raise


def _loaded(concept_map: ConceptMap, header: MapHeader, rows: RowFile | None, *, name: str) -> LoadedMap:
    named = {key: value for key in ("url", "version", "title") if (value := getattr(header, key))}
    concept_map = replace(concept_map, **named)
    if not concept_map.url:
        raise BadFile("the map has no canonical URL; name it (--url)", file=name)
    loaded = LoadedMap(concept_map, rows=rows)
    in_memory = sum(len(group.elements) for group in concept_map.groups)
    loaded.counts.rows = in_memory if rows is None else rows.count
    return loaded


# ------------------------------------------------------------------ several maps in a file


def _of_bundle(resources: Iterable[tuple[str, Any]], header: MapHeader, *, name: str) -> Iterator[LoadedMap]:
    """Maps read whole; the others of the Bundle are passed over."""
    found = 0
    for place, resource in resources:
        if not isinstance(resource, dict) or resource.get("resourceType") != "ConceptMap":
            continue
        found += 1
        if found > 1 and (header.url or header.version or header.title):
            raise BadFile("it holds several maps: url, version and title are their own", file=name)
        try:
            concept_map = read_concept_map(resource, FhirVersion.R5 if _says_r5(resource) else FhirVersion.R4)
        except BadInput as error:
            raise BadFile(f"{place}: {error.message}", file=name) from None
        yield _loaded(concept_map, header, None, name=f"{name} {place}")
    if not found:
        raise BadFile("it holds no ConceptMap", file=name)


def _bundle_entries(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    """(place, resource) of each entry of a Bundle in JSON."""
    stream = JsonStream(_chunks(path))
    place = 0
    try:
        for member in stream.members():
            if member != "entry":
                stream.value()
                continue
            for entry in stream.items():
                place += 1
                yield f"entry {place}", entry.get("resource") if isinstance(entry, dict) else None
        stream.end()
    except BadFile:
        raise
    except BadInput as error:
        raise _damaged(path, name, error) from None


def _read_ndjson(path: Path, header: MapHeader, *, name: str) -> Iterator[LoadedMap]:
    yield from _of_bundle(_lines(path, name), header, name=name)


def _lines(path: Path, name: str) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LONGEST_LINE):
            number += 1
            if not line.strip():
                continue
            try:
                yield f"line {number}", orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                raise BadFile(f"this is no JSON: {error.msg}", file=name, line=number) from None


def _is_ndjson(path: Path) -> bool:
    """True where the first line is an object, and another line begins one."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE).strip()
        if not first.endswith(b"}"):
            return False
        following = next((line for line in iter(lambda: file.readline(_LONGEST_LINE), b"") if line.strip()), b"")
        return following.lstrip()[:1] == b"{" or path.suffix.lower() in {".ndjson", ".jsonl"}


def _says_r5(resource: Json) -> bool:
    groups = resource.get("group")
    return any(
        "noMap" in element or any("relationship" in target for target in element.get("target") or ())
        for group in (groups if isinstance(groups, list) else ())
        if isinstance(group, dict)
        for element in group.get("element") or ()
        if isinstance(element, dict)
    )


# ------------------------------------------------------------------ XML


def _read_xml(path: Path, header: MapHeader, version: FhirVersion, *, name: str) -> Iterator[LoadedMap]:
    with path.open("rb") as file:
        root = _ROOT.search(file.read(_CHUNK).replace(b"\x00", b""))
    if root is None:
        raise BadFile("the XML holds no ConceptMap and no Bundle", file=name)
    if root.group(1) == b"ConceptMap":
        yield _streamed(path, header, Representation(version, WireFormat.XML), name=name)
        return
    resources: list[tuple[str, Any]] = []

    def take(entry: Json) -> None:
        resources.append((f"entry {len(resources) + 1}", entry.get("resource")))

    _told(path, name, lambda: read_xml_chunks(_chunks(path), version, streamed={"Bundle.entry": take}, strict=False))
    yield from _of_bundle(resources, header, name=name)


# ------------------------------------------------------------------ what is wrong


def _kind_of_json(path: Path) -> str:
    """The resource's type; by its first tell-tale member where it is said last."""
    stream = JsonStream(_chunks(path))
    for member in stream.members():
        if member == "resourceType":
            return str(stream.value())
        if member in ("group", "entry"):
            return {"group": "ConceptMap", "entry": "Bundle"}[member]
        stream.value()
    return "ConceptMap"


def _told(path: Path, name: str, read: Any) -> Any:
    """What `read` gives; its errors name the file."""
    try:
        return read()
    except BadFile:
        raise
    except MalformedXml as error:
        raise BadFile(
            f"the XML is damaged: {error.what} (character {error.column})", file=name, line=error.line
        ) from None
    except BadInput as error:
        raise _damaged(path, name, error) from None


def _damaged(path: Path, name: str, error: BadInput) -> BadFile:
    """The error with the line, where the fault is one of JSON's grammar: the file is read once more to find it."""
    if "not valid JSON" in error.message or "expected" in error.message:
        try:
            orjson.loads(path.read_bytes())
        except orjson.JSONDecodeError as fault:
            return BadFile(f"this is no JSON: {fault.msg}", file=name, line=fault.lineno)
    return BadFile(error.message, file=name)
