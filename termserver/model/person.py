"""A person, their roles, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Role in a project, or in the whole service; each may do what the one before may."""

    VIEWER = "viewer"
    MAPPER = "mapper"
    REVIEWER = "reviewer"
    PUBLISHER = "publisher"
    ADMINISTRATOR = "administrator"

    @property
    def rank(self) -> int:
        """0 for viewer … 4 for administrator."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in. `role` is their role in every project where they have no other."""

    id: int
    login: str
    name: str
    role: Role
    active: bool = True

    @property
    def initials(self) -> str:
        """Two letters for the corner of the page."""
        parts = self.name.split() or [self.login]
        return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else parts[0][1:2])).upper()
