"""The audit log: written in the transaction of each change, read by history pages, never updated."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from termserver.model.audit_event import AuditEvent
from termserver.store.engine import now_text
from termserver.store.json_text import from_text, to_text
from termserver.store.tables import AuditEventTable


def add_audit_event(
    session: Session,
    *,
    person: str,
    action: str,
    object_type: str,
    object_id: str,
    project_id: int | None,
    detail: Mapping[str, object],
) -> None:
    """Write one event."""
    session.add(
        AuditEventTable(
            at=now_text(),
            person=person,
            action=action,
            object_type=object_type,
            object_id=object_id,
            project_id=project_id,
            detail=to_text(dict(detail)),
        )
    )


def list_audit_events(
    session: Session,
    *,
    object_type: str | None = None,
    object_id: str | None = None,
    project_id: int | None = None,
    limit: int = 200,
) -> list[AuditEvent]:
    """Events that fit all that is given, latest first."""
    query = select(AuditEventTable)
    if object_type is not None:
        query = query.where(AuditEventTable.object_type == object_type)
    if object_id is not None:
        query = query.where(AuditEventTable.object_id == object_id)
    if project_id is not None:
        query = query.where(AuditEventTable.project_id == project_id)
    rows = session.scalars(query.order_by(AuditEventTable.id.desc()).limit(limit))
    return [
        AuditEvent(
            id=row.id,
            at=row.at,
            person=row.person,
            action=row.action,
            object_type=row.object_type,
            object_id=row.object_id,
            project_id=row.project_id,
            detail=from_text(dict[str, object], row.detail),
        )
        for row in rows
    ]
