"""A map to or from SNOMED CT as an RF2 map reference set, simple or extended.

The member's referenced component is the SNOMED CT concept and its mapTarget the other system's code. What RF2 cannot say
is left out: local codes without a SNOMED CT target, comments, people. Identifiers of members are UUIDs made from refset,
concept and code, so that a later release of the same map keeps them; a map that was read from RF2 keeps its own.
Source: SNOMED International, Release File Specification 5.2.3.3 and 5.2.3.4; `model.rf2_correlation`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from stdnum import verhoeff

from termserver.errors import BadInput
from termserver.exports.table_writer import delimited_chunks, one_line
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship
from termserver.model.rf2_correlation import correlation_of

SNOMED_CT = "http://snomed.info/sct"
_COMMON = ("id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId")
_EXTENDED = ("mapGroup", "mapPriority", "mapRule", "mapAdvice", "mapTarget", "correlationId", "mapCategoryId")
_PROPERLY_CLASSIFIED = "447637006"
_NOT_CLASSIFIABLE = "447638001"
_NAMESPACE = uuid.UUID("6f0f3a44-6a57-5d0e-9d0b-5b6a1f6f2d11")


@dataclass(frozen=True, slots=True)
class _Member:
    """A mapping as a member: SNOMED CT's concept, the other system's code (empty: no target), and what was read of it."""

    row: ExportRow
    concept: str
    code: str
    relationship: Relationship
    place: int
    kept: Mapping[str, str]
    to_snomed: bool


def write_simple_map(export: MapExport) -> Iterator[bytes]:
    """A simple map reference set (`der2_sRefset_SimpleMap…`)."""
    common = _common_cells(export)
    lines = (
        (*common(member, 1), one_line(member.code))
        for member in _members(export)
        if member.relationship is not Relationship.NOT_RELATED and member.code
    )
    return delimited_chunks((*_COMMON, "mapTarget"), lines, delimiter="\t", line_end="\r\n", quoted=False)


def write_extended_map(export: MapExport) -> Iterator[bytes]:
    """An extended map reference set (`der2_iisssccRefset_ExtendedMap…`).

    Targets that together say a code (AND) are groups of their own; alternatives are priorities of one group.
    """
    common = _common_cells(export)

    def lines() -> Iterator[tuple[str, ...]]:
        for member in _members(export):
            group, priority = (member.place, 1) if member.row.combination == "and" else (1, member.place)
            advice = f"ALWAYS {one_line(member.code)}" if member.code else "CANNOT BE CLASSIFIED WITH AVAILABLE DATA"
            kept = member.kept
            yield (
                *common(member, group),
                kept.get("mapGroup") or str(group),
                kept.get("mapPriority") or str(priority),
                kept.get("mapRule") or "TRUE",
                kept.get("mapAdvice") or advice,
                one_line(member.code),
                kept.get("correlationId") or correlation_of(member.relationship, to_snomed=member.to_snomed),
                kept.get("mapCategoryId") or (_PROPERLY_CLASSIFIED if member.code else _NOT_CLASSIFIABLE),
            )

    return delimited_chunks((*_COMMON, *_EXTENDED), lines(), delimiter="\t", line_end="\r\n", quoted=False)


def _members(export: MapExport) -> Iterator[_Member]:
    found = False
    for row in export.rows:
        for member in _members_of(row, from_snomed=export.source_of(row) == SNOMED_CT):
            what = "target" if member.to_snomed else "source code"
            check_identifier(
                member.concept, f"The {what} of '{row.source_code}'" if member.to_snomed else "A source code"
            )
            found = True
            yield member
    if not found:
        raise BadInput(
            "This map has no code in SNOMED CT, neither source nor target, so there is nothing that RF2 could hold."
        )


def _members_of(row: ExportRow, *, from_snomed: bool) -> Iterator[_Member]:
    for place, (target, detail) in enumerate(row.detailed_targets, start=1):
        if target.system == SNOMED_CT:
            yield _Member(row, target.code, row.source_code, target.relationship, place, detail.properties, True)
        elif from_snomed:
            yield _Member(row, row.source_code, target.code, target.relationship, place, detail.properties, False)
    if from_snomed and row.no_map_reason is not None:
        yield _Member(row, row.source_code, "", Relationship.NOT_RELATED, 1, row.kept, False)


def _common_cells(export: MapExport) -> Callable[[_Member, int], tuple[str, ...]]:
    """Check the options once; what comes back makes the common cells of each member.

    A member that was read keeps id, module and time of the reference set that it was read from.
    """
    options = export.options
    for identifier, option in ((options.refset_id, "--refset-id"), (options.module_id, "--module-id")):
        if identifier is not None:
            check_identifier(identifier, option)
    now = options.effective_time or (export.concept_map.date or "").replace("-", "")[:8]

    def cells(member: _Member, group: int) -> tuple[str, ...]:
        refset = options.refset_id or member.kept.get("refsetId")
        module = options.module_id or member.kept.get("moduleId")
        if refset is None or module is None:
            raise BadInput("RF2 needs the reference set and the module it belongs to (--refset-id and --module-id).")
        is_as_read = member.kept.get("refsetId") == refset and member.kept.get("moduleId") == module
        time = member.kept.get("effectiveTime", now) if is_as_read else now
        if not re.fullmatch(r"\d{8}", time):
            raise BadInput(f"'{time[:20]}' is no effective time; RF2 writes it as YYYYMMDD (--effective-time).")
        made = uuid.uuid5(_NAMESPACE, "\x1f".join((refset, member.concept, member.code, str(group))))
        number = member.kept.get("id", "") if is_as_read else ""
        return number or str(made), time, "1", module, refset, member.concept

    return cells


def check_identifier(identifier: str, what: str) -> None:
    """Refuse what is no SNOMED CT identifier.

    Raises
    ------
    BadInput
        If it is not 6 to 18 digits, or its check digit (Verhoeff) is wrong.

    >>> check_identifier("22298006", "target")
    """
    if not re.fullmatch(r"\d{6,18}", identifier) or not verhoeff.is_valid(identifier):
        raise BadInput(f"{what}: '{identifier[:30]}' is no SNOMED CT identifier (6 to 18 digits with a check digit).")
