"""A map to SNOMED CT as an RF2 map reference set, simple or extended.

The member's referenced component is the SNOMED CT target and its mapTarget the local code. What RF2 cannot say is
left out: rows without a SNOMED CT target, comments, people. Identifiers of members are UUIDs made from refset, target
and local code, so that a later release of the same map keeps them.
Source: SNOMED International, Release File Specification 5.2.3.3 and 5.2.3.4; correlation set 1193546000.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

from stdnum import verhoeff

from termserver.errors import BadInput
from termserver.exports.table_writer import delimited_chunks, one_line
from termserver.model.decision import ChosenTarget
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship

SNOMED_CT = "http://snomed.info/sct"
_COMMON = ("id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId")
_EXTENDED = ("mapGroup", "mapPriority", "mapRule", "mapAdvice", "mapTarget", "correlationId", "mapCategoryId")
_CORRELATION = {
    Relationship.EQUIVALENT: "1193548004",
    Relationship.NARROWER: "1193549007",  # the local code is narrower than the target
    Relationship.BROADER: "1193547009",
    Relationship.RELATED_TO: "1193550007",
    Relationship.NOT_RELATED: "1193551006",
}
_PROPERLY_CLASSIFIED = "447637006"
_NAMESPACE = uuid.UUID("6f0f3a44-6a57-5d0e-9d0b-5b6a1f6f2d11")


def write_simple_map(export: MapExport) -> Iterator[bytes]:
    """A simple map reference set (`der2_sRefset_SimpleMap…`)."""
    common = _common_cells(export)
    lines = (
        (*common(row, target, 1), one_line(row.source_code))
        for row, target in _pairs(export)
        if target.relationship is not Relationship.NOT_RELATED
    )
    return delimited_chunks((*_COMMON, "mapTarget"), lines, delimiter="\t", line_end="\r\n", quoted=False)


def write_extended_map(export: MapExport) -> Iterator[bytes]:
    """An extended map reference set (`der2_iisssccRefset_ExtendedMap…`).

    Targets that together say a local code (AND) are groups of their own; alternatives are priorities of one group.
    """
    common = _common_cells(export)

    def lines() -> Iterator[tuple[str, ...]]:
        for row, target in _pairs(export):
            place = row.targets.index(target) + 1
            group, priority = (place, 1) if row.combination == "and" else (1, place)
            yield (
                *common(row, target, group), str(group), str(priority), "TRUE",
                f"ALWAYS {one_line(row.source_code)}", one_line(row.source_code), _CORRELATION[target.relationship],
                _PROPERLY_CLASSIFIED,
            )  # fmt: skip

    return delimited_chunks((*_COMMON, *_EXTENDED), lines(), delimiter="\t", line_end="\r\n", quoted=False)


def _pairs(export: MapExport) -> Iterator[tuple[ExportRow, ChosenTarget]]:
    found = False
    for row in export.rows:
        for target in row.targets:
            if target.system == SNOMED_CT:
                check_identifier(target.code, f"The target of '{row.source_code}'")
                found = True
                yield row, target
    if not found:
        raise BadInput("This map has no target in SNOMED CT, so there is nothing that RF2 could hold.")


def _common_cells(export: MapExport) -> Callable[[ExportRow, ChosenTarget, int], tuple[str, ...]]:
    """Check the options once; what comes back makes the common cells of each member."""
    refset, module = export.options.refset_id, export.options.module_id
    if refset is None or module is None:
        raise BadInput("RF2 needs the reference set and the module it belongs to (--refset-id and --module-id).")
    check_identifier(refset, "--refset-id")
    check_identifier(module, "--module-id")
    time = export.options.effective_time or (export.concept_map.date or "").replace("-", "")[:8]
    if not re.fullmatch(r"\d{8}", time):
        raise BadInput(f"'{time[:20]}' is no effective time; RF2 writes it as YYYYMMDD (--effective-time).")

    def cells(row: ExportRow, target: ChosenTarget, group: int) -> tuple[str, ...]:
        member = uuid.uuid5(_NAMESPACE, "\x1f".join((refset, target.code, row.source_code, str(group))))
        return str(member), time, "1", module, refset, target.code

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
