"""$closure: which of the concepts that a client has met subsume which. Source: FHIR R4 and R5 `ConceptMap-closure`.

The client names a closure table, begins it, and adds concepts as it meets them; each answer has the pairs that are new. The
store keeps the concepts alone: a pair is new in a version if one of its concepts came with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from termserver.errors import BadInput, NotFound, TooCostly
from termserver.model.coding import Coding
from termserver.model.requests import ClosureRequest
from termserver.model.results import ClosureResult
from termserver.store.closures import (
    ClosureConcept,
    StoredClosure,
    add_to_closure,
    begin_closure,
    closure_concepts,
    open_closure,
)
from termserver.terminology.library import Library
from termserver.terminology.selection_parts import marked

MOST_CONCEPTS = 10_000


def closure(library: Library, request: ClosureRequest) -> ClosureResult:
    """Begin a closure table, add to it, or repeat what it said since a version; within the library's transaction.

    Raises
    ------
    BadInput
        If concepts are added and a version is asked for at once.
    NotFound
        If there is no closure table of that name.
    TooCostly
        If the closure table would hold more than `MOST_CONCEPTS`.
    """
    if request.concepts and request.since is not None:
        raise BadInput("Parameter 'version': give concepts to add, or a version to repeat from", expression="version")
    if not request.concepts and request.since is None:
        begun = begin_closure(library.session, request.name)
        return ClosureResult(request.name, begun.version)
    known = open_closure(library.session, request.name)
    if known is None:
        raise NotFound(
            f"There is no closure table named '{request.name}': begin it with a request that names it and nothing else",
            expression="name",
        )
    concepts = closure_concepts(library.session, known)
    if request.since is not None:
        return ClosureResult(request.name, known.version, tuple(_pairs(library, concepts, request.since)))
    return _added(library, known, concepts, request.concepts)


def _added(
    library: Library, known: StoredClosure, concepts: list[ClosureConcept], codings: Sequence[Coding]
) -> ClosureResult:
    there = {(item.system, item.code) for item in concepts}
    fresh: dict[tuple[str, str], None] = {}
    unknown: list[Coding] = []
    for coding in codings:
        system = library.canonical_system(coding.system)
        content = library.code_system(system, coding.version)
        concept = content.concept(coding.code) if content is not None else None
        if concept is None:
            unknown.append(coding)
        elif (system, concept.code) not in there:
            fresh[system, concept.code] = None
    if len(concepts) + len(fresh) > MOST_CONCEPTS:
        raise TooCostly(
            f"The closure table '{known.name}' would hold more than {MOST_CONCEPTS} concepts; begin another"
        )
    now = add_to_closure(library.session, known, list(fresh), len(concepts))
    concepts += [ClosureConcept(system, code, now.version) for system, code in fresh]
    return ClosureResult(known.name, now.version, tuple(_pairs(library, concepts, known.version)), tuple(unknown))


def _pairs(library: Library, concepts: Sequence[ClosureConcept], since: int) -> Iterator[tuple[Coding, Coding]]:
    """Pairs (concept, one that subsumes it) of which one came after the version `since`."""
    by_system: dict[str, list[ClosureConcept]] = {}
    for item in concepts:
        by_system.setdefault(item.system, []).append(item)
    for system, members in by_system.items():
        content = library.code_system(system)
        if content is None:
            continue
        ordinals = content.ordinals_of([item.code for item in members])
        known = ordinals >= 0
        fresh = np.array([item.added_in > since for item in members], dtype=np.bool_)
        is_member = marked(len(content.table), ordinals[known])
        is_fresh = marked(len(content.table), ordinals[known & fresh])
        for item, ordinal in zip(members, ordinals.tolist(), strict=True):
            if ordinal < 0:
                continue
            above = content.hierarchy.ancestors(ordinal)
            for other in above[(is_member if is_fresh[ordinal] else is_fresh)[above]].tolist():
                yield Coding(system, item.code), Coding(system, content.table.code_of(other))
