"""Naming systems: their identifiers are aliases of a code system's URL, everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from termserver.model.code_system import CodeSystem
from termserver.model.naming_system import NamingSystem
from termserver.store.code_systems import add_alias
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.resource_versions import Placing, free_fhir_id, record_version, step_aside, withdraw
from termserver.store.revision import raise_revision
from termserver.store.tables import AliasTable, CodeSystemTable, NamingSystemTable


@dataclass(frozen=True, slots=True)
class StoredNamingSystem:
    """A naming system version as stored."""

    id: int
    fhir_id: str
    naming_system: NamingSystem
    stored_at: str
    version_id: int = 1
    is_current: bool = True


def _stored(row: NamingSystemTable) -> StoredNamingSystem:
    naming_system = replace(from_text(NamingSystem, row.body), status=row.status)
    return StoredNamingSystem(row.id, row.fhir_id, naming_system, row.stored_at, row.version_id, row.is_current)


def add_naming_system(
    session: Session, naming_system: NamingSystem, placing: Placing | None = None
) -> StoredNamingSystem:
    """Store a naming system version; its identifiers become aliases.

    A naming system is not pinned by anybody: unlike a code system it may be changed under the same version.
    """
    placing = placing or Placing()
    step_aside(session, NamingSystemTable, placing, naming_system.version)
    if placing.replaces is not None:
        _retire_aliases(session, placing.replaces)
    wanted = placing.fhir_id or free_fhir_id(
        session, "NamingSystem", naming_system.name, naming_system.url, naming_system.version
    )
    row = NamingSystemTable(
        fhir_id=wanted,
        # R4's naming systems have no url; only those that have one are found and unique by it
        url=naming_system.url or f"urn:termserver:naming-system:{wanted}",
        version=naming_system.version,
        name=naming_system.name,
        title=naming_system.title,
        status=naming_system.status,
        body=to_text(naming_system),
        stored_at=now_text(),
    )
    session.add(row)
    session.flush()
    history = record_version(
        session, "NamingSystem", wanted, action="create", status=row.status, content_id=row.id, person=placing.person
    )
    row.version_id, row.stored_at = history.version_id, history.at
    session.flush()
    _add_aliases(session, naming_system)
    raise_revision(session)
    return _stored(row)


def remove_naming_system(session: Session, naming_system_id: int) -> None:
    """Take it out of service, with its aliases."""
    withdraw(session, "NamingSystem", naming_system_id)
    _retire_aliases(session, naming_system_id)
    raise_revision(session)


def get_naming_system_by_fhir_id(session: Session, fhir_id_text: str) -> StoredNamingSystem | None:
    """The naming system that this FHIR id names now."""
    row = session.scalar(
        select(NamingSystemTable).where(
            NamingSystemTable.fhir_id == fhir_id_text, NamingSystemTable.is_current.is_(True)
        )
    )
    return None if row is None else _stored(row)


def get_naming_system(session: Session, naming_system_id: int) -> StoredNamingSystem | None:
    """The naming system version in this row, history too."""
    row = session.get(NamingSystemTable, naming_system_id)
    return None if row is None else _stored(row)


def list_naming_systems(session: Session) -> list[StoredNamingSystem]:
    """All that are current, by name."""
    query = select(NamingSystemTable).where(NamingSystemTable.is_current.is_(True))
    return [_stored(row) for row in session.scalars(query.order_by(NamingSystemTable.name, NamingSystemTable.id))]


def _canonical_of(session: Session, naming_system: NamingSystem) -> str | None:
    """The URI that the others stand for: one that is loaded, else the preferred URI, else the first."""
    uris = [item for item in naming_system.unique_ids if item.uri]
    for item in uris:
        known = session.scalar(select(CodeSystemTable.id).where(CodeSystemTable.url == item.uri).limit(1))
        if known is not None:
            return item.uri
    plain = [item for item in uris if item.kind == "uri"]
    chosen = next((item for item in plain if item.preferred), plain[0] if plain else None)
    return chosen.uri if chosen else None


def _add_aliases(session: Session, naming_system: NamingSystem) -> None:
    if naming_system.kind != "codesystem" or naming_system.status == "retired":
        return
    canonical = _canonical_of(session, naming_system)
    for item in naming_system.unique_ids:
        if canonical and item.uri:
            add_alias(session, item.uri, canonical)


def _retire_aliases(session: Session, naming_system_id: int) -> None:
    """Forget a naming system's aliases, and let the others that declare the same say theirs again."""
    row = session.get(NamingSystemTable, naming_system_id)
    if row is None:
        return
    gone = [item.uri for item in from_text(NamingSystem, row.body).unique_ids if item.uri]
    session.execute(delete(AliasTable).where(AliasTable.alias.in_(gone)))
    for system in session.scalars(select(CodeSystemTable).where(CodeSystemTable.is_live.is_(True))):
        for alias in from_text(CodeSystem, system.header).aliases:
            if alias in gone:
                add_alias(session, alias, system.url)
    for other in list_naming_systems(session):
        if any(item.uri in gone for item in other.naming_system.unique_ids):
            _add_aliases(session, other.naming_system)
