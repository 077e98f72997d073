"""Content: code systems, value sets, concept maps, naming systems. Written once, read millions of times.

A row is one version of a resource. `is_current`: it is what its FHIR id names now. `is_live`: it is what its canonical
`url|version` names. A draft that was replaced and a resource that was deleted are neither, and stay for the history; a
published version that a newer one followed under the same id is live and not current (decision 0030).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from termserver.store.tables.declarative import Table

_BIG = BigInteger().with_variant(Integer, "sqlite")


def _unique_while_served(table: str) -> tuple[Index, Index]:
    """One current version a FHIR id, one live version a canonical; what is history repeats both."""
    current, live = text("is_current"), text("is_live")
    return (
        Index(f"ux_{table}_current", "fhir_id", unique=True, sqlite_where=current, postgresql_where=current),
        Index(f"ux_{table}_live", "url", "version", unique=True, sqlite_where=live, postgresql_where=live),
    )


class RevisionTable(Table):
    """One line: the catalogue revision, which rises with each change of content."""

    __tablename__ = "catalogue_revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(_BIG, default=0)


class AliasTable(Table):
    """Another URI (OID, national URL) of a canonical URL."""

    __tablename__ = "canonical_alias"
    alias: Mapped[str] = mapped_column(String(500), primary_key=True)
    url: Mapped[str] = mapped_column(String(500), index=True)


class CodeSystemTable(Table):
    """A code system version; `header` is model.CodeSystem as JSON."""

    __tablename__ = "code_system"
    __table_args__ = _unique_while_served("code_system")
    id: Mapped[int] = mapped_column(primary_key=True)
    fhir_id: Mapped[str] = mapped_column(String(64), index=True)
    url: Mapped[str] = mapped_column(String(500), index=True)
    version: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20))
    content: Mapped[str] = mapped_column(String(20))
    supplements: Mapped[str | None] = mapped_column(String(700), index=True)
    header: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    concept_count: Mapped[int]
    loaded_at: Mapped[str] = mapped_column(String(30))
    recipe: Mapped[str | None] = mapped_column(String(200))
    version_id: Mapped[int] = mapped_column(default=1)
    is_current: Mapped[bool] = mapped_column(Boolean, default=True)
    is_live: Mapped[bool] = mapped_column(Boolean, default=True)


class StagedLoadTable(Table):
    """A code system version that is being stored; `owner` is host:pid, `beat_at` its latest sign of life."""

    __tablename__ = "staged_load"
    code_system_id: Mapped[int] = mapped_column(ForeignKey("code_system.id", ondelete="CASCADE"), primary_key=True)
    owner: Mapped[str] = mapped_column(String(300))
    beat_at: Mapped[str] = mapped_column(String(30))


class ConceptTable(Table):
    """A concept; `body` holds designations, properties, parents, definition as JSON (see `store.code_systems`)."""

    __tablename__ = "concept"
    __table_args__ = (Index("ix_concept_code", "code_system_id", "code", unique=True),)
    code_system_id: Mapped[int] = mapped_column(ForeignKey("code_system.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(500))
    display: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean)
    abstract: Mapped[bool] = mapped_column(Boolean)
    body: Mapped[str] = mapped_column(Text)


class ConceptParentTable(Table):
    """Parent code → child ordinal, for the children of a concept."""

    __tablename__ = "concept_parent"
    code_system_id: Mapped[int] = mapped_column(ForeignKey("code_system.id", ondelete="CASCADE"), primary_key=True)
    parent_code: Mapped[str] = mapped_column(String(500), primary_key=True)
    child_ordinal: Mapped[int] = mapped_column(primary_key=True)


class ValueSetTable(Table):
    """A value set version; `body` is model.ValueSet as JSON."""

    __tablename__ = "value_set"
    __table_args__ = _unique_while_served("value_set")
    id: Mapped[int] = mapped_column(primary_key=True)
    fhir_id: Mapped[str] = mapped_column(String(64), index=True)
    url: Mapped[str] = mapped_column(String(500), index=True)
    version: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[str] = mapped_column(String(30))
    version_id: Mapped[int] = mapped_column(default=1)
    is_current: Mapped[bool] = mapped_column(Boolean, default=True)
    is_live: Mapped[bool] = mapped_column(Boolean, default=True)


class ConceptMapTable(Table):
    """A concept map version; `header` is model.ConceptMap without elements as JSON.

    `status` is the one column that changes: an active map may be retired.
    """

    __tablename__ = "concept_map"
    __table_args__ = _unique_while_served("concept_map")
    id: Mapped[int] = mapped_column(primary_key=True)
    fhir_id: Mapped[str] = mapped_column(String(64), index=True)
    url: Mapped[str] = mapped_column(String(500), index=True)
    version: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20))
    header: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    element_count: Mapped[int]
    stored_at: Mapped[str] = mapped_column(String(30))
    version_id: Mapped[int] = mapped_column(default=1)
    is_current: Mapped[bool] = mapped_column(Boolean, default=True)
    is_live: Mapped[bool] = mapped_column(Boolean, default=True)


class ConceptMapElementTable(Table):
    """One element of a group; `body` is model.MapElement as JSON."""

    __tablename__ = "concept_map_element"
    __table_args__ = (Index("ix_concept_map_element_source", "concept_map_id", "source_code"),)
    concept_map_id: Mapped[int] = mapped_column(ForeignKey("concept_map.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    group_index: Mapped[int]
    source_code: Mapped[str] = mapped_column(String(500))
    body: Mapped[str] = mapped_column(Text)


class NamingSystemTable(Table):
    """A naming system version; `body` is model.NamingSystem as JSON."""

    __tablename__ = "naming_system"
    __table_args__ = _unique_while_served("naming_system")
    id: Mapped[int] = mapped_column(primary_key=True)
    fhir_id: Mapped[str] = mapped_column(String(64), index=True)
    url: Mapped[str] = mapped_column(String(500), index=True)
    version: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(500))
    status: Mapped[str] = mapped_column(String(20))
    body: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[str] = mapped_column(String(30))
    version_id: Mapped[int] = mapped_column(default=1)
    is_current: Mapped[bool] = mapped_column(Boolean, default=True)
    is_live: Mapped[bool] = mapped_column(Boolean, default=True)


class ResourceVersionTable(Table):
    """FHIR's history: one row a version of a resource, in the order of their writing.

    `content_id` is the row of the kind's own table, None for a deletion; `status` is the status at that time, because
    a change of status alone makes a version without new content.
    """

    __tablename__ = "resource_version"
    __table_args__ = (UniqueConstraint("kind", "fhir_id", "version_id"), Index("ix_resource_version_at", "at"))
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    fhir_id: Mapped[str] = mapped_column(String(64))
    version_id: Mapped[int]
    action: Mapped[str] = mapped_column(String(10))
    at: Mapped[str] = mapped_column(String(30))
    person: Mapped[str] = mapped_column(String(100))
    status: Mapped[str | None] = mapped_column(String(20))
    content_id: Mapped[int | None]
