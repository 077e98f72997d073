"""An edition as expression constraints are evaluated against it: satisfies `ecl.substrate.Substrate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.substrate import Descriptions, Mask, Members, Ordinals, Relationships
from termserver.index.attributes import Attributes
from termserver.index.concept_table import ConceptTable
from termserver.index.hierarchy import Edges, Hierarchy

_ROOT = "138875005"
_SCHEMES = {"loinc": "30051010000102"}


@dataclass(frozen=True, slots=True)
class ConstraintIndex:
    """Concept table, hierarchy and attributes of one edition, together."""

    table: ConceptTable
    hierarchy: Hierarchy
    attributes: Attributes

    def __len__(self) -> int:
        return len(self.table)

    @property
    def active(self) -> Mask:
        """See `Substrate`."""
        return self.table.active

    @property
    def defined(self) -> Mask:
        """See `Substrate`."""
        return self.attributes.defined

    @property
    def module(self) -> Ordinals:
        """See `Substrate`."""
        return self.attributes.module

    @property
    def effective_time(self) -> NDArray[np.int32]:
        """See `Substrate`."""
        return self.attributes.effective_time

    @property
    def relationships(self) -> Relationships:
        """See `Substrate`."""
        return self.attributes.relationships

    @property
    def descriptions(self) -> Descriptions:
        """See `Substrate`."""
        return self.attributes.descriptions

    @property
    def members(self) -> Members:
        """See `Substrate`."""
        return self.attributes.members

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Substrate`."""
        return self.table.ordinals_of(codes)

    def identified(self, scheme: str, code: str) -> Ordinals:
        """See `Substrate`. A scheme's alias is known (LOINC), or the name of the scheme's concept."""
        attributes = self.attributes
        having = np.flatnonzero(attributes.identifier_code == code.encode())
        known = _SCHEMES.get(scheme.lower())
        wanted = self.table.ordinal_of(known) if known else -1
        fitting = [
            place
            for place in having.tolist()
            if (of := int(attributes.identifier_scheme[place])) >= 0
            and (of == wanted or self.table.display_of(of).casefold() == scheme.casefold())
        ]
        return attributes.identifier_owner[fitting]

    def everything(self) -> Mask:
        """See `Substrate`. The root and all below it; all active concepts where an extract has no root."""
        root = self.table.ordinal_of(_ROOT)
        if root < 0:
            return self.table.active
        found = _mask_of(len(self), self.hierarchy.descendants(root))
        found[root] = True
        return found

    def children(self, of: Mask) -> Mask:
        """See `Substrate`."""
        return self._neighbours(self.hierarchy.children, of)

    def parents(self, of: Mask) -> Mask:
        """See `Substrate`."""
        return self._neighbours(self.hierarchy.parents, of)

    def _neighbours(self, edges: Edges, of: Mask) -> Mask:
        return _mask_of(len(self), edges.of_all(np.flatnonzero(of).astype(np.int32)))

    def descendants(self, of: Mask) -> Mask:
        """See `Substrate`."""
        ordinals = np.flatnonzero(of)
        if len(ordinals) == 1:
            return _mask_of(len(self), self.hierarchy.descendants(int(ordinals[0])))
        return self._reached(self.hierarchy.children, of)

    def ancestors(self, of: Mask) -> Mask:
        """See `Substrate`."""
        ancestors = self.hierarchy.ancestors_of
        if ancestors is not None:
            return self._neighbours(ancestors, of)
        return self._reached(self.hierarchy.parents, of)

    def _reached(self, edges: Edges, of: Mask) -> Mask:
        """All that a walk from the set meets, level by level."""
        seen = np.zeros(len(self), dtype=np.bool_)
        level = np.flatnonzero(of).astype(np.int32)
        while len(level):
            met = _mask_of(len(self), edges.of_all(level))
            met &= ~seen
            seen |= met
            level = np.flatnonzero(met).astype(np.int32)
        return seen

    def is_a(self) -> tuple[Ordinals, Ordinals]:
        """See `Substrate`."""
        parents = self.hierarchy.parents
        child = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(parents.starts))
        return child, parents.neighbours


def _mask_of(count: int, ordinals: Ordinals) -> Mask:
    found = np.zeros(count, dtype=np.bool_)
    found[ordinals] = True
    return found
