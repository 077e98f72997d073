"""The index folder: one folder a part of a content version, written whole or not at all, mapped into memory on reading.

Builders work in a folder named after their process and rename it when it is complete. What a killed process left is
removed by the next one that builds on the same machine.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from termserver.index.parts import Part, PartBuilder
from termserver.model.code_system import Concept
from termserver.store.owners import is_dead, own_name

_WORK_PREFIX = ".building-"
_ABANDONED_AFTER_S = 24 * 3600
_MAPPED_FROM_BYTES = 64 * 1024


class IndexFolder:
    """Where the derived files of content versions live."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    def path_of(self, content_hash: str, part: Part) -> Path:
        """The folder of one part of a content version."""
        return self.path / f"{content_hash[:24]}-{part.name}-{part.format}"

    def missing(self, content_hash: str, parts: Sequence[Part]) -> list[Part]:
        """Those of the parts that are not there."""
        return [part for part in parts if not self.path_of(content_hash, part).is_dir()]

    def remove(self, content_hash: str, parts: Sequence[Part]) -> None:
        """Forget parts; who has them open keeps reading."""
        for part in parts:
            shutil.rmtree(self.path_of(content_hash, part), ignore_errors=True)

    def remove_other_formats(self, content_hash: str, part: Part) -> None:
        """Forget what another version of the program wrote; who has it open keeps reading."""
        current = self.path_of(content_hash, part)
        for folder in self.path.glob(f"{content_hash[:24]}-{part.name}-*"):
            if folder != current:
                shutil.rmtree(folder, ignore_errors=True)

    def work_folder(self) -> Path:
        """A new folder to build in; the caller renames or removes it."""
        self.path.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(self.path)
        prefix = f"{_WORK_PREFIX}{own_name().replace(':', '-')}-"
        return Path(tempfile.mkdtemp(prefix=prefix, dir=self.path))

    def writer(self, parts: Sequence[Part]) -> IndexWriter:
        """A writer of some parts of one content version; its hash need not be known yet."""
        return IndexWriter(self, parts)


class IndexWriter:
    """Builds parts in a folder of its own; `publish` makes them visible under the content's hash, all or none.

    Two processes may build the same at once; the first to finish wins and the other's work is thrown away.
    """

    def __init__(self, folder: IndexFolder, parts: Sequence[Part]) -> None:
        self._folder = folder
        self._parts = tuple(parts)
        self._builders: list[PartBuilder] = []
        self._work: Path | None = None

    def __enter__(self) -> IndexWriter:
        self._work = self._folder.work_folder()
        for part in self._parts:
            place = self._work / part.name
            place.mkdir()
            self._builders.append(part.builder(place))
        return self

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        for builder in self._builders:
            builder.add(concept)

    def publish(self, content_hash: str) -> None:
        """Finish the files and let readers see them."""
        assert self._work is not None
        for builder in self._builders:
            builder.finish()
        for part in self._parts:
            final = self._folder.path_of(content_hash, part)
            try:
                (self._work / part.name).rename(final)
            except OSError:
                if not final.is_dir():
                    raise
            self._folder.remove_other_formats(content_hash, part)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for builder in self._builders:
            builder.close()
        self._builders.clear()
        if self._work is not None:
            shutil.rmtree(self._work, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove the work of processes that are no more."""
    for work in folder.glob(f"{_WORK_PREFIX}*"):
        host, _, pid = work.name.removeprefix(_WORK_PREFIX).rpartition("-")[0].rpartition("-")
        try:
            is_old = time.time() - work.stat().st_mtime > _ABANDONED_AFTER_S
        except OSError:  # the other one has just removed or renamed it
            continue
        if is_old or is_dead(f"{host}:{pid}"):
            shutil.rmtree(work, ignore_errors=True)


def open_array(path: Path) -> np.ndarray:
    """Open an array: a large one is mapped into memory, a small one read, since a process may have some 65,000 maps.

    Either way a plain array, whose items cost less than those of `numpy.memmap`.
    """
    if path.stat().st_size < _MAPPED_FROM_BYTES:
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


FileText = bytes | mmap
"""A slice of either is bytes."""


def open_text(path: Path) -> FileText:
    """Open a file of which slices are wanted as bytes; see `open_array`."""
    if path.stat().st_size < _MAPPED_FROM_BYTES:
        return path.read_bytes()
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ)


def open_bytes(path: Path) -> NDArray[np.uint8]:
    """Open a file that is no array file, byte by byte; see `open_array`."""
    if path.stat().st_size < _MAPPED_FROM_BYTES:
        return np.fromfile(path, dtype=np.uint8)
    return np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
