"""FHIR's history of resources: which version of which id was written when, and where its content is (decision 0030)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from termserver.store.engine import now_text
from termserver.store.fhir_ids import fhir_id
from termserver.store.tables import (
    CodeSystemTable,
    ConceptMapTable,
    NamingSystemTable,
    ResourceVersionTable,
    ValueSetTable,
)

SYSTEM = "system"
ContentTable = TypeVar("ContentTable", CodeSystemTable, ConceptMapTable, NamingSystemTable, ValueSetTable)
_ContentTable = type[CodeSystemTable] | type[ConceptMapTable] | type[NamingSystemTable] | type[ValueSetTable]
_TABLES: dict[str, _ContentTable] = {
    "CodeSystem": CodeSystemTable,
    "ValueSet": ValueSetTable,
    "ConceptMap": ConceptMapTable,
    "NamingSystem": NamingSystemTable,
}


@dataclass(frozen=True, slots=True)
class ResourceVersion:
    """One version of a resource.

    Parameters
    ----------
    action
        `create`, `update` or `delete`.
    at
        ISO 8601, UTC: meta.lastUpdated.
    status
        Of the resource at that time.
    content_id
        Row of its content; None for a deletion.
    """

    kind: str
    fhir_id: str
    version_id: int
    action: str
    at: str
    person: str
    status: str | None
    content_id: int | None


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a new version goes.

    Parameters
    ----------
    fhir_id
        The id it shall have; None lets the store make a readable one.
    person
        Login of who writes, for the history.
    replaces
        Number of the content row that is current under that id; None where there is none.
    """

    fhir_id: str | None = None
    person: str = SYSTEM
    replaces: int | None = None


def _version(row: ResourceVersionTable) -> ResourceVersion:
    return ResourceVersion(
        row.kind, row.fhir_id, row.version_id, row.action, row.at, row.person, row.status, row.content_id
    )


def record_version(
    session: Session,
    kind: str,
    fhir_id_text: str,
    *,
    action: str,
    status: str | None,
    content_id: int | None,
    person: str = SYSTEM,
) -> ResourceVersion:
    """Write the next version into the history; two writers at once are a Conflict when the session ends."""
    last = last_version(session, kind, fhir_id_text)
    row = ResourceVersionTable(
        kind=kind,
        fhir_id=fhir_id_text,
        version_id=1 if last is None else last.version_id + 1,
        action="update" if action == "create" and last is not None and last.action != "delete" else action,
        at=now_text(),
        person=person,
        status=status,
        content_id=content_id,
    )
    session.add(row)
    session.flush()
    return _version(row)


def last_version(session: Session, kind: str, fhir_id_text: str) -> ResourceVersion | None:
    """The latest version of a resource, a deletion too; None if there never was one."""
    row = session.scalars(_of(kind, fhir_id_text).order_by(ResourceVersionTable.version_id.desc()).limit(1)).first()
    return None if row is None else _version(row)


def get_version(session: Session, kind: str, fhir_id_text: str, version_id: int) -> ResourceVersion | None:
    """One version of a resource."""
    row = session.scalar(_of(kind, fhir_id_text).where(ResourceVersionTable.version_id == version_id))
    return None if row is None else _version(row)


def first_status(session: Session, kind: str, content_id: int) -> str | None:
    """The status with which a content row was written first: its content hash was made with it."""
    return session.scalars(
        select(ResourceVersionTable.status)
        .where(ResourceVersionTable.kind == kind, ResourceVersionTable.content_id == content_id)
        .order_by(ResourceVersionTable.version_id)
        .limit(1)
    ).first()


def _of(kind: str, fhir_id_text: str) -> Select[ResourceVersionTable]:
    return select(ResourceVersionTable).where(
        ResourceVersionTable.kind == kind, ResourceVersionTable.fhir_id == fhir_id_text
    )


def list_versions(
    session: Session,
    *,
    kind: str | None = None,
    fhir_id: str | None = None,
    since: str | None = None,
    until: str | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[ResourceVersion], int]:
    """Versions that fit, latest first, and how many there are in all.

    Parameters
    ----------
    since, until
        Moments as `now_text` writes them, or a beginning of one; inclusive.
    """
    table = ResourceVersionTable
    query = select(table)
    if kind is not None:
        query = query.where(table.kind == kind)
    if fhir_id is not None:
        query = query.where(table.fhir_id == fhir_id)
    if since is not None:
        query = query.where(table.at >= since)
    if until is not None:
        query = query.where(table.at <= until)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.scalars(query.order_by(table.at.desc(), table.id.desc()).limit(limit).offset(offset))
    return [_version(row) for row in rows], total


def free_fhir_id(session: Session, kind: str, name: str, url: str, version: str) -> str:
    """An id that nothing current has: from name and version, from url and version, or that with a number."""
    column, is_current = _TABLES[kind].fhir_id, _TABLES[kind].is_current
    texts = chain((name, url), (f"{url} {number}" for number in range(2, 100)))
    wanted = ""
    for text in texts:
        wanted = fhir_id(text, version)
        if session.scalar(select(column).where(column == wanted, is_current.is_(True))) is None:
            break
    return wanted


def step_aside(session: Session, table: type[ContentTable], placing: Placing, version: str) -> None:
    """Make room for a new version: the replaced row is history.

    It stays live, so that `url|version` still names it, if it was published and the new one has another version.
    """
    if placing.replaces is None:
        return
    row = session.get(table, placing.replaces)
    if row is not None:
        row.is_current = False
        row.is_live = row.is_live and row.status != "draft" and row.version != version
        session.flush()


def _content_row(
    session: Session, kind: str, content_id: int
) -> CodeSystemTable | ConceptMapTable | NamingSystemTable | ValueSetTable | None:
    found = session.get(_TABLES[kind], content_id)
    return found if isinstance(found, CodeSystemTable | ConceptMapTable | NamingSystemTable | ValueSetTable) else None


def withdraw(session: Session, kind: str, content_id: int) -> None:
    """A deletion: no version of the resource is current or live any more."""
    row = _content_row(session, kind, content_id)
    if row is not None:
        table = _TABLES[kind]
        session.execute(
            update(table).where(table.fhir_id == row.fhir_id).values(is_current=False, is_live=False),
            execution_options={"synchronize_session": "fetch"},
        )


def set_status(session: Session, kind: str, content_id: int, status: str, person: str = SYSTEM) -> ResourceVersion:
    """A version that differs from the one before in its status alone; the content is not copied."""
    row = _content_row(session, kind, content_id)
    if row is None:
        raise LookupError(f"{kind} {content_id}")
    row.status = status
    version = record_version(
        session, kind, row.fhir_id, action="update", status=status, content_id=content_id, person=person
    )
    row.version_id = version.version_id
    if isinstance(row, CodeSystemTable):
        row.loaded_at = version.at
    else:
        row.stored_at = version.at
    session.flush()
    return version
