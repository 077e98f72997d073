"""Expressions behind the concepts of an edition: its table and hierarchy with a few rows more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from termserver.index.code_index import WithMore
from termserver.index.concept_table import ConceptTable
from termserver.index.hierarchy import Edges, Hierarchy

Ordinals = NDArray[np.int32]


def table_with(table: ConceptTable, codes: Sequence[str], displays: Sequence[str]) -> ConceptTable:
    """The table with codes of expressions at the end, active and not abstract."""
    more = np.array([code.encode() for code in codes], dtype=bytes)
    every = np.concatenate((table.codes, more))
    texts = [display.encode() for display in displays]
    last = int(table.display_ends[-1]) if len(table) else 0
    return ConceptTable(
        every,
        WithMore(table.places, {code.encode(): place for place, code in enumerate(codes, start=len(table))}),
        np.concatenate((table.display_bytes, np.frombuffer(b"".join(texts), dtype=np.uint8))),
        np.concatenate((table.display_ends, last + np.cumsum([len(text) for text in texts]))),
        np.concatenate((table.active, np.ones(len(codes), dtype=np.bool_))),
        np.concatenate((table.abstract, np.zeros(len(codes), dtype=np.bool_))),
    )


def hierarchy_with(hierarchy: Hierarchy, focus: Sequence[Ordinals]) -> Hierarchy:
    """The hierarchy with expressions below their focus concepts; nobody's children, as `ecl.virtual` has it."""
    above = [
        np.unique(np.concatenate([own, *(hierarchy.ancestors(int(one)) for one in own)])).astype(np.int32)
        for own in focus
    ]
    known = hierarchy.ancestors_of
    return Hierarchy(
        _longer(hierarchy.parents, focus),
        _longer(hierarchy.children, [own[:0] for own in focus]),
        None if known is None else _longer(known, above),
    )


def _longer(edges: Edges, rows: Sequence[Ordinals]) -> Edges:
    ends = int(edges.starts[-1]) + np.cumsum([len(row) for row in rows], dtype=np.int64)
    return Edges(np.concatenate((edges.starts, ends)), np.concatenate((edges.neighbours, *rows)).astype(np.int32))
