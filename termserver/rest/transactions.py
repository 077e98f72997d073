"""A transaction: all of its entries, or none of them. Source: FHIR R4 and R5, RESTful API, transaction.

All entries share one session, so that each sees what those before it wrote; it commits once, after the last. Operations
(`$translate` …) answer from what was committed before the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from termserver.errors import BadInput, TermserverError
from termserver.fhir.bundle import BundleEntry, EntryAnswer, with_references
from termserver.rest.answers import whole
from termserver.rest.request import FhirRequest, read_query
from termserver.rest.service import Serve, Service
from termserver.rest.writing import create, found_by
from termserver.store.engine import Session
from termserver.store.resource_versions import free_fhir_id
from termserver.store.resources import KINDS

# Source: FHIR, transaction processing rules
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
_PASSED_ON = ("authorization", "prefer")


class _OneSession:
    """Gives the transaction's session to everybody, and leaves the commit to the transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def session(self, *, write: bool = False) -> Iterator[Session]:
        """The session; what was written is seen by the next who asks."""
        yield self._session
        if write:
            self._session.flush()


def serve_transaction(
    service: Service, request: FhirRequest, entries: Sequence[BundleEntry], serve: Serve
) -> list[EntryAnswer]:
    """The answers, in the order of the entries.

    Raises
    ------
    TermserverError
        What the first failing entry raises, with its place; nothing was written.
    """
    requests = [_at(place, lambda entry=entry: request_of_entry(request, entry)) for place, entry in enumerate(entries)]
    for place, asked in enumerate(requests):
        if asked.method not in _ORDER:
            raise BadInput(
                f"Bundle.entry[{place}].request.method: '{asked.method[:20]}' is none of {', '.join(_ORDER)}"
            )
    answers: list[EntryAnswer | None] = [None] * len(entries)
    with service.database.session(write=True) as session:
        inside = replace(service, database=_OneSession(session))
        ids = _assigned_ids(session, requests)
        _refuse_overlap(requests, ids)
        places = {
            entry.full_url: f"{asked.path[0]}/{fhir_id}"
            for entry, asked, fhir_id in zip(entries, requests, ids, strict=True)
            if entry.full_url and fhir_id
        }
        for place in sorted(range(len(entries)), key=lambda place: _ORDER[requests[place].method]):
            answers[place] = _at(place, lambda place=place: _serve(inside, requests[place], ids[place], places, serve))
    return [answer for answer in answers if answer is not None]


def _at(place: int, act: Any) -> Any:
    try:
        return act()
    except TermserverError as error:
        error.message = f"Bundle.entry[{place}]: {error.message}"
        error.args = (error.message,)
        error.expression = f"Bundle.entry[{place}]"
        raise


def _serve(
    inside: Service, request: FhirRequest, fhir_id: str | None, places: dict[str, str], serve: Serve
) -> EntryAnswer:
    request = replace(request, body=with_references(request.body, places))
    is_create = request.method == "POST" and len(request.path) == 1
    answer = create(inside, request, request.path[0], fhir_id=fhir_id) if is_create else serve(inside, request)
    resource = None if answer.resource is None else whole(answer.resource)
    return EntryAnswer(answer.status, resource, answer.headers)


def _assigned_ids(session: Session, requests: Sequence[FhirRequest]) -> list[str | None]:
    """The id of what each entry writes, known before anything is: references between entries need it."""
    ids: list[str | None] = []
    for request in requests:
        ids.append(_assigned_id(session, request, taken=ids) if request.path[0] in KINDS else None)
    return ids


def _assigned_id(session: Session, request: FhirRequest, *, taken: Sequence[str | None]) -> str | None:
    kind, body = request.path[0], request.body
    if len(request.path) == 2 and request.method in ("PUT", "PATCH", "DELETE"):
        return request.path[1]
    if request.method != "POST" or len(request.path) != 1 or not isinstance(body, dict):
        return None
    criteria = request.headers.get("if-none-exist")
    found = found_by(session, kind, read_query(criteria.partition("?")[2] or criteria)) if criteria else None
    if found is not None:
        return found.fhir_id
    name, url, version = (str(body.get(key) or "") for key in ("name", "url", "version"))
    wanted = free_fhir_id(session, kind, name, url, version)
    number = 2
    while wanted in taken:
        wanted = free_fhir_id(session, kind, f"{name} {number}", url, version)
        number += 1
    return wanted


def _refuse_overlap(requests: Sequence[FhirRequest], ids: Sequence[str | None]) -> None:
    seen: set[tuple[str, str]] = set()
    for place, (request, fhir_id) in enumerate(zip(requests, ids, strict=True)):
        if fhir_id is None or "if-none-exist" in request.headers:
            continue
        key = (request.path[0], fhir_id)
        if key in seen:
            raise BadInput(
                f"Bundle.entry[{place}]: {'/'.join(key)} is written by another entry as well; a transaction writes each "
                "resource once",
                expression=f"Bundle.entry[{place}]",
            )
        seen.add(key)


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
    headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
    return replace(
        request,
        method=entry.method,
        path=path,
        query=read_query(parts.query),
        body=entry.resource,
        headers={**headers, **entry.conditions},
        large_body=None,
    )
