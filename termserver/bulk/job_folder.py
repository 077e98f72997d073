"""The files of a translation in the background: what came in, what comes out, and what is said of it.

A job's folder is `data/bulk/<job>`. The outcome is written last, so that where it stands all else is whole.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from termserver.bulk.file_order import CONTENT_TYPES
from termserver.bulk.lock import PinnedMap
from termserver.settings import Settings
from termserver.store.json_text import from_text, to_text

RESULT = "result"
REPORT = "unmapped.csv"
ERRORS = "errors.ndjson"
LOCK = "maps.lock"
_INCOMING = "incoming-"
_CHUNK = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file to be fetched. `entries` are its rows or lines."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    entries: int


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What a run did.

    Parameters
    ----------
    rows
        Rows by status: `mapped`, `unmapped`, `no-map`, `conditional`.
    broken
        Records that were left out.
    files
        The result first; the report of unmapped codes, the errors, the lock.
    """

    rows: Mapping[str, int]
    broken: int
    maps: tuple[PinnedMap, ...]
    files: tuple[OutputFile, ...]


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """Why a run gave nothing: as the error said it."""

    http_status: int
    issue_code: str
    message: str


@dataclass(frozen=True, slots=True)
class JobFolder:
    """The folder of one job."""

    path: Path

    @property
    def incoming(self) -> Path:
        """The file that was sent."""
        return self.path / "incoming"

    def source(self, file_format: str) -> Path:
        """The name under which it is read, for messages: `input.csv`."""
        return self.path / f"input.{file_format}"

    def result(self, file_format: str) -> Path:
        """The translated file."""
        return self.path / f"{RESULT}.{file_format}"

    def file(self, name: str) -> Path:
        """A file by a name of `BulkOutcome.files`."""
        return self.path / name

    def describe(self, name: str, content_type: str, entries: int) -> OutputFile:
        """What is said of a file that is complete."""
        digest = hashlib.sha256()
        with self.file(name).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
        return OutputFile(name, content_type, self.file(name).stat().st_size, digest.hexdigest(), entries)

    def describe_result(self, file_format: str, entries: int) -> OutputFile:
        """As `describe`, for the translated file."""
        return self.describe(f"{RESULT}.{file_format}", CONTENT_TYPES[file_format], entries)

    def outcome(self) -> BulkOutcome | None:
        """What the run did, once it is done."""
        return self._read(BulkOutcome, "outcome.json")

    def write_outcome(self, outcome: BulkOutcome) -> None:
        """Say what the run did."""
        self._write("outcome.json", outcome)

    def failure(self) -> BulkFailure | None:
        """Why the run failed, where it was told."""
        return self._read(BulkFailure, "failure.json")

    def write_failure(self, failure: BulkFailure) -> None:
        """Say why the run failed."""
        self._write("failure.json", failure)

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _read(self, kind: type[T], name: str) -> T | None:
        try:
            return from_text(kind, self.file(name).read_bytes())
        except FileNotFoundError:
            return None

    def _write(self, name: str, value: object) -> None:
        beside = self.path / f"{name}.part"
        beside.write_text(to_text(value), encoding="utf-8")
        beside.replace(self.file(name))


def folder_of(settings: Settings, job_id: int) -> JobFolder:
    """The folder of a job."""
    return JobFolder(settings.bulk_folder() / str(job_id))


def incoming_folder(settings: Settings, token: str) -> JobFolder:
    """A folder for a file that is still on its way; `adopt` gives it to a job.

    Parameters
    ----------
    token
        Of our own making.
    """
    folder = JobFolder(settings.bulk_folder() / f"{_INCOMING}{token}")
    folder.path.mkdir(parents=True)
    return folder


def adopt(settings: Settings, folder: JobFolder, job_id: int) -> None:
    """Give what came in to its job."""
    target = folder_of(settings, job_id)
    target.remove()
    folder.path.rename(target.path)


def remove_expired(settings: Settings) -> None:
    """Remove the folders in which nothing was written for `bulk_hours`: results that expired, uploads that broke off."""
    oldest = time.time() - settings.bulk_hours * 3600
    for path in settings.bulk_folder().glob("*"):
        newest = max((file.stat().st_mtime for file in [path, *path.glob("*")] if file.exists()), default=0.0)
        if newest < oldest:
            shutil.rmtree(path, ignore_errors=True)
