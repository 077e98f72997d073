"""Curation: projects, rows, candidates, decisions. Small, concurrent, audited, never lost."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from termserver.store.tables.declarative import Table

_BIG = BigInteger().with_variant(Integer, "sqlite")


class ProjectTable(Table):
    """A project with its progress counters, which change in the transaction of each decision."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    source_url: Mapped[str] = mapped_column(String(500))
    source_version: Mapped[str] = mapped_column(String(200))
    map_url: Mapped[str] = mapped_column(String(500))
    target_systems: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(35))
    country: Mapped[str | None] = mapped_column(String(2))
    licence: Mapped[str | None] = mapped_column(Text)
    copyright: Mapped[str | None] = mapped_column(Text)
    file_name: Mapped[str | None] = mapped_column(String(300))
    sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(String(30))
    updated_at: Mapped[str] = mapped_column(String(30))
    published_version: Mapped[str | None] = mapped_column(String(200))
    rows: Mapped[int] = mapped_column(default=0)
    decided: Mapped[int] = mapped_column(default=0)
    approved: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    suggested: Mapped[int] = mapped_column(default=0)
    frequency: Mapped[int] = mapped_column(_BIG, default=0)
    decided_frequency: Mapped[int] = mapped_column(_BIG, default=0)
    approved_frequency: Mapped[int] = mapped_column(_BIG, default=0)


class ProjectMemberTable(Table):
    """A person's role in a project."""

    __tablename__ = "project_member"
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))


class SourceRowTable(Table):
    """A row of a source list. `version` is the optimistic lock; `weight` is the frequency, 0 where unknown."""

    __tablename__ = "source_row"
    __table_args__ = (
        Index("ix_source_row_queue", "project_id", "status", "weight", "id"),
        Index("ix_source_row_weight", "project_id", "weight", "id"),
        Index("ix_source_row_line", "project_id", "line"),
        Index("ix_source_row_probability", "project_id", "best_probability", "id"),
        Index("ix_source_row_code", "project_id", "code", unique=True),
        Index("ix_source_row_folded", "folded"),
    )
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    line: Mapped[int]
    code: Mapped[str] = mapped_column(String(500))
    term: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(String(300))
    language: Mapped[str | None] = mapped_column(String(35))
    frequency: Mapped[int | None] = mapped_column(_BIG)
    weight: Mapped[int] = mapped_column(_BIG)
    context: Mapped[str] = mapped_column(Text)
    other_terms: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    flagged: Mapped[bool] = mapped_column(Boolean, default=False)
    version: Mapped[int] = mapped_column(default=1)
    best_probability: Mapped[float | None] = mapped_column(Float)
    candidate_count: Mapped[int] = mapped_column(default=0)
    comment_count: Mapped[int] = mapped_column(default=0)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decision_id: Mapped[int | None] = mapped_column(_BIG)


class UsagiLineTable(Table):
    """A line of the Usagi save file a row came from; `body` is JSON of its cells by column."""

    __tablename__ = "usagi_line"
    row_id: Mapped[int] = mapped_column(_BIG, ForeignKey("source_row.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class CandidateSetTable(Table):
    """The candidates of a row for one target system; `body` is packed JSON of tuple[Candidate, …], best first.

    `remarks`: what is odd about the term, a sentence a line; empty for most rows.
    """

    __tablename__ = "candidate_set"
    row_id: Mapped[int] = mapped_column(_BIG, ForeignKey("source_row.id", ondelete="CASCADE"), primary_key=True)
    system: Mapped[str] = mapped_column(String(500), primary_key=True)
    no_target_probability: Mapped[float]
    engine_version: Mapped[str] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    remarks: Mapped[str] = mapped_column(Text, server_default="")


class DecisionTable(Table):
    """What a person chose. Only `superseded` and the reviewer's word are ever added to it."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    row_id: Mapped[int] = mapped_column(_BIG, ForeignKey("source_row.id", ondelete="CASCADE"), index=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[str] = mapped_column(String(30))
    no_map_reason: Mapped[str | None] = mapped_column(String(30))
    combination: Mapped[str] = mapped_column(String(3))
    comment: Mapped[str | None] = mapped_column(Text)
    engine_version: Mapped[str | None] = mapped_column(String(200))
    took_ms: Mapped[int | None] = mapped_column(_BIG)
    superseded: Mapped[bool] = mapped_column(Boolean, default=False)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reviewed_at: Mapped[str | None] = mapped_column(String(30))
    approved: Mapped[bool | None] = mapped_column(Boolean)


class DecisionTargetTable(Table):
    """One target of a decision."""

    __tablename__ = "decision_target"
    __table_args__ = (Index("ix_decision_target_target", "system", "code"),)
    decision_id: Mapped[int] = mapped_column(_BIG, ForeignKey("decision.id", ondelete="CASCADE"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(String(500))
    code: Mapped[str] = mapped_column(String(500))
    display: Mapped[str] = mapped_column(Text)
    relationship: Mapped[str] = mapped_column(String(40))


class RowChangeTable(Table):
    """A change of a row's state with the state before it, so that it can be undone step by step."""

    __tablename__ = "row_change"
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    row_id: Mapped[int] = mapped_column(_BIG, ForeignKey("source_row.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[str] = mapped_column(String(30))
    action: Mapped[str] = mapped_column(String(30))
    before_status: Mapped[str] = mapped_column(String(20))
    before_flagged: Mapped[bool] = mapped_column(Boolean)
    before_decision_id: Mapped[int | None] = mapped_column(_BIG)
    undone: Mapped[bool] = mapped_column(Boolean, default=False)


class CommentTable(Table):
    """A comment at a row."""

    __tablename__ = "row_comment"
    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    row_id: Mapped[int] = mapped_column(_BIG, ForeignKey("source_row.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[str] = mapped_column(String(30))
    text: Mapped[str] = mapped_column(Text)
