"""GET $translate as plain ASGI: query bytes in, answer bytes out, on the event loop, from memory.

A pipeline asks one code a request, thousands of times a second; there Starlette's Request, a thread and a session
cost more than the answer. What cannot be answered from memory (a table not built yet, a language asked for, content
that changed since) goes the common way, which builds the table; both ways call the same reader, engine and writer.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

import orjson
from starlette.types import Scope, Send

from termserver.errors import TermserverError
from termserver.fhir.parameters import parameters_from_query
from termserver.fhir.translate_parameters import read_translate, write_translate
from termserver.fhir.versions import FhirVersion
from termserver.terminology.service import Terminology

_VERSIONS = {version.path: version for version in FhirVersion}
_TYPE_LEVEL = "/ConceptMap/$translate"
HOT_PATHS: dict[str, FhirVersion] = {f"/{path}{_TYPE_LEVEL}": version for path, version in _VERSIONS.items()}
_CONTENT_TYPES = {version: version.content_type.encode() for version in FhirVersion}
_UNDECIDED = (b"accept-language",)


def read_query_bytes(query: bytes) -> list[tuple[str, str]] | None:
    """A query string as pairs; None where it is better read the common way.

    >>> read_query_bytes(b"code=A&system=http%3A%2F%2Fa.b")
    [('code', 'A'), ('system', 'http://a.b')]
    """
    try:
        text = query.decode("ascii")
    except UnicodeDecodeError:
        return None
    pairs = []
    for item in text.split("&"):
        name, _, value = item.partition("=")
        if "%" in item or "+" in item:
            name, value = unquote_plus(name), unquote_plus(value)
            if "\ufffd" in value:
                return None
        if name.startswith("_"):
            return None
        pairs.append((name, value))
    return pairs


def translate_bytes(terminology: Terminology, version: FhirVersion, scope: Scope) -> bytes | None:
    """The answer's JSON; None if the common way must answer (errors too are told there)."""
    for name, value in scope["headers"]:
        if name == b"accept-language" or (name == b"accept" and not _accepts_any(value)):
            return None
    pairs = read_query_bytes(scope["query_string"])
    if pairs is None:
        return None
    try:
        request, style = read_translate(parameters_from_query(pairs), version)
        result = terminology.translate_in_memory(request)
    except TermserverError:
        return None
    if result is None:
        return None
    return orjson.dumps(write_translate(result, style, reverse=request.reverse))


def _accepts_any(accept: bytes) -> bool:
    return accept in (b"*/*", b"application/fhir+json", b"application/json")


async def send_json(send: Send, body: bytes, version: FhirVersion) -> None:
    """Write a 200 answer."""
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", _CONTENT_TYPES[version]),
                (b"content-length", str(len(body)).encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
