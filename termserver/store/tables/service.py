"""The service itself: people, sign-ins, jobs, audit events."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from termserver.store.tables.declarative import Table

_BIG = BigInteger().with_variant(Integer, "sqlite")


class PersonTable(Table):
    """Somebody who signs in."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[str] = mapped_column(String(30))


class SessionTokenTable(Table):
    """A sign-in; only the hash of its token is stored."""

    __tablename__ = "session_token"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[str] = mapped_column(String(30))


class SignInFailureTable(Table):
    """Failed sign-ins of a login, to slow guessing down in every process."""

    __tablename__ = "sign_in_failure"
    login: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int]
    last_at: Mapped[str] = mapped_column(String(30))


class JobTable(Table):
    """Work in the queue; a running job whose heartbeat stopped is taken again."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_state", "state", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    payload: Mapped[str] = mapped_column(Text)
    progress: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(100))
    heartbeat_at: Mapped[str | None] = mapped_column(String(30))
    created_at: Mapped[str] = mapped_column(String(30))
    started_at: Mapped[str | None] = mapped_column(String(30))
    finished_at: Mapped[str | None] = mapped_column(String(30))


class AuditEventTable(Table):
    """Who did what; written in the transaction of the change, never updated."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_type", "object_id"),)
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    at: Mapped[str] = mapped_column(String(30))
    person: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(40))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(100))
    project_id: Mapped[int | None] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(Text)


class ClosureTable(Table):
    """A closure table that a client keeps with $closure; `version` rises with each addition."""

    __tablename__ = "closure"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    version: Mapped[int]
    used_at: Mapped[str] = mapped_column(String(30))


class ClosureConceptTable(Table):
    """A concept in a closure table, and the version that brought it."""

    __tablename__ = "closure_concept"
    closure_id: Mapped[int] = mapped_column(ForeignKey("closure.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    system: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(Text)
    added_in: Mapped[int]
