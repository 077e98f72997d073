"""The files of a publisher's release, whether it lies unpacked in a folder or still in its zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from termserver.errors import BadFile
from termserver.loaders.archive import check_archive, is_zip


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """One file; `name` is its path within the release, with `/`."""

    root: Path
    name: str
    is_zipped: bool

    @property
    def base_name(self) -> str:
        """The file name without folders."""
        return self.name.rsplit("/", 1)[-1]

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        """Open as UTF-8 text (a byte order mark is skipped), line ends as they are."""
        if not self.is_zipped:
            with (self.root / self.name).open(encoding="utf-8-sig", newline="") as file:
                yield file
            return
        with zipfile.ZipFile(self.root) as archive, archive.open(self.name) as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def list_release(path: Path) -> list[ReleaseFile]:
    """All files of a release, sorted by name.

    Raises
    ------
    BadFile
        If the path is neither a folder nor a zip, or the zip is damaged.
    TooLarge
        If the zip would unpack beyond the limit.
    """
    if path.is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
        return [ReleaseFile(path, name, False) for name in names]
    if path.is_file() and is_zip(path):
        names = sorted(name for name in check_archive(path, name=path.name) if not name.endswith("/"))
        return [ReleaseFile(path, name, True) for name in names]
    raise BadFile("this is neither a folder nor a zip with a release", file=path.name)
