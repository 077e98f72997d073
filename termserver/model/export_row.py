"""A row of a map as exports for people need it: with what no ConceptMap carries (frequency, who, when, comments)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.candidate import Candidate
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.usagi_line import UsagiLine


@dataclass(frozen=True, slots=True)
class TargetDetail:
    """What a map says of one of its targets.

    Parameters
    ----------
    properties
        Its properties and what `model.beyond_fhir` keeps: code → text.
    """

    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One source code with its decision, if there is one.

    Parameters
    ----------
    source_system
        Code system of the source code; empty for the source of the map's first group.
    context
        Further columns of the source list: name → value.
    targets
        Empty where nothing is decided, or there is no map.
    combination
        `or`: each target alone is right; `and`: together they say the source.
    decided_at
        ISO 8601, UTC.
    probability
        Calibrated chance of the best candidate, 0 to 1, or None.
    flagged
        True where a curator marked the row for a second look.
    suggestion
        Best candidate of a row without decision.
    remarks
        What the engine found odd about the term.
    kept
        What an imported map keeps of the source code (`model.beyond_fhir`): code → text.
    details
        Beside `targets`, where the row comes from a map; else empty.
    usagi_lines
        The lines of the Usagi save file the row came from.
    untouched
        True while nobody changed the row since it was read.
    """

    source_code: str
    source_name: str
    frequency: int | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[ChosenTarget, ...] = ()
    status: RowStatus = RowStatus.OPEN
    no_map_reason: NoMapReason | None = None
    decided_by: str | None = None
    decided_at: str | None = None
    reviewer: str | None = None
    comment: str | None = None
    probability: float | None = None
    flagged: bool = False
    created_by: str | None = None
    created_at: str | None = None
    language: str | None = None
    suggestion: Candidate | None = None
    combination: str = "or"
    usagi_lines: tuple[UsagiLine, ...] = ()
    untouched: bool = False
    remarks: tuple[str, ...] = ()
    source_system: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    details: tuple[TargetDetail, ...] = ()

    @property
    def detailed_targets(self) -> tuple[tuple[ChosenTarget, TargetDetail], ...]:
        """Each target with what the map says of it; of a project's row the comment is that of all."""
        details = self.details or (TargetDetail(self.comment),) * len(self.targets)
        return tuple(zip(self.targets, details, strict=True))
