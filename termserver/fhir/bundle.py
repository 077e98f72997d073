"""Bundles: search results with paging links, and batches. Source: FHIR R4 and R5 Bundle, RESTful API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from termserver.fhir.elements import Json, fault, one_object, resource_of_type, text

_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable"}


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """One request of a batch; `problem` says why it cannot be served, in place of method and url."""

    method: str
    url: str
    resource: Json | None = None
    problem: str | None = None


def read_batch(body: object, *, most_entries: int) -> list[BatchEntry]:
    """The entries of a batch; a faulty entry fails alone.

    Raises
    ------
    BadInput
        If the body is no batch Bundle, or has too many entries.
    """
    bundle = resource_of_type(body, "Bundle")
    kind = text(bundle, "type", "Bundle")
    if kind != "batch":
        raise fault("Bundle.type", f"must be batch, not '{kind}': this server has nothing to change in a transaction")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise fault("Bundle.entry", "must be an array")
    if len(entries) > most_entries:
        raise fault("Bundle.entry", f"has {len(entries)} entries; at most {most_entries} are served in one batch")
    return [_read_entry(entry, place) for place, entry in enumerate(entries)]


def _read_entry(entry: object, place: int) -> BatchEntry:
    path = f"Bundle.entry[{place}]"
    if not isinstance(entry, dict):
        return BatchEntry("", "", None, f"{path}: must be an object")
    request = entry.get("request")
    if not isinstance(request, dict):
        return BatchEntry("", "", None, f"{path}.request: is missing")
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str):
        return BatchEntry("", "", None, f"{path}.request: needs method and url as strings")
    resource = entry.get("resource")
    if resource is not None and not isinstance(resource, dict):
        return BatchEntry("", "", None, f"{path}.resource: must be an object")
    return BatchEntry(method.upper(), url, one_object(entry, "resource", path))


def write_batch_response(answers: Sequence[tuple[int, Json]]) -> Json:
    """A batch-response: one entry an answer (HTTP status, resource), in the order of the requests."""
    entries = []
    for status, resource in answers:
        response: Json = {"status": f"{status} {_REASONS.get(status, '')}".strip()}
        if resource.get("resourceType") == "OperationOutcome" and status >= 400:
            response["outcome"] = resource
        entries.append({"resource": resource, "response": response})
    return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}


def write_search_set(resources: Sequence[tuple[str, Json]], *, total: int, links: Sequence[tuple[str, str]]) -> Json:
    """A searchset.

    Parameters
    ----------
    resources
        Pairs (fullUrl, resource) of this page.
    links
        Pairs (relation, url): self, first, previous, next, last.
    """
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": [{"relation": relation, "url": url} for relation, url in links],
    }
    if resources:
        bundle["entry"] = [
            {"fullUrl": full_url, "resource": resource, "search": {"mode": "match"}} for full_url, resource in resources
        ]
    return bundle
