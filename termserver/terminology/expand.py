"""$expand: the concepts of a value set, one page at a time. Source: `ValueSet-operation-expand` of R4 and R5."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import numpy as np

from termserver.errors import BadInput, NotFound, TooCostly
from termserver.fhir.standing import standards_status
from termserver.index.text import matches_words, words_of
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.requests import ExpandRequest
from termserver.model.results import Expansion, ExpansionEntry
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology.concept_status import warning_of
from termserver.terminology.content import SupplementedContent
from termserver.terminology.expansion_entry import EntryWriter, property_uris
from termserver.terminology.expansion_tree import can_nest, nested, parents_in_part
from termserver.terminology.languages import languages_from_header, shown_languages
from termserver.terminology.library import Library
from termserver.terminology.selection import Selection, Used, find_value_set, select_value_set
from termserver.terminology.selection_parts import Nesting, Ordinals, Part, marked
from termserver.terminology.versions import VersionRules, rules_of

Parameter = tuple[str, str | int | bool]
_FLAGS = ("activeOnly", "excludeNested", "excludeNotForUI", "includeDefinition", "includeDesignations")


def expand(library: Library, request: ExpandRequest, *, limit: int, page_limit: int) -> Expansion:
    """Expand a value set.

    Parameters
    ----------
    limit
        Most concepts of an expansion that nobody pages through.
    page_limit
        Most concepts in one page.

    Raises
    ------
    NotFound
        If the value set, or what it needs, is not known.
    TooCostly
        If nobody asked for a page and there are more than `limit` concepts.
    """
    value_set = _value_set(library, request)
    request = with_fixed_parameters(request, value_set)
    library.use_supplements((*request.supplements, *value_set.supplements))
    selection = select_value_set(library, value_set, rules_of(request))
    narrow(selection, request)
    total = selection.total
    if request.count is None and total - request.offset > limit:
        # HL7's texts name the version only where whole code systems are too much
        filtered = any(include.filters for include in value_set.includes)
        shown = value_set.url or "??" if filtered else value_set.canonical
        raise TooCostly(
            f"The value set '{shown}' expansion has too many codes to produce (>{limit})",
            message_id="VALUESET_TOO_COSTLY",
            diagnostics="Ask for a page with count and offset, or narrow the expansion with filter",
        )
    count = min(limit if request.count is None else request.count, page_limit)
    whole = request.offset == 0 and count >= total
    entries = _entries(selection, request, value_set, count, nest=whole and not request.exclude_nested)
    uris = {code: uri for part in selection.parts for code, uri in property_uris(part.content).items()}
    return Expansion(
        total=None if any(part.open_ended for part in selection.parts) else total,
        offset=request.offset,
        entries=tuple(entries),
        parameters=_parameters(request, value_set, selection),
        properties=tuple((code, uris.get(code)) for code in _property_codes(entries)),
        unclosed=tuple(_unclosed(selection)),
        with_definition=request.include_definition,
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


def with_fixed_parameters(request: ExpandRequest, value_set: ValueSet) -> ExpandRequest:
    """The request with the parameters that the value set's author fixes, where the client gave none."""
    given = {name for name, _ in request.echoed}
    fixed = {name: value for name, value in value_set.parameters if name not in given}
    language = fixed.get("displayLanguage")
    flags = {name: True for name in _FLAGS if fixed.get(name) is True}
    return replace(
        request,
        language=request.language or (language if isinstance(language, str) else None),
        active_only=request.active_only or "activeOnly" in flags,
        exclude_nested=request.exclude_nested or "excludeNested" in flags,
        exclude_not_for_ui=request.exclude_not_for_ui or "excludeNotForUI" in flags,
        include_definition=request.include_definition or "includeDefinition" in flags,
        include_designations=request.include_designations or "includeDesignations" in flags,
        echoed=(*request.echoed, *flags.items()),
    )


# ------------------------------------------------------------------ which concepts


def narrow(selection: Selection, request: ExpandRequest) -> None:
    """Take out of a selection what the request does not want."""
    for part in selection.parts:
        table, header = part.content.table, part.content.header
        if request.active_only:
            part.ordinals = part.ordinals[table.active[part.ordinals]]
        if request.exclude_not_for_ui:
            part.ordinals = part.ordinals[~table.abstract[part.ordinals]]
        if header.url in request.excluded_systems or header.canonical in request.excluded_systems:
            part.ordinals = part.ordinals[:0]
        if request.text_filter.strip():
            part.ordinals = part.ordinals[marked(len(table), _found(part, request.text_filter))[part.ordinals]]
            if part.nesting is Nesting.BELOW_ANCESTOR:
                part.nesting = Nesting.FLAT  # the hits of a search are a list


def _found(part: Part, text: str) -> Ordinals:
    """Ordinals of which a name has every word of the text, names that the value set lists included."""
    words = words_of(text)
    own = [code for code, item in part.listed.items() if any(matches_words(name, words) for name in _names(item))]
    found = part.content.search(text)
    if not own or not words:
        return found
    ordinals = part.content.ordinals_of(own)
    return np.concatenate((found, ordinals[ordinals >= 0]))


def _names(item: IncludedConcept) -> Iterable[str]:
    if item.display:
        yield item.display
    for designation in item.designations:
        yield designation.value


def page_of(parts: Sequence[Part], offset: int, count: int) -> list[tuple[Part, list[Concept]]]:
    """The concepts of a page, part by part."""
    found = []
    for part in parts:
        here = len(part.ordinals)
        chosen = part.ordinals[offset : offset + count]
        offset = max(0, offset - here)
        count -= len(chosen)
        if len(chosen):
            codes = [part.content.table.code_of(ordinal) for ordinal in chosen.tolist()]
            concepts = part.content.concepts(codes)
            found.append((part, [concepts[code] for code in codes if code in concepts]))
        if count <= 0:
            break
    return found


# ------------------------------------------------------------------ what is said of them


def _entries(
    selection: Selection, request: ExpandRequest, value_set: ValueSet, count: int, *, nest: bool
) -> list[ExpansionEntry]:
    languages = languages_from_header(request.language or request.header_language or value_set.language)
    nest = nest and not selection.excludes and can_nest(selection.parts)
    entries: list[ExpansionEntry] = []
    parents: list[int] = []
    for part, concepts in page_of(selection.parts, request.offset, count):
        several = selection.used.several_versions(part.content.header.url)
        writer = EntryWriter(request, languages, part, several)
        above = parents_in_part(part) if nest else None
        nest = nest and above is not None and len(above) == len(concepts)
        begin = len(entries)
        parents += [place if place < 0 else begin + place for place in above or ()]
        entries += [writer.entry(concept) for concept in concepts]
    return nested(entries, parents) if nest else entries


def _property_codes(entries: Sequence[ExpansionEntry]) -> dict[str, None]:
    codes: dict[str, None] = {}
    waiting = list(entries)
    while waiting:
        entry = waiting.pop()
        codes |= dict.fromkeys(item.code for item in entry.properties)
        waiting += entry.contains
    return codes


def _parameters(request: ExpandRequest, value_set: ValueSet, selection: Selection) -> tuple[Parameter, ...]:
    used = selection.used
    language = request.language or request.header_language
    said: list[Parameter] = [("displayLanguage", shown_languages(language))] if language else []
    if selection.versions_match:
        said.append(("versionsMatch", True))
    warnings = _warnings(value_set, used)
    return (
        *request.echoed,
        *said,
        *used.version_parameters,
        *(("used-codesystem", canonical) for canonical in used.code_systems),
        *(("used-valueset", canonical) for canonical in used.value_sets),
        *(("used-supplement", canonical) for canonical in _supplements(used)),
        *(("used-fragment", canonical) for canonical, content in used.code_systems.items() if _is_part(content.header)),
        *warnings,
    )


def _supplements(used: Used) -> list[str]:
    found = dict.fromkeys(
        supplement.header.canonical
        for content in used.code_systems.values()
        if isinstance(content, SupplementedContent)
        for supplement in content.supplements
    )
    return list(found)


def _unclosed(selection: Selection) -> list[str]:
    """Why there may be more codes than the parts have."""
    found: dict[str, None] = {}
    for part in selection.parts:
        if part.content.unclosed is not None and part.nesting is not Nesting.LISTED:
            found[part.content.unclosed] = None
        if part.unlisted:
            found[""] = None  # that it is so is said, but no reason
        if _is_part(part.content.header):
            url = part.content.header.url
            found[f"This extension is based on a fragment of the code system {url}"] = None
    return list(found)


def _is_part(header: CodeSystem) -> bool:
    return header.content in ("fragment", "example")


def _warnings(value_set: ValueSet, used: Used) -> dict[Parameter, None]:
    found: dict[Parameter, None] = {}
    warning = partial(
        warning_of,
        draft_expected=value_set.status == "draft" or standards_status(value_set.other) == "draft",
        experimental_expected=value_set.experimental,
    )
    for content in used.code_systems.values():
        header = content.header
        name = warning(header.status, header.experimental, header.other)
        if name is not None:
            found[name, header.canonical] = None
    for other in (value_set, *used.value_sets.values()):
        name = warning(other.status, other.experimental, other.other)
        if name is not None:
            found[name, other.canonical] = None
    return found


def codes_of_value_set(library: Library, canonical: str, *, limit: int) -> list[Coding] | None:
    """The codes of a value set, at most `limit`; None if it is not known."""
    try:
        selection = select_value_set(library, find_value_set(library, canonical), VersionRules())
    except NotFound:
        return None
    return [
        Coding(part.content.header.url, concept.code, None, concept.display or None)
        for part, concepts in page_of(selection.parts, 0, limit)
        for concept in concepts
    ]
