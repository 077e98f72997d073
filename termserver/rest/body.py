"""Reading what was sent: bounded, valid JSON, not too deep."""

from __future__ import annotations

import orjson
from starlette.requests import ClientDisconnect, Request

from termserver.errors import BadInput, TooLarge
from termserver.fhir.elements import MAX_DEPTH, depth_of

_MB = 1024 * 1024


async def read_body(request: Request, *, limit_mb: int) -> bytes:
    """The body.

    Raises
    ------
    TooLarge
        Beyond the setting `body_limit_mb`; nothing beyond it is read.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_mb * _MB:
        raise _too_large(limit_mb)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit_mb * _MB:
                raise _too_large(limit_mb)
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadInput("The connection ended before the body did") from None
    return b"".join(chunks)


def _too_large(limit_mb: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit_mb} MB (setting body_limit_mb)")


def parse_json(body: bytes) -> object:
    """The JSON value of a body.

    Raises
    ------
    BadInput
        Saying where it is not JSON, or that it nests too deep.

    >>> parse_json(b'{"a": 1}')
    {'a': 1}
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"The body is not valid JSON: {error}") from None
    if depth_of(value) > MAX_DEPTH * 4:
        raise BadInput(f"The body nests deeper than {MAX_DEPTH * 4} levels")
    return value
