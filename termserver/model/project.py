"""A mapping project: a source list, its rows as curators see them, and its progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.candidate import Candidate
from termserver.model.coding import Designation
from termserver.model.decision import Decision, RowStatus


@dataclass(frozen=True, slots=True)
class Progress:
    """Counters kept with the project, by rows and by frequency (sum of the rows' frequencies)."""

    rows: int = 0
    decided: int = 0
    approved: int = 0
    flagged: int = 0
    suggested: int = 0
    frequency: int = 0
    decided_frequency: int = 0
    approved_frequency: int = 0

    @property
    def decided_share(self) -> float:
        """Decided or approved rows among all, 0 to 1."""
        return self.decided / self.rows if self.rows else 0.0

    @property
    def decided_frequency_share(self) -> float:
        """Frequency of decided or approved rows among all, 0 to 1; by rows where no frequencies are known."""
        return self.decided_frequency / self.frequency if self.frequency else self.decided_share


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `source_url` is the local code system; `map_url` the canonical of the map it publishes."""

    id: int
    slug: str
    title: str
    source_url: str
    source_version: str
    map_url: str
    target_systems: tuple[str, ...]
    language: str | None
    country: str | None
    created_at: str
    updated_at: str
    published_version: str | None
    progress: Progress
    licence: str | None = None
    copyright: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment at a row."""

    person: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the curator sees it. `version` rises with each change: a decision must name the one it saw.

    `remarks`: sentences of the engine on what is odd about the term (no letters, cut, labelled with another language…).
    """

    id: int
    project_id: int
    line: int
    code: str
    term: str
    language: str | None
    frequency: int | None
    context: Mapping[str, str]
    other_terms: tuple[Designation, ...]
    status: RowStatus
    flagged: bool
    version: int
    best_probability: float | None
    candidate_count: int
    assignee: str | None = None
    candidates: tuple[Candidate, ...] = field(default_factory=tuple)
    decision: Decision | None = None
    comment_count: int = 0
    remarks: tuple[str, ...] = ()
