"""A line of a Usagi save file, kept verbatim so that what nobody touched is written as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OMOP = "https://fhir-terminology.ohdsi.org"
"""Canonical URL of the OMOP vocabularies; its codes are concept ids."""


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
    def decided_at_ms(self) -> int:
        """When the status was set, in milliseconds since 1970; 0 where the file does not say."""
        text = self.cells.get("statusSetOn", "").strip()
        return int(text) if text.isdecimal() else 0
