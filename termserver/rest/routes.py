"""The FHIR routes for the app: `/r4`, `/r4b`, `/r5` and `/fhir`.

`hot.HotPath` goes around the whole app and answers GET $translate where memory can; what it passes on comes here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from termserver.errors import BadInput
from termserver.fhir.media_types import Representation
from termserver.rest.answers import Answer, Streamed, stream_of, write_body
from termserver.rest.body import IN_MEMORY, parse_body, parse_json, receive_body
from termserver.rest.bulk_jobs import bulk_routes
from termserver.rest.dispatch import allowed_methods, serve
from termserver.rest.errors import outcome_for
from termserver.rest.hot import HotTranslate
from termserver.rest.map_files import map_file_routes
from termserver.rest.negotiation import (
    FORM,
    JSON_PATCH,
    media_type,
    negotiate_answer,
    negotiate_body,
    representation_for_error,
)
from termserver.rest.request import FhirRequest, read_query
from termserver.rest.service import Service
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

_PREFIXES = ("r4", "r4b", "r5", "fhir")
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_WITH_BODY = ("POST", "PUT", "PATCH")
_LARGEST_UNCOMPRESSED = 1_400  # one Ethernet frame


def build_routes(database: Database, settings: Settings, *, terminology: Terminology | None = None) -> list[BaseRoute]:
    """All FHIR routes over one database.

    Parameters
    ----------
    terminology
        The engine, where the app shares one with others; made here if None.
    """
    engine = terminology or Terminology(database, settings)
    service = Service(engine, database, settings, HotTranslate(engine))
    endpoint = _Endpoint(service)
    compressed = [Middleware(GZipMiddleware, minimum_size=_LARGEST_UNCOMPRESSED, compresslevel=5)]
    routes: list[BaseRoute] = []
    for prefix in _PREFIXES:
        routes += bulk_routes(service, prefix)
        routes += map_file_routes(service, prefix)
        for path, name in ((f"/{prefix}", f"fhir-{prefix}-base"), (f"/{prefix}/{{rest:path}}", f"fhir-{prefix}")):
            routes.append(Route(path, endpoint.answer, methods=_METHODS, name=name, middleware=compressed))
    return routes


class _Endpoint:
    """One endpoint for all paths: negotiation, body, dispatch in a thread, answer."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(self, request: Request) -> Response:
        """Answer any request below a FHIR base."""
        segment, path = _split_path(request)
        headers = dict(request.headers.items())
        pretty = False
        opened: IO[bytes] | None = None
        try:
            if request.method in _WITH_BODY:
                opened = await self._receive(request, path)
            asked = await self._read(request, segment, path, headers, opened)
            representation = Representation(asked.version, asked.format)
            pretty = asked.queried("_pretty") == "true"
            answer = await run_in_threadpool(serve, self._service, asked)
        except Exception as error:  # noqa: BLE001  the one place where errors become OperationOutcomes
            status, outcome = outcome_for(error)
            representation = representation_for_error(segment, headers, _query_or_nothing(request))
            answer = Answer(outcome, status, _headers_of_error(status, path))
        finally:
            if opened is not None:
                opened.close()
        return await run_in_threadpool(
            _respond, answer, representation, is_head=request.method == "HEAD", pretty=pretty
        )

    async def _read(
        self,
        request: Request,
        segment: str,
        path: tuple[str, ...],
        headers: Mapping[str, str],
        received: IO[bytes] | None,
    ) -> FhirRequest:
        query = _read_query(request)
        answer = negotiate_answer(segment, headers, query)
        if any("\x00" in part for part in path):
            raise BadInput("The path holds a NUL character")
        method = "GET" if request.method == "HEAD" else request.method
        body: object = None
        body_as = answer
        large: tuple[IO[bytes], Representation] | None = None
        if received is not None and _size(received):
            body_as = negotiate_body(segment, headers, answer)
            kind = media_type(headers.get("content-type", ""))
            if kind == FORM and request.method == "POST":
                query += _form_pairs(received.read())
                method = "GET"
            elif kind == JSON_PATCH:
                body = await run_in_threadpool(parse_json, received.read())
            elif _writes_map(request.method, path) and _size(received) > IN_MEMORY:
                large = (received, body_as)
            else:
                body = await run_in_threadpool(parse_body, received.read(), body_as)
        return FhirRequest(
            method=method,
            version=answer.version,
            path=path,
            query=query,
            body=body,
            body_version=body_as.version,
            language=headers.get("accept-language"),
            base_url=self._base_url(request, segment),
            headers=headers,
            large_body=large,
            format=answer.format,
        )

    async def _receive(self, request: Request, path: tuple[str, ...]) -> IO[bytes]:
        settings = self._service.settings
        # Only who says who they are may send to the disk; whether they may write is asked before the body is read
        if _writes_map(request.method, path) and "authorization" in request.headers:
            return await receive_body(request, limit_mb=settings.resource_limit_mb, setting="resource_limit_mb")
        return await receive_body(request, limit_mb=settings.body_limit_mb, setting="body_limit_mb")

    def _base_url(self, request: Request, segment: str) -> str:
        origin = self._service.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{origin.rstrip('/')}/{segment}"


def _split_path(request: Request) -> tuple[str, tuple[str, ...]]:
    segment, _, rest = request.url.path.strip("/").partition("/")
    return segment, tuple(part for part in request.path_params.get("rest", rest).split("/") if part)


def _writes_map(method: str, path: tuple[str, ...]) -> bool:
    return method in ("POST", "PUT") and path[:1] == ("ConceptMap",) and len(path) <= 2 and path[-1][:1] not in "$_"


def _size(body: IO[bytes]) -> int:
    size = body.seek(0, 2)
    body.seek(0)
    return size


def _read_query(request: Request) -> list[tuple[str, str]]:
    try:
        return read_query(request.scope["query_string"].decode("ascii"))
    except UnicodeDecodeError:
        raise BadInput("The query string is not ASCII; percent-encode it") from None


def _query_or_nothing(request: Request) -> list[tuple[str, str]]:
    try:
        return _read_query(request)
    except BadInput:
        return []


def _form_pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return read_query(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadInput("The form in the body cannot be read: it is not UTF-8") from None


def _headers_of_error(status: int, path: tuple[str, ...]) -> dict[str, str]:
    if status == 401:
        return {"www-authenticate": 'Bearer realm="termserver"'}
    return {"allow": ", ".join(allowed_methods(path))} if status == 405 else {}


def _respond(answer: Answer, representation: Representation, *, is_head: bool, pretty: bool) -> Response:
    headers = {"content-type": representation.content_type, "vary": "Accept, Accept-Language", **answer.headers}
    headers.pop("x-last-updated", None)  # for the entries of a Bundle, which say it to the millisecond
    resource = answer.resource
    if resource is None:
        del headers["content-type"]
        return Response(status_code=answer.status, headers=headers)
    if isinstance(resource, Streamed):
        if is_head:
            return Response(status_code=answer.status, headers=headers)
        chunks = iterate_in_threadpool(stream_of(resource, representation))
        return StreamingResponse(chunks, status_code=answer.status, headers=headers)
    body = write_body(resource, representation, pretty=pretty)
    if is_head:
        headers["content-length"] = str(len(body))
        return Response(status_code=answer.status, headers=headers)
    return Response(body, status_code=answer.status, headers=headers)
