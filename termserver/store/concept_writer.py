"""Concepts into the store, batch by batch, and the hash of what was written. PostgreSQL takes them by COPY."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from sqlalchemy import insert
from sqlalchemy.orm import Session

from termserver.model.code_system import CodeSystem, Concept
from termserver.store.concept_body import body_text
from termserver.store.json_text import to_text
from termserver.store.tables import ConceptParentTable, ConceptTable, Table

_CONCEPT = ("code_system_id", "ordinal", "code", "display", "active", "abstract", "body")
_PARENT = ("code_system_id", "parent_code", "child_ordinal")


class ConceptWriter:
    """Writes the concepts of one code system version in their order; memory is one batch."""

    def __init__(self, code_system_id: int, header: CodeSystem) -> None:
        self._id = code_system_id
        self._digest = hashlib.sha256(to_text(header).encode())
        self.count = 0

    @property
    def content_hash(self) -> str:
        """The identity of header and concepts so far, sha256 in hexadecimal."""
        return self._digest.hexdigest()

    def add(self, session: Session, batch: Sequence[Concept]) -> None:
        """Write the next concepts."""
        rows: list[tuple[object, ...]] = []
        parents: list[tuple[object, ...]] = []
        for ordinal, concept in enumerate(batch, start=self.count):
            body = body_text(concept)
            self._digest.update(_identity(concept, body))
            rows.append((self._id, ordinal, concept.code, concept.display, concept.active, concept.abstract, body))
            parents += [(self._id, parent, ordinal) for parent in dict.fromkeys(concept.parents)]
        _insert(session, ConceptTable, _CONCEPT, rows)
        _insert(session, ConceptParentTable, _PARENT, parents)
        self.count += len(batch)


def content_hash(header: CodeSystem, concepts: Iterable[Concept]) -> str:
    """The identity of a code system's content, sha256 in hexadecimal."""
    digest = hashlib.sha256(to_text(header).encode())
    for concept in concepts:
        digest.update(_identity(concept, body_text(concept)))
    return digest.hexdigest()


def _identity(concept: Concept, body: str) -> bytes:
    return f"{concept.code}\x1f{concept.display}\x1f{concept.active}{concept.abstract}{body}\n".encode()


def _insert(session: Session, table: type[Table], columns: Sequence[str], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        return
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        session.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
        return
    names = ", ".join(columns)
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
