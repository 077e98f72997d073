"""Closure tables that clients keep with $closure: only their concepts; the pairs follow from the code systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from termserver.store.engine import now_text
from termserver.store.tables import ClosureConceptTable, ClosureTable

MOST_CLOSURES = 1_000


@dataclass(frozen=True, slots=True)
class ClosureConcept:
    """A concept in a closure table. `added_in`: the version that brought it."""

    system: str
    code: str
    added_in: int


@dataclass(frozen=True, slots=True)
class StoredClosure:
    """A closure table."""

    id: int
    name: str
    version: int


def begin_closure(session: Session, name: str) -> StoredClosure:
    """An empty closure table of that name, at version 1; one that was there is emptied.

    Of more than `MOST_CLOSURES` those go that were not used for longest.
    """
    old = session.scalar(select(ClosureTable.id).where(ClosureTable.name == name))
    if old is not None:
        _remove(session, [old])
    row = ClosureTable(name=name, version=1, used_at=now_text())
    session.add(row)
    session.flush()
    surplus = (session.scalar(select(func.count()).select_from(ClosureTable)) or 0) - MOST_CLOSURES
    if surplus > 0:
        oldest = select(ClosureTable.id).order_by(ClosureTable.used_at, ClosureTable.id).limit(surplus)
        _remove(session, session.scalars(oldest).all())
    return StoredClosure(row.id, row.name, row.version)


def _remove(session: Session, ids: Sequence[int]) -> None:
    session.execute(delete(ClosureConceptTable).where(ClosureConceptTable.closure_id.in_(ids)))
    session.execute(delete(ClosureTable).where(ClosureTable.id.in_(ids)))


def open_closure(session: Session, name: str) -> StoredClosure | None:
    """The closure table of that name, for this transaction alone; None if there is none."""
    row = session.scalar(select(ClosureTable).where(ClosureTable.name == name).with_for_update())
    if row is None:
        return None
    row.used_at = now_text()
    return StoredClosure(row.id, row.name, row.version)


def closure_concepts(session: Session, closure: StoredClosure) -> list[ClosureConcept]:
    """The concepts of a closure table, in the order in which they came."""
    rows = session.scalars(
        select(ClosureConceptTable)
        .where(ClosureConceptTable.closure_id == closure.id)
        .order_by(ClosureConceptTable.number)
    )
    return [ClosureConcept(row.system, row.code, row.added_in) for row in rows]


def add_to_closure(
    session: Session, closure: StoredClosure, concepts: Sequence[tuple[str, str]], begin: int
) -> StoredClosure:
    """Add concepts, pairs (system, code), numbered from `begin`; the table's version rises by one."""
    version = closure.version + 1
    row = session.get_one(ClosureTable, closure.id)
    row.version = version
    if concepts:
        lines = [
            {"closure_id": closure.id, "number": begin + place, "system": system, "code": code, "added_in": version}
            for place, (system, code) in enumerate(concepts)
        ]
        session.execute(insert(ClosureConceptTable), lines)
    session.flush()
    return StoredClosure(closure.id, closure.name, version)
