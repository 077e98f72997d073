"""An audit event: who did what to which thing, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Never changed once written.

    Parameters
    ----------
    at
        ISO 8601, UTC.
    action
        `<thing>.<verb>`: `project.create`, `row.decide`, `row.approve`, `map.publish`, `code-system.load`.
    detail
        Further facts (JSON values); never a personal identifier, never a secret.
    """

    id: int
    at: str
    person: str
    action: str
    object_type: str
    object_id: str
    project_id: int | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
