"""Read and search of CodeSystem, ValueSet and ConceptMap. Source: FHIR R4 and R5, RESTful API and search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from urllib.parse import urlencode

import orjson

from termserver.errors import BadInput, NotFound
from termserver.fhir.bundle import write_search_set
from termserver.fhir.code_system import code_system_chunks, write_code_system, write_code_system_head
from termserver.fhir.concept_map import concept_map_chunks, write_concept_map, write_concept_map_head
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.value_set import write_value_set, write_value_set_head
from termserver.fhir.versions import FhirVersion
from termserver.model.concept_map import MapElement, MapGroup
from termserver.rest.request import FhirRequest
from termserver.store.code_systems import (
    StoredCodeSystem,
    get_code_system_by_fhir_id,
    list_code_systems,
    stream_concepts,
)
from termserver.store.concept_maps import (
    StoredConceptMap,
    get_concept_map_by_fhir_id,
    list_concept_maps,
    read_concept_map,
    read_groups_header,
    stream_elements,
)
from termserver.store.engine import Session
from termserver.store.value_sets import StoredValueSet, get_value_set_by_fhir_id, list_value_sets
from termserver.terminology.service import Terminology

RESOURCES = ("CodeSystem", "ValueSet", "ConceptMap")
_DEFAULT_COUNT = 50
_LARGEST_COUNT = 1000
_LARGEST_INLINE = 1000
_PAGE_PARAMETERS = {"_count", "_offset", "_summary", "_format", "_pretty", "_total", "_sort", "_elements"}
_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_SEARCHED = ("url", "version", "name", "title", "status")
_SYSTEM_SEARCH = {
    "source-system": "source_system",
    "source-group-system": "source_system",
    "target-system": "target_system",
    "target-group-system": "target_system",
}


def read_resource(terminology: Terminology, kind: str, fhir_id: str, version: FhirVersion) -> Iterator[bytes]:
    """A resource as JSON bytes; large ones stream in bounded memory.

    Raises
    ------
    NotFound
        If there is none with this id.
    """
    with terminology.session() as session:
        if not _exists(session, kind, fhir_id):
            raise NotFound(f"There is no {kind} with the id '{fhir_id}'")
    return _chunks(terminology, kind, fhir_id, version)


def _exists(session: Session, kind: str, fhir_id: str) -> bool:
    found = {
        "CodeSystem": get_code_system_by_fhir_id,
        "ValueSet": get_value_set_by_fhir_id,
        "ConceptMap": get_concept_map_by_fhir_id,
    }[kind](session, fhir_id)
    return found is not None


def _chunks(terminology: Terminology, kind: str, fhir_id: str, version: FhirVersion) -> Iterator[bytes]:
    with terminology.session() as session:
        if kind == "CodeSystem":
            system = get_code_system_by_fhir_id(session, fhir_id)
            if system is not None:
                concepts = stream_concepts(session, system.id)
                yield from code_system_chunks(system.header, concepts, version, fhir_id, system.concept_count)
        elif kind == "ValueSet":
            value_set = get_value_set_by_fhir_id(session, fhir_id)
            if value_set is not None:
                yield orjson.dumps(write_value_set(value_set.value_set, version, fhir_id))
        else:
            stored = get_concept_map_by_fhir_id(session, fhir_id)
            if stored is not None:
                yield from stored_map_chunks(session, stored, version)


def stored_map_chunks(session: Session, stored: StoredConceptMap, version: FhirVersion) -> Iterator[bytes]:
    """A stored concept map as JSON bytes; memory is one batch of elements."""
    yield from concept_map_chunks(stored.header, _groups_with_elements(session, stored), version, stored.fhir_id)


def _groups_with_elements(
    session: Session, stored: StoredConceptMap
) -> Iterator[tuple[MapGroup, Iterator[MapElement]]]:
    heads = read_groups_header(session, stored.id)
    following = 0
    for index, pairs in groupby(stream_elements(session, stored.id), key=itemgetter(0)):
        yield from ((head, iter(())) for head in heads[following:index])
        yield heads[index], (element for _, element in pairs)
        following = index + 1
    yield from ((head, iter(())) for head in heads[following:])


# ------------------------------------------------------------------ search


def search(terminology: Terminology, kind: str, request: FhirRequest) -> Json:
    """A searchset: url, version, name, title, status, _id; _count with links, _summary.

    Raises
    ------
    BadInput
        If a parameter is not known, or a number is none.
    """
    summary = request.queried("_summary") or "false"
    if summary not in ("true", "false", "text", "data", "count"):
        raise BadInput("Parameter '_summary': must be true, text, data, count or false", expression="_summary")
    query = [(name, value) for name, value in request.query if value != ""]
    count, offset = _paging(query)
    with terminology.session() as session:
        found = _found(session, kind, _criteria(kind, query))
        page = [] if summary == "count" else found[offset : offset + count]
        resources = [
            (
                f"{request.base_url}/{kind}/{stored.fhir_id}",
                _searched(session, stored, request.version, summarised=summary in ("true", "text")),
            )
            for stored in page
        ]
    links = _links(f"{request.base_url}/{kind}", query, len(found), offset, count)
    return write_search_set(resources, total=len(found), links=links)


def _paging(query: Sequence[tuple[str, str]]) -> tuple[int, int]:
    numbers = {"_count": _DEFAULT_COUNT, "_offset": 0}
    for name, value in query:
        if name in numbers:
            if not (value.isascii() and value.isdigit()) or len(value) > 9:
                raise BadInput(f"Parameter '{name}': must be a whole number from 0 up", expression=name)
            numbers[name] = int(value)
    return min(numbers["_count"], _LARGEST_COUNT), numbers["_offset"]


def _criteria(kind: str, query: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Search parameters by the store's names; one value each."""
    criteria: dict[str, str] = {}
    for name, value in query:
        bare = name.partition(":")[0]
        if bare == "system" and kind == "CodeSystem":
            bare = "url"
        if kind == "ConceptMap":
            bare = _SYSTEM_SEARCH.get(bare, bare)
        if bare in _PAGE_PARAMETERS:
            continue
        if bare not in (*_SEARCHED, "_id", *(_SYSTEM_SEARCH.values() if kind == "ConceptMap" else ())):
            raise BadInput(
                f"Parameter '{name}': {kind} is not searched by it; by {', '.join((*_SEARCHED, '_id'))}",
                expression=name,
            )
        criteria[bare] = value
    if "url" in criteria:
        url, version = split_canonical(criteria["url"])
        criteria["url"] = url
        if version:
            criteria.setdefault("version", version)
    return criteria


def _found(
    session: Session, kind: str, criteria: dict[str, str]
) -> Sequence[StoredCodeSystem | StoredValueSet | StoredConceptMap]:
    fhir_id = criteria.pop("_id", None)
    found: Sequence[StoredCodeSystem | StoredValueSet | StoredConceptMap]
    if kind == "CodeSystem":
        found = list_code_systems(session, **criteria)
    elif kind == "ValueSet":
        found = list_value_sets(session, **criteria)
    else:
        found = list_concept_maps(session, **criteria)
    return found if fhir_id is None else [stored for stored in found if stored.fhir_id in fhir_id.split(",")]


def _searched(
    session: Session,
    stored: StoredCodeSystem | StoredValueSet | StoredConceptMap,
    version: FhirVersion,
    *,
    summarised: bool,
) -> Json:
    """An entry: whole if it is small, else its head, marked SUBSETTED; reading it by id gives all of it."""
    if isinstance(stored, StoredValueSet):
        if not summarised:
            return write_value_set(stored.value_set, version, stored.fhir_id)
        return _subsetted(write_value_set_head(stored.value_set, version, stored.fhir_id))
    if isinstance(stored, StoredCodeSystem):
        if summarised or stored.concept_count > _LARGEST_INLINE:
            return _subsetted(write_code_system_head(stored.header, version, stored.fhir_id, stored.concept_count))
        return write_code_system(stored.header, stream_concepts(session, stored.id), version, stored.fhir_id)
    if summarised or stored.element_count > _LARGEST_INLINE:
        return _subsetted(write_concept_map_head(stored.header, version, stored.fhir_id))
    whole = read_concept_map(session, stored.id)
    return write_concept_map(whole, version) | {"id": stored.fhir_id}


def _subsetted(resource: Json) -> Json:
    meta = dict(resource.get("meta") or {})
    meta["tag"] = [*meta.get("tag", []), _SUBSETTED]
    return {"resourceType": resource["resourceType"], "id": resource.get("id"), "meta": meta} | {
        name: value for name, value in resource.items() if name not in ("resourceType", "id", "meta")
    }


def _links(url: str, query: Sequence[tuple[str, str]], total: int, offset: int, count: int) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in query if name not in ("_offset", "_count")]

    def page(start: int) -> str:
        return f"{url}?{urlencode([*kept, ('_count', str(count)), ('_offset', str(start))])}"

    links = [("self", page(offset))]
    if count and offset + count < total:
        links.append(("next", page(offset + count)))
    if count and offset:
        links += [("first", page(0)), ("previous", page(max(0, offset - count)))]
    return links
