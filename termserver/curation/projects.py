"""Projects: list, open, members, remove."""

from __future__ import annotations

from termserver.audit.record import record
from termserver.errors import NotFound
from termserver.model.audit_event import AuditEvent
from termserver.model.person import Person, Role
from termserver.model.project import Project
from termserver.security.roles import Permission, require
from termserver.store import audit_log, people
from termserver.store import projects as project_store
from termserver.store.engine import Session


def list_projects(session: Session, actor: Person) -> list[Project]:
    """Projects the actor may see, latest change first."""
    require(session, actor, Permission.VIEW)
    return project_store.list_projects(session)


def get_project(session: Session, actor: Person, slug: str) -> Project:
    """The project with this slug.

    Raises
    ------
    NotFound
        If there is none.
    """
    project = project_store.find_project(session, slug)
    if project is None:
        raise NotFound(f"No project '{slug}'.")
    require(session, actor, Permission.VIEW, on=project)
    return project


def members(session: Session, actor: Person, project: Project) -> list[tuple[Person, Role]]:
    """People with a role of their own in this project."""
    require(session, actor, Permission.VIEW, on=project)
    return project_store.list_members(session, project.id)


def set_member(session: Session, actor: Person, project: Project, login: str, role: Role | None) -> None:
    """Give somebody a role in the project; None takes it away.

    Raises
    ------
    NotFound
        If nobody has the login.
    """
    require(session, actor, Permission.MANAGE_MEMBERS, on=project)
    person = people.find_person(session, login)
    if person is None:
        raise NotFound(f"Nobody has the login '{login}'.")
    project_store.set_member_role(session, project.id, person.id, role)
    value = None if role is None else role.value
    record(session, actor, "project.member", "project", project.slug, project_id=project.id, login=login, role=value)


def project_history(session: Session, actor: Person, project: Project, *, limit: int = 50) -> list[AuditEvent]:
    """What happened in the project, latest first."""
    require(session, actor, Permission.VIEW, on=project)
    return audit_log.list_audit_events(session, project_id=project.id, limit=limit)


def delete_project(session: Session, actor: Person, project: Project) -> None:
    """Remove the project with its rows and decisions; published maps and audit events stay."""
    require(session, actor, Permission.DELETE_PROJECT, on=project)
    project_store.remove_project(session, project.id)
    record(session, actor, "project.delete", "project", project.slug, project_id=project.id, rows=project.progress.rows)
