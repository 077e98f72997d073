"""Reading what was sent: within bounds, JSON or XML, nothing said twice, not too deep.

A body is taken into a file that stays in memory while it is small. Only a ConceptMap that is written whole may be larger
than `body_limit_mb`: its elements are read one by one (`rest.large_maps`).
"""

from __future__ import annotations

import json
import re
import tempfile
from typing import IO

import orjson
from starlette.requests import ClientDisconnect, Request

from termserver.errors import BadInput, TooLarge
from termserver.fhir.elements import MAX_DEPTH, depth_of
from termserver.fhir.json_stream import bounded_int, object_without_repeats
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.xml_reader import read_xml
from termserver.model.decimals import DecimalText

_MB = 1024 * 1024
IN_MEMORY = 4 * _MB
_DEEPEST = MAX_DEPTH * 4
_BOM = b"\xef\xbb\xbf"
# \u0000 behind an even number of backslashes: PostgreSQL has no such character, and FHIR forbids it
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


async def receive_body(request: Request, *, limit_mb: int, setting: str) -> IO[bytes]:
    """The body as a file, read from its beginning; in memory up to 4 MB.

    Parameters
    ----------
    setting
        Name of the setting that holds the limit, for the message.

    Raises
    ------
    TooLarge
        Beyond the limit; nothing beyond it is read.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_mb * _MB:
        raise _too_large(limit_mb, setting)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115
    try:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit_mb * _MB:
                raise _too_large(limit_mb, setting)
            body.write(chunk)
    except ClientDisconnect:
        body.close()
        raise BadInput("The connection ended before the body did") from None
    except TooLarge:
        body.close()
        raise
    body.seek(0)
    return body


def _too_large(limit_mb: int, setting: str) -> TooLarge:
    return TooLarge(f"The body is larger than {limit_mb} MB (setting {setting})")


def parse_body(body: bytes, representation: Representation) -> object:
    """The resource in a body.

    Raises
    ------
    BadInput
        Saying where it is not JSON or XML, that it says something twice, or that it nests too deep.
    """
    if representation.format is WireFormat.XML:
        return read_xml(body, representation.version)
    return parse_json(body)


def parse_json(body: bytes) -> object:
    """The JSON value of a body; decimals keep their digits.

    >>> parse_json(b'{"a": 1}')
    {'a': 1}
    """
    body = body.removeprefix(_BOM)
    try:
        orjson.loads(body)  # strict, and says line and column
        if b"\\u0000" in body and _NUL.search(body):
            raise BadInput("The body holds the character \\u0000, which FHIR has no use for")
        value: object = json.loads(
            body, object_pairs_hook=object_without_repeats, parse_float=DecimalText, parse_int=bounded_int
        )
    except orjson.JSONDecodeError as error:
        raise BadInput(f"The body is not valid JSON: {error}") from None
    except RecursionError:
        raise BadInput(f"The body nests deeper than {_DEEPEST} levels") from None
    if depth_of(value) > _DEEPEST:
        raise BadInput(f"The body nests deeper than {_DEEPEST} levels")
    return value
