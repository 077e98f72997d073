"""A row and its candidates, arranged for the eye: groups by code system, differences first, agreement folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from termserver.model.candidate import Candidate
from termserver.model.project import Row
from termserver.ui.highlight import highlight

PathOf = Callable[[str, str], tuple[tuple[str, str], ...]]
"""(system, code) → pairs (code, display) from the top of the hierarchy."""


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One candidate, ready for the template.

    Parameters
    ----------
    number
        The key that accepts it: 1 to 9, or 0 beyond.
    is_open
        True: shown with all its evidence.
    designation, designation_language
        The designation that matched, its matched words marked; empty where it says the same as the display.
    warnings
        Those that say more than the conflicts beside them, and are not said of the row.
    path
        Pairs (code, display) from the top; only of open candidates.
    """

    number: int
    candidate: Candidate
    is_open: bool
    display: Markup
    designation: Markup
    designation_language: str | None
    matched: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    is_inactive: bool
    path: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """The candidates of one target system: one question to the curator."""

    system: str
    candidates: tuple[CandidateView, ...]


def candidate_groups(row: Row, target_systems: Sequence[str], path_of: PathOf) -> tuple[CandidateGroup, ...]:
    """Group a row's candidates by code system, in the project's order, and number them through.

    The first candidate of all is open; a system without candidates keeps its (empty) group, so that it is not forgotten.
    """
    order = [*target_systems, *dict.fromkeys(one.system for one in row.candidates if one.system not in target_systems)]
    groups: list[CandidateGroup] = []
    number = 0
    for system in order:
        views: list[CandidateView] = []
        for candidate in row.candidates:
            if candidate.system != system:
                continue
            number += 1
            views.append(_view(candidate, number, path_of, row.remarks))
        groups.append(CandidateGroup(system, tuple(views)))
    return tuple(groups)


def _view(candidate: Candidate, number: int, path_of: PathOf, said: Sequence[str]) -> CandidateView:
    evidence = candidate.evidence
    words = [word for _, word in evidence.matched_words]
    matched = evidence.matched_designation
    same = matched is None or matched.value.strip().lower() == candidate.display.strip().lower()
    is_inactive = any("inactive" in warning.lower() for warning in evidence.warnings)
    return CandidateView(
        number=number if number < 10 else 0,
        candidate=candidate,
        is_open=number == 1,
        display=highlight(candidate.display, words),
        designation=Markup("") if same or matched is None else highlight(matched.value, words),
        designation_language=None if matched is None else matched.language,
        matched=tuple(dict.fromkeys(evidence.matched_words)),
        warnings=tuple(
            text
            for text in evidence.warnings
            if text.lower() != "inactive"
            and text not in said
            and not any(conflict in text for conflict in evidence.conflicts)
        ),
        is_inactive=is_inactive,
        path=path_of(candidate.system, candidate.code) if number == 1 else (),
    )


def is_safe_neighbour(row: Row, other: Row) -> bool:
    """True if the other row may be pre-checked for deciding together: same term but for case, same context, open.

    A row that differs in unit, specimen or class must be looked at first, so it is never pre-checked.
    """
    same_term = " ".join(row.term.casefold().split()) == " ".join(other.term.casefold().split())
    return same_term and dict(row.context) == dict(other.context) and other.decision is None


def differing_context(row: Row, other: Row) -> list[str]:
    """What the other row's context says differently, as `name value`."""
    return [
        f"{name} {other.context.get(name) or 'not said'}"
        for name in {**row.context, **other.context}
        if (row.context.get(name) or "") != (other.context.get(name) or "")
    ]
