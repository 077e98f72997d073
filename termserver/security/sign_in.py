"""Signing in and out: a random token in the browser, its hash in the database."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from termserver.errors import NotSignedIn
from termserver.model.person import Person
from termserver.security.passwords import is_password
from termserver.store import people
from termserver.store.engine import Session

_FREE_FAILURES = 5
_LONGEST_WAIT_S = 300
# Verified when the login is unknown, so that the time of the answer does not tell which logins exist.
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$UBTjDWQUn2gFMsWdTPwIVQ$W1OWWsDmZXQAhjG2w8PYueLjGuGc7xTO9Wp0V9kI8wI"


def sign_in(session: Session, login: str, password: str, *, hours: int = 12) -> tuple[Person, str] | None:
    """Check the password; returns the person and the token for the browser, or None if they do not fit.

    A wrong password is an answer and not an error, so that the failure is committed and counted.

    Raises
    ------
    NotSignedIn
        After five failures in a row: each further one doubles the wait, up to five minutes.
    """
    key = login.strip().lower()[:100]
    _refuse_guessing(session, key)
    person = people.find_person(session, key)
    stored = people.read_password_hash(session, person.id) if person is not None else _NOBODYS_HASH
    fits = is_password(password, stored)
    if person is None or not fits or not person.active:
        people.record_sign_in_failure(session, key)
        return None
    people.clear_sign_in_failures(session, key)
    return person, issue_token(session, person, hours=hours)


def issue_token(session: Session, person: Person, *, hours: int) -> str:
    """A token that stands for the person until it ends: of a browser's sign-in, or for a program that writes over FHIR.

    Only its hash is stored: the token is shown once.
    """
    token = secrets.token_urlsafe(32)
    expires = datetime.now(UTC) + timedelta(hours=hours)
    people.add_session_token(
        session,
        token_hash=_token_hash(token),
        person_id=person.id,
        expires_at=expires.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    return token


def person_for_token(session: Session, token: str) -> Person | None:
    """The person of a sign-in that has not ended, or None."""
    return people.find_person_by_token(session, _token_hash(token))


def sign_out(session: Session, token: str) -> None:
    """End the sign-in."""
    people.remove_session_token(session, _token_hash(token))


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refuse_guessing(session: Session, login: str) -> None:
    failures = people.read_sign_in_failures(session, login)
    if failures is None or failures.count < _FREE_FAILURES:
        return
    wait_s = min(_LONGEST_WAIT_S, 2 ** (failures.count - _FREE_FAILURES + 1))
    last = datetime.fromisoformat(failures.last_at.replace("Z", "+00:00"))
    left = (last + timedelta(seconds=wait_s) - datetime.now(UTC)).total_seconds()
    if left > 0:
        raise NotSignedIn(f"Too many failed sign-ins for this login. Try again in {int(left) + 1} seconds.")
