"""A stored resource as FHIR: whole, as its head, or as a stream; in any version, JSON or XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from termserver.fhir.code_system import code_system_chunks, write_code_system, write_concept, write_flat_head
from termserver.fhir.code_system import write_code_system_head as write_system_head
from termserver.fhir.concept_map import (
    concept_map_chunks,
    declarations_of,
    write_concept_map,
    write_concept_map_head,
)
from termserver.fhir.elements import Json
from termserver.fhir.map_group_writer import write_element, write_group_head, write_unmapped
from termserver.fhir.naming_system import write_naming_system
from termserver.fhir.value_set import write_value_set, write_value_set_head
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_writer import xml_chunks
from termserver.model.code_system import CodeSystem
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup
from termserver.model.naming_system import NamingSystem
from termserver.model.value_set import ValueSet
from termserver.rest.answers import Streamed
from termserver.rest.service import Service
from termserver.store.code_systems import StoredCodeSystem, stream_concepts
from termserver.store.concept_maps import StoredConceptMap, read_concept_map, read_groups_header, stream_elements
from termserver.store.engine import Session
from termserver.store.naming_systems import StoredNamingSystem
from termserver.store.resource_versions import ResourceVersion
from termserver.store.resources import Stored, changed_at, status_of
from termserver.store.value_sets import StoredValueSet

LARGEST_INLINE = 1_000
Header = TypeVar("Header", CodeSystem, ConceptMap, NamingSystem, ValueSet)


def rendered(service: Service, stored: Stored, version: FhirVersion) -> Json | Streamed:
    """A resource whole; one with more than 1,000 concepts or elements as a stream."""
    if isinstance(stored, StoredCodeSystem) and stored.concept_count > LARGEST_INLINE:
        return Streamed(
            partial(_code_system_json, service, stored, version), partial(_code_system_xml, service, stored, version)
        )
    if isinstance(stored, StoredConceptMap) and stored.element_count > LARGEST_INLINE:
        return Streamed(partial(_map_json, service, stored, version), partial(_map_xml, service, stored, version))
    with service.database.session() as session:
        return whole_json(session, stored, version)


def whole_json(session: Session, stored: Stored, version: FhirVersion) -> Json:
    """A resource whole, in memory."""
    stored = with_meta(stored)
    if isinstance(stored, StoredValueSet):
        return write_value_set(stored.value_set, version, stored.fhir_id)
    if isinstance(stored, StoredNamingSystem):
        return write_naming_system(stored.naming_system, version, stored.fhir_id)
    if isinstance(stored, StoredCodeSystem):
        return write_code_system(stored.header, stream_concepts(session, stored.id), version, stored.fhir_id)
    read = read_concept_map(session, stored.id)
    other = {**stored.header.other, "id": stored.fhir_id}
    return write_concept_map(replace(read, status=stored.header.status, other=other), version)


def head_json(stored: Stored, version: FhirVersion) -> Json:
    """A resource without its concepts, elements or rules."""
    stored = with_meta(stored)
    if isinstance(stored, StoredValueSet):
        return write_value_set_head(stored.value_set, version, stored.fhir_id)
    if isinstance(stored, StoredNamingSystem):
        return write_naming_system(stored.naming_system, version, stored.fhir_id)
    if isinstance(stored, StoredCodeSystem):
        return write_system_head(stored.header, version, stored.fhir_id, stored.concept_count)
    return write_concept_map_head(stored.header, version, stored.fhir_id)


def as_of(stored: Stored, version: ResourceVersion) -> Stored:
    """What a content row was at a version of its history: the row itself knows the last one only."""
    status = version.status or status_of(stored)
    if isinstance(stored, StoredCodeSystem):
        header = replace(stored.header, status=status)
        return replace(stored, header=header, version_id=version.version_id, loaded_at=version.at)
    if isinstance(stored, StoredConceptMap):
        map_header = replace(stored.header, status=status)
        return replace(stored, header=map_header, version_id=version.version_id, stored_at=version.at)
    if isinstance(stored, StoredValueSet):
        value_set = replace(stored.value_set, status=status)
        return replace(stored, value_set=value_set, version_id=version.version_id, stored_at=version.at)
    naming_system = replace(stored.naming_system, status=status)
    return replace(stored, naming_system=naming_system, version_id=version.version_id, stored_at=version.at)


def with_meta(stored: Stored) -> Stored:
    """The resource with meta.versionId and meta.lastUpdated."""
    own = {"versionId": str(stored.version_id), "lastUpdated": changed_at(stored)}
    if isinstance(stored, StoredValueSet):
        return replace(stored, value_set=_with_meta(stored.value_set, own))
    if isinstance(stored, StoredNamingSystem):
        return replace(stored, naming_system=_with_meta(stored.naming_system, own))
    if isinstance(stored, StoredCodeSystem):
        return replace(stored, header=_with_meta(stored.header, own))
    return replace(stored, header=_with_meta(stored.header, own))


def _with_meta(content: Header, own: Json) -> Header:
    given = content.other.get("meta")
    meta = own | {name: value for name, value in given.items() if name not in own} if isinstance(given, dict) else own
    return replace(content, other={**content.other, "meta": meta})


# ------------------------------------------------------------------ streams: memory is one batch


def _code_system_json(service: Service, stored: StoredCodeSystem, version: FhirVersion) -> Iterator[bytes]:
    with service.database.session() as session:
        concepts = stream_concepts(session, stored.id)
        header = _with_meta_of(stored)
        yield from code_system_chunks(header, concepts, version, stored.fhir_id, stored.concept_count)


def _code_system_xml(service: Service, stored: StoredCodeSystem, version: FhirVersion) -> Iterator[bytes]:
    with service.database.session() as session:
        head = write_flat_head(_with_meta_of(stored), version, stored.fhir_id, stored.concept_count)
        written = (write_concept(concept) for concept in stream_concepts(session, stored.id))
        items = ((concept, "designation", concept.get("designation", [])) for concept in written)
        yield from xml_chunks(head, "concept", items, version)


def _with_meta_of(stored: StoredCodeSystem) -> CodeSystem:
    own = {"versionId": str(stored.version_id), "lastUpdated": stored.loaded_at}
    return _with_meta(stored.header, own)


def _map_json(service: Service, stored: StoredConceptMap, version: FhirVersion) -> Iterator[bytes]:
    with service.database.session() as session:
        yield from stored_map_chunks(session, stored, version)


def stored_map_chunks(session: Session, stored: StoredConceptMap, version: FhirVersion) -> Iterator[bytes]:
    """A stored concept map as JSON bytes; memory is one batch of elements."""
    header = _with_meta(stored.header, {"versionId": str(stored.version_id), "lastUpdated": stored.stored_at})
    yield from concept_map_chunks(header, _groups_with_elements(session, stored), version, stored.fhir_id)


def _map_xml(service: Service, stored: StoredConceptMap, version: FhirVersion) -> Iterator[bytes]:
    header = _with_meta(stored.header, {"versionId": str(stored.version_id), "lastUpdated": stored.stored_at})
    head = write_concept_map_head(header, version, stored.fhir_id)
    declared = declarations_of(header)
    with service.database.session() as session:
        groups = (
            (
                _group_without_elements(group, version),
                "element",
                (write_element(element, declared, r5=version.is_r5) for element in elements),
            )
            for group, elements in _groups_with_elements(session, stored)
        )
        yield from xml_chunks(head, "group", groups, version)


def _group_without_elements(group: MapGroup, version: FhirVersion) -> Json:
    written = write_group_head(group, r5=version.is_r5)
    if group.unmapped:
        written["unmapped"] = write_unmapped(group.unmapped, r5=version.is_r5)
    return written


def _groups_with_elements(
    session: Session, stored: StoredConceptMap
) -> Iterator[tuple[MapGroup, Iterable[MapElement]]]:
    heads = read_groups_header(session, stored.id)
    following = 0
    for index, pairs in groupby(stream_elements(session, stored.id), key=itemgetter(0)):
        yield from ((head, iter(())) for head in heads[following:index])
        yield heads[index], (element for _, element in pairs)
        following = index + 1
    yield from ((head, iter(())) for head in heads[following:])
