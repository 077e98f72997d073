"""Code systems and their concepts: written once, found by canonical URL, alias or FHIR id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from termserver.errors import Conflict
from termserver.model.code_system import CodeSystem, Concept
from termserver.store.concept_body import concept_from_body
from termserver.store.concept_writer import ConceptWriter, content_hash
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
    placing: Placing | None = None,
) -> StoredCodeSystem:
    """Store a code system version, in the session's transaction; `staged_loads` is for whole releases.

    Parameters
    ----------
    concepts
        Each code once; parents may come later than their children.
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
    existing = live_version(session, header, placing)
    if existing is not None:
        return same_content(existing, header, content_hash(header, concepts), placing)
    with session.begin_nested():
        row = new_row(header, fhir_id="", recipe=recipe)
        session.add(row)
        session.flush()
        writer, stream = ConceptWriter(row.id, header), iter(concepts)
        while batch := list(islice(stream, _BATCH)):
            writer.add(session, batch)
        row.concept_count, row.content_hash = writer.count, writer.content_hash
    stored = make_live(session, row, header, placing)
    raise_revision(session)
    return stored


def live_version(session: Session, header: CodeSystem, placing: Placing) -> StoredCodeSystem | None:
    """What `url|version` names now, other than what is to be replaced."""
    row = session.scalar(
        select(CodeSystemTable).where(
            CodeSystemTable.url == header.url,
            CodeSystemTable.version == header.version,
            CodeSystemTable.is_live.is_(True),
            CodeSystemTable.id != (placing.replaces or 0),
        )
    )
    return None if row is None else _stored(row)


def same_content(
    existing: StoredCodeSystem, header: CodeSystem, new_content_hash: str, placing: Placing
) -> StoredCodeSystem:
    """The version that is there, if the new one has its content.

    Raises
    ------
    Conflict
        If it has not.
    """
    if new_content_hash != existing.content_hash or placing.fhir_id not in (None, existing.fhir_id):
        raise Conflict(
            f"{header.canonical} is already loaded with other content (CodeSystem/{existing.fhir_id}). Content is "
            "immutable: give the new edition a version of its own, or remove the old one first."
        )
    return existing


def new_row(header: CodeSystem, *, fhir_id: str, recipe: str | None) -> CodeSystemTable:
    """The row of a version that nobody sees yet; `make_live` shows it."""
    return CodeSystemTable(
        fhir_id=fhir_id,
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
        is_current=False,
        is_live=False,
    )


def make_live(session: Session, row: CodeSystemTable, header: CodeSystem, placing: Placing) -> StoredCodeSystem:
    """Give a stored version its FHIR id, its place in the history and its aliases; the caller raises the revision."""
    step_aside(session, CodeSystemTable, placing, header.version)
    row.fhir_id = placing.fhir_id or free_fhir_id(session, "CodeSystem", header.name, header.url, header.version)
    row.is_current = row.is_live = True
    history = record_version(
        session, "CodeSystem", row.fhir_id, action="create", status=row.status, content_id=row.id, person=placing.person
    )
    row.version_id, row.loaded_at = history.version_id, history.at
    session.flush()
    for alias in header.aliases:
        add_alias(session, alias, header.url)
    return _stored(row)


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


def displays_of_codes(session: Session, code_system_id: int, codes: Sequence[str]) -> dict[str, str]:
    """The displays of these codes, without the rest of their concepts; codes that do not exist are absent."""
    columns = ConceptTable
    found: dict[str, str] = {}
    for start in range(0, len(codes), 500):
        rows = session.execute(
            select(columns.code, columns.display).where(
                columns.code_system_id == code_system_id, columns.code.in_(codes[start : start + 500])
            )
        )
        found.update((row.code, row.display) for row in rows)
    return found


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
