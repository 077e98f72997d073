"""$expand: the concepts of a value set, one page at a time. Source: `ValueSet-operation-expand` of R4 and R5."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from termserver.errors import BadInput, NotFound, TooCostly
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation
from termserver.model.requests import ExpandRequest
from termserver.model.results import Expansion, ExpansionEntry
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology.languages import Languages, display_in, language_fits, languages_from_header
from termserver.terminology.library import Library
from termserver.terminology.selection import Part, Selection, find_value_set, select_value_set
from termserver.terminology.versions import VersionRules, rules_of

_LANGUAGE_SYSTEM = "urn:ietf:bcp:47"


def expand(library: Library, request: ExpandRequest, *, limit: int) -> Expansion:
    """Expand a value set.

    Parameters
    ----------
    limit
        Most concepts in one answer.

    Raises
    ------
    NotFound
        If the value set, or what it needs, is not known.
    TooCostly
        If nobody asked for a page and there are more than `limit` concepts.
    """
    value_set = _value_set(library, request)
    library.check_supplements(request.supplements)
    rules = rules_of(request)
    selection = select_value_set(library, value_set, rules)
    _narrow(selection, request)
    total = selection.total
    if request.count is None and total > limit:
        raise TooCostly(
            f"The value set '{value_set.canonical}' expansion has too many codes to produce (>{limit}); "
            "ask for a page with count and offset, or narrow it with filter"
        )
    count = min(limit if request.count is None else request.count, limit)
    languages = languages_from_header(request.language)
    entries = [
        _entry(part, concept, request, languages) for part, concept in _page(selection.parts, request.offset, count)
    ]
    return Expansion(
        total=total,
        offset=request.offset,
        entries=tuple(entries),
        parameters=_parameters(request, selection),
        value_set=value_set,
        identifier=uuid.uuid4().urn,
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _value_set(library: Library, request: ExpandRequest) -> ValueSet:
    if request.inline_value_set is not None:
        return request.inline_value_set
    if request.value_set_id is not None:
        return library.value_set_by_id(request.value_set_id)
    if request.value_set_url is None:
        raise BadInput("No value set to expand: give url, valueSet, or the id in the path", expression="url")
    return find_value_set(library, request.value_set_url, request.value_set_version)


def _narrow(selection: Selection, request: ExpandRequest) -> None:
    for part in selection.parts:
        if request.active_only:
            part.ordinals = part.ordinals[part.content.table.active[part.ordinals]]
        if request.excluded_systems:
            header = part.content.header
            if header.url in request.excluded_systems or header.canonical in request.excluded_systems:
                part.ordinals = part.ordinals[:0]
        if request.text_filter.strip():
            found = part.content.search(request.text_filter)
            part.ordinals = part.ordinals[np.isin(part.ordinals, found)]


def _page(parts: Sequence[Part], offset: int, count: int) -> Iterator[tuple[Part, Concept]]:
    for part in parts:
        here = len(part.ordinals)
        if offset >= here:
            offset -= here
            continue
        chosen = part.ordinals[offset : offset + count]
        offset = 0
        count -= len(chosen)
        codes = [part.content.table.code_of(ordinal) for ordinal in chosen.tolist()]
        concepts = part.content.concepts(codes)
        for code in codes:
            if code in concepts:
                yield part, concepts[code]
        if count <= 0:
            return


def _entry(part: Part, concept: Concept, request: ExpandRequest, languages: Languages) -> ExpansionEntry:
    header = part.content.header
    listed = part.listed.get(concept.code)
    display = _display(concept, listed, header.language, languages)
    designations: tuple[Designation, ...] = ()
    if request.include_designations or request.designations:
        every = (listed.designations if listed else ()) + concept.designations
        designations = tuple(item for item in every if _wanted(item, request.designations))
    return ExpansionEntry(
        system=header.url,
        code=concept.code,
        display=display,
        version=header.version,
        abstract=concept.abstract,
        inactive=not concept.active,
        designations=designations,
        properties=_properties(concept, request),
        definition=concept.definition if request.include_definition or "definition" in request.properties else None,
    )


def _display(
    concept: Concept, listed: IncludedConcept | None, system_language: str | None, languages: Languages
) -> str:
    if languages.tags:
        own = listed.designations if listed else ()
        for tag in languages.tags:
            for designation in own:
                if language_fits(designation.language, tag):
                    return designation.value
        named = display_in(concept, system_language, languages)
        if named is not None:
            return named
    return (listed.display if listed and listed.display else None) or concept.display


def _wanted(designation: Designation, tokens: Sequence[str]) -> bool:
    if not tokens:
        return True
    for token in tokens:
        system, _, code = token.rpartition("|")
        if system == _LANGUAGE_SYSTEM and language_fits(designation.language, code):
            return True
        use = designation.use
        if use is not None and use.code == code and (not system or use.system == system):
            return True
    return False


def _properties(concept: Concept, request: ExpandRequest) -> tuple[ConceptProperty, ...]:
    if not request.properties:
        return ()
    return tuple(item for item in concept.properties if item.code in request.properties)


def _parameters(request: ExpandRequest, selection: Selection) -> tuple[tuple[str, str | int | bool], ...]:
    used: list[tuple[str, str | int | bool]] = [
        ("used-codesystem", part.content.header.canonical) for part in selection.parts
    ]
    imported: list[tuple[str, str | int | bool]] = [
        ("used-valueset", canonical) for canonical in dict.fromkeys(selection.used_value_sets)
    ]
    return (*request.echoed, *used, *imported)


def codes_of_value_set(library: Library, canonical: str, *, limit: int) -> list[Coding] | None:
    """The codes of a value set, at most `limit`; None if it is not known."""
    try:
        selection = select_value_set(library, find_value_set(library, canonical), VersionRules())
    except NotFound:
        return None
    return [
        Coding(part.content.header.url, concept.code, None, concept.display or None)
        for part, concept in _page(selection.parts, 0, limit)
    ]
