"""A job: work that outlasts a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class JobState(StrEnum):
    """queued → running → done | failed | cancelled; a running job whose worker died is queued again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Job:
    """Work in the queue, of a person or of a command. `progress` of `total` steps are done; times are ISO 8601, UTC."""

    id: int
    kind: str
    state: JobState
    project_id: int | None
    progress: int
    total: int
    message: str
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    payload: Mapping[str, object] = field(default_factory=dict)
    person_id: int | None = None

    @property
    def is_over(self) -> bool:
        """True once it will not change any more."""
        return self.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}
