"""Read, vread and history. Source: FHIR R4 and R5, RESTful API."""

from __future__ import annotations

import re

from termserver.errors import BadInput, Gone, NotFound
from termserver.fhir.bundle import HistoryEntry, write_history
from termserver.fhir.elements import Json
from termserver.fhir.search_parameters import span_of_date
from termserver.fhir.subsets import is_whole, read_elements, read_summary, subset, subsetted
from termserver.rest.answers import Answer, Streamed, etag_of_version, http_date, is_unchanged
from termserver.rest.paging import page_links, read_page
from termserver.rest.rendering import LARGEST_INLINE, as_of, head_json, rendered, whole_json
from termserver.rest.request import FhirRequest
from termserver.rest.service import Service
from termserver.store.code_systems import StoredCodeSystem
from termserver.store.concept_maps import StoredConceptMap
from termserver.store.engine import Session
from termserver.store.resource_versions import ResourceVersion, get_version, last_version, list_versions
from termserver.store.resources import Stored, changed_at, get_content, get_current

_INSTANT = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?")
_LARGEST_VERSION = 2**31 - 1


def read(service: Service, kind: str, fhir_id: str, request: FhirRequest) -> Answer:
    """GET [kind]/[id].

    Raises
    ------
    NotFound, Gone
        If there is none, or no longer one.
    """
    with service.database.session() as session:
        stored = current_or_why_not(session, kind, fhir_id)
    return _answer(service, stored, request)


def current_or_why_not(session: Session, kind: str, fhir_id: str) -> Stored:
    """What the id names now.

    Raises
    ------
    NotFound, Gone
        If it names nothing.
    """
    stored = get_current(session, kind, fhir_id)
    if stored is None:
        last = last_version(session, kind, fhir_id)
        if last is not None and last.action == "delete":
            raise Gone(f"{kind}/{fhir_id} was deleted on {last.at}; {kind}/{fhir_id}/_history has its versions")
        raise NotFound(f"There is no {kind} with the id '{fhir_id[:64]}'")
    return stored


def vread(service: Service, kind: str, fhir_id: str, version_text: str, request: FhirRequest) -> Answer:
    """GET [kind]/[id]/_history/[version].

    Raises
    ------
    NotFound, Gone
        If there is no such version, or it is a deletion.
    """
    is_number = version_text.isascii() and version_text.isdigit() and len(version_text) < 10
    with service.database.session() as session:
        version = get_version(session, kind, fhir_id, int(version_text)) if is_number else None
        if version is None:
            raise NotFound(f"{kind}/{fhir_id[:64]} has no version '{version_text[:40]}'")
        if version.action == "delete":
            raise Gone(f"Version {version_text} of {kind}/{fhir_id} is its deletion")
        stored = get_content(session, kind, version.content_id or 0)
    if stored is None:
        raise Gone(f"The content of version {version_text} of {kind}/{fhir_id} was removed from the database")
    return _answer(service, as_of(stored, version), request)


def _answer(service: Service, stored: Stored, request: FhirRequest) -> Answer:
    etag, moment = etag_of_version(stored.version_id), changed_at(stored)
    headers = {"etag": etag, "last-modified": http_date(moment)}
    summary, elements = read_summary(request.queried("_summary")), read_elements(request.queried("_elements"))
    if summary == "count":
        raise BadInput("Parameter '_summary': count is for searches", expression="_summary")
    if is_unchanged(request.headers, etag, moment):
        return Answer(None, 304, headers)
    resource = rendered(service, stored, request.version)
    if not is_whole(summary, elements):
        part = head_json(stored, request.version) if isinstance(resource, Streamed) else resource
        resource = subset(part, request.version, summary=summary, elements=elements)
    return Answer(resource, 200, headers)


def history(service: Service, kind: str | None, fhir_id: str | None, request: FhirRequest) -> Json:
    """GET [kind]/[id]/_history, [kind]/_history or _history; `_since`, `_at`, `_count`.

    Raises
    ------
    NotFound
        If the id never named anything.
    """
    page = read_page(request.query)
    with service.database.session() as session:
        if kind is not None and fhir_id is not None and last_version(session, kind, fhir_id) is None:
            raise NotFound(f"There is no {kind} with the id '{fhir_id[:64]}'")
        versions, total = list_versions(
            session,
            kind=kind,
            fhir_id=fhir_id,
            since=_moment(request, "_since"),
            until=_moment(request, "_at", end=True),
            limit=page.count,
            offset=min(page.offset, _LARGEST_VERSION),
        )
        entries = [_history_entry(session, version, request) for version in versions]
    path = "/".join(part for part in (request.base_url, kind, fhir_id, "_history") if part)
    return write_history(entries, total=total, links=page_links(path, request.query, total, page))


def _history_entry(session: Session, version: ResourceVersion, request: FhirRequest) -> HistoryEntry:
    url = f"{version.kind}/{version.fhir_id}"
    stored = None if version.content_id is None else get_content(session, version.kind, version.content_id)
    resource: Json | None = None
    if stored is not None:
        stored = as_of(stored, version)
        is_large = (isinstance(stored, StoredCodeSystem) and stored.concept_count > LARGEST_INLINE) or (
            isinstance(stored, StoredConceptMap) and stored.element_count > LARGEST_INLINE
        )
        written = subsetted(head_json(stored, request.version)) if is_large else None
        resource = written or whole_json(session, stored, request.version)
        summary, elements = read_summary(request.queried("_summary")), read_elements(request.queried("_elements"))
        resource = subset(resource, request.version, summary=summary, elements=elements)
    return HistoryEntry(f"{request.base_url}/{url}", url, version.action, version.version_id, version.at, resource)


def _moment(request: FhirRequest, name: str, *, end: bool = False) -> str | None:
    """A moment as the store writes moments; its end where it is a whole day, month or year."""
    value = request.queried(name)
    if not value:
        return None
    if not _INSTANT.fullmatch(value):
        raise BadInput(f"Parameter '{name}': must be an instant, as 2026-11-22T06:30:00Z", expression=name)
    low, high = span_of_date(value)
    return (high if end else low) + "Z"
