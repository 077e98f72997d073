"""What is loaded and what is published, as the pages list it."""

from __future__ import annotations

from termserver.curation.fhir_core import FHIRS_OWN
from termserver.errors import NotFound
from termserver.model.concept_map import ConceptMap
from termserver.model.project import Project
from termserver.store import code_systems, concept_maps, rows
from termserver.store.code_systems import StoredCodeSystem
from termserver.store.engine import Session

EXPORT_FORMATS = (
    ("fhir-r4", "FHIR R4"),
    ("fhir-r5", "FHIR R5"),
    ("xlsx", "Spreadsheet"),
    ("csv", "CSV"),
    ("usagi", "Usagi"),
    ("omop-extended", "OMOP"),
    ("sssom", "SSSOM"),
    ("snap2snomed", "Snap2SNOMED"),
    ("transcoding", "MyHealth@EU"),
)
"""Formats of `exports.registry` that need no further options, with their names for people."""


def target_systems(session: Session) -> list[StoredCodeSystem]:
    """Code systems that a list can be mapped to: the newest version of each, by name.

    Supplements are left out, and so is FHIR's own terminology: nobody maps a list to two thousand enumerations.
    """
    newest: dict[str, StoredCodeSystem] = {}
    for stored in code_systems.list_code_systems(session):
        if stored.header.content != "supplement" and stored.concept_count and stored.recipe not in FHIRS_OWN:
            newest.setdefault(stored.header.url, stored)
    return sorted(newest.values(), key=lambda stored: (stored.header.title or stored.header.name).lower())


def published_map(session: Session, project: Project, version: str) -> ConceptMap:
    """One published version, whole.

    Raises
    ------
    NotFound
        If that version was never published.
    """
    stored = concept_maps.find_concept_map(session, project.map_url, version)
    if stored is None:
        raise NotFound(f"'{project.title}' has no published version '{version[:60]}'.")
    return concept_maps.read_concept_map(session, stored.id)


def languages_of(session: Session, project: Project) -> list[str]:
    """Languages of the project's rows."""
    return rows.languages_of(session, project.id)
