"""Path → what is done, for an HTTP request and for each entry of a batch alike. Runs in a thread of the pool."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from termserver import __version__
from termserver.errors import BadInput, NotFound, NotSupported
from termserver.fhir.bundle import BatchEntry, read_batch, write_batch_response
from termserver.fhir.capability import (
    ServerFacts,
    write_capability_statement,
    write_terminology_capabilities,
    write_versions,
)
from termserver.fhir.elements import Json
from termserver.fhir.versions import FhirVersion
from termserver.rest.errors import MethodNotAllowed, outcome_for
from termserver.rest.operations import OPERATIONS
from termserver.rest.request import FhirRequest, read_query
from termserver.rest.resources import RESOURCES, read_resource, search
from termserver.terminology.providers.registry import built_in_systems, built_in_version
from termserver.terminology.service import Terminology

RELEASE_DATE = "2026-11-22"
_MOST_BATCH_ENTRIES = 5_000
_READING = ("GET", "HEAD")
Answer = Json | Iterator[bytes]


def serve(terminology: Terminology, request: FhirRequest) -> Answer:
    """The answer to a request: a resource, or the bytes of a large one.

    Raises
    ------
    TermserverError
        Whatever is wrong; `errors.outcome_for` makes an OperationOutcome of it.
    """
    path = request.path
    if len(path) == 0:
        return _serve_base(terminology, request)
    if len(path) == 1 and path[0] in ("metadata", "$versions"):
        _require(request, *_READING)
        return _metadata(terminology, request) if path[0] == "metadata" else write_versions(FhirVersion.R4)
    if path[0] not in RESOURCES:
        raise NotFound(f"This server has no {path[0]}: it serves {', '.join(RESOURCES)}")
    if len(path) == 1:
        _require(request, *_READING)
        return search(terminology, path[0], request)
    if path[-1].startswith("$") and len(path) <= 3:
        return _serve_operation(terminology, request)
    if len(path) == 2 and path[1] == "_search":
        _require(request, "POST", *_READING)
        return search(terminology, path[0], request)
    if len(path) == 2:
        _require(request, *_READING)
        return read_resource(terminology, path[0], path[1], request.version)
    raise NotFound(f"There is nothing at {'/'.join(path)}")


def _require(request: FhirRequest, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(f"{request.method} is not served here; {', '.join(methods)}")


def _serve_operation(terminology: Terminology, request: FhirRequest) -> Json:
    kind, name = request.path[0], request.path[-1]
    operation = OPERATIONS.get((kind, name))
    if operation is None:
        raise NotSupported(f"{kind} has no operation {name} here")
    _require(request, "POST", *_READING)
    return operation(terminology, request, request.path[1] if len(request.path) == 3 else None)


def _serve_base(terminology: Terminology, request: FhirRequest) -> Json:
    if request.method in _READING:
        raise NotFound("The base answers a batch (POST a Bundle); see /metadata for what else is served")
    _require(request, "POST")
    entries = read_batch(request.body, most_entries=_MOST_BATCH_ENTRIES)
    return write_batch_response([_serve_entry(terminology, request, entry) for entry in entries])


def _serve_entry(terminology: Terminology, request: FhirRequest, entry: BatchEntry) -> tuple[int, Json]:
    """One entry; whatever is wrong with it is its own answer."""
    try:
        if entry.problem is not None:
            raise BadInput(entry.problem, expression="Bundle.entry")
        parts = urlsplit(entry.url)
        path = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
        base = tuple(segment for segment in urlsplit(request.base_url).path.split("/") if segment)
        if base and path[: len(base)] == base:
            path = path[len(base) :]
        if not path:
            raise BadInput(f"The entry's url '{entry.url}' names nothing below the base", expression="Bundle.entry")
        inner = replace(request, method=entry.method, path=path, query=read_query(parts.query), body=entry.resource)
        answer = serve(terminology, inner)
        return 200, answer if isinstance(answer, dict) else _whole(answer)
    except Exception as error:  # noqa: BLE001  one failing entry must not fail the others
        return outcome_for(error)


def _whole(chunks: Iterator[bytes]) -> Json:
    import orjson

    resource: Json = orjson.loads(b"".join(chunks))
    return resource


def _metadata(terminology: Terminology, request: FhirRequest) -> Json:
    facts = ServerFacts(__version__, RELEASE_DATE, request.base_url)
    mode = request.queried("mode") or "full"
    if mode == "terminology":
        systems = {url: [(built_in_version(url) or "", "complete")] for url in built_in_systems()}
        for url, versions in terminology.catalogue().code_systems.items():
            systems[url] = [(stored.header.version, stored.header.content) for stored in versions]
        return write_terminology_capabilities(facts, request.version, dict(sorted(systems.items())))
    if mode not in ("full", "normative"):
        raise BadInput("Parameter 'mode': must be full, normative or terminology", expression="mode")
    return write_capability_statement(facts, request.version)
