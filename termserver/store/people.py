"""People, their passwords' hashes and their sign-ins."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from termserver.model.person import Person, Role
from termserver.store.engine import now_text
from termserver.store.tables import PersonTable, SessionTokenTable, SignInFailureTable


@dataclass(frozen=True, slots=True)
class SignInFailures:
    """How often a login failed in a row, and when last (ISO 8601)."""

    count: int
    last_at: str


def person_from_table(row: PersonTable) -> Person:
    """The model's person, without the password."""
    return Person(id=row.id, login=row.login, name=row.name, role=Role(row.role), active=row.active)


def add_person(
    session: Session, *, login: str, name: str, role: Role, password_hash: str, active: bool = True
) -> Person:
    """Store a new person; the login must be free."""
    row = PersonTable(
        login=login, name=name, role=role.value, password_hash=password_hash, created_at=now_text(), active=active
    )
    session.add(row)
    session.flush()
    return person_from_table(row)


def find_person(session: Session, login: str) -> Person | None:
    """The person with this login."""
    row = session.scalar(select(PersonTable).where(PersonTable.login == login))
    return None if row is None else person_from_table(row)


def list_people(session: Session) -> list[Person]:
    """Everybody, by login."""
    return [person_from_table(row) for row in session.scalars(select(PersonTable).order_by(PersonTable.login))]


def count_people(session: Session) -> int:
    """How many people may sign in."""
    return session.scalar(select(func.count()).select_from(PersonTable).where(PersonTable.active)) or 0


def read_password_hash(session: Session, person_id: int) -> str:
    """The stored hash of the password."""
    return session.scalars(select(PersonTable.password_hash).where(PersonTable.id == person_id)).one()


def change_person(
    session: Session,
    person_id: int,
    *,
    role: Role | None = None,
    active: bool | None = None,
    password_hash: str | None = None,
) -> None:
    """Change what is given. A new password or an end of activity ends all sign-ins of the person."""
    changes: dict[str, object] = {}
    if role is not None:
        changes["role"] = role.value
    if active is not None:
        changes["active"] = active
    if password_hash is not None:
        changes["password_hash"] = password_hash
    if changes:
        session.execute(update(PersonTable).where(PersonTable.id == person_id).values(**changes))
    if password_hash is not None or active is False:
        session.execute(delete(SessionTokenTable).where(SessionTokenTable.person_id == person_id))


def add_session_token(session: Session, *, token_hash: str, person_id: int, expires_at: str) -> None:
    """Remember a sign-in, and forget those that have ended."""
    session.execute(delete(SessionTokenTable).where(SessionTokenTable.expires_at < now_text()))
    session.add(SessionTokenTable(token_hash=token_hash, person_id=person_id, expires_at=expires_at))
    session.flush()


def find_person_by_token(session: Session, token_hash: str) -> Person | None:
    """The active person of a sign-in that has not ended."""
    row = session.scalar(
        select(PersonTable)
        .join(SessionTokenTable, SessionTokenTable.person_id == PersonTable.id)
        .where(
            SessionTokenTable.token_hash == token_hash,
            SessionTokenTable.expires_at >= now_text(),
            PersonTable.active.is_(True),
        )
    )
    return None if row is None else person_from_table(row)


def remove_session_token(session: Session, token_hash: str) -> None:
    """End a sign-in."""
    session.execute(delete(SessionTokenTable).where(SessionTokenTable.token_hash == token_hash))


def read_sign_in_failures(session: Session, login: str) -> SignInFailures | None:
    """Failures in a row of this login."""
    row = session.get(SignInFailureTable, login)
    return None if row is None else SignInFailures(row.count, row.last_at)


def record_sign_in_failure(session: Session, login: str) -> None:
    """Count one more failure."""
    row = session.get(SignInFailureTable, login)
    if row is None:
        session.add(SignInFailureTable(login=login, count=1, last_at=now_text()))
    else:
        row.count, row.last_at = row.count + 1, now_text()
    session.flush()


def clear_sign_in_failures(session: Session, login: str) -> None:
    """Forget the failures after a success."""
    session.execute(delete(SignInFailureTable).where(SignInFailureTable.login == login))
