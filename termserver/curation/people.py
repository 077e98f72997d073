"""People: create, change, list."""

from __future__ import annotations

import re

from termserver.audit.record import record
from termserver.errors import BadInput, Conflict, NotFound
from termserver.model.person import Person, Role
from termserver.security.passwords import hash_password, is_password
from termserver.security.roles import Permission, require
from termserver.store import people as people_store
from termserver.store.engine import Session

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{0,99}")


def any_person(session: Session) -> bool:
    """True once somebody can sign in; before, the setup page creates the first administrator."""
    return people_store.count_people(session) > 0


def create_person(
    session: Session, actor: Person | None, *, login: str, name: str, password: str, role: Role = Role.MAPPER
) -> Person:
    """Create somebody who can sign in.

    Parameters
    ----------
    actor
        An administrator; None for a command on the server, or for the very first person.

    Raises
    ------
    BadInput
        If login, name or password cannot be used.
    Conflict
        If the login is taken.
    """
    if actor is not None:
        require(session, actor, Permission.MANAGE_PEOPLE)
    key = login.strip().lower()
    if not _LOGIN.fullmatch(key):
        raise BadInput("A login is 1 to 100 letters a–z, digits and . _ @ -, and begins with a letter or digit.")
    if not name.strip():
        raise BadInput("The name is empty; it stands beside each decision.")
    if people_store.find_person(session, key) is not None:
        raise Conflict(f"The login '{key}' is taken.")
    person = people_store.add_person(
        session, login=key, name=name.strip()[:200], role=role, password_hash=hash_password(password)
    )
    record(session, actor, "person.create", "person", key, role=role.value)
    return person


def change_person(
    session: Session, actor: Person | None, login: str, *, role: Role | None = None, active: bool | None = None
) -> None:
    """Change role or activity. Nobody takes the last administrator away.

    Raises
    ------
    NotFound
        If nobody has the login.
    Conflict
        If no administrator would be left.
    """
    if actor is not None:
        require(session, actor, Permission.MANAGE_PEOPLE)
    person = _find(session, login)
    loses = (role is not None and role is not Role.ADMINISTRATOR) or active is False
    others = [
        other
        for other in people_store.list_people(session)
        if other.role is Role.ADMINISTRATOR and other.active and other.id != person.id
    ]
    if person.role is Role.ADMINISTRATOR and loses and not others:
        raise Conflict(f"'{login}' is the last administrator; make somebody else one first.")
    people_store.change_person(session, person.id, role=role, active=active)
    record(session, actor, "person.change", "person", login, role=None if role is None else role.value, active=active)


def change_password(session: Session, actor: Person, *, old: str, new: str) -> None:
    """Change one's own password; all other sign-ins of the person end.

    Raises
    ------
    BadInput
        If the old password is wrong or the new one too short.
    """
    if not is_password(old, people_store.read_password_hash(session, actor.id)):
        raise BadInput("The present password is not right.")
    people_store.change_person(session, actor.id, password_hash=hash_password(new))
    record(session, actor, "person.password", "person", actor.login)


def reset_password(session: Session, actor: Person | None, login: str, password: str) -> None:
    """Give somebody a new password (an administrator, or a command on the server)."""
    if actor is not None:
        require(session, actor, Permission.MANAGE_PEOPLE)
    person = _find(session, login)
    people_store.change_person(session, person.id, password_hash=hash_password(password))
    record(session, actor, "person.password", "person", login)


def list_people(session: Session, actor: Person) -> list[Person]:
    """Everybody, for those who may choose members."""
    require(session, actor, Permission.MANAGE_MEMBERS)
    return people_store.list_people(session)


def _find(session: Session, login: str) -> Person:
    person = people_store.find_person(session, login)
    if person is None:
        raise NotFound(f"Nobody has the login '{login}'.")
    return person
