"""Files translated over HTTP by FHIR's asynchronous pattern: kick-off, status, result, cancel.

`POST [base]/ConceptMap/$bulk-translate` with `Prefer: respond-async` takes a file and answers 202 with the address of
its status; that answers 202 while the work goes on, and then a manifest with the addresses of the files.
Source: FHIR R4 and R5, Asynchronous Request Pattern and Asynchronous Bulk Data Request Pattern.
"""

from __future__ import annotations

import importlib.util
import secrets
from datetime import datetime
from email.utils import format_datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from termserver.bulk.background import BackgroundTranslation, look_at, start, withdraw
from termserver.bulk.file_order import FileOrder, read_file_order
from termserver.bulk.job_folder import ERRORS, LOCK, REPORT, JobFolder, OutputFile, folder_of, incoming_folder
from termserver.bulk.lock import lock_from_bytes
from termserver.errors import BadInput, NotFound, NotSupported, TooLarge, UnsupportedMediaType
from termserver.fhir.elements import Json
from termserver.fhir.operation_outcome import write_outcome
from termserver.model.issue import Issue
from termserver.rest.answers import etags_in
from termserver.rest.errors import MethodNotAllowed
from termserver.rest.file_operations import (
    LONGEST_FIELD,
    MULTIPART,
    asked_by,
    base_url_of,
    copy_file,
    outcome_response,
    received_form,
    told,
)
from termserver.rest.negotiation import media_type
from termserver.rest.request import read_query
from termserver.rest.service import Service
from termserver.rest.writing import signed_in
from termserver.security.bounded_body import bounded_receive
from termserver.security.roles import Permission, require

_JOBS = "bulk-jobs"
_RETRY_AFTER_S = 2
_MB = 1_000_000


def bulk_routes(service: Service, prefix: str) -> list[Route]:
    """The routes below one base; they stand in front of the common ones."""
    jobs = _BulkJobs(service, prefix)
    own = f"/{prefix}/{_JOBS}/{{job_id:int}}"
    others = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]
    return [
        Route(f"/{prefix}/ConceptMap/$bulk-translate", told(jobs.kick_off, prefix), methods=["POST"]),
        Route(f"/{prefix}/ConceptMap/$bulk-translate", told(_post_only, prefix), methods=others),
        Route(own, told(jobs.status, prefix), methods=["GET"]),
        Route(own, told(jobs.delete, prefix), methods=["DELETE"]),
        Route(f"{own}/{{name}}", told(jobs.output, prefix), methods=["GET", "HEAD"]),
    ]


async def _post_only(request: Request) -> Response:
    raise MethodNotAllowed(f"{request.method} is not served here; POST")


class _BulkJobs:
    """The endpoints. Each asks who it is first, and shows a person only what is theirs."""

    def __init__(self, service: Service, prefix: str) -> None:
        self._service = service
        self._prefix = prefix

    async def kick_off(self, request: Request) -> Response:
        """Take the file; 202 with the status's address."""
        await run_in_threadpool(self._refuse_strangers, request)
        if "respond-async" not in _preferences(request):
            raise BadInput("$bulk-translate is answered asynchronously: send the header 'Prefer: respond-async'")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedMediaType("The body must come as it is, without Content-Encoding")
        settings = self._service.settings
        folder = await run_in_threadpool(incoming_folder, settings, secrets.token_urlsafe(18))
        try:
            order = await self._receive(request, folder)
            _refuse_unreadable(order)
            job_id = await run_in_threadpool(self._start, request, order, folder)
        except BaseException:
            folder.remove()
            raise
        issue = Issue("information", "informational", f"Translation {job_id} began; ask for its status")
        location = f"{self._base_url(request)}/{_JOBS}/{job_id}"
        return outcome_response(request, self._prefix, 202, write_outcome([issue]), {"content-location": location})

    async def status(self, request: Request) -> Response:
        """202 with X-Progress while it works, 200 with the manifest, or what went wrong."""
        seen = await run_in_threadpool(self._look_at, request)
        if seen.failure is not None:
            failure = seen.failure
            outcome = write_outcome([Issue("error", failure.issue_code, failure.message)])
            return outcome_response(request, self._prefix, failure.http_status, outcome, _expires(seen))
        if seen.outcome is None:
            headers = {"x-progress": f"{seen.job.state.value}: {seen.job.message}"[:100].rstrip(": ")}
            return Response(status_code=202, headers=headers | {"retry-after": str(_RETRY_AFTER_S)})
        return JSONResponse(manifest(seen, self._own_url(request)), headers=_expires(seen))

    async def delete(self, request: Request) -> Response:
        """Cancel, or remove what is there; 202."""
        await run_in_threadpool(self._withdraw, request)
        issue = Issue("information", "informational", "The translation is cancelled, its files are removed")
        return outcome_response(request, self._prefix, 202, write_outcome([issue]), {})

    async def output(self, request: Request) -> Response:
        """A file of the result: whole, or the part that Range asks for; 304 where the client has it."""
        seen = await run_in_threadpool(self._look_at, request)
        name = request.path_params["name"]
        files = () if seen.outcome is None else seen.outcome.files
        described = next((file for file in files if file.name == name), None)
        if described is None:
            raise NotFound(f"Translation {seen.job.id} has no file of that name")
        headers = {
            "etag": f'"{described.sha256}"',
            "cache-control": "private, no-cache",
            "x-content-type-options": "nosniff",
        }
        known = request.headers.get("if-none-match")
        if known is not None and (known.strip() == "*" or described.sha256 in etags_in(known)):
            return Response(status_code=304, headers=headers)
        path = folder_of(self._service.settings, seen.job.id).file(described.name)
        return FileResponse(path, headers=headers, media_type=described.content_type, filename=described.name)

    # -------------------------------------------------------------- in a thread

    def _refuse_strangers(self, request: Request) -> None:
        with self._service.database.session() as session:
            require(session, signed_in(session, asked_by(request)), Permission.TRANSLATE_FILES)

    def _start(self, request: Request, order: FileOrder, folder: JobFolder) -> int:
        with self._service.database.session(write=True) as session:
            actor = signed_in(session, asked_by(request))
            url = f"{self._base_url(request)}/ConceptMap/$bulk-translate"
            query = request.url.query
            asked = f"{url}?{query}" if query else url
            return start(session, self._service.settings, actor, order, folder, request=asked).id

    def _look_at(self, request: Request) -> BackgroundTranslation:
        with self._service.database.session() as session:
            actor = signed_in(session, asked_by(request))
            return look_at(session, self._service.settings, actor, request.path_params["job_id"])

    def _withdraw(self, request: Request) -> None:
        with self._service.database.session(write=True) as session:
            actor = signed_in(session, asked_by(request))
            withdraw(session, self._service.settings, actor, request.path_params["job_id"])

    # -------------------------------------------------------------- what came in

    async def _receive(self, request: Request, folder: JobFolder) -> FileOrder:
        """The order; the file is in the folder then.

        Raises
        ------
        TooLarge
            As soon as more came than `bulk_limit_mb`.
        """
        limit_mb = self._service.settings.bulk_limit_mb
        error = TooLarge(f"The file is larger than {limit_mb} MB (setting bulk_limit_mb); send it in parts")
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit_mb * _MB + LONGEST_FIELD:
            raise error
        query = read_query(request.url.query)
        content_type = media_type(request.headers.get("content-type", ""))
        bounded = Request(request.scope, bounded_receive(request.receive, limit_mb * _MB + LONGEST_FIELD, error))
        try:
            if content_type == MULTIPART:
                return await _receive_form(bounded, query, folder)
            order = _order(query, content_type)
            with folder.incoming.open("wb") as file:
                async for chunk in bounded.stream():
                    file.write(chunk)
        except ClientDisconnect:
            raise BadInput("The connection ended before the file did") from None
        return order

    def _base_url(self, request: Request) -> str:
        return base_url_of(request, self._service.settings, self._prefix)

    def _own_url(self, request: Request) -> str:
        return f"{self._base_url(request)}/{_JOBS}/{request.path_params['job_id']}"


async def _receive_form(request: Request, query: list[tuple[str, str]], folder: JobFolder) -> FileOrder:
    """Parameters as fields, the file as `file`, a lock as `lock`: text or file."""
    async with received_form(request, ("file", "lock")) as (fields, files):
        if "file" not in files:
            raise BadInput("The form has no file: send it as the field 'file'", expression="file")
        pairs = [*query, *fields]
        if "lock" in files:
            pairs.append(("lock", (await files["lock"].read(LONGEST_FIELD)).decode("utf-8", "replace")))
        order = _order(pairs, media_type(files["file"].content_type or ""))
        await run_in_threadpool(copy_file, files["file"].file, folder.incoming)
        return order


def _order(pairs: list[tuple[str, str]], content_type: str) -> FileOrder:
    locks = [value for name, value in pairs if name == "lock"]
    if len(locks) > 1:
        raise BadInput("Parameter 'lock': is given more than once", expression="lock")
    locked = lock_from_bytes(locks[0].encode(), name="lock") if locks else None
    named = [(name, value) for name, value in pairs if name != "lock" and name not in ("_format", "_pretty")]
    return read_file_order(named, content_type=content_type, locked=locked)


def _refuse_unreadable(order: FileOrder) -> None:
    if order.file_format in ("parquet", "arrow") and importlib.util.find_spec("polars") is None:
        raise NotSupported("This server has no Polars (extra `bulk`): send CSV, TSV or NDJSON", expression="format")


# ------------------------------------------------------------------ what goes out


def manifest(seen: BackgroundTranslation, url: str) -> Json:
    """The manifest of a translation that is done: FHIR's members, and what is ours in `extension`.

    Parameters
    ----------
    url
        Of the translation's status; its files are below.
    """
    outcome = seen.outcome
    if outcome is None:
        raise AssertionError("only what is done has a manifest")
    by_name = {file.name: file for file in outcome.files}
    extra = {name: _listed(by_name[name], url) for name in (REPORT, LOCK)}
    return {
        "transactionTime": seen.job.started_at,
        "request": seen.request,
        "requiresAccessToken": True,
        "output": [{"type": "Binary", **_listed(outcome.files[0], url)}],
        "error": [{"type": "OperationOutcome", **_listed(by_name[ERRORS], url)}] if ERRORS in by_name else [],
        "extension": {
            "rows": dict(outcome.rows),
            "leftOut": outcome.broken,
            "unmapped": extra[REPORT],
            "lock": extra[LOCK],
            "maps": [{"url": item.url, "version": item.version, "sha256": item.content_hash} for item in outcome.maps],
        },
    }


def _listed(file: OutputFile, url: str) -> Json:
    about = {"contentType": file.content_type, "sizeBytes": file.size_bytes, "sha256": file.sha256}
    return {"url": f"{url}/{file.name}", "count": file.entries, "extension": about}


def _expires(seen: BackgroundTranslation) -> dict[str, str]:
    return {} if seen.expires is None else {"expires": _http_date(seen.expires)}


def _http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _preferences(request: Request) -> set[str]:
    """What the Prefer headers say, without values (RFC 7240)."""
    text = ",".join(request.headers.getlist("prefer")).replace(";", ",")
    return {part.partition("=")[0].strip().lower() for part in text.split(",")}
