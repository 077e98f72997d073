"""Concept maps: published once, immutable but for their retirement, streamed element by element."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from termserver.errors import Conflict, NotFound
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup
from termserver.store.engine import now_text
from termserver.store.fhir_ids import fhir_id
from termserver.store.json_text import from_text, to_text
from termserver.store.narrowing import narrowed
from termserver.store.revision import raise_revision
from termserver.store.tables import ConceptMapElementTable, ConceptMapTable

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class StoredConceptMap:
    """A concept map version as stored; the groups of `header` have no elements."""

    id: int
    fhir_id: str
    header: ConceptMap
    element_count: int
    content_hash: str
    stored_at: str


def _stored(row: ConceptMapTable) -> StoredConceptMap:
    header = replace(from_text(ConceptMap, row.header), status=row.status)
    return StoredConceptMap(row.id, row.fhir_id, header, row.element_count, row.content_hash, row.stored_at)


def add_concept_map(session: Session, concept_map: ConceptMap) -> StoredConceptMap:
    """Store a concept map version.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    header = replace(concept_map, groups=tuple(replace(group, elements=()) for group in concept_map.groups))
    digest = hashlib.sha256(to_text(header).encode())
    for element in _elements(concept_map):
        digest.update(element["body"].encode())
    existing = session.scalar(
        select(ConceptMapTable).where(
            ConceptMapTable.url == concept_map.url, ConceptMapTable.version == concept_map.version
        )
    )
    if existing is not None:
        if existing.content_hash != digest.hexdigest():
            raise Conflict(
                f"{concept_map.canonical} is already published with other content. A published map is immutable: "
                "choose a new version."
            )
        return _stored(existing)
    wanted = fhir_id(concept_map.name, concept_map.version)
    if session.scalar(select(ConceptMapTable.id).where(ConceptMapTable.fhir_id == wanted)) is not None:
        wanted = fhir_id(concept_map.url, concept_map.version)
    row = ConceptMapTable(
        fhir_id=wanted,
        url=concept_map.url,
        version=concept_map.version,
        name=concept_map.name,
        title=concept_map.title,
        status=concept_map.status,
        header=to_text(header),
        content_hash=digest.hexdigest(),
        element_count=sum(len(group.elements) for group in concept_map.groups),
        stored_at=now_text(),
    )
    session.add(row)
    session.flush()
    elements = _elements(concept_map)
    while batch := list(islice(elements, _BATCH)):
        session.execute(insert(ConceptMapElementTable), [{"concept_map_id": row.id, **element} for element in batch])
    raise_revision(session)
    return _stored(row)


def _elements(concept_map: ConceptMap) -> Iterator[dict[str, str]]:
    ordinal = 0
    for group_index, group in enumerate(concept_map.groups):
        for element in group.elements:
            yield {
                "ordinal": ordinal,  # type: ignore[dict-item]
                "group_index": group_index,  # type: ignore[dict-item]
                "source_code": element.code,
                "body": to_text(element),
            }
            ordinal += 1


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
    query = select(ConceptMapTable)
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
    query = select(ConceptMapTable).where(ConceptMapTable.url == url)
    if version is not None:
        query = query.where(ConceptMapTable.version == version)
    rows = session.scalars(query.order_by(ConceptMapTable.id.desc())).all()
    best = next((row for row in rows if row.status == "active"), rows[0] if rows else None)
    return None if best is None else _stored(best)


def get_concept_map_by_fhir_id(session: Session, fhir_id_text: str) -> StoredConceptMap | None:
    """The concept map with this FHIR id."""
    row = session.scalar(select(ConceptMapTable).where(ConceptMapTable.fhir_id == fhir_id_text))
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
    start = 0
    columns = ConceptMapElementTable
    while True:
        rows = session.execute(
            select(columns.ordinal, columns.group_index, columns.body)
            .where(columns.concept_map_id == concept_map_id, columns.ordinal >= start)
            .order_by(columns.ordinal)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            yield row.group_index, from_text(MapElement, row.body)
        start = rows[-1].ordinal + 1


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
    row.status = "retired"
    session.flush()
    raise_revision(session)
