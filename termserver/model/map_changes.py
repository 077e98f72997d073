"""What became different between two versions of a concept map."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from termserver.model.concept_map import MapElement


class ChangeKind(StrEnum):
    """How a source code's element differs; `renamed`: in displays alone, its meaning is the same."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One source code between two systems. `before` and `after`: its elements, almost always one or none."""

    kind: ChangeKind
    source_system: str
    target_system: str
    code: str
    before: tuple[MapElement, ...] = ()
    after: tuple[MapElement, ...] = ()


@dataclass(frozen=True, slots=True)
class MapChangesRequest:
    """Which two versions, and which part of their differences.

    Parameters
    ----------
    kinds
        Only these changes are listed; empty means all. The counts are always of all.
    """

    url: str
    old_version: str
    new_version: str | None = None
    kinds: tuple[ChangeKind, ...] = ()
    offset: int = 0
    count: int = 100


@dataclass(frozen=True, slots=True)
class MapChanges:
    """All differences counted, one page of them listed.

    Parameters
    ----------
    old, new
        `url|version`, with sha256 of the content beside.
    unchanged
        Source codes that are the same in both.
    notes
        What differs beside elements: versions of the systems, rules for unmapped codes, status.
    """

    old: str
    old_hash: str
    new: str
    new_hash: str
    counts: dict[ChangeKind, int]
    unchanged: int
    notes: tuple[str, ...] = ()
    changes: tuple[ElementChange, ...] = ()
