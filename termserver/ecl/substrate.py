"""What a constraint is evaluated against: arrays over the ordinals of an edition's concepts.

A set of concepts is a mask: shape (n,), True where the concept belongs to it. `index.constraint_index` satisfies
`Substrate` with arrays mapped from disk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Ordinals = NDArray[np.int32]

FSN, SYNONYM, DEFINITION = 0, 1, 2
PREFERRED, ACCEPTABLE = 1, 2


class Texts(Protocol):
    """Texts that can be searched, by number."""

    def __len__(self) -> int: ...

    def matching(self, text: str) -> Mask:
        """Shape (len,): True where each word of `text` begins a word, in any order, case and accents ignored."""
        ...

    def like(self, pattern: str) -> Mask:
        r"""Shape (len,): True where the whole text fits; `*` stands for anything, `\*` for itself."""
        ...


@dataclass(frozen=True, slots=True)
class Values:
    """Values that are no concepts, or texts that may name one: shape (n_values,) each.

    Parameters
    ----------
    numbers
        The number that a text is; not a number where it is none.
    ordinals
        The concept that a text identifies, -1 for none.
    """

    texts: Texts
    numbers: NDArray[np.float64]
    ordinals: Ordinals


@dataclass(frozen=True, slots=True)
class Relationships:
    """Attributes of concepts, without is-a: shape (n_rows,) but for `group_owner`.

    Parameters
    ----------
    source, kind, target
        Ordinals of the concept, the attribute and its value; `target` is -1 where the value is no known concept.
    value
        Number of the value in `values`, -1 where the value is a concept.
    group
        Number of the role group, unique over all concepts; an ungrouped attribute is a group of its own.
    group_owner
        Shape (n_groups,): the concept of each group.
    """

    source: Ordinals
    kind: Ordinals
    target: Ordinals
    value: NDArray[np.int32]
    group: NDArray[np.int32]
    group_owner: Ordinals
    values: Values


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Descriptions, shape (n_descriptions,) each, and their places in language reference sets, shape (n_places,) each.

    Parameters
    ----------
    owner
        Ordinal of the concept.
    kind
        `FSN`, `SYNONYM`, `DEFINITION`.
    language
        Two letters, lower case.
    effective_time
        As a number: 20250131.
    place_description, place_refset, place_acceptability
        Number of the description, ordinal of the language reference set, `PREFERRED` or `ACCEPTABLE`.
    """

    owner: Ordinals
    number: NDArray[np.int64]
    kind: NDArray[np.int8]
    language: NDArray[np.bytes_]
    active: Mask
    module: Ordinals
    effective_time: NDArray[np.int32]
    texts: Texts
    place_description: NDArray[np.int32]
    place_refset: Ordinals
    place_acceptability: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Members:
    """Rows of reference sets that refer to concepts, shape (n_members,) each, and their further columns, (n_cells,) each.

    Parameters
    ----------
    cell_member, cell_field, cell_value
        Number of the row, of the column in `fields`, of the value in `values`.
    """

    refset: Ordinals
    component: Ordinals
    active: Mask
    module: Ordinals
    effective_time: NDArray[np.int32]
    cell_member: NDArray[np.int32]
    cell_field: NDArray[np.int16]
    cell_value: NDArray[np.int32]
    fields: tuple[str, ...]
    values: Values


class Substrate(Protocol):
    """An edition."""

    @property
    def active(self) -> Mask:
        """True where the concept is active."""
        ...

    @property
    def defined(self) -> Mask:
        """True where the concept's definition is sufficient."""
        ...

    @property
    def module(self) -> Ordinals:
        """Ordinal of each concept's module, -1 where it is no concept of the edition."""
        ...

    @property
    def effective_time(self) -> NDArray[np.int32]:
        """Day of each concept's last change as a number: 20250131."""
        ...

    @property
    def relationships(self) -> Relationships:
        """Attributes."""
        ...

    @property
    def descriptions(self) -> Descriptions:
        """Descriptions."""
        ...

    @property
    def members(self) -> Members:
        """Reference set members."""
        ...

    def __len__(self) -> int: ...

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """Each code's ordinal, -1 for none."""
        ...

    def identified(self, scheme: str, code: str) -> Ordinals:
        """Ordinals of the concepts with this identifier of another scheme, named by its alias."""
        ...

    def everything(self) -> Mask:
        """What `*` means."""
        ...

    def children(self, of: Mask) -> Mask:
        """Concepts with a parent in the set."""
        ...

    def parents(self, of: Mask) -> Mask:
        """Concepts with a child in the set."""
        ...

    def descendants(self, of: Mask) -> Mask:
        """Concepts below one in the set; those of the set that are below no other are not among them."""
        ...

    def ancestors(self, of: Mask) -> Mask:
        """Concepts above one in the set."""
        ...

    def is_a(self) -> tuple[Ordinals, Ordinals]:
        """All pairs (child, parent)."""
        ...
