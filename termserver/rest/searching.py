"""Search of a resource type. Source: FHIR R4 and R5, search.

Most searches look at url, version, name, title or status: these are in a head that costs microseconds. Only for other
parameters is a resource's JSON made, and only of those that fit so far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from termserver.errors import BadInput
from termserver.fhir.bundle import write_search_set
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.operation_outcome import write_outcome
from termserver.fhir.search_parameters import (
    SEARCH_PARAMETERS,
    SORTED_BY,
    Criterion,
    matches,
    read_criteria,
    values_at,
)
from termserver.fhir.subsets import is_whole, read_elements, read_summary, subset, subsetted
from termserver.fhir.versions import FhirVersion
from termserver.model.issue import Issue
from termserver.rest.paging import page_links, read_page
from termserver.rest.rendering import LARGEST_INLINE, head_json, whole_json
from termserver.rest.request import FhirRequest
from termserver.rest.service import Service
from termserver.store.code_systems import StoredCodeSystem, list_aliases
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.engine import Session
from termserver.store.json_text import to_text
from termserver.store.resources import (
    ResourceHead,
    code_systems_with_code,
    get_content,
    list_heads,
    maps_with_source_code,
    maps_with_text,
    value_sets_with_text,
)
from termserver.terminology.service import Terminology

_IN_HEAD = {"_id", "_lastUpdated", "url", "system", "version", "name", "title", "status"}
_BY_CODE = {("CodeSystem", "code"), ("ConceptMap", "source-code"), ("ConceptMap", "target-code")}


@dataclass(slots=True)
class _Found:
    """A resource that fits so far; its JSON is made when it is first needed."""

    kind: str
    head: ResourceHead
    session: Session
    made: Json | None = field(default=None)

    def of_head(self) -> Json:
        """What the head knows, as JSON."""
        head = self.head
        known = {"id": head.fhir_id, "url": head.url, "version": head.version or None, "name": head.name}
        known |= {"title": head.title, "status": head.status}
        return {"meta": {"lastUpdated": head.changed_at}} | {k: v for k, v in known.items() if v is not None}

    def of_resource(self) -> Json:
        """The R5 JSON; of code systems and maps the head, of others everything."""
        if self.made is None:
            stored = get_content(self.session, self.kind, self.head.content_id)
            if stored is None:
                self.made = {}
            elif isinstance(stored, StoredCodeSystem):
                self.made = head_json(stored, FhirVersion.R5)
            elif isinstance(stored, StoredConceptMap):
                groups = [
                    {"source": group.source, "target": group.target}
                    | ({"unmapped": {"otherMap": group.unmapped.other_map}} if group.unmapped else {})
                    for group in stored.header.groups
                ]
                self.made = head_json(stored, FhirVersion.R5) | {"group": groups}
            else:
                self.made = whole_json(self.session, stored, FhirVersion.R5)
        return self.made


def search(service: Service, kind: str, request: FhirRequest) -> Json:
    """A searchset.

    Raises
    ------
    BadInput
        If a parameter is not known (unless Prefer: handling=lenient), or a value cannot be one.
    """
    summary = read_summary(request.queried("_summary"))
    elements = read_elements(request.queried("_elements"))
    _check_total(request.queried("_total"))
    page = read_page(request.query)
    criteria, unknown = read_criteria(kind, request.query)
    if unknown and request.preferred("handling") != "lenient":
        known = ", ".join(SEARCH_PARAMETERS[kind])
        raise BadInput(
            f"Parameter '{unknown[0][:80]}': {kind} is not searched by it; by {known}", expression=unknown[0][:80]
        )
    with service.database.session() as session:
        found = matching(session, kind, criteria, service.terminology)
        _sort(found, request.queried("_sort"))
        shown = [] if summary == "count" else found[page.offset : page.offset + page.count]
        resources = [
            (f"{request.base_url}/{kind}/{one.head.fhir_id}", _shown(one, request.version, summary, elements))
            for one in shown
        ]
    query = [(name, value) for name, value in request.query if name not in unknown and value != ""]
    links = page_links(f"{request.base_url}/{kind}", query, len(found), page)
    outcome = write_outcome([_unknown_issue(name) for name in unknown]) if unknown else None
    return write_search_set(resources, total=len(found), links=links, outcome=outcome)


def matching(
    session: Session, kind: str, criteria: Sequence[Criterion], terminology: Terminology | None = None
) -> list[_Found]:
    """All resources of a kind that fit every criterion, by url, latest version first.

    Parameters
    ----------
    terminology
        Its tables find target codes; without it the elements of maps are read.
    """
    found = [_Found(kind, head, session) for head in list_heads(session, kind)]

    aliases: dict[str, str] = {}

    def canonical(url: str) -> str:
        if not aliases:
            aliases.update(list_aliases(session) or {"": ""})
        return aliases.get(url, url)

    cheap = [item for item in criteria if item.parameter.name in _IN_HEAD]
    dear = [item for item in criteria if item.parameter.name not in _IN_HEAD]
    for criterion in cheap:
        if criterion.parameter.name in ("url", "system") and not criterion.modifier:
            found = _with_url(
                found, criterion, canonical_urls={canonical(split_canonical(v)[0]) for v in criterion.values}
            )
        else:
            found = [one for one in found if matches(criterion, one.of_head(), canonical)]
    for criterion in dear:
        if (kind, criterion.parameter.name) in _BY_CODE:
            canonical("")  # reads the aliases
            found = _with_code(session, kind, found, criterion, canonical, terminology)
        elif (kind, criterion.parameter.name) == ("ValueSet", "reference") and not criterion.modifier:
            canonical("")  # reads the aliases
            found = _with_reference(session, found, criterion, aliases, canonical)
        else:
            found = [one for one in found if matches(criterion, one.of_resource(), canonical)]
    return found


def _with_url(found: list[_Found], criterion: Criterion, *, canonical_urls: set[str]) -> list[_Found]:
    """`url|version` names one version; an alias names what it stands for."""
    asked = {split_canonical(value) for value in criterion.values}
    urls = {url for url, _ in asked} | canonical_urls
    pinned = {version for _, version in asked if version}
    return [
        one
        for one in found
        if one.head.url in urls and (not pinned or one.head.version in pinned or any(v is None for _, v in asked))
    ]


def _with_code(
    session: Session,
    kind: str,
    found: list[_Found],
    criterion: Criterion,
    canonical: Callable[[str], str],
    terminology: Terminology | None,
) -> list[_Found]:
    asked = [(canonical(system), code) for system, _, code in (value.rpartition("|") for value in criterion.values)]
    systems = {system for system, _ in asked if system}
    if kind == "CodeSystem":
        having = code_systems_with_code(session, [code for _, code in asked], [one.head.content_id for one in found])
        fitting = [one for one in found if not systems or one.head.url in systems]
    else:
        end = "source" if criterion.parameter.name == "source-code" else "target"
        fitting = [
            one
            for one in found
            if not systems or systems & set(map(canonical, values_at(one.of_resource(), f"group.{end}")))
        ]
        ids = [one.head.content_id for one in fitting]
        if end == "source":
            having = maps_with_source_code(session, asked, ids, canonical)
        else:
            having = _with_target_code(session, asked, ids, terminology)
    wanted = criterion.modifier != "not" if criterion.modifier != "missing" else criterion.values[0] == "false"
    if criterion.modifier == "missing":
        return fitting if wanted else []
    return [one for one in fitting if (one.head.content_id in having) == wanted]


def _with_target_code(
    session: Session, asked: Sequence[tuple[str, str]], ids: Sequence[int], terminology: Terminology | None
) -> set[int]:
    """By the translation tables; of maps that have none (they came with this transaction) by their text."""
    having, without_table = (set(), list(ids)) if terminology is None else terminology.maps_to(asked, ids)
    pieces = [f'"code":{to_text(code)},"relationship"' for _, code in asked]
    return having | maps_with_text(session, pieces, without_table)


def _with_reference(
    session: Session,
    found: list[_Found],
    criterion: Criterion,
    aliases: Mapping[str, str],
    canonical: Callable[[str], str],
) -> list[_Found]:
    """Value sets that name a system or value set: those whose text has its URL, or another one for the same, are read."""
    named = {split_canonical(value)[0] for value in criterion.values}
    wanted = {canonical(url) for url in named}
    urls = named | wanted | {alias for alias, url in aliases.items() if url in wanted}
    having = value_sets_with_text(session, [to_text(url)[:-1] for url in sorted(urls)])
    return [one for one in found if one.head.content_id in having and matches(criterion, one.of_resource(), canonical)]


def _check_total(value: str | None) -> None:
    if value not in (None, "", "none", "estimate", "accurate"):
        raise BadInput("Parameter '_total': must be none, estimate or accurate", expression="_total")


def _sort(found: list[_Found], asked: str | None) -> None:
    """Stable, the last key first, so that the first key weighs most; without the parameter by url, latest first."""
    for key in reversed((asked or "").split(",")):
        descending, name = key.startswith("-"), key.removeprefix("-").strip()
        if not name:
            continue
        if name not in SORTED_BY:
            raise BadInput(f"Parameter '_sort': '{name[:40]}' is none of {', '.join(SORTED_BY)}", expression="_sort")
        path = {"_id": "id", "_lastUpdated": "meta.lastUpdated"}.get(name, name)
        in_head = name in _IN_HEAD

        def value_of(one: _Found, path: str = path, in_head: bool = in_head) -> str:
            values = values_at(one.of_head() if in_head else one.of_resource(), path)
            return str(values[0]).casefold() if values else ""

        found.sort(key=value_of, reverse=descending)


def _shown(one: _Found, version: FhirVersion, summary: str, elements: tuple[str, ...]) -> Json:
    """An entry: whole if it is small, else its head, marked SUBSETTED; reading it by id gives all of it."""
    stored = get_content(one.session, one.kind, one.head.content_id)
    if stored is None:
        return one.of_head() | {"resourceType": one.kind}
    is_large = (isinstance(stored, StoredCodeSystem) and stored.concept_count > LARGEST_INLINE) or (
        isinstance(stored, StoredConceptMap) and stored.element_count > LARGEST_INLINE
    )
    if is_large:
        return subset(subsetted(head_json(stored, version)), version, summary=summary, elements=elements)
    if is_whole(summary, elements):
        return whole_json(one.session, stored, version)
    if summary == "true" and not elements:
        return subset(head_json(stored, version), version, summary=summary)
    return subset(whole_json(one.session, stored, version), version, summary=summary, elements=elements)


def _unknown_issue(name: str) -> Issue:
    return Issue("warning", "not-supported", f"Parameter '{name[:80]}' is not known and was not used", None, name[:80])
