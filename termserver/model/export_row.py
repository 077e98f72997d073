"""A row of a map as exports for people need it: with what no ConceptMap carries (frequency, who, when, comments)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.candidate import Candidate
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.usagi_line import UsagiLine


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One source code with its decision, if there is one.

    Parameters
    ----------
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
