"""Bundles: searches, histories, batches and transactions. Source: FHIR R4 and R5 Bundle, RESTful API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

from termserver.errors import TooCostly
from termserver.fhir.elements import Json, fault, resource_of_type, text

_CONDITIONS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}
_FULL_URL = re.compile(r"urn:(uuid:[0-9A-Fa-f-]{36}|oid:[0-9.]+)|https?://\S+")


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One request of a batch or transaction.

    Parameters
    ----------
    conditions
        ifMatch and its like, as the header that says the same.
    problem
        Why it cannot be served, in place of method and url.
    """

    method: str
    url: str
    resource: Json | None = None
    full_url: str | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class EntryAnswer:
    """What an entry of a batch or transaction got; `headers` may hold etag, location, last-modified.

    Parameters
    ----------
    resource
        A Fragment is a resource that is JSON already.
    """

    status: int
    resource: Json | orjson.Fragment | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def read_requests(body: object, *, most_entries: int) -> tuple[str, list[BundleEntry]]:
    """The Bundle's type (`batch` or `transaction`) and its entries; a faulty entry says so and fails alone.

    Raises
    ------
    BadInput
        If the body is no such Bundle.
    TooCostly
        If it has too many entries.
    """
    bundle = resource_of_type(body, "Bundle")
    kind = text(bundle, "type", "Bundle")
    if kind not in ("batch", "transaction"):
        raise fault("Bundle.type", f"must be batch or transaction, not {kind!r}")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise fault("Bundle.entry", "must be an array")
    if len(entries) > most_entries:
        raise TooCostly(
            f"Bundle.entry: has {len(entries)} entries; at most {most_entries} are served in one {kind}. Send several, or "
            "translate whole lists with `termserver translate`.",
            expression="Bundle.entry",
        )
    return kind, [_read_entry(entry, place) for place, entry in enumerate(entries)]


def _read_entry(entry: object, place: int) -> BundleEntry:
    path = f"Bundle.entry[{place}]"
    if not isinstance(entry, dict):
        return _faulty(f"{path}: must be an object")
    request = entry.get("request")
    if not isinstance(request, dict):
        return _faulty(f"{path}.request: is missing")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        return _faulty(f"{path}.request: needs method and url as strings")
    resource = entry.get("resource")
    if resource is not None and not isinstance(resource, dict):
        return _faulty(f"{path}.resource: must be an object")
    full_url = entry.get("fullUrl")
    if full_url is not None and (not isinstance(full_url, str) or not _FULL_URL.fullmatch(full_url)):
        return _faulty(f"{path}.fullUrl: must be an absolute URL, urn:uuid: or urn:oid:")
    conditions: dict[str, str] = {}
    for name, header in _CONDITIONS.items():
        value = request.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            return _faulty(f"{path}.request.{name}: must be a string")
        conditions[header] = value
    return BundleEntry(method.upper(), url, resource, full_url, conditions)


def _faulty(problem: str) -> BundleEntry:
    return BundleEntry("", "", problem=problem)


def write_responses(kind: str, answers: Sequence[EntryAnswer]) -> Json:
    """A batch-response or transaction-response: one entry a request, in the order of the requests."""
    return {
        "resourceType": "Bundle",
        "type": f"{kind}-response",
    } | ({"entry": [_write_response(answer) for answer in answers]} if answers else {})


def _write_response(answer: EntryAnswer) -> Json:
    response: Json = {"status": status_line(answer.status)}
    for header, name in (("location", "location"), ("etag", "etag"), ("x-last-updated", "lastModified")):
        if header in answer.headers:
            response[name] = answer.headers[header]
    if answer.resource is None:
        return {"response": response}
    if isinstance(answer.resource, dict) and answer.resource.get("resourceType") == "OperationOutcome":
        response["outcome"] = answer.resource
    return {"resource": answer.resource, "response": response}


def status_line(status: int) -> str:
    """Number and words.

    >>> status_line(404)
    '404 Not Found'
    """
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def write_search_set(
    resources: Sequence[tuple[str, Json]],
    *,
    total: int,
    links: Sequence[tuple[str, str]],
    outcome: Json | None = None,
) -> Json:
    """A searchset.

    Parameters
    ----------
    resources
        Pairs (fullUrl, resource) of this page.
    links
        Pairs (relation, url): self, first, previous, next, last.
    outcome
        An OperationOutcome about the search itself.
    """
    bundle = _listing("searchset", total, links)
    entries: list[Json] = [
        {"fullUrl": full_url, "resource": resource, "search": {"mode": "match"}} for full_url, resource in resources
    ]
    if outcome is not None:
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    return bundle | ({"entry": entries} if entries else {})


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One version in a history; `resource` is None for a deletion, and where the content is gone."""

    full_url: str
    url: str
    action: str
    version_id: int
    at: str
    resource: Json | None


def write_history(entries: Sequence[HistoryEntry], *, total: int, links: Sequence[tuple[str, str]]) -> Json:
    """A history, latest version first."""
    bundle = _listing("history", total, links)
    written = [_write_history_entry(entry) for entry in entries]
    return bundle | ({"entry": written} if written else {})


def _write_history_entry(entry: HistoryEntry) -> Json:
    method, status = {"create": ("PUT", 201), "update": ("PUT", 200), "delete": ("DELETE", 204)}[entry.action]
    written: Json = {"fullUrl": entry.full_url}
    if entry.resource is not None:
        written["resource"] = entry.resource
    written["request"] = {"method": method, "url": entry.url}
    written["response"] = {
        "status": status_line(status),
        "etag": f'W/"{entry.version_id}"',
        "lastModified": entry.at,
    }
    return written


def _listing(kind: str, total: int, links: Sequence[tuple[str, str]]) -> Json:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }


_REFERENCES = {"reference", "valueUri", "valueUrl", "valueUuid", "valueOid"}


def with_references(value: Any, places: Mapping[str, str]) -> Any:
    """A JSON value in which each reference that is a `fullUrl` of the transaction names the resource itself.

    A resource's own canonical url stays what it is, even where it is a urn:uuid.

    Parameters
    ----------
    places
        fullUrl → `ConceptMap/id`.

    >>> with_references({"reference": "urn:uuid:1", "url": "urn:uuid:1"}, {"urn:uuid:1": "ValueSet/a"})
    {'reference': 'ValueSet/a', 'url': 'urn:uuid:1'}
    """
    if not places:
        return value
    if isinstance(value, dict):
        return {
            name: places.get(item, item)
            if name in _REFERENCES and isinstance(item, str)
            else with_references(item, places)
            for name, item in value.items()
        }
    return [with_references(item, places) for item in value] if isinstance(value, list) else value
