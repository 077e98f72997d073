"""CodeSystem, ValueSet, ConceptMap and NamingSystem alike: what FHIR's REST API asks of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from termserver.store import code_systems, concept_maps, naming_systems, value_sets
from termserver.store.code_systems import StoredCodeSystem
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.naming_systems import StoredNamingSystem
from termserver.store.tables import (
    CodeSystemTable,
    ConceptMapElementTable,
    ConceptMapTable,
    ConceptTable,
    NamingSystemTable,
    ValueSetTable,
)
from termserver.store.value_sets import StoredValueSet

KINDS = ("CodeSystem", "ValueSet", "ConceptMap", "NamingSystem")
# SQLite knows 32,766 parameters in a query
_MOST_IDS = 5_000
Stored = StoredCodeSystem | StoredValueSet | StoredConceptMap | StoredNamingSystem


@dataclass(frozen=True, slots=True)
class ResourceHead:
    """What a search by the common parameters needs of a resource.

    Parameters
    ----------
    changed_at
        ISO 8601, UTC: meta.lastUpdated.
    """

    content_id: int
    fhir_id: str
    url: str
    version: str
    name: str
    title: str | None
    status: str
    changed_at: str


def kind_of_stored(stored: Stored) -> str:
    """The resource's type."""
    if isinstance(stored, StoredCodeSystem):
        return "CodeSystem"
    if isinstance(stored, StoredValueSet):
        return "ValueSet"
    return "ConceptMap" if isinstance(stored, StoredConceptMap) else "NamingSystem"


def changed_at(stored: Stored) -> str:
    """When this version was written: meta.lastUpdated."""
    return stored.loaded_at if isinstance(stored, StoredCodeSystem) else stored.stored_at


def status_of(stored: Stored) -> str:
    """The resource's status."""
    if isinstance(stored, StoredValueSet):
        return stored.value_set.status
    if isinstance(stored, StoredNamingSystem):
        return stored.naming_system.status
    return stored.header.status


def canonical_of(stored: Stored) -> tuple[str, str]:
    """Url and business version."""
    if isinstance(stored, StoredValueSet):
        return stored.value_set.url, stored.value_set.version
    if isinstance(stored, StoredNamingSystem):
        return stored.naming_system.url, stored.naming_system.version
    return stored.header.url, stored.header.version


def get_current(session: Session, kind: str, fhir_id: str) -> Stored | None:
    """What the id names now."""
    if kind == "CodeSystem":
        return code_systems.get_code_system_by_fhir_id(session, fhir_id)
    if kind == "ValueSet":
        return value_sets.get_value_set_by_fhir_id(session, fhir_id)
    if kind == "ConceptMap":
        return concept_maps.get_concept_map_by_fhir_id(session, fhir_id)
    return naming_systems.get_naming_system_by_fhir_id(session, fhir_id)


def get_content(session: Session, kind: str, content_id: int) -> Stored | None:
    """The version in this row, history too."""
    if kind == "CodeSystem":
        return code_systems.get_code_system(session, content_id)
    if kind == "ValueSet":
        return value_sets.get_stored_value_set(session, content_id)
    if kind == "ConceptMap":
        return concept_maps.get_concept_map(session, content_id)
    return naming_systems.get_naming_system(session, content_id)


def list_heads(session: Session, kind: str) -> list[ResourceHead]:
    """The heads of all current resources of a kind, by url, latest version first: a few microseconds each."""
    table: type[CodeSystemTable | ValueSetTable | ConceptMapTable | NamingSystemTable]
    if kind == "CodeSystem":
        table, moment = CodeSystemTable, CodeSystemTable.loaded_at
    elif kind == "ValueSet":
        table, moment = ValueSetTable, ValueSetTable.stored_at
    elif kind == "ConceptMap":
        table, moment = ConceptMapTable, ConceptMapTable.stored_at
    else:
        table, moment = NamingSystemTable, NamingSystemTable.stored_at
    columns = (table.id, table.fhir_id, table.url, table.version, table.name, table.title, table.status, moment)
    query = select(*columns).where(table.is_current.is_(True))
    return [ResourceHead(*row) for row in session.execute(query.order_by(table.url, table.version.desc(), table.id))]


def code_systems_with_code(session: Session, codes: Sequence[str], ids: Sequence[int]) -> set[int]:
    """Numbers of those of the code system versions that have one of the codes; one look into an index for each."""
    table = ConceptTable
    found: set[int] = set()
    for start in range(0, len(ids), _MOST_IDS):
        own = table.code_system_id.in_(ids[start : start + _MOST_IDS])
        found.update(session.scalars(select(table.code_system_id).where(own, table.code.in_(codes)).distinct()))
    return found


def maps_with_source_code(
    session: Session, asked: Sequence[tuple[str, str]], ids: Sequence[int], canonical: Callable[[str], str]
) -> set[int]:
    """Numbers of those of the map versions that have an element for one of the codes.

    Parameters
    ----------
    asked
        Code systems (empty: any) and codes.
    canonical
        The canonical URL behind an alias.
    """
    table = ConceptMapElementTable
    found: set[int] = set()
    codes = [code for _, code in asked]
    for start in range(0, len(ids), _MOST_IDS):
        own = table.concept_map_id.in_(ids[start : start + _MOST_IDS])
        columns = select(table.concept_map_id, table.group_index, table.source_code)
        for map_id, group_index, code in session.execute(columns.where(own, table.source_code.in_(codes)).distinct()):
            if map_id in found:
                continue
            if ("", code) in asked:
                found.add(map_id)
                continue
            stored = concept_maps.get_concept_map(session, map_id)
            if stored is not None and (canonical(stored.header.groups[group_index].source), code) in asked:
                found.add(map_id)
    return found


def maps_with_text(session: Session, pieces: Iterable[str], map_ids: Sequence[int]) -> set[int]:
    """Numbers of the given map versions in whose elements a piece of JSON occurs, as `to_text` writes it.

    A scan of the elements, for maps of which no translation table knows the targets.
    """
    table = ConceptMapElementTable
    found: set[int] = set()
    for piece in pieces:
        for map_id in map_ids:
            query = select(table.ordinal).where(
                table.concept_map_id == map_id, table.body.contains(piece, autoescape=True)
            )
            if session.execute(query.limit(1)).first() is not None:
                found.add(map_id)
    return found


def value_sets_with_text(session: Session, pieces: Iterable[str]) -> set[int]:
    """Numbers of the value sets in whose body a piece of JSON occurs, as `to_text` writes it.

    A scan of the texts, which costs a hundredth of reading them as JSON: few are left to be read.
    """
    table = ValueSetTable
    contains = [table.body.contains(piece, autoescape=True) for piece in pieces]
    return set(session.scalars(select(table.id).where(table.is_live.is_(True), or_(*contains))))
