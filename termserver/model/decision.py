"""A decision: what a person chose for a row, with relationship and reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from termserver.model.relationship import Relationship


class RowStatus(StrEnum):
    """Where a row stands. `decided` waits for a second person; `approved` may be published."""

    OPEN = "open"
    SKIPPED = "skipped"
    DECIDED = "decided"
    APPROVED = "approved"
    REJECTED = "rejected"


class NoMapReason(StrEnum):
    """Why a row has no target; key `n` then the number of its place here, from 1."""

    NO_TARGET = "no-target"
    TOO_VAGUE = "too-vague"
    NOT_CLINICAL = "not-clinical"
    OUT_OF_SCOPE = "out-of-scope"
    ERROR_IN_LIST = "error-in-list"


@dataclass(frozen=True, slots=True)
class ChosenTarget:
    """One target of a decision."""

    system: str
    code: str
    display: str
    relationship: Relationship = Relationship.EQUIVALENT


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person chose for a row; never changed, only superseded.

    Parameters
    ----------
    targets
        One or more; empty with `no_map_reason`.
    combination
        `or`: each target alone is right; `and`: together they say the source.
    took_ms
        Time from the row's showing to the decision, in milliseconds, or None.
    reviewer
        Login of the second person, once there is one; `approved` is their word, None before.
    """

    id: int
    row_id: int
    person: str
    decided_at: str
    targets: tuple[ChosenTarget, ...] = ()
    no_map_reason: NoMapReason | None = None
    combination: str = "or"
    comment: str | None = None
    engine_version: str | None = None
    took_ms: int | None = None
    superseded: bool = False
    reviewer: str | None = None
    reviewed_at: str | None = None
    approved: bool | None = None
