"""Loaded content goes into the store: code systems with their concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from termserver.audit.record import record
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.person import Person
from termserver.security.roles import Permission, require
from termserver.store.code_systems import StoredCodeSystem, add_code_system
from termserver.store.engine import Session


def store_code_system(
    session: Session,
    actor: Person | None,
    header: CodeSystem,
    concepts: Iterable[Concept],
    *,
    recipe: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> StoredCodeSystem:
    """Store a code system version; the one already there if its content is the same.

    Parameters
    ----------
    actor
        An administrator, or None for a command on the server.

    Raises
    ------
    Conflict
        If `url|version` is stored with other content.
    """
    if actor is not None:
        require(session, actor, Permission.LOAD_CONTENT)
    stored = add_code_system(session, header, concepts, recipe=recipe, on_progress=on_progress)
    record(
        session,
        actor,
        "code-system.load",
        "code-system",
        stored.fhir_id,
        url=header.url,
        version=header.version,
        concepts=stored.concept_count,
        content_hash=stored.content_hash,
    )
    return stored
