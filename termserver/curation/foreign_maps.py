"""Maps that others made go into the store, to be served beside our own."""

from __future__ import annotations

from collections.abc import Iterable

from termserver.audit.record import record
from termserver.curation.resources import permission_for
from termserver.errors import BadInput
from termserver.model.concept_map import ConceptMap
from termserver.model.person import Person
from termserver.security.roles import require
from termserver.store.concept_maps import ElementRow, StoredConceptMap, add_concept_map_rows, element_rows, header_of
from termserver.store.engine import Session


def store_concept_map(
    session: Session, actor: Person | None, concept_map: ConceptMap, rows: Iterable[ElementRow] | None = None
) -> StoredConceptMap:
    """Store a concept map version; the one already there if its content is the same.

    Parameters
    ----------
    rows
        Its elements, where they were too many for memory; they are read several times.
    actor
        A publisher, or None for a command on the server.

    Raises
    ------
    BadInput
        If it maps nothing.
    Conflict
        If `url|version` is stored with other content.
    """
    if actor is not None:
        require(session, actor, permission_for("ConceptMap"))
    rows = element_rows(concept_map) if rows is None else rows
    if next(iter(rows), None) is None and not any(group.unmapped for group in concept_map.groups):
        raise BadInput("The map maps nothing: no line was read.")
    stored = add_concept_map_rows(session, header_of(concept_map), rows)
    record(
        session,
        actor,
        "concept-map.load",
        "concept-map",
        stored.fhir_id,
        url=concept_map.url,
        version=concept_map.version,
        elements=stored.element_count,
        content_hash=stored.content_hash,
    )
    return stored
