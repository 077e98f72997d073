"""Write an audit event in the transaction of the change."""

from __future__ import annotations

from termserver.model.person import Person
from termserver.store import audit_log
from termserver.store.engine import Session

SYSTEM = "system"


def record(
    session: Session,
    actor: Person | None,
    action: str,
    object_type: str,
    object_id: object,
    *,
    project_id: int | None = None,
    **detail: object,
) -> None:
    """Say who did what. `actor` None is the service itself (commands, workers).

    Parameters
    ----------
    action
        `<thing>.<verb>`, e.g. `row.decide`.
    detail
        JSON values; never a password, a token or a personal identifier.
    """
    audit_log.add_audit_event(
        session,
        person=SYSTEM if actor is None else actor.login,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        project_id=project_id,
        detail=detail,
    )
