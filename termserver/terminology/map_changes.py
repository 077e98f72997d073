"""The differences between two versions of a concept map, source code by source code.

Elements are compared as they are stored, by hash: memory is about 200 bytes a source code, and only the elements of
the page that is asked for are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b

import orjson

from termserver.errors import NotFound
from termserver.model.concept_map import MapElement, MapGroup
from termserver.model.map_changes import ChangeKind, ElementChange, MapChanges, MapChangesRequest
from termserver.store.concept_maps import StoredConceptMap, elements_of_codes, stream_element_rows
from termserver.store.engine import Session
from termserver.terminology.map_access import newest_fitting
from termserver.terminology.registry import Catalogue

Place = tuple[str, str, str]
"""Source system, target system, source code."""
_Hashes = dict[Place, tuple[bytes, bytes]]


def changes_between(session: Session, catalogue: Catalogue, request: MapChangesRequest) -> MapChanges:
    """Compare two versions of a map.

    Raises
    ------
    NotFound
        If there is no such map or version.
    """
    old = _stored(catalogue, request.url, request.old_version, "from")
    new = _stored(catalogue, request.url, request.new_version, "to")
    before, after = _hashes(session, old), _hashes(session, new)
    differing = list(_differing(before, after))
    counts = dict.fromkeys(ChangeKind, 0)
    for kind, _ in differing:
        counts[kind] += 1
    wanted = [item for item in differing if not request.kinds or item[0] in request.kinds]
    page = wanted[request.offset : request.offset + request.count]
    return MapChanges(
        old.header.canonical,
        old.content_hash,
        new.header.canonical,
        new.content_hash,
        counts,
        len(after) - counts[ChangeKind.ADDED] - counts[ChangeKind.CHANGED] - counts[ChangeKind.RENAMED],
        tuple(_notes(old, new)),
        tuple(_listed(session, old, new, page)),
    )


def _stored(catalogue: Catalogue, url: str, version: str | None, parameter: str) -> StoredConceptMap:
    versions = catalogue.concept_maps.get(url, [])
    if not versions:
        raise NotFound(f"There is no concept map with the url {url}", expression="url")
    found = catalogue.named_maps.get(url) if version is None else newest_fitting(versions, version)
    if found is None:
        known = ", ".join(item.header.version for item in versions[:10])
        raise NotFound(f"The concept map {url} has no version '{version}'; known: {known}", expression=parameter)
    return found


def _hashes(session: Session, stored: StoredConceptMap) -> _Hashes:
    """Of each source code: hash of what its elements mean, and of all that they say."""
    ends = [(group.source, group.target) for group in stored.header.groups]
    found: _Hashes = {}
    for index, code, body in stream_element_rows(session, stored.id):
        element = orjson.loads(body)
        place = (*ends[index], code or element.get("value_set") or "")
        meaning, said = found.get(place, (b"", b""))
        found[place] = (_hash(meaning, _meaning(element)), _hash(said, body.encode()))
    return found


def _hash(before: bytes, text: bytes) -> bytes:
    return blake2b(before + text, digest_size=12).digest()


def _meaning(element: dict[str, object]) -> bytes:
    """The element without displays."""
    targets = element.get("targets")
    bare = [
        {name: value for name, value in target.items() if name != "display"}
        for target in (targets if isinstance(targets, list) else ())
        if isinstance(target, dict)
    ]
    return orjson.dumps({**element, "display": None, "targets": bare}, option=orjson.OPT_SORT_KEYS)


def _differing(before: _Hashes, after: _Hashes) -> Iterator[tuple[ChangeKind, Place]]:
    """In the new map's order, then what is gone in the old one's."""
    for place, hashes in after.items():
        known = before.get(place)
        if known is None:
            yield ChangeKind.ADDED, place
        elif known[0] != hashes[0]:
            yield ChangeKind.CHANGED, place
        elif known[1] != hashes[1]:
            yield ChangeKind.RENAMED, place
    for place in before:
        if place not in after:
            yield ChangeKind.REMOVED, place


def _notes(old: StoredConceptMap, new: StoredConceptMap) -> Iterator[str]:
    if old.header.status != new.header.status:
        yield f"status: {old.header.status} → {new.header.status}"
    groups = {(group.source, group.target): group for group in old.header.groups}
    for group in new.header.groups:
        place = f"{group.source} → {group.target}"
        known = groups.pop((group.source, group.target), None)
        if known is None:
            yield f"{place}: new group"
            continue
        yield from _group_notes(place, known, group)
    for source, target in groups:
        yield f"{source} → {target}: group removed"


def _group_notes(place: str, old: MapGroup, new: MapGroup) -> Iterator[str]:
    for end in ("source_version", "target_version"):
        before, after = getattr(old, end), getattr(new, end)
        if before != after:
            yield f"{place}: {end.replace('_', ' ')} {before or '(none)'} → {after or '(none)'}"
    if old.unmapped != new.unmapped:
        yield f"{place}: the rule for unmapped codes is another"


def _listed(
    session: Session, old: StoredConceptMap, new: StoredConceptMap, page: Sequence[tuple[ChangeKind, Place]]
) -> Iterator[ElementChange]:
    codes = [place[2] for _, place in page]
    before, after = _elements(session, old, codes), _elements(session, new, codes)
    for kind, place in page:
        yield ElementChange(kind, *place, tuple(before.get(place, ())), tuple(after.get(place, ())))


def _elements(session: Session, stored: StoredConceptMap, codes: Sequence[str]) -> dict[Place, list[MapElement]]:
    ends = [(group.source, group.target) for group in stored.header.groups]
    found: dict[Place, list[MapElement]] = {}
    for index, element in elements_of_codes(session, stored.id, codes):
        found.setdefault((*ends[index], element.code or element.value_set or ""), []).append(element)
    return found
