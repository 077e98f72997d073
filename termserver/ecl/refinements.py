"""Refinements over role groups: which concepts have the attributes that a refinement asks for.

Outside braces, attributes are counted over the whole concept; within, over one role group, and then the groups are
counted. An ungrouped attribute is a group of its own. Source: ECL 2.2, sections 6.2 and 6.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.comparison import COMPARISONS
from termserver.ecl.filters import texts_found
from termserver.ecl.substrate import Mask, Ordinals, Relationships
from termserver.ecl.syntax_tree import (
    Attribute,
    AttributeGroup,
    Cardinality,
    Constraint,
    NumberValue,
    Refinement,
    SearchTerms,
    Wildcard,
)

if TYPE_CHECKING:
    from termserver.ecl.evaluate import Evaluator

IS_A = "116680003"


@dataclass(frozen=True, slots=True)
class _Unit:
    """What attributes are counted over: concepts or role groups.

    Parameters
    ----------
    count
        Number of units.
    of_row
        Shape (n_rows,): the unit of each relationship.
    owner
        Shape (n_units,): the concept of each group; None where the unit is the concept.
    """

    count: int
    of_row: NDArray[np.int32]
    owner: Ordinals | None = None


def refined(evaluator: Evaluator, refinement: Refinement) -> Mask:
    """The concepts that satisfy a refinement."""
    rows = evaluator.substrate.relationships
    return _satisfying(evaluator, refinement, _Unit(len(evaluator.substrate), rows.source))


def targets(evaluator: Evaluator, sources: Mask, name: Constraint) -> Mask:
    """The values of an attribute of the concepts in a set (the dot of ECL)."""
    rows = evaluator.substrate.relationships
    chosen = _named(evaluator, rows, name)
    chosen = chosen[sources[rows.source[chosen]]]
    values = rows.target[chosen]
    found = np.zeros(len(sources), dtype=np.bool_)
    found[values[values >= 0]] = True
    if _names_is_a(evaluator, name):
        found |= evaluator.substrate.parents(sources)
    return found


def _satisfying(evaluator: Evaluator, refinement: Refinement, unit: _Unit) -> Mask:
    if isinstance(refinement, Attribute):
        return _with_attribute(evaluator, refinement, unit)
    if isinstance(refinement, AttributeGroup):
        return _with_group(evaluator, refinement)
    join = np.logical_and if refinement.operator == "AND" else np.logical_or
    return reduce(join, (_satisfying(evaluator, part, unit) for part in refinement.parts))


def _with_group(evaluator: Evaluator, group: AttributeGroup) -> Mask:
    rows = evaluator.substrate.relationships
    unit = _Unit(len(rows.group_owner), rows.group, rows.group_owner)
    groups = _satisfying(evaluator, group.attributes, unit)
    return _counted(rows.group_owner[groups], len(evaluator.substrate), group.cardinality)


def _with_attribute(evaluator: Evaluator, attribute: Attribute, unit: _Unit) -> Mask:
    rows = evaluator.substrate.relationships
    chosen = _named(evaluator, rows, attribute.name)
    if attribute.reverse:
        return _reversed(evaluator, attribute, chosen, unit)
    chosen = chosen[_has_value(evaluator, rows, attribute, chosen)]
    found = unit.of_row[chosen]
    if unit.owner is None and _names_is_a(evaluator, attribute.name):
        found = np.concatenate((found, _children_of_value(evaluator, attribute)))
    return _counted(found, unit.count, attribute.cardinality)


def _counted(units: NDArray[np.int32], count: int, cardinality: Cardinality | None) -> Mask:
    """Shape (count,): True for the units that come as often as the cardinality allows; without one, at least once."""
    if cardinality is None:
        found = np.zeros(count, dtype=np.bool_)
        found[units] = True
        return found
    times = np.bincount(units, minlength=count)
    enough: Mask = times >= cardinality.least
    return enough if cardinality.most is None else enough & (times <= cardinality.most)


def _named(evaluator: Evaluator, rows: Relationships, name: Constraint) -> NDArray[np.intp]:
    """Numbers of the relationships whose attribute is named."""
    if isinstance(name, Wildcard):
        return np.arange(len(rows.kind))
    names = evaluator.mask(name)
    ordinals = np.flatnonzero(names)
    if len(ordinals) == 1:
        return np.flatnonzero(rows.kind == ordinals[0])
    known = rows.kind >= 0
    return np.flatnonzero(known & names[rows.kind])


def _names_is_a(evaluator: Evaluator, name: Constraint) -> bool:
    if isinstance(name, Wildcard):
        return False
    ordinal = int(evaluator.substrate.ordinals_of([IS_A])[0])
    return ordinal >= 0 and bool(evaluator.mask(name)[ordinal])


def _children_of_value(evaluator: Evaluator, attribute: Attribute) -> Ordinals:
    child, parent = evaluator.substrate.is_a()
    if isinstance(attribute.value, bool | NumberValue | SearchTerms):
        return child[:0]
    fits = evaluator.mask(attribute.value)[parent]
    return child[fits if attribute.comparison == "=" else ~fits]


def _has_value(evaluator: Evaluator, rows: Relationships, attribute: Attribute, chosen: NDArray[np.intp]) -> Mask:
    """Shape (len(chosen),): which of the relationships have the value asked for."""
    value = attribute.value
    if isinstance(value, bool | NumberValue | SearchTerms):
        concrete = rows.value[chosen]
        fits = _concrete_values(rows, attribute, value)
        found = np.zeros(len(chosen), dtype=np.bool_)
        found[concrete >= 0] = fits[concrete[concrete >= 0]]
        return found
    target = rows.target[chosen]
    known: Mask = target >= 0
    if isinstance(value, Wildcard):
        return known if attribute.comparison == "=" else np.zeros(len(chosen), dtype=np.bool_)
    fits = evaluator.mask(value)[target]
    return known & (fits if attribute.comparison == "=" else ~fits)


def _concrete_values(rows: Relationships, attribute: Attribute, value: bool | NumberValue | SearchTerms) -> Mask:
    """Shape (n_values,): which values the comparison holds for."""
    if isinstance(value, NumberValue):
        numbers = rows.values.numbers
        found: Mask = COMPARISONS[attribute.comparison](numbers, float(value.text)) & ~np.isnan(numbers)
        return found
    if isinstance(value, bool):
        yes, no = rows.values.texts.like("true"), rows.values.texts.like("false")
        return yes if value == (attribute.comparison == "=") else no
    fits = texts_found(rows.values.texts, value)
    return fits if attribute.comparison == "=" else ~fits & np.isnan(rows.values.numbers)


def _reversed(evaluator: Evaluator, attribute: Attribute, chosen: NDArray[np.intp], unit: _Unit) -> Mask:
    """`R name = value`: concepts that are the attribute's value in a concept of the set."""
    rows = evaluator.substrate.relationships
    chosen = chosen[rows.target[chosen] >= 0]
    if not isinstance(attribute.value, bool | NumberValue | SearchTerms):
        fits = evaluator.mask(attribute.value)[rows.source[chosen]]
        chosen = chosen[fits if attribute.comparison == "=" else ~fits]
    found = _counted(rows.target[chosen], len(evaluator.substrate), attribute.cardinality)
    # A concept is the value of others outside its own role groups: in braces it counts for each group
    return found if unit.owner is None else found[unit.owner]
