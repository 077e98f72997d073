"""Operations over files, which are no FHIR resources: forms with files, tokens, and errors told as OperationOutcomes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from termserver.errors import BadInput
from termserver.fhir.elements import Json
from termserver.fhir.versions import FhirVersion
from termserver.rest.answers import write_body
from termserver.rest.errors import outcome_for
from termserver.rest.negotiation import representation_for_error
from termserver.rest.request import FhirRequest, read_query
from termserver.settings import Settings

MULTIPART = "multipart/form-data"
LONGEST_FIELD = 1 << 20
_MOST_FIELDS = 200
_ERROR_HEADERS = {
    401: {"www-authenticate": 'Bearer realm="termserver"'},
    429: {"retry-after": "30"},
}

Endpoint = Callable[[Request], Awaitable[Response]]


def told(answer: Endpoint, segment: str, *, allow: str = "POST") -> Endpoint:
    """The endpoint, with errors told as OperationOutcomes.

    Parameters
    ----------
    allow
        The methods that a 405 names.
    """

    async def endpoint(request: Request) -> Response:
        try:
            return await answer(request)
        except Exception as error:  # noqa: BLE001  as in `routes`: errors become OperationOutcomes
            status, outcome = outcome_for(error)
            headers = {"allow": allow} if status == 405 else _ERROR_HEADERS.get(status, {})
            return outcome_response(request, segment, status, outcome, headers)

    return endpoint


def outcome_response(request: Request, segment: str, status: int, outcome: Json, headers: dict[str, str]) -> Response:
    """An OperationOutcome in the format that the client wants."""
    try:
        query = read_query(request.url.query)
    except BadInput:
        query = []
    representation = representation_for_error(segment, dict(request.headers.items()), query)
    body = write_body(outcome, representation)
    return Response(body, status, headers | {"content-type": representation.content_type})


def asked_by(request: Request) -> FhirRequest:
    """The request as `rest.writing.signed_in` takes it."""
    return FhirRequest(request.method, FhirVersion.R4, (), headers=dict(request.headers.items()))


def base_url_of(request: Request, settings: Settings, prefix: str) -> str:
    """The absolute URL of the FHIR base that is asked."""
    origin = settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin.rstrip('/')}/{prefix}"


@asynccontextmanager
async def received_form(
    request: Request, file_names: Collection[str]
) -> AsyncIterator[tuple[list[tuple[str, str]], dict[str, UploadFile]]]:
    """The fields of a form, and its files by name, which are there while the block lasts.

    Raises
    ------
    BadInput
        If the form cannot be read, or holds a file of another name or one twice.
    """
    try:
        form = await request.form(max_files=len(file_names), max_fields=_MOST_FIELDS, max_part_size=LONGEST_FIELD)
    except HTTPException as error:
        raise BadInput(f"The form cannot be read: {error.detail}") from None
    try:
        pairs: list[tuple[str, str]] = []
        files: dict[str, UploadFile] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile) and name in file_names and name not in files:
                files[name] = value
            elif isinstance(value, str):
                pairs.append((name, value))
            else:
                wanted = " and ".join(f"one '{item}'" for item in file_names)
                raise BadInput(f"The form holds files other than {wanted}", expression="file")
        yield pairs, files
    finally:
        await form.close()


def copy_file(source: IO[bytes], target: Path) -> None:
    """Copy what was received; memory is a megabyte."""
    with target.open("wb") as file:
        while chunk := source.read(1 << 20):
            file.write(chunk)
