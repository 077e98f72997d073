"""Batch and transaction Bundles: each entry goes the way of a request of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from termserver.errors import BadInput
from termserver.fhir.bundle import BundleEntry, EntryAnswer, read_requests, write_responses
from termserver.fhir.elements import Json
from termserver.rest.answers import Answer, whole
from termserver.rest.errors import outcome_for
from termserver.rest.request import FhirRequest, read_query
from termserver.rest.service import Service

_MOST_ENTRIES = 5_000
Serve = Callable[[Service, FhirRequest], Answer]


def serve_bundle(service: Service, request: FhirRequest, serve: Serve) -> Json:
    """A batch-response.

    Raises
    ------
    BadInput, TooCostly
        If the body is no such Bundle, or has too many entries.
    """
    kind, entries = read_requests(request.body, most_entries=_MOST_ENTRIES)
    if kind == "transaction":
        raise BadInput("Bundle.type: this server has nothing to change in a transaction", expression="Bundle.type")
    return write_responses("batch", [_serve_entry(service, request, entry, serve) for entry in entries])


def _serve_entry(service: Service, request: FhirRequest, entry: BundleEntry, serve: Serve) -> EntryAnswer:
    """One entry; whatever is wrong with it is its own answer."""
    try:
        answer = serve(service, request_of_entry(request, entry))
        resource = None if answer.resource is None else whole(answer.resource)
        return EntryAnswer(answer.status, resource, answer.headers)
    except Exception as error:  # noqa: BLE001  one failing entry must not fail the others
        return EntryAnswer(*outcome_for(error))


def request_of_entry(request: FhirRequest, entry: BundleEntry) -> FhirRequest:
    """The request that an entry stands for.

    Raises
    ------
    BadInput
        If the entry cannot be one.
    """
    if entry.problem is not None:
        raise BadInput(entry.problem, expression=entry.problem.partition(":")[0])
    try:
        parts = urlsplit(entry.url)
    except ValueError:
        raise BadInput(f"The entry's url '{entry.url[:80]}' is no URL", expression="Bundle.entry.request.url") from None
    path = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
    base = tuple(segment for segment in urlsplit(request.base_url).path.split("/") if segment)
    if base and path[: len(base)] == base:
        path = path[len(base) :]
    if not path or any("\x00" in segment for segment in path):
        raise BadInput(
            f"The entry's url '{entry.url[:80]}' names nothing below the base", expression="Bundle.entry.request.url"
        )
    headers = {name: value for name, value in request.headers.items() if name in ("authorization", "prefer")}
    return replace(
        request,
        method=entry.method,
        path=path,
        query=read_query(parts.query),
        body=entry.resource,
        headers={**headers, **entry.conditions},
        large_body=None,
    )
