"""Path → what is done, for an HTTP request and for each entry of a Bundle alike. Runs in a thread of the pool."""

from __future__ import annotations

from dataclasses import replace

from termserver import __version__
from termserver.errors import BadInput, NotFound, NotSupported
from termserver.fhir.capability import (
    ServerFacts,
    write_capability_statement,
    write_versions,
)
from termserver.fhir.elements import Json
from termserver.fhir.terminology_capabilities import write_terminology_capabilities
from termserver.fhir.versions import FhirVersion
from termserver.rest.answers import Answer, etag_of_content, is_unchanged, write_body
from termserver.rest.bundles import serve_bundle
from termserver.rest.definitions import serve_definitions
from termserver.rest.errors import MethodNotAllowed
from termserver.rest.operations import OPERATIONS
from termserver.rest.reading import history, read, vread
from termserver.rest.request import FhirRequest
from termserver.rest.searching import search
from termserver.rest.service import Service
from termserver.rest.writing import conditional_delete, conditional_update, create, delete, patch, update
from termserver.store.resources import KINDS
from termserver.terminology.providers.registry import built_in_headers

RELEASE_DATE = "2026-11-22"


def allowed_methods(path: tuple[str, ...]) -> tuple[str, ...]:
    """The methods that a path has.

    >>> allowed_methods(("ConceptMap", "$translate"))
    ('GET', 'HEAD', 'POST', 'OPTIONS')
    """
    if not path:
        return ("POST", "OPTIONS")
    if path[-1].startswith("$") or path[-1] == "_search":
        return ("GET", "HEAD", "POST", "OPTIONS")
    if path[0] in KINDS and len(path) <= 2 and path[-1] != "_history":
        return ("GET", "HEAD", *(("POST",) if len(path) == 1 else ()), "PUT", "PATCH", "DELETE", "OPTIONS")
    return ("GET", "HEAD", "OPTIONS")


def serve(service: Service, request: FhirRequest) -> Answer:
    """The answer to a request.

    Raises
    ------
    TermserverError
        Whatever is wrong; `errors.outcome_for` makes an OperationOutcome of it.
    """
    path = request.path
    if request.method == "OPTIONS":
        return Answer(None, 204, {"allow": ", ".join(allowed_methods(path))})
    if len(path) == 0:
        return _serve_base(service, request)
    if path[0] in ("metadata", "$versions", "_history") and len(path) == 1:
        return _serve_system(service, request)
    if path[0] == "OperationDefinition":
        _require(request, "GET")
        return serve_definitions(request, RELEASE_DATE)
    if path == ("$closure",):
        return serve(service, replace(request, path=("ConceptMap", "$closure")))
    if path[0] not in KINDS:
        raise NotFound(f"This server has no {path[0][:64]}: it serves {', '.join(KINDS)}")
    if path[-1].startswith("$") and len(path) in (2, 3):
        return Answer(_serve_operation(service, request))
    if len(path) == 1:
        return _serve_type(service, request, path[0])
    if path[1] == "_search" and len(path) == 2:
        _require(request, "POST", "GET")
        return Answer(search(service, path[0], request))
    if path[1] == "_history" and len(path) == 2:
        _require(request, "GET")
        return Answer(history(service, path[0], None, request))
    if len(path) == 2:
        return _serve_instance(service, request, path[0], path[1])
    if path[2] == "_history" and len(path) in (3, 4):
        _require(request, "GET")
        if len(path) == 4:
            return vread(service, path[0], path[1], path[3], request)
        return Answer(history(service, path[0], path[1], request))
    raise NotFound(f"There is nothing at {'/'.join(path)[:200]}")


def _require(request: FhirRequest, *methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(f"{request.method} is not served here; {', '.join(methods)}")


def _serve_type(service: Service, request: FhirRequest, kind: str) -> Answer:
    if request.method == "POST":
        return create(service, request, kind)
    if request.method == "PUT":
        return conditional_update(service, request, kind)
    if request.method == "PATCH":
        return patch(service, request, kind, None)
    if request.method == "DELETE":
        return conditional_delete(service, request, kind)
    _require(request, "GET")
    return Answer(search(service, kind, request))


def _serve_instance(service: Service, request: FhirRequest, kind: str, fhir_id: str) -> Answer:
    if request.method == "PUT":
        return update(service, request, kind, fhir_id)
    if request.method == "PATCH":
        return patch(service, request, kind, fhir_id)
    if request.method == "DELETE":
        return delete(service, request, kind, fhir_id)
    _require(request, "GET")
    return read(service, kind, fhir_id, request)


def _serve_operation(service: Service, request: FhirRequest) -> Json:
    kind, name = request.path[0], request.path[-1]
    operation = OPERATIONS.get((kind, name))
    if operation is None:
        raise NotSupported(f"{kind} has no operation {name[:64]} here")
    _require(request, "POST", "GET")
    return operation(service.terminology, request, request.path[1] if len(request.path) == 3 else None)


def _serve_base(service: Service, request: FhirRequest) -> Answer:
    if request.method == "GET":
        raise NotFound("The base answers a batch or transaction (POST a Bundle); see /metadata for what else is served")
    _require(request, "POST")
    return Answer(serve_bundle(service, request, serve))


def _serve_system(service: Service, request: FhirRequest) -> Answer:
    _require(request, "GET")
    if request.path[0] == "_history":
        return Answer(history(service, None, None, request))
    described = write_versions(FhirVersion.R4) if request.path[0] == "$versions" else _metadata(service, request)
    # A client asks for this at each start: it gets 304 while nothing was loaded in between
    etag = etag_of_content(write_body(described, request.representation))
    headers = {"etag": etag, "cache-control": "no-cache"}
    if is_unchanged(request.headers, etag, None):
        return Answer(None, 304, headers)
    return Answer(described, 200, headers)


def _metadata(service: Service, request: FhirRequest) -> Json:
    facts = ServerFacts(__version__, RELEASE_DATE, request.base_url)
    mode = request.queried("mode") or "full"
    if mode == "terminology":
        systems = built_in_headers()
        for url, versions in service.terminology.catalogue().code_systems.items():
            systems[url] = [stored.header for stored in versions]
        return write_terminology_capabilities(facts, request.version, dict(sorted(systems.items())))
    if mode not in ("full", "normative"):
        raise BadInput("Parameter 'mode': must be full, normative or terminology", expression="mode")
    return write_capability_statement(facts, request.version)
