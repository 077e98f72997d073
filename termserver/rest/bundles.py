"""Batch and transaction Bundles: each entry goes the way of a request of its own. Source: FHIR R4 and R5, RESTful API."""

from __future__ import annotations

import orjson

from termserver.fhir.bundle import BundleEntry, EntryAnswer, read_requests, write_responses
from termserver.fhir.elements import Json
from termserver.fhir.media_types import WireFormat
from termserver.rest.answers import whole
from termserver.rest.errors import outcome_for
from termserver.rest.request import FhirRequest
from termserver.rest.service import Serve, Service
from termserver.rest.transactions import request_of_entry, serve_transaction

_MOST_ENTRIES = 5_000
_TRANSLATE = "ConceptMap/$translate"


def serve_bundle(service: Service, request: FhirRequest, serve: Serve) -> Json:
    """A batch-response or transaction-response.

    Raises
    ------
    BadInput, TooCostly
        If the body is no such Bundle, or has too many entries.
    """
    kind, entries = read_requests(request.body, most_entries=_MOST_ENTRIES)
    if kind == "transaction":
        return write_responses(kind, serve_transaction(service, request, entries, serve))
    return write_responses(kind, [_serve_entry(service, request, entry, serve) for entry in entries])


def _serve_entry(service: Service, request: FhirRequest, entry: BundleEntry, serve: Serve) -> EntryAnswer:
    """One entry; whatever is wrong with it is its own answer."""
    quick = _from_memory(service, request, entry)
    if quick is not None:
        return EntryAnswer(200, orjson.Fragment(quick))
    try:
        answer = serve(service, request_of_entry(request, entry))
        resource = None if answer.resource is None else whole(answer.resource)
        return EntryAnswer(answer.status, resource, answer.headers)
    except Exception as error:  # noqa: BLE001  one failing entry must not fail the others
        return EntryAnswer(*outcome_for(error))


def _from_memory(service: Service, request: FhirRequest, entry: BundleEntry) -> bytes | None:
    """The JSON of a plain $translate, by the hot path's reader: lists of thousands of codes come as batches."""
    if request.language or request.format is not WireFormat.JSON or entry.conditions:
        return None
    if entry.method == "POST" and entry.url == _TRANSLATE:
        return service.hot.answer_body(request.version, entry.resource)
    path, _, query = entry.url.partition("?")
    if entry.method != "GET":
        return None
    if path != _TRANSLATE or not query.isascii():
        return None
    return service.hot.answer(request.version, {"headers": (), "query_string": query.encode()})
