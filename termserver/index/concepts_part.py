"""Concept table and hierarchy as files of the index."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from termserver.index.cache import open_array
from termserver.index.code_index import CodeIndex
from termserver.index.concept_table import ConceptCollector, ConceptTable
from termserver.index.hierarchy import Edges, Hierarchy, ancestors_of_all, hierarchy_from_edges
from termserver.index.parts import Part
from termserver.model.code_system import Concept

_PLACES = ("place_starts", "places")
_TABLE = ("codes", "display_bytes", "display_ends", "active", "abstract")


class ConceptsBuilder:
    """Collects the table and the edges; memory as `ConceptCollector`, and the ancestors of all at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._collector = ConceptCollector()

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        self._collector.add(concept)

    def finish(self) -> None:
        """Write table and hierarchy."""
        arrays = self._collector.arrays()
        hierarchy = hierarchy_from_edges(len(arrays.table), arrays.child_ordinals, arrays.parent_ordinals)
        for name in _TABLE:
            np.save(self._folder / f"{name}.npy", getattr(arrays.table, name))
        assert isinstance(arrays.table.places, CodeIndex)
        for name, places in zip(_PLACES, arrays.table.places.arrays, strict=True):
            np.save(self._folder / f"{name}.npy", np.asarray(places))
        self._save_edges("parents", hierarchy.parents)
        self._save_edges("children", hierarchy.children)
        ancestors = ancestors_of_all(hierarchy.parents, hierarchy.children)
        if ancestors is not None:
            self._save_edges("ancestors", ancestors)

    def _save_edges(self, name: str, edges: Edges) -> None:
        np.save(self._folder / f"{name}_starts.npy", edges.starts)
        np.save(self._folder / f"{name}.npy", edges.neighbours)

    def close(self) -> None:
        """Forget what was collected."""
        self._collector = ConceptCollector()


CONCEPTS = Part("concepts", "3", ConceptsBuilder)


def open_concepts(folder: Path) -> tuple[ConceptTable, Hierarchy]:
    """Map a concept table and its hierarchy into memory."""
    codes, *others = (open_array(folder / f"{name}.npy") for name in _TABLE)
    places = CodeIndex(*(open_array(folder / f"{name}.npy").data for name in _PLACES))
    table = ConceptTable(codes, places, *others)
    ancestors = _open_edges(folder, "ancestors") if (folder / "ancestors.npy").exists() else None
    return table, Hierarchy(_open_edges(folder, "parents"), _open_edges(folder, "children"), ancestors)


def _open_edges(folder: Path, name: str) -> Edges:
    return Edges(open_array(folder / f"{name}_starts.npy"), open_array(folder / f"{name}.npy"))
