"""Value sets: written once, found by canonical URL or FHIR id."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from termserver.errors import Conflict
from termserver.model.value_set import ValueSet
from termserver.store.engine import now_text
from termserver.store.fhir_ids import fhir_id
from termserver.store.json_text import from_text, to_text
from termserver.store.narrowing import narrowed
from termserver.store.revision import raise_revision
from termserver.store.tables import ValueSetTable


@dataclass(frozen=True, slots=True)
class StoredValueSet:
    """A value set version as stored."""

    id: int
    fhir_id: str
    value_set: ValueSet


@dataclass(frozen=True, slots=True)
class ValueSetHead:
    """What it takes to choose a value set version, without its body."""

    id: int
    fhir_id: str
    url: str
    version: str


def _stored(row: ValueSetTable) -> StoredValueSet:
    return StoredValueSet(row.id, row.fhir_id, from_text(ValueSet, row.body))


def add_value_set(session: Session, value_set: ValueSet) -> StoredValueSet:
    """Store a value set version.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    body = to_text(value_set)
    existing = session.scalar(
        select(ValueSetTable).where(ValueSetTable.url == value_set.url, ValueSetTable.version == value_set.version)
    )
    if existing is not None:
        if existing.body != body:
            raise Conflict(f"{value_set.canonical} is already stored with other content; give it a new version.")
        return _stored(existing)
    wanted = fhir_id(value_set.name, value_set.version)
    if session.scalar(select(ValueSetTable.id).where(ValueSetTable.fhir_id == wanted)) is not None:
        wanted = fhir_id(value_set.url, value_set.version)
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
    query = select(ValueSetTable)
    asked = {"url": url, "version": version, "name": name, "title": title, "status": status}
    query = narrowed(query, ValueSetTable, asked)
    rows = session.scalars(query.order_by(ValueSetTable.url, ValueSetTable.version.desc())).all()
    return [_stored(row) for row in rows]


def list_value_set_heads(session: Session) -> list[ValueSetHead]:
    """The heads of all value sets, by URL: a few microseconds each, where a body may take milliseconds to read."""
    columns = (ValueSetTable.id, ValueSetTable.fhir_id, ValueSetTable.url, ValueSetTable.version)
    rows = session.execute(select(*columns).order_by(ValueSetTable.url, ValueSetTable.version.desc()))
    return [ValueSetHead(*row) for row in rows]


def get_value_set(session: Session, value_set_id: int) -> ValueSet | None:
    """The value set version with this number, whole."""
    body = session.scalar(select(ValueSetTable.body).where(ValueSetTable.id == value_set_id))
    return None if body is None else from_text(ValueSet, body)


def remove_value_set(session: Session, value_set_id: int) -> None:
    """Remove a version."""
    session.execute(delete(ValueSetTable).where(ValueSetTable.id == value_set_id))
    raise_revision(session)


def find_value_set(session: Session, url: str, version: str | None = None) -> StoredValueSet | None:
    """The version asked for, or the newest; None if there is none."""
    query = select(ValueSetTable).where(ValueSetTable.url == url)
    if version is not None:
        query = query.where(ValueSetTable.version == version)
    row = session.scalars(query.order_by(ValueSetTable.version.desc(), ValueSetTable.id.desc()).limit(1)).first()
    return None if row is None else _stored(row)


def get_value_set_by_fhir_id(session: Session, fhir_id_text: str) -> StoredValueSet | None:
    """The value set with this FHIR id."""
    row = session.scalar(select(ValueSetTable).where(ValueSetTable.fhir_id == fhir_id_text))
    return None if row is None else _stored(row)
