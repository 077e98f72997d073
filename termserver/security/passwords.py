"""Passwords: Argon2id hashes (OWASP Password Storage Cheat Sheet); the password itself is never stored or logged."""

from __future__ import annotations

from termserver.errors import BadInput

LEAST_LENGTH = 10


def hash_password(password: str) -> str:
    """Argon2id hash with its own salt and parameters.

    Raises
    ------
    BadInput
        If it has fewer than 10 characters (NIST SP 800-63B asks for length, not for signs).
    """
    from argon2 import PasswordHasher

    if len(password) < LEAST_LENGTH:
        raise BadInput(f"A password needs at least {LEAST_LENGTH} characters; a short sentence is a good one.")
    return PasswordHasher().hash(password)


def is_password(password: str, password_hash: str) -> bool:
    """True if the hash was made from this password."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
