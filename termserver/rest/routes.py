"""The FHIR routes for the app: `/r4`, `/r4b`, `/r5` and `/fhir`.

`hot.HotPath` goes around the whole app and answers GET $translate where memory can; what it passes on comes here.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import orjson
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from termserver.errors import BadInput
from termserver.fhir.elements import Json
from termserver.fhir.versions import FhirVersion
from termserver.rest.body import parse_json, read_body
from termserver.rest.dispatch import Answer, serve
from termserver.rest.errors import outcome_for
from termserver.rest.negotiation import negotiate
from termserver.rest.request import FhirRequest, read_query
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

_PREFIXES = ("r4", "r4b", "r5", "fhir")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
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
    routes: list[BaseRoute] = []
    for prefix in _PREFIXES:
        routes.append(Route(f"/{prefix}", endpoint.answer, methods=_METHODS, name=f"fhir-{prefix}-base"))
        routes.append(Route(f"/{prefix}/{{rest:path}}", endpoint.answer, methods=_METHODS, name=f"fhir-{prefix}"))
    return routes


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
