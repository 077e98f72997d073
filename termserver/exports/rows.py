"""A published concept map as rows for people: one a source code, in the map's order."""

from __future__ import annotations

from collections.abc import Iterator

from termserver.model.beyond_fhir import facts_of
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.export_row import ExportRow, TargetDetail

_STATUS = {"active": RowStatus.APPROVED, "retired": RowStatus.APPROVED, "draft": RowStatus.DECIDED}


def rows_from_map(concept_map: ConceptMap) -> Iterator[ExportRow]:
    """The rows of a map; a source code in several groups is one row with the targets of all.

    Dates are the map's: it does not say who decided when.
    """
    by_code: dict[tuple[str, str], list[tuple[MapGroup, MapElement]]] = {}
    for group in concept_map.groups:
        for element in group.elements:
            by_code.setdefault((group.source, element.code), []).append((group, element))
    status = _STATUS.get(concept_map.status, RowStatus.DECIDED)
    for (system, code), found in by_code.items():
        targets = [(group.target, target) for group, element in found for target in element.targets]
        comments = dict.fromkeys(element.comment for _, element in found if element.comment)
        yield ExportRow(
            source_system=system,
            source_code=code,
            source_name=next((element.display for _, element in found if element.display), ""),
            targets=tuple(
                ChosenTarget(target_system, target.code, target.display or "", target.relationship)
                for target_system, target in targets
            ),
            details=tuple(_detail(target) for _, target in targets),
            status=status,
            no_map_reason=NoMapReason.NO_TARGET if not targets and found[0][1].no_map else None,
            comment="; ".join(comments) or None,
            combination="and" if any(_is_and(target) for _, target in targets) else "or",
            kept=facts_of(found[0][1].other),
        )


def _detail(target: MapTarget) -> TargetDetail:
    properties = {code: value for code, value in target.properties if isinstance(value, str)}
    return TargetDetail(target.comment, {**facts_of(target.other), **properties})


def _is_and(target: MapTarget) -> bool:
    return ("combination", "and") in target.properties
