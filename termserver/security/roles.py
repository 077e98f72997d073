"""Permissions and the role each of them needs."""

from __future__ import annotations

from enum import StrEnum

from termserver.errors import Forbidden
from termserver.model.person import Person, Role
from termserver.model.project import Project
from termserver.store import projects as project_store
from termserver.store.engine import Session


class Permission(StrEnum):
    """What may be done; `_LEAST_ROLE` says by whom."""

    VIEW = "view"
    TRANSLATE_FILES = "translate-files"
    DECIDE = "decide"
    UPLOAD = "upload"
    REVIEW = "review"
    PUBLISH = "publish"
    WAIVE_PERSONAL_IDS = "waive-personal-ids"
    MANAGE_MEMBERS = "manage-members"
    LOAD_CONTENT = "load-content"
    MANAGE_PEOPLE = "manage-people"
    DELETE_PROJECT = "delete-project"

    @property
    def least_role(self) -> Role:
        """The least role that may do it."""
        return _LEAST_ROLE[self]


_LEAST_ROLE = {
    Permission.VIEW: Role.VIEWER,
    Permission.TRANSLATE_FILES: Role.VIEWER,
    Permission.DECIDE: Role.MAPPER,
    Permission.UPLOAD: Role.MAPPER,
    Permission.REVIEW: Role.REVIEWER,
    Permission.PUBLISH: Role.PUBLISHER,
    Permission.WAIVE_PERSONAL_IDS: Role.PUBLISHER,
    Permission.MANAGE_MEMBERS: Role.PUBLISHER,
    Permission.LOAD_CONTENT: Role.ADMINISTRATOR,
    Permission.MANAGE_PEOPLE: Role.ADMINISTRATOR,
    Permission.DELETE_PROJECT: Role.ADMINISTRATOR,
}


def role_in(session: Session, actor: Person, project: Project | None) -> Role:
    """The actor's role: in the project where they have one there, else their own; an administrator's is never less."""
    if project is None or actor.role is Role.ADMINISTRATOR:
        return actor.role
    return project_store.find_member_role(session, project.id, actor.id) or actor.role


def may(session: Session, actor: Person, permission: Permission, *, on: Project | None = None) -> bool:
    """True if the actor may."""
    return actor.active and role_in(session, actor, on).rank >= permission.least_role.rank


def require(session: Session, actor: Person, permission: Permission, *, on: Project | None = None) -> None:
    """Go on only if the actor may.

    Raises
    ------
    Forbidden
        Naming the role that is needed.
    """
    if not may(session, actor, permission, on=on):
        where = f" in '{on.title}'" if on is not None else ""
        raise Forbidden(
            f"{actor.name} is {role_in(session, actor, on).value}{where}; this needs {permission.least_role.value}. "
            "An administrator or publisher can change roles."
        )
