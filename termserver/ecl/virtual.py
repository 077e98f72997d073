"""Post-coordinated expressions as concepts of an edition, so that constraints say whether they select them.

Each expression stands behind the edition's concepts, with an ordinal of its own: below its focus concepts, with their
attributes and its own. It is a descendant of its focus concepts but no child: what stands between them nobody has
classified. The edition's sets do not change otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.expressions import ConcreteValue, Expression
from termserver.ecl.substrate import Descriptions, Mask, Members, Ordinals, Relationships, Substrate, Texts, Values


@dataclass(slots=True)
class _Rows:
    """Attributes of expressions while they are collected."""

    source: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    concrete: list[str] = field(default_factory=list)

    def add(self, kind: int, target: int, value: int, group: int) -> None:
        self.source.append(self.owners[group])
        self.kind.append(kind)
        self.target.append(target)
        self.value.append(value)
        self.group.append(group)

    def new_group(self, owner: int) -> int:
        self.owners.append(owner)
        return len(self.owners) - 1


class WithExpressions:
    """An edition and some expressions; satisfies `Substrate`. All concepts that they name must be known.

    Nested expressions get ordinals behind the others, which nobody outside asks for.
    """

    def __init__(self, edition: Substrate, expressions: Sequence[Expression]) -> None:
        self._edition = edition
        self._base = len(edition)
        self._all = list(expressions)
        self._focus: list[Ordinals] = []
        rows = _Rows()
        place = 0
        while place < len(self._all):  # nested expressions join the list while it is worked off
            self._focus.append(edition.ordinals_of(self._all[place].focus))
            self._collect(place, rows)
            place += 1
        self.relationships = self._joined(rows)
        added = len(self._all)
        self.active: Mask = np.concatenate((edition.active, np.ones(added, dtype=np.bool_)))
        defined = np.array([one.is_equivalent for one in self._all], dtype=np.bool_)
        self.defined: Mask = np.concatenate((edition.defined, defined))
        self.module: Ordinals = np.concatenate((edition.module, np.full(added, -1, dtype=np.int32)))
        self.effective_time = np.concatenate((edition.effective_time, np.zeros(added, dtype=np.int32)))

    def _collect(self, place: int, rows: _Rows) -> None:
        owner = self._base + place
        refined: list[tuple[int, int]] = []
        for group in self._all[place].groups:
            unit = rows.new_group(owner)
            for number, (name, value) in enumerate(group.attributes):
                if number and not group.is_group:
                    unit = rows.new_group(owner)  # an ungrouped attribute is a group of its own
                kind = int(self._edition.ordinals_of([name])[0])
                if isinstance(value, ConcreteValue):
                    refined.append((kind, -1))
                    rows.add(kind, -1, len(rows.concrete), unit)
                    rows.concrete.append(value.text)
                else:
                    refined.append((kind, self._target(value)))
                    rows.add(*refined[-1], -1, unit)
        self._inherit(place, owner, rows, refined)

    def _target(self, value: str | Expression) -> int:
        if isinstance(value, str):
            return int(self._edition.ordinals_of([value])[0])
        self._all.append(value)
        return self._base + len(self._all) - 1

    def _inherit(self, place: int, owner: int, rows: _Rows, refined: Sequence[tuple[int, int]]) -> None:
        """The attributes of the focus concepts, but those that the expression's own make more precise."""
        theirs = self._edition.relationships
        groups: dict[int, int] = {}
        for number in np.flatnonzero(np.isin(theirs.source, self._focus[place])).tolist():
            kind, target = int(theirs.kind[number]), int(theirs.target[number])
            if any(kind == own and self._is_within(value, target) for own, value in refined):
                continue
            group = int(theirs.group[number])
            unit = groups.setdefault(group, len(rows.owners))
            if unit == len(rows.owners):
                rows.new_group(owner)
            value = int(theirs.value[number])
            rows.add(kind, target, value if value < 0 else -2 - value, unit)

    def _is_within(self, value: int, target: int) -> bool:
        """True if an expression's value is the concept's, or below it."""
        if value < 0 or target < 0:
            return value == target == -1
        if value >= self._base:
            return False
        above = np.zeros(self._base, dtype=np.bool_)
        above[value] = True
        return value == target or bool(self._edition.ancestors(above)[target])

    def _joined(self, rows: _Rows) -> Relationships:
        theirs = self._edition.relationships
        count = len(theirs.values.texts)
        # Own values stand behind the edition's; those inherited are marked by -2 - number
        value = [one if one == -1 else (-2 - one if one < -1 else count + one) for one in rows.value]
        shift = len(theirs.group_owner)

        def behind(array: Ordinals, more: Sequence[int]) -> Ordinals:
            return np.concatenate((array, np.array(more, dtype=np.int32)))

        return Relationships(
            behind(theirs.source, rows.source),
            behind(theirs.kind, rows.kind),
            behind(theirs.target, rows.target),
            behind(theirs.value, value),
            behind(theirs.group, [shift + one for one in rows.group]),
            behind(theirs.group_owner, rows.owners),
            _more_values(theirs.values, rows.concrete),
        )

    # -------------------------------------------------------------- as `Substrate`

    def __len__(self) -> int:
        return self._base + len(self._all)

    @property
    def descriptions(self) -> Descriptions:
        """See `Substrate`; expressions have none."""
        return self._edition.descriptions

    @property
    def members(self) -> Members:
        """See `Substrate`; expressions are in no reference set."""
        return self._edition.members

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Substrate`."""
        return self._edition.ordinals_of(codes)

    def identified(self, scheme: str, code: str) -> Ordinals:
        """See `Substrate`."""
        return self._edition.identified(scheme, code)

    def everything(self) -> Mask:
        """See `Substrate`."""
        return self._with(self._edition.everything(), [True] * len(self._all))

    def children(self, of: Mask) -> Mask:
        """See `Substrate`."""
        return self._with(self._edition.children(of[: self._base]), [False] * len(self._all))

    def parents(self, of: Mask) -> Mask:
        """See `Substrate`."""
        found = self._edition.parents(of[: self._base])
        for focus in self._focus_of(of):
            found[focus] = True
        return self._with(found, [False] * len(self._all))

    def descendants(self, of: Mask) -> Mask:
        """See `Substrate`."""
        base = of[: self._base]
        found = self._edition.descendants(base)
        within = found | base
        return self._with(found, [bool(within[focus].any()) for focus in self._focus])

    def ancestors(self, of: Mask) -> Mask:
        """See `Substrate`."""
        base = of[: self._base].copy()
        found = self._edition.ancestors(base)
        for focus in self._focus_of(of):
            base[:] = False
            base[focus] = True
            found = found | base | self._edition.ancestors(base)
        return self._with(found, [False] * len(self._all))

    def is_a(self) -> tuple[Ordinals, Ordinals]:
        """See `Substrate`."""
        return self._edition.is_a()

    def _focus_of(self, of: Mask) -> Iterator[Ordinals]:
        return (focus for focus, chosen in zip(self._focus, of[self._base :].tolist(), strict=True) if chosen)

    @staticmethod
    def _with(found: Mask, more: Sequence[bool]) -> Mask:
        return np.concatenate((found, np.array(more, dtype=np.bool_)))


def _more_values(values: Values, texts: Sequence[str]) -> Values:
    if not texts:
        return values
    numbers = np.array([_as_float(text) for text in texts], dtype=np.float64)
    return replace(
        values,
        texts=_MoreTexts(values.texts, tuple(texts)),
        numbers=np.concatenate((values.numbers, numbers)),
        ordinals=np.concatenate((values.ordinals, np.full(len(texts), -1, dtype=np.int32))),
    )


def _as_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


@dataclass(frozen=True, slots=True)
class _MoreTexts:
    """Texts with a few more behind them, which are compared whole."""

    texts: Texts
    more: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts) + len(self.more)

    def matching(self, text: str) -> Mask:
        return self._with(self.texts.matching(text), text)

    def like(self, pattern: str) -> Mask:
        return self._with(self.texts.like(pattern), pattern)

    def _with(self, found: Mask, text: str) -> NDArray[np.bool_]:
        own = [one.casefold() == text.casefold() for one in self.more]
        return np.concatenate((found, np.array(own, dtype=np.bool_)))
