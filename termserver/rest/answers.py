"""What a request gets: a resource, or the stream of a large one, with its HTTP status and headers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

import orjson

from termserver.fhir.elements import Json
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.primitives import plain_json
from termserver.fhir.xml_writer import write_xml


@dataclass(frozen=True, slots=True)
class Streamed:
    """A resource too large to be held: each call begins a new stream of its bytes."""

    json: Callable[[], Iterator[bytes]]
    xml: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is written.

    Parameters
    ----------
    resource
        None for an answer without a body (204, 304, Prefer: return=minimal).
    """

    resource: Json | Streamed | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str | None) -> Answer:
        """The same with more headers; `_` in a name is `-`, None is left out."""
        more = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        return replace(self, headers={**self.headers, **more})


def write_body(resource: Json, representation: Representation, *, pretty: bool = False) -> bytes:
    """A resource as bytes."""
    if representation.format is WireFormat.XML:
        return write_xml(resource, representation.version, pretty=pretty)
    return orjson.dumps(resource, default=plain_json, option=orjson.OPT_INDENT_2 if pretty else None)


def stream_of(streamed: Streamed, representation: Representation) -> Iterator[bytes]:
    """A new stream in that format."""
    return streamed.xml() if representation.format is WireFormat.XML else streamed.json()


def whole(resource: Json | Streamed) -> Json:
    """The resource in memory, for an entry of a Bundle."""
    if isinstance(resource, Streamed):
        read: Json = orjson.loads(b"".join(resource.json()))
        return read
    return resource


# ------------------------------------------------------------------ caching


def etag_of_version(version_id: int) -> str:
    """The ETag of a resource's version.

    >>> etag_of_version(3)
    'W/"3"'
    """
    return f'W/"{version_id}"'


def etag_of_content(body: bytes) -> str:
    """The ETag of what has no version."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'


def etags_in(header: str) -> list[str]:
    """The opaque tags of an If-Match or If-None-Match header; `*` stays `*`.

    >>> etags_in('W/"1", "2"')
    ['1', '2']
    """
    return [part.strip().removeprefix("W/").strip('"') for part in header.split(",") if part.strip()]


def http_date(moment: str) -> str:
    """An ISO 8601 moment as HTTP writes it.

    >>> http_date("2026-11-22T06:30:00.123Z")
    'Sun, 22 Nov 2026 06:30:00 GMT'
    """
    return format_datetime(datetime.fromisoformat(moment.replace("Z", "+00:00")), usegmt=True)


def is_unchanged(headers: Mapping[str, str], etag: str | None, moment: str | None) -> bool:
    """True if the client's copy is the one that would be sent (RFC 9110 section 13.2.2: If-None-Match goes first)."""
    known = headers.get("if-none-match")
    if known is not None:
        return etag is not None and (known.strip() == "*" or etag.removeprefix("W/").strip('"') in etags_in(known))
    since = headers.get("if-modified-since")
    if since is None or moment is None:
        return False
    try:
        asked = parsedate_to_datetime(since)
        changed = datetime.fromisoformat(moment.replace("Z", "+00:00")).replace(microsecond=0)
        return changed <= asked
    except (TypeError, ValueError):
        return False
