"""A concept map as FHIR JSON of a version, as a stream. Source: FHIR R4, R4B and R5 ConceptMap."""

from __future__ import annotations

from collections.abc import Iterator

from termserver.fhir.concept_map import concept_map_chunks
from termserver.fhir.versions import FhirVersion
from termserver.model.map_export import MapExport


def write_fhir(export: MapExport, version: FhirVersion) -> Iterator[bytes]:
    """The map as JSON bytes, some thousand elements at a time."""
    concept_map = export.concept_map
    yield from concept_map_chunks(concept_map, ((group, group.elements) for group in concept_map.groups), version)
    yield b"\n"
