"""A line of a Usagi save file, kept verbatim so that what nobody touched is written as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from termserver.model.relationship import Relationship

OMOP = "https://fhir-terminology.ohdsi.org"
"""Canonical URL of the OMOP vocabularies; its codes are concept ids."""

_RELATIONSHIPS = {
    "EQUAL": Relationship.EQUIVALENT,
    "EQUIVALENT": Relationship.EQUIVALENT,
    "WIDER": Relationship.NARROWER,  # the *target* is wider
    "NARROWER": Relationship.BROADER,
    "INEXACT": Relationship.RELATED_TO,
    "UNMATCHED": Relationship.NOT_RELATED,
}
_OMOP_RELATIONSHIPS = {
    "MAPS_TO_VALUE": "Maps to value",
    "MAPS_TO_UNIT": "Maps to unit",
    "MAPS_TO_OPERATOR": "Maps to operator",
    "MAPS_TO_TYPE": "Maps to type",
    "MAPS_TO_NUMBER": "Maps to number",
    "VALUE": "Maps to value",  # of older files, as EVENT is MAPS_TO
    "UNIT": "Maps to unit",
}


@dataclass(frozen=True, slots=True)
class UsagiLine:
    """One target of a mapping, as Usagi saved it.

    Parameters
    ----------
    line
        In the file, from 1.
    cells
        Column → cell, in the file's order.
    """

    line: int
    cells: Mapping[str, str]

    @property
    def concept_id(self) -> int:
        """OMOP concept id of the target; 0 where none was chosen."""
        text = self.cells.get("conceptId", "").strip()
        return int(text) if text.isdecimal() else 0

    @property
    def status(self) -> str:
        """Usagi's mappingStatus: APPROVED, UNCHECKED, FLAGGED, …; empty where the file has no such column."""
        return self.cells.get("mappingStatus", "")

    @property
    def equivalence(self) -> str:
        """Usagi's equivalence: EQUAL, EQUIVALENT, WIDER, NARROWER, INEXACT, UNMATCHED, UNREVIEWED."""
        return self.cells.get("equivalence") or "UNREVIEWED"

    @property
    def relationship(self) -> Relationship:
        """What the equivalence says; UNREVIEWED says nothing: `related-to`, the exact relationship is not known."""
        return _RELATIONSHIPS.get(self.equivalence, Relationship.RELATED_TO)

    @property
    def omop_relationship(self) -> str:
        """What OMOP calls the mapping type: `Maps to`, `Maps to value`, …"""
        return _OMOP_RELATIONSHIPS.get(self.cells.get("mappingType", ""), "Maps to")

    @property
    def decided_at_ms(self) -> int:
        """When the status was set, in milliseconds since 1970; 0 where the file does not say."""
        text = self.cells.get("statusSetOn", "").strip()
        return int(text) if text.isdecimal() else 0
