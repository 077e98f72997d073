"""What a writer of an exchange format is given: the map, its rows, and what only the format asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from termserver.model.concept_map import ConceptMap
from termserver.model.export_row import ExportRow


@dataclass(frozen=True, slots=True)
class OmopConcept:
    """A concept of the OMOP vocabularies (CONCEPT.csv).

    Parameters
    ----------
    concept_id
        OMOP's number, above 0.
    vocabulary_id
        `SNOMED`, `LOINC`, `ICD10`, …; at most 20 characters.
    """

    concept_id: int
    vocabulary_id: str
    code: str
    name: str
    domain_id: str = ""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a format needs beyond map and rows.

    Parameters
    ----------
    licence
        URL of the map's licence (SSSOM requires one); None writes "unspecified".
    source_vocabulary
        OMOP's `source_vocabulary_id`, at most 20 characters; None takes the map's name.
    omop_concepts
        (system, code) of targets → their concepts in the OMOP vocabularies, where those are at hand.
    refset_id, module_id
        SNOMED CT identifiers of the map reference set and its module; RF2 needs both.
    effective_time
        `YYYYMMDD` of an RF2 release; None takes the map's date.
    """

    licence: str | None = None
    source_vocabulary: str | None = None
    omop_concepts: Mapping[tuple[str, str], OmopConcept] = field(default_factory=dict)
    refset_id: str | None = None
    module_id: str | None = None
    effective_time: str | None = None


@dataclass(frozen=True, slots=True)
class MapExport:
    """A map on its way into a file. `rows` is consumed once; writers of FHIR read the map alone."""

    concept_map: ConceptMap
    rows: Iterable[ExportRow]
    options: ExportOptions = ExportOptions()

    def source_of(self, row: ExportRow) -> str:
        """The code system of a row's source code."""
        groups = self.concept_map.groups
        return row.source_system or (groups[0].source if groups else "")

    def version_of(self, system: str, *, as_source: bool = False) -> str:
        """The version of a target system (of a source system) that the map names; empty where it names none, or several."""
        found = {
            (group.source_version if as_source else group.target_version) or ""
            for group in self.concept_map.groups
            if (group.source if as_source else group.target) == system
        }
        return found.pop() if len(found) == 1 else ""
