"""The index folder: one folder a content version, written whole or not at all, mapped into memory on reading."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from termserver.index.concept_table import ConceptArrays, ConceptTable
from termserver.index.hierarchy import Edges, Hierarchy, hierarchy_from_edges

# Part of every folder's name: a program that writes other files looks for other folders
FORMAT = "1"
_TABLE = ("codes", "order", "display_bytes", "display_ends", "active", "abstract")
_EDGES = ("parents", "children")


class IndexFolder:
    """Where the derived files of content versions live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def path_of(self, content_hash: str, part: str) -> Path:
        """The folder of one part (`concepts`, `text`) of a content version."""
        return self._folder / f"{content_hash[:24]}-{part}-{FORMAT}"

    def ensure(self, content_hash: str, part: str, build: Callable[[Path], None]) -> Path:
        """The part's folder, built first if it is not there.

        Two processes may build the same at once; the first to finish wins and the other's work is thrown away.
        """
        final = self.path_of(content_hash, part)
        if final.is_dir():
            return final
        with self._lock:
            if final.is_dir():
                return final
            self._folder.mkdir(parents=True, exist_ok=True)
            work = Path(tempfile.mkdtemp(prefix=".building-", dir=self._folder))
            try:
                build(work)
                work.chmod(0o755)
                try:
                    work.rename(final)
                except OSError:
                    if not final.is_dir():
                        raise
            finally:
                shutil.rmtree(work, ignore_errors=True)
        return final


def save_concepts(folder: Path, arrays: ConceptArrays) -> None:
    """Write a concept table and its hierarchy."""
    table = arrays.table
    hierarchy = hierarchy_from_edges(len(table), arrays.child_ordinals, arrays.parent_ordinals)
    for name in _TABLE:
        np.save(folder / f"{name}.npy", getattr(table, name))
    for name in _EDGES:
        edges: Edges = getattr(hierarchy, name)
        np.save(folder / f"{name}_starts.npy", edges.starts)
        np.save(folder / f"{name}.npy", edges.neighbours)


def open_concepts(folder: Path) -> tuple[ConceptTable, Hierarchy]:
    """Map a concept table and its hierarchy into memory."""
    table = ConceptTable(*(_open(folder / f"{name}.npy") for name in _TABLE))
    parents, children = (Edges(_open(folder / f"{name}_starts.npy"), _open(folder / f"{name}.npy")) for name in _EDGES)
    return table, Hierarchy(parents, children)


def _open(path: Path) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)  # type: ignore[no-any-return]
    except ValueError:  # an empty array cannot be mapped
        return np.load(path, allow_pickle=False)  # type: ignore[no-any-return]
