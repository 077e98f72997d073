"""$bulk-translate as a conversation in plain data: what to send next, given what came. The clients do the sending.

One generator says both clients what to do, so that waiting and awaiting cannot differ.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Required, TypedDict
from urllib.parse import urlencode

from termserver.client.answers import ClientError, Json, error_from
from termserver.client.exchange import Retries

_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/tab-separated-values",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
    ".parquet": "application/vnd.apache.parquet",
    ".pq": "application/vnd.apache.parquet",
    ".arrow": "application/vnd.apache.arrow.file",
    ".feather": "application/vnd.apache.arrow.file",
    ".ipc": "application/vnd.apache.arrow.file",
}
_SINGLE = {
    "code_column": "codeColumn",
    "system": "system",
    "system_column": "systemColumn",
    "url": "url",
    "multiple": "multiple",
    "unmapped": "unmapped",
    "prefix": "prefix",
    "file_format": "format",
    "delimiter": "delimiter",
    "on_error": "onError",
}
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 30.0


class FileOptions(TypedDict, total=False):
    """The options of `termserver translate`.

    Parameters
    ----------
    target_systems
        Only targets in these.
    dependencies
        Attribute of the map → column with its value.
    report
        Where to write the codes without a target, the most frequent first.
    lock
        Pins the map versions: written by the first run, sent by the later ones.
    keep
        Leave the result on the server until it expires.
    """

    code_column: Required[str]
    system: str
    system_column: str
    url: str
    target_systems: Sequence[str]
    dependencies: Mapping[str, str]
    multiple: str
    unmapped: str
    prefix: str
    file_format: str
    delimiter: str
    on_error: str
    report: Path | str
    lock: Path | str
    keep: bool


@dataclass(frozen=True, slots=True)
class FileTranslation:
    """What became of a file.

    Parameters
    ----------
    rows
        Rows by status: `mapped`, `unmapped`, `no-map`, `conditional`.
    left_out
        Records that could not be read.
    maps
        `url|version` of the maps that answered.
    """

    rows: Mapping[str, int]
    left_out: int
    maps: tuple[str, ...]

    @property
    def unmapped_share(self) -> float:
        """Rows without a target among all, 0 to 1."""
        total = sum(self.rows.values())
        return 1 - self.rows.get("mapped", 0) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What a client does next: waits, or sends.

    Parameters
    ----------
    upload
        File that is the body.
    download
        File that takes the answer's body, if its status is 200; written whole or not at all.
    """

    method: str = "GET"
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Path | None = None
    download: Path | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came. `status` None means that no answer came; `reason` says why."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    reason: str = ""


Conversation = Generator[Step, Reply, FileTranslation]


def translate_file(source: Path, target: Path, options: FileOptions, retries: Retries) -> Conversation:
    """Send the file, wait for the result, fetch it.

    Raises
    ------
    ClientError
        If the server refuses the file, or what is in it.
    """
    query = _query(options)
    lock = Path(options["lock"]) if "lock" in options else None
    if lock is not None and lock.exists():
        query.append(("lock", lock.read_text(encoding="utf-8")))
    url = f"ConceptMap/$bulk-translate?{urlencode(query)}"
    headers = {"Prefer": "respond-async", "Content-Type": _content_type(source)}
    begun = yield from _tried(Step("POST", url, headers, upload=source), retries)
    location = begun.headers.get("content-location")
    if location is None:
        raise ClientError("The server named no address for the status of the translation.")
    finished = False
    try:
        manifest = yield from _waited_for(location, retries)
        extra = manifest.get("extension", {})
        yield from _tried(Step(url=manifest["output"][0]["url"], download=target), retries)
        if "report" in options:
            yield from _tried(Step(url=extra["unmapped"]["url"], download=Path(options["report"])), retries)
        if lock is not None and not lock.exists():
            yield from _tried(Step(url=extra["lock"]["url"], download=lock), retries)
        finished = True
    except GeneratorExit:
        raise  # the client was interrupted, and asks for nothing more
    except BaseException:
        yield Step("DELETE", location)
        raise
    if finished and not options.get("keep", False):
        yield Step("DELETE", location)
    maps = tuple(f"{item['url']}|{item['version']}" for item in extra.get("maps", ()))
    return FileTranslation(dict(extra.get("rows", {})), int(extra.get("leftOut", 0)), maps)


def _waited_for(location: str, retries: Retries) -> Generator[Step, Reply, Json]:
    wait_s = _FIRST_WAIT_S
    while True:
        reply = yield from _tried(Step(url=location), retries)
        if reply.status == 200:
            if not isinstance(reply.body, dict) or not reply.body.get("output"):
                raise ClientError("The server's manifest names no output.")
            return reply.body
        asked = reply.headers.get("retry-after", "")
        yield Step(wait_s=wait_s)
        wait_s = min(wait_s * 2, float(asked) if asked.isdecimal() else _LONGEST_WAIT_S, _LONGEST_WAIT_S)


def _tried(step: Step, retries: Retries) -> Generator[Step, Reply, Reply]:
    tried = 0
    while True:
        reply = yield step
        if reply.status is not None and reply.status < 400:
            return reply
        wait_s = retries.wait_s(tried, reply.status, reply.headers)
        if wait_s is None:
            if reply.status is None:
                raise ClientError(f"The server cannot be reached: {reply.reason}")
            raise error_from(reply.status, reply.body, reply.reason)
        yield Step(wait_s=wait_s)
        tried += 1


def _query(options: FileOptions) -> list[tuple[str, str]]:
    """The parameters of the kick-off."""
    given: Mapping[str, Any] = options
    query = [(parameter, str(given[name])) for name, parameter in _SINGLE.items() if given.get(name)]
    query += [("targetSystem", system) for system in options.get("target_systems", ())]
    query += [("dependency", f"{name}={column}") for name, column in options.get("dependencies", {}).items()]
    return query


def _content_type(path: Path) -> str:
    """The media type that a file's name tells."""
    return _TYPES.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
