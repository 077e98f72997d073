"""Projects, their members and their counters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from termserver.errors import Conflict
from termserver.model.person import Person, Role
from termserver.model.project import Progress, Project
from termserver.store.engine import now_text
from termserver.store.fhir_ids import slug
from termserver.store.json_text import from_text, to_text
from termserver.store.people import person_from_table
from termserver.store.tables import PersonTable, ProjectMemberTable, ProjectTable

_MOST_SLUG_ATTEMPTS = 20


def _project(row: ProjectTable) -> Project:
    return Project(
        id=row.id,
        slug=row.slug,
        title=row.title,
        source_url=row.source_url,
        source_version=row.source_version,
        map_url=row.map_url,
        target_systems=tuple(from_text(list[str], row.target_systems)),
        language=row.language,
        country=row.country,
        created_at=row.created_at,
        updated_at=row.updated_at,
        published_version=row.published_version,
        progress=Progress(
            rows=row.rows,
            decided=row.decided,
            approved=row.approved,
            flagged=row.flagged,
            suggested=row.suggested,
            frequency=row.frequency,
            decided_frequency=row.decided_frequency,
            approved_frequency=row.approved_frequency,
        ),
        licence=row.licence,
        copyright=row.copyright,
    )


def add_project(
    session: Session,
    *,
    title: str,
    source_url: str,
    source_version: str,
    map_url: str,
    target_systems: Sequence[str],
    language: str | None,
    country: str | None,
    licence: str | None = None,
    copyright_text: str | None = None,
    file_name: str | None = None,
    sha256: str | None = None,
) -> Project:
    """Store a project without rows; its slug is made from the title and free."""
    for _ in range(_MOST_SLUG_ATTEMPTS):
        row = ProjectTable(
            slug=_free_slug(session, title),
            title=title,
            source_url=source_url,
            source_version=source_version,
            map_url=map_url,
            target_systems=to_text(list(target_systems)),
            language=language,
            country=country,
            licence=licence,
            copyright=copyright_text,
            file_name=file_name,
            sha256=sha256,
            created_at=now_text(),
            updated_at=now_text(),
        )
        try:
            with session.begin_nested():
                session.add(row)
                session.flush()
        except IntegrityError:  # another process took the same slug in this very moment
            continue
        return _project(row)
    raise Conflict(f"Many projects called '{title}' are being stored at this moment; try again.")


def _free_slug(session: Session, title: str) -> str:
    wanted = slug(title)[:80]
    taken = set(session.scalars(select(ProjectTable.slug).where(ProjectTable.slug.startswith(wanted, autoescape=True))))
    names = (wanted if n == 0 else f"{wanted}-{n + 1}" for n in range(len(taken) + 1))
    return next(name for name in names if name not in taken)


def list_projects(session: Session) -> list[Project]:
    """All projects, latest change first."""
    return [_project(row) for row in session.scalars(select(ProjectTable).order_by(ProjectTable.updated_at.desc()))]


def find_project(session: Session, project_slug: str) -> Project | None:
    """The project with this slug, as the database has it now."""
    query = select(ProjectTable).where(ProjectTable.slug == project_slug)
    row = session.scalar(query.execution_options(populate_existing=True))
    return None if row is None else _project(row)


def read_project(session: Session, project_id: int) -> Project:
    """The project with this number, as the database has it now."""
    query = select(ProjectTable).where(ProjectTable.id == project_id)
    return _project(session.scalars(query.execution_options(populate_existing=True)).one())


def add_to_progress(session: Session, project_id: int, delta: Progress) -> None:
    """Add to the counters, in the database, so that two people's changes both count."""
    table = ProjectTable
    session.execute(
        update(table)
        .where(table.id == project_id)
        .values(
            rows=table.rows + delta.rows,
            decided=table.decided + delta.decided,
            approved=table.approved + delta.approved,
            flagged=table.flagged + delta.flagged,
            suggested=table.suggested + delta.suggested,
            frequency=table.frequency + delta.frequency,
            decided_frequency=table.decided_frequency + delta.decided_frequency,
            approved_frequency=table.approved_frequency + delta.approved_frequency,
            updated_at=now_text(),
        )
    )


def set_suggested(session: Session, project_id: int, count: int) -> None:
    """Say how many rows have been looked at by the matching engine."""
    session.execute(update(ProjectTable).where(ProjectTable.id == project_id).values(suggested=count))


def set_published_version(session: Session, project_id: int, version: str) -> None:
    """Remember the latest published version."""
    session.execute(
        update(ProjectTable)
        .where(ProjectTable.id == project_id)
        .values(published_version=version, updated_at=now_text())
    )


def remove_project(session: Session, project_id: int) -> None:
    """Remove a project with its rows and decisions; its published maps and audit events stay."""
    session.execute(delete(ProjectTable).where(ProjectTable.id == project_id))


def list_members(session: Session, project_id: int) -> list[tuple[Person, Role]]:
    """People with a role in this project, by login."""
    rows = session.execute(
        select(PersonTable, ProjectMemberTable.role)
        .join(ProjectMemberTable, ProjectMemberTable.person_id == PersonTable.id)
        .where(ProjectMemberTable.project_id == project_id)
        .order_by(PersonTable.login)
    )
    return [(person_from_table(person), Role(role)) for person, role in rows]


def find_member_role(session: Session, project_id: int, person_id: int) -> Role | None:
    """The person's role in this project, if they have one of its own."""
    row = session.get(ProjectMemberTable, (project_id, person_id))
    return None if row is None else Role(row.role)


def set_member_role(session: Session, project_id: int, person_id: int, role: Role | None) -> None:
    """Give, change or (None) take away a role."""
    row = session.get(ProjectMemberTable, (project_id, person_id))
    if role is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(ProjectMemberTable(project_id=project_id, person_id=person_id, role=role.value))
    else:
        row.role = role.value
    session.flush()
