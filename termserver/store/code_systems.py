"""Code systems and their concepts: written once, found by canonical URL, alias or FHIR id."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from termserver.errors import Conflict
from termserver.model.code_system import CodeSystem, Concept
from termserver.store.concept_body import body_text, concept_from_body
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.narrowing import narrowed
from termserver.store.resource_versions import Placing, free_fhir_id, record_version, step_aside
from termserver.store.revision import raise_revision
from termserver.store.tables import AliasTable, CodeSystemTable, ConceptParentTable, ConceptTable

_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class StoredCodeSystem:
    """A code system version as stored."""

    id: int
    fhir_id: str
    header: CodeSystem
    concept_count: int
    loaded_at: str
    content_hash: str
    recipe: str | None = None
    version_id: int = 1
    is_current: bool = True


def add_code_system(
    session: Session,
    header: CodeSystem,
    concepts: Iterable[Concept],
    *,
    recipe: str | None = None,
    on_progress: Callable[[int], None] | None = None,
    placing: Placing | None = None,
) -> StoredCodeSystem:
    """Store a code system version; memory is one batch of concepts, whatever the size.

    Parameters
    ----------
    concepts
        Each code once; parents may come later than their children.
    on_progress
        Called with the number of concepts stored so far.
    placing
        Its FHIR id and what it replaces; None: a new resource under an id that the store makes.

    Returns
    -------
    The stored version; the one already there if its content is the same.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content: content is immutable, a new edition needs a new version.
    """
    placing = placing or Placing()
    existing = session.scalar(
        select(CodeSystemTable).where(
            CodeSystemTable.url == header.url,
            CodeSystemTable.version == header.version,
            CodeSystemTable.is_live.is_(True),
            CodeSystemTable.id != (placing.replaces or 0),
        )
    )
    with session.begin_nested() as savepoint:
        if existing is None:
            step_aside(session, CodeSystemTable, placing, header.version)
        wanted = placing.fhir_id or free_fhir_id(session, "CodeSystem", header.name, header.url, header.version)
        row = CodeSystemTable(
            fhir_id=wanted,
            url=header.url,
            version=header.version,
            name=header.name,
            title=header.title,
            status=header.status,
            content=header.content,
            supplements=header.supplements.split("|")[0] if header.supplements else None,
            header=to_text(header),
            content_hash="",
            concept_count=0,
            loaded_at=now_text(),
            recipe=recipe,
            is_current=existing is None,
            is_live=existing is None,
        )
        session.add(row)
        session.flush()
        row.concept_count, row.content_hash = _insert_concepts(session, row.id, header, concepts, on_progress)
        session.flush()
        if existing is not None:
            savepoint.rollback()
    if existing is not None:
        if row.content_hash != existing.content_hash or placing.fhir_id not in (None, existing.fhir_id):
            raise Conflict(
                f"{header.canonical} is already loaded with other content (CodeSystem/{existing.fhir_id}). Content is "
                "immutable: give the new edition a version of its own, or remove the old one first."
            )
        return _stored(existing)
    history = record_version(
        session, "CodeSystem", wanted, action="create", status=row.status, content_id=row.id, person=placing.person
    )
    row.version_id, row.loaded_at = history.version_id, history.at
    session.flush()
    for alias in header.aliases:
        add_alias(session, alias, header.url)
    raise_revision(session)
    return _stored(row)


def content_hash(header: CodeSystem, concepts: Iterable[Concept]) -> str:
    """The identity of a code system's content, sha256 in hexadecimal."""
    digest = hashlib.sha256(to_text(header).encode())
    for concept in concepts:
        digest.update(_identity(concept, body_text(concept)))
    return digest.hexdigest()


def _identity(concept: Concept, body: str) -> bytes:
    return f"{concept.code}\x1f{concept.display}\x1f{concept.active}{concept.abstract}{body}\n".encode()


def _insert_concepts(
    session: Session,
    code_system_id: int,
    header: CodeSystem,
    concepts: Iterable[Concept],
    on_progress: Callable[[int], None] | None,
) -> tuple[int, str]:
    digest = hashlib.sha256(to_text(header).encode())
    stream, ordinal = iter(concepts), 0
    while batch := list(islice(stream, _BATCH)):
        rows, parents = [], []
        for concept in batch:
            body = body_text(concept)
            digest.update(_identity(concept, body))
            rows.append(
                {
                    "code_system_id": code_system_id,
                    "ordinal": ordinal,
                    "code": concept.code,
                    "display": concept.display,
                    "active": concept.active,
                    "abstract": concept.abstract,
                    "body": body,
                }
            )
            parents += [
                {"code_system_id": code_system_id, "parent_code": parent, "child_ordinal": ordinal}
                for parent in dict.fromkeys(concept.parents)
            ]
            ordinal += 1
        session.execute(insert(ConceptTable), rows)
        if parents:
            session.execute(insert(ConceptParentTable), parents)
        if on_progress is not None:
            on_progress(ordinal)
    return ordinal, digest.hexdigest()


@lru_cache(maxsize=4_096)
def _header_from_text(text: str) -> CodeSystem:
    """Headers do not change: a catalogue that is read again reads only the new ones."""
    return from_text(CodeSystem, text)


def _stored(row: CodeSystemTable) -> StoredCodeSystem:
    header = _header_from_text(row.header)
    return StoredCodeSystem(
        id=row.id,
        fhir_id=row.fhir_id,
        header=header if header.status == row.status else replace(header, status=row.status),
        concept_count=row.concept_count,
        loaded_at=row.loaded_at,
        content_hash=row.content_hash,
        recipe=row.recipe,
        version_id=row.version_id,
        is_current=row.is_current,
    )


def list_code_systems(
    session: Session,
    *,
    url: str | None = None,
    version: str | None = None,
    name: str | None = None,
    title: str | None = None,
    status: str | None = None,
) -> list[StoredCodeSystem]:
    """Code systems that fit all that is given, by URL, newest version first.

    Parameters
    ----------
    name, title
        Beginning of the text, without regard to case (FHIR string search).
    """
    query = select(CodeSystemTable).where(CodeSystemTable.is_live.is_(True))
    asked = {
        "url": None if url is None else resolve_alias(session, url),
        "version": version,
        "name": name,
        "title": title,
        "status": status,
    }
    query = narrowed(query, CodeSystemTable, asked)
    rows = session.scalars(query.order_by(CodeSystemTable.url, CodeSystemTable.version.desc())).all()
    return [_stored(row) for row in rows]


def find_code_system(session: Session, url: str, version: str | None = None) -> StoredCodeSystem | None:
    """The version asked for, or the newest; None if there is none. Supplements are not code systems here."""
    query = select(CodeSystemTable).where(
        CodeSystemTable.url == resolve_alias(session, url),
        CodeSystemTable.content != "supplement",
        CodeSystemTable.is_live.is_(True),
    )
    if version is not None:
        query = query.where(CodeSystemTable.version == version)
    row = session.scalars(query.order_by(CodeSystemTable.version.desc(), CodeSystemTable.id.desc()).limit(1)).first()
    return None if row is None else _stored(row)


def get_code_system_by_fhir_id(session: Session, fhir_id_text: str) -> StoredCodeSystem | None:
    """The code system that this FHIR id names now."""
    row = session.scalar(
        select(CodeSystemTable).where(CodeSystemTable.fhir_id == fhir_id_text, CodeSystemTable.is_current.is_(True))
    )
    return None if row is None else _stored(row)


def get_code_system(session: Session, code_system_id: int) -> StoredCodeSystem | None:
    """The code system version in this row, history too."""
    row = session.get(CodeSystemTable, code_system_id)
    return None if row is None else _stored(row)


def supplements_of(session: Session, url: str) -> list[StoredCodeSystem]:
    """Supplements that add to the code system, oldest first."""
    rows = session.scalars(
        select(CodeSystemTable)
        .where(
            CodeSystemTable.supplements == resolve_alias(session, url),
            CodeSystemTable.content == "supplement",
            CodeSystemTable.is_live.is_(True),
        )
        .order_by(CodeSystemTable.id)
    ).all()
    return [_stored(row) for row in rows]


def remove_code_system(session: Session, code_system_id: int) -> None:
    """Remove a version whole, with its concepts; the history keeps that it was there."""
    row = session.get(CodeSystemTable, code_system_id)
    if row is None:
        return
    if row.is_current:
        record_version(session, "CodeSystem", row.fhir_id, action="delete", status=row.status, content_id=None)
    session.expunge(row)
    session.execute(delete(CodeSystemTable).where(CodeSystemTable.id == code_system_id))
    raise_revision(session)


def _concept(row: ConceptTable) -> Concept:
    return concept_from_body(row.code, row.display, active=row.active, abstract=row.abstract, body=row.body)


def get_concept(session: Session, code_system_id: int, code: str) -> Concept | None:
    """The concept with this code, verbatim."""
    row = session.scalar(
        select(ConceptTable).where(ConceptTable.code_system_id == code_system_id, ConceptTable.code == code)
    )
    return None if row is None else _concept(row)


def get_concepts(session: Session, code_system_id: int, codes: Sequence[str]) -> dict[str, Concept]:
    """The concepts with these codes; codes that do not exist are absent."""
    found: dict[str, Concept] = {}
    for start in range(0, len(codes), 500):
        rows = session.scalars(
            select(ConceptTable).where(
                ConceptTable.code_system_id == code_system_id, ConceptTable.code.in_(codes[start : start + 500])
            )
        )
        found.update((row.code, _concept(row)) for row in rows)
    return found


def stream_concepts(session: Session, code_system_id: int) -> Iterator[Concept]:
    """All concepts in their publisher's order; memory is one batch."""
    start = 0
    while True:
        rows = session.scalars(
            select(ConceptTable)
            .where(ConceptTable.code_system_id == code_system_id, ConceptTable.ordinal >= start)
            .order_by(ConceptTable.ordinal)
            .limit(_BATCH)
        ).all()
        if not rows:
            return
        for row in rows:
            yield _concept(row)
        start = rows[-1].ordinal + 1
        session.expunge_all()


def children_of(session: Session, code_system_id: int, code: str) -> list[Concept]:
    """The direct children of a concept, in the publisher's order."""
    rows = session.scalars(
        select(ConceptTable)
        .join(
            ConceptParentTable,
            (ConceptParentTable.code_system_id == ConceptTable.code_system_id)
            & (ConceptParentTable.child_ordinal == ConceptTable.ordinal),
        )
        .where(ConceptParentTable.code_system_id == code_system_id, ConceptParentTable.parent_code == code)
        .order_by(ConceptTable.ordinal)
    )
    return [_concept(row) for row in rows]


def resolve_alias(session: Session, url: str) -> str:
    """The canonical URL that an OID or a national URI stands for; the same text if it is no alias."""
    found = session.scalar(select(AliasTable.url).where(AliasTable.alias == url))
    return url if found is None else found


def add_alias(session: Session, alias: str, url: str) -> None:
    """Let `alias` stand for `url`; the later word wins."""
    if alias == url:
        return
    changed = session.execute(update(AliasTable).where(AliasTable.alias == alias).values(url=url))
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(AliasTable).values(alias=alias, url=url))


def list_aliases(session: Session) -> dict[str, str]:
    """Alias → canonical URL."""
    return {row.alias: row.url for row in session.scalars(select(AliasTable))}
