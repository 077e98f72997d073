"""Value sets: written once, found by canonical URL or FHIR id."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from termserver.errors import Conflict
from termserver.model.value_set import ValueSet
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.narrowing import narrowed
from termserver.store.resource_versions import Placing, free_fhir_id, record_version, step_aside
from termserver.store.revision import raise_revision
from termserver.store.tables import ValueSetTable


@dataclass(frozen=True, slots=True)
class StoredValueSet:
    """A value set version as stored."""

    id: int
    fhir_id: str
    value_set: ValueSet
    stored_at: str = ""
    version_id: int = 1
    is_current: bool = True


@dataclass(frozen=True, slots=True)
class ValueSetHead:
    """What it takes to choose a value set version, without its body."""

    id: int
    fhir_id: str
    url: str
    version: str
    is_current: bool = True


def _stored(row: ValueSetTable) -> StoredValueSet:
    value_set = from_text(ValueSet, row.body)
    if value_set.status != row.status:
        value_set = replace(value_set, status=row.status)
    return StoredValueSet(row.id, row.fhir_id, value_set, row.stored_at, row.version_id, row.is_current)


def add_value_set(session: Session, value_set: ValueSet, placing: Placing | None = None) -> StoredValueSet:
    """Store a value set version.

    Parameters
    ----------
    placing
        Its FHIR id and what it replaces; None: a new resource under an id that the store makes.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    placing = placing or Placing()
    body = to_text(value_set)
    existing = session.scalar(
        select(ValueSetTable).where(
            ValueSetTable.url == value_set.url,
            ValueSetTable.version == value_set.version,
            ValueSetTable.is_live.is_(True),
        )
    )
    if existing is not None and existing.id != placing.replaces:
        if existing.body != body or placing.fhir_id not in (None, existing.fhir_id):
            raise Conflict(
                f"{value_set.canonical} is already stored with other content (ValueSet/{existing.fhir_id}); "
                "give it a new version."
            )
        return _stored(existing)
    step_aside(session, ValueSetTable, placing, value_set.version)
    wanted = placing.fhir_id or free_fhir_id(session, "ValueSet", value_set.name, value_set.url, value_set.version)
    row = ValueSetTable(
        fhir_id=wanted,
        url=value_set.url,
        version=value_set.version,
        name=value_set.name,
        title=value_set.title,
        status=value_set.status,
        body=body,
        stored_at=now_text(),
    )
    session.add(row)
    session.flush()
    history = record_version(
        session, "ValueSet", wanted, action="create", status=row.status, content_id=row.id, person=placing.person
    )
    row.version_id, row.stored_at = history.version_id, history.at
    session.flush()
    raise_revision(session)
    return _stored(row)


def list_value_sets(
    session: Session,
    *,
    url: str | None = None,
    version: str | None = None,
    name: str | None = None,
    title: str | None = None,
    status: str | None = None,
) -> list[StoredValueSet]:
    """Value sets that fit all that is given, by URL, newest version first."""
    query = select(ValueSetTable).where(ValueSetTable.is_live.is_(True))
    asked = {"url": url, "version": version, "name": name, "title": title, "status": status}
    query = narrowed(query, ValueSetTable, asked)
    rows = session.scalars(query.order_by(ValueSetTable.url, ValueSetTable.version.desc())).all()
    return [_stored(row) for row in rows]


def list_value_set_heads(session: Session) -> list[ValueSetHead]:
    """The heads of all value sets, by URL: a few microseconds each, where a body may take milliseconds to read."""
    table = ValueSetTable
    columns = (table.id, table.fhir_id, table.url, table.version, table.is_current)
    rows = session.execute(
        select(*columns).where(table.is_live.is_(True)).order_by(ValueSetTable.url, ValueSetTable.version.desc())
    )
    return [ValueSetHead(*row) for row in rows]


def get_value_set(session: Session, value_set_id: int) -> ValueSet | None:
    """The value set version with this number, whole."""
    stored = get_stored_value_set(session, value_set_id)
    return None if stored is None else stored.value_set


def remove_value_set(session: Session, value_set_id: int) -> None:
    """Remove a version."""
    session.execute(delete(ValueSetTable).where(ValueSetTable.id == value_set_id))
    raise_revision(session)


def find_value_set(session: Session, url: str, version: str | None = None) -> StoredValueSet | None:
    """The version asked for, or the newest; None if there is none."""
    query = select(ValueSetTable).where(ValueSetTable.url == url, ValueSetTable.is_live.is_(True))
    if version is not None:
        query = query.where(ValueSetTable.version == version)
    row = session.scalars(query.order_by(ValueSetTable.version.desc(), ValueSetTable.id.desc()).limit(1)).first()
    return None if row is None else _stored(row)


def get_value_set_by_fhir_id(session: Session, fhir_id_text: str) -> StoredValueSet | None:
    """The value set that this FHIR id names now."""
    row = session.scalar(
        select(ValueSetTable).where(ValueSetTable.fhir_id == fhir_id_text, ValueSetTable.is_current.is_(True))
    )
    return None if row is None else _stored(row)


def get_stored_value_set(session: Session, value_set_id: int) -> StoredValueSet | None:
    """The value set version in this row, history too."""
    row = session.get(ValueSetTable, value_set_id)
    return None if row is None else _stored(row)
