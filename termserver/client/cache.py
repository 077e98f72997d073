"""Resources kept in a folder with their ETag: asked for again, the server says 304 and nothing is sent."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from termserver.client.answers import Json


@dataclass(frozen=True, slots=True)
class KeptResource:
    """A resource as it was last sent."""

    etag: str
    resource: Json


class ResourceCache:
    """One file a URL; written whole, so that several processes may share the folder."""

    def __init__(self, folder: Path | str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)

    def get(self, url: str) -> KeptResource | None:
        """What is kept of a URL; a damaged file counts as none."""
        try:
            kept = json.loads(self._path(url).read_bytes())
            return KeptResource(kept["etag"], kept["resource"]) if kept["url"] == url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, url: str, etag: str, resource: Json) -> None:
        """Keep a resource."""
        handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"url": url, "etag": etag, "resource": resource}, file)
        Path(name).replace(self._path(url))

    def _path(self, url: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
