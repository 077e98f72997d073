"""Concept maps: published once, immutable but for their retirement, streamed element by element."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from termserver.errors import Conflict, NotFound
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.narrowing import narrowed
from termserver.store.resource_versions import Placing, free_fhir_id, record_version, set_status, step_aside
from termserver.store.revision import raise_revision
from termserver.store.tables import ConceptMapElementTable, ConceptMapTable

_BATCH = 2_000


ElementRow = tuple[int, str, str]
"""(index of the group, source code, model.MapElement as JSON)."""


@dataclass(frozen=True, slots=True)
class StoredConceptMap:
    """A concept map version as stored; the groups of `header` have no elements."""

    id: int
    fhir_id: str
    header: ConceptMap
    element_count: int
    content_hash: str
    stored_at: str
    version_id: int = 1
    is_current: bool = True


def _stored(row: ConceptMapTable) -> StoredConceptMap:
    header = replace(from_text(ConceptMap, row.header), status=row.status)
    return StoredConceptMap(
        row.id,
        row.fhir_id,
        header,
        row.element_count,
        row.content_hash,
        row.stored_at,
        row.version_id,
        row.is_current,
    )


def element_rows(concept_map: ConceptMap) -> list[ElementRow]:
    """The elements of a map in memory as rows."""
    return [
        (group_index, element.code, to_text(element))
        for group_index, group in enumerate(concept_map.groups)
        for element in group.elements
    ]


def header_of(concept_map: ConceptMap) -> ConceptMap:
    """The map without its elements."""
    return replace(concept_map, groups=tuple(replace(group, elements=()) for group in concept_map.groups))


def content_hash(header: ConceptMap, elements: Iterable[ElementRow]) -> str:
    """The identity of a map's content, sha256 in hexadecimal."""
    digest = hashlib.sha256(to_text(header).encode())
    for _, _, body in elements:
        digest.update(body.encode())
    return digest.hexdigest()


def add_concept_map(session: Session, concept_map: ConceptMap, placing: Placing | None = None) -> StoredConceptMap:
    """Store a concept map version.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    return add_concept_map_rows(session, header_of(concept_map), element_rows(concept_map), placing)


def add_concept_map_rows(
    session: Session, header: ConceptMap, elements: Iterable[ElementRow], placing: Placing | None = None
) -> StoredConceptMap:
    """Store a concept map version whose elements are too many for memory.

    Parameters
    ----------
    header
        The map; its groups without elements.
    elements
        Read twice, each time from the beginning: for the hash, then for the table. Memory is one batch of rows.
    placing
        Its FHIR id and what it replaces; None: a new resource under an id that the store makes.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    placing = placing or Placing()
    digest = content_hash(header, elements)
    existing = session.scalar(
        select(ConceptMapTable).where(
            ConceptMapTable.url == header.url,
            ConceptMapTable.version == header.version,
            ConceptMapTable.is_live.is_(True),
        )
    )
    if existing is not None and existing.id != placing.replaces:
        if existing.content_hash != digest or placing.fhir_id not in (None, existing.fhir_id):
            raise Conflict(
                f"{header.canonical} is already published with other content (ConceptMap/{existing.fhir_id}). "
                "A published map is immutable: choose a new version."
            )
        return _stored(existing)
    step_aside(session, ConceptMapTable, placing, header.version)
    wanted = placing.fhir_id or free_fhir_id(session, "ConceptMap", header.name, header.url, header.version)
    row = ConceptMapTable(
        fhir_id=wanted,
        url=header.url,
        version=header.version,
        name=header.name,
        title=header.title,
        status=header.status,
        header=to_text(header),
        content_hash=digest,
        element_count=0,
        stored_at=now_text(),
    )
    session.add(row)
    session.flush()
    row.element_count = _insert_elements(session, row.id, elements)
    history = record_version(
        session, "ConceptMap", wanted, action="create", status=row.status, content_id=row.id, person=placing.person
    )
    row.version_id, row.stored_at = history.version_id, history.at
    session.flush()
    raise_revision(session)
    return _stored(row)


def _insert_elements(session: Session, concept_map_id: int, elements: Iterable[ElementRow]) -> int:
    rows, ordinal = iter(elements), 0
    while batch := list(islice(rows, _BATCH)):
        session.execute(
            insert(ConceptMapElementTable),
            [
                {
                    "concept_map_id": concept_map_id,
                    "ordinal": ordinal + place,
                    "group_index": group_index,
                    "source_code": source_code,
                    "body": body,
                }
                for place, (group_index, source_code, body) in enumerate(batch)
            ],
        )
        ordinal += len(batch)
    return ordinal


def list_concept_maps(
    session: Session,
    *,
    url: str | None = None,
    version: str | None = None,
    name: str | None = None,
    title: str | None = None,
    status: str | None = None,
    source_system: str | None = None,
    target_system: str | None = None,
) -> list[StoredConceptMap]:
    """Concept maps that fit all that is given, by URL, newest version first."""
    query = select(ConceptMapTable).where(ConceptMapTable.is_live.is_(True))
    asked = {"url": url, "version": version, "name": name, "title": title, "status": status}
    query = narrowed(query, ConceptMapTable, asked)
    rows = session.scalars(query.order_by(ConceptMapTable.url, ConceptMapTable.id.desc())).all()
    stored = [_stored(row) for row in rows]
    return [
        one
        for one in stored
        if (source_system is None or any(group.source == source_system for group in one.header.groups))
        and (target_system is None or any(group.target == target_system for group in one.header.groups))
    ]


def find_concept_map(session: Session, url: str, version: str | None = None) -> StoredConceptMap | None:
    """The version asked for, or the latest active one (the latest of any status if none is active)."""
    query = select(ConceptMapTable).where(ConceptMapTable.url == url, ConceptMapTable.is_live.is_(True))
    if version is not None:
        query = query.where(ConceptMapTable.version == version)
    rows = session.scalars(query.order_by(ConceptMapTable.id.desc())).all()
    best = next((row for row in rows if row.status == "active"), rows[0] if rows else None)
    return None if best is None else _stored(best)


def get_concept_map_by_fhir_id(session: Session, fhir_id_text: str) -> StoredConceptMap | None:
    """The concept map that this FHIR id names now."""
    row = session.scalar(
        select(ConceptMapTable).where(ConceptMapTable.fhir_id == fhir_id_text, ConceptMapTable.is_current.is_(True))
    )
    return None if row is None else _stored(row)


def get_concept_map(session: Session, concept_map_id: int) -> StoredConceptMap | None:
    """The concept map version in this row, history too."""
    row = session.get(ConceptMapTable, concept_map_id)
    return None if row is None else _stored(row)


def read_groups_header(session: Session, concept_map_id: int) -> list[MapGroup]:
    """The groups without their elements.

    Raises
    ------
    NotFound
        If there is no such map.
    """
    row = session.get(ConceptMapTable, concept_map_id)
    if row is None:
        raise NotFound(f"No concept map with the number {concept_map_id}.")
    return list(from_text(ConceptMap, row.header).groups)


def stream_elements(session: Session, concept_map_id: int) -> Iterator[tuple[int, MapElement]]:
    """Pairs (index of the group, element) in order; memory is one batch."""
    for group_index, _, body in stream_element_rows(session, concept_map_id):
        yield group_index, from_text(MapElement, body)


def stream_element_rows(session: Session, concept_map_id: int) -> Iterator[ElementRow]:
    """The elements as rows, in order; memory is one batch."""
    start = 0
    columns = ConceptMapElementTable
    while True:
        rows = session.execute(
            select(columns.ordinal, columns.group_index, columns.source_code, columns.body)
            .where(columns.concept_map_id == concept_map_id, columns.ordinal >= start)
            .order_by(columns.ordinal)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            yield row.group_index, row.source_code, row.body
        start = rows[-1].ordinal + 1


def elements_of_codes(session: Session, concept_map_id: int, codes: Sequence[str]) -> Iterator[tuple[int, MapElement]]:
    """Pairs (index of the group, element) of some source codes, in the map's order for each 500 codes.

    An element that stands for a value set has no code: it comes with any codes that are not empty.
    """
    columns = ConceptMapElementTable
    wanted = list(dict.fromkeys([*codes, ""])) if codes else []
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(columns.group_index, columns.body)
            .where(columns.concept_map_id == concept_map_id, columns.source_code.in_(wanted[start : start + 500]))
            .order_by(columns.ordinal)
        )
        for row in rows:
            yield row.group_index, from_text(MapElement, row.body)


def read_concept_map(session: Session, concept_map_id: int) -> ConceptMap:
    """The map whole, in memory.

    Raises
    ------
    NotFound
        If there is no such map.
    """
    row = session.get(ConceptMapTable, concept_map_id)
    if row is None:
        raise NotFound(f"No concept map with the number {concept_map_id}.")
    header = _stored(row).header
    elements: list[list[MapElement]] = [[] for _ in header.groups]
    for group_index, element in stream_elements(session, concept_map_id):
        elements[group_index].append(element)
    groups = (replace(group, elements=tuple(found)) for group, found in zip(header.groups, elements, strict=True))
    return replace(header, groups=tuple(groups))


def retire_concept_map(session: Session, concept_map_id: int) -> None:
    """Set the status to `retired`; its content stays readable by version."""
    row = session.get(ConceptMapTable, concept_map_id)
    if row is None:
        raise NotFound(f"No concept map with the number {concept_map_id}.")
    set_status(session, "ConceptMap", concept_map_id, "retired")
    raise_revision(session)
