"""Which map versions a pipeline uses: pinned in a file, so that a later run gives the same answers or none.

The lock is JSON: for each map its URL, version and content hash (sha256 of what was published).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from termserver.errors import BadFile, Conflict


@dataclass(frozen=True, slots=True)
class PinnedMap:
    """One map version."""

    url: str
    version: str
    content_hash: str

    @property
    def canonical(self) -> str:
        """`url|version`."""
        return f"{self.url}|{self.version}"


def read_lock(path: Path) -> tuple[PinnedMap, ...]:
    """The maps that a lock pins.

    Raises
    ------
    BadFile
        If it is no lock.
    """
    return lock_from_bytes(path.read_bytes(), name=path.name)


def lock_from_bytes(text: bytes, *, name: str) -> tuple[PinnedMap, ...]:
    """As `read_lock`, for the content of the file.

    Parameters
    ----------
    name
        Of the file or parameter, for messages.
    """
    try:
        body = orjson.loads(text)
        pinned = tuple(PinnedMap(item["url"], item["version"], item["content_hash"]) for item in body["maps"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BadFile(f"this is no lock of 'termserver translate' ({error})", file=name) from None
    if not all(isinstance(part, str) for item in pinned for part in (item.url, item.version, item.content_hash)):
        raise BadFile("this is no lock of 'termserver translate' (url, version and hash are texts)", file=name)
    return pinned


def write_lock(path: Path, maps: Sequence[PinnedMap]) -> None:
    """Write a lock, whole or not at all."""
    beside = path.with_name(path.name + ".part")
    body = {"termserver_lock": 1, "maps": [asdict(item) for item in maps]}
    beside.write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    beside.replace(path)


def check_lock(locked: Sequence[PinnedMap], loaded: Sequence[PinnedMap], *, name: str) -> None:
    """Every locked map must be here with the same content.

    Raises
    ------
    Conflict
        Naming each map that is absent or has other content.
    """
    here = {item.canonical: item.content_hash for item in loaded}
    problems = [
        f"{item.canonical} is not loaded here"
        if item.canonical not in here
        else f"{item.canonical} has other content here (sha256 {here[item.canonical][:12]}…, locked {item.content_hash[:12]}…)"
        for item in locked
        if here.get(item.canonical) != item.content_hash
    ]
    if problems:
        raise Conflict(f"The lock {name} does not hold: {'; '.join(problems)}. Nothing was translated.")
