"""The FHIR routes for the app: `/r4`, `/r4b`, `/r5` and `/fhir`.

The first route is the hot one: put these routes in front of the app's others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import URLPath
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Receive, Scope, Send

from termserver.errors import BadInput
from termserver.fhir.elements import Json
from termserver.fhir.versions import FhirVersion
from termserver.rest.body import parse_json, read_body
from termserver.rest.dispatch import Answer, serve
from termserver.rest.errors import outcome_for
from termserver.rest.hot import HOT_PATHS, HotTranslate, send_json
from termserver.rest.negotiation import negotiate
from termserver.rest.request import FhirRequest, read_query
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

_PREFIXES = ("r4", "r4b", "r5", "fhir")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_FORM = "application/x-www-form-urlencoded"


def build_routes(database: Database, settings: Settings, *, terminology: Terminology | None = None) -> list[BaseRoute]:
    """All FHIR routes over one database.

    Parameters
    ----------
    terminology
        The engine, where the app shares one with others; made here if None.
    """
    engine = terminology or Terminology(database, settings)
    endpoint = _Endpoint(engine, settings)
    routes: list[BaseRoute] = [HotRoute(engine, endpoint.answer)]
    for prefix in _PREFIXES:
        routes.append(Route(f"/{prefix}", endpoint.answer, methods=_METHODS, name=f"fhir-{prefix}-base"))
        routes.append(Route(f"/{prefix}/{{rest:path}}", endpoint.answer, methods=_METHODS, name=f"fhir-{prefix}"))
    return routes


class HotRoute(BaseRoute):
    """GET $translate, matched by one look into a dict and answered from memory; else by the common endpoint."""

    def __init__(self, terminology: Terminology, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._hot = HotTranslate(terminology)
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `starlette.routing.BaseRoute`."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in HOT_PATHS:
            return Match.FULL, {}
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """No name leads here: the common routes have them."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `starlette.routing.BaseRoute`."""
        version = HOT_PATHS[scope["path"]]
        body = self._hot.answer(version, scope)
        if body is not None:
            await send_json(send, body, version)
            return
        response = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


class _Endpoint:
    """One endpoint for all paths: negotiation, body, dispatch in a thread, answer."""

    def __init__(self, terminology: Terminology, settings: Settings) -> None:
        self._terminology = terminology
        self._settings = settings

    async def answer(self, request: Request) -> Response:
        """Answer any request below a FHIR base."""
        version = FhirVersion.R4
        try:
            asked = await self._read(request)
            version = asked.version
            answer = await run_in_threadpool(self._serve, asked)
        except Exception as error:  # noqa: BLE001  the one place where errors become OperationOutcomes
            status, outcome = outcome_for(error)
            version = _version_for_error(request, version)
            return _json_response(outcome, version, status=status, pretty=False)
        if isinstance(answer, dict):
            return _json_response(answer, version, pretty=asked.queried("_pretty") == "true")
        return StreamingResponse(iterate_in_threadpool(answer), headers={"content-type": version.content_type})

    def _serve(self, request: FhirRequest) -> Answer:
        return serve(self._terminology, request)

    async def _read(self, request: Request) -> FhirRequest:
        segment, _, rest = request.url.path.strip("/").partition("/")
        try:
            query = read_query(request.scope["query_string"].decode("ascii"))
        except UnicodeDecodeError:
            raise BadInput("The query string is not ASCII; percent-encode it") from None
        headers = request.headers
        is_post = request.method == "POST"
        content_type = headers.get("content-type", "")
        is_form = content_type.partition(";")[0].strip().lower() == _FORM
        body = await read_body(request, limit_mb=self._settings.body_limit_mb) if is_post else b""
        version, body_version = negotiate(
            segment,
            accept=headers.get("accept", ""),
            content_type="" if is_form else content_type,
            query=query,
            has_body=bool(body),
        )
        if is_form:
            query += _form_pairs(body)
        return FhirRequest(
            method="GET" if request.method == "HEAD" or is_form else request.method,
            version=version,
            path=tuple(part for part in rest.split("/") if part),
            query=query,
            body=await run_in_threadpool(parse_json, body) if body and not is_form else None,
            body_version=body_version,
            language=headers.get("accept-language"),
            base_url=self._base_url(request, segment),
        )

    def _base_url(self, request: Request, segment: str) -> str:
        origin = self._settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{origin.rstrip('/')}/{segment}"


def _form_pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=500)
    except (UnicodeDecodeError, ValueError):
        raise BadInput("The form in the body cannot be read") from None


def _version_for_error(request: Request, version: FhirVersion) -> FhirVersion:
    segment = request.url.path.strip("/").partition("/")[0]
    return next((known for known in FhirVersion if known.path == segment), version)


def _json_response(resource: Json, version: FhirVersion, *, status: int = 200, pretty: bool = False) -> Response:
    body = orjson.dumps(resource, option=orjson.OPT_INDENT_2 if pretty else None)
    return Response(body, status_code=status, headers={"content-type": version.content_type})
