"""ValueSet filters: which concepts of a code system one `property op value` selects.

Source: FHIR R5 valueset filter-operator. Filters on the hierarchy are answered by the index; filters on other
properties by the property's column, which the first one reads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput
from termserver.index.property_columns import property_values
from termserver.model.code_system import STANDARD_PROPERTIES, Concept
from termserver.model.value_set import Filter
from termserver.terminology.content import Content
from termserver.terminology.regex import Regex

Ordinals = NDArray[np.int32]
_CODE = {"concept", "code"}
_NOTHING: Ordinals = np.empty(0, dtype=np.int32)
_HIERARCHY = {"is-a", "descendent-of", "is-not-a", "generalizes", "child-of", "descendent-leaf"}
_OPERATORS = _HIERARCHY | {"=", "in", "not-in", "regex", "exists"}
# What hierarchy operators may be asked of, and the properties that every concept has, or that FHIR defines for all
_HIERARCHY_PROPERTIES = {"concept", "code", "parent", "ancestor"}
_EVERYWHERE = {"display", "definition", "designation"} | STANDARD_PROPERTIES


def filter_ordinals(content: Content, rule: Filter, place: str = "filter") -> Ordinals:
    """Ordinals of the selected concepts, ascending.

    Parameters
    ----------
    place
        FHIRPath of the filter, for messages.

    Raises
    ------
    BadInput
        If the operator is unknown, has no value, or is of a property that the code system does not have.
    """
    _check(content, rule, place)
    own = content.filter(rule, place)
    if own is not None:
        return own
    _check_property(content, rule, place)
    if rule.op in _HIERARCHY:
        return _by_hierarchy(content, rule.op, rule.value)
    if rule.property in _CODE:
        return _by_code(content, rule)
    if rule.property == "parent" and rule.op == "=":
        return _by_hierarchy(content, "child-of", rule.value)
    if rule.property == "child" and rule.op == "=":
        ordinal = content.table.ordinal_of(rule.value)
        return np.sort(content.hierarchy.parents.of(ordinal)) if ordinal >= 0 else _NOTHING
    return _by_property(content, rule)


def _check(content: Content, rule: Filter, place: str) -> None:
    if rule.op not in _OPERATORS:
        raise BadInput(f"The filter operator '{rule.op}' is not known", expression=f"{place}.op", tx_issue="vs-invalid")
    if not rule.value:
        raise BadInput(
            f"The system {content.header.url} filter with property = {rule.property}, op = {rule.op} has no value",
            expression=place,
            tx_issue="vs-invalid",
            message_id="UNABLE_TO_HANDLE_SYSTEM_FILTER_WITH_NO_VALUE",
        )


def _check_property(content: Content, rule: Filter, place: str) -> None:
    """Refuse what selects nothing in any version: a wish that is not understood is no empty value set."""
    if rule.op == "exists" and rule.value not in ("true", "false"):
        raise BadInput(
            f"The filter operator 'exists' asks for 'true' or 'false', not '{rule.value}'",
            expression=f"{place}.value",
            tx_issue="vs-invalid",
        )
    if rule.op in _HIERARCHY:
        understood = rule.property in _HIERARCHY_PROPERTIES
    else:
        declared = {item.code for item in content.header.properties}
        understood = rule.property in _CODE | _EVERYWHERE | declared
        understood = understood or len(content.property_column(rule.property).ordinals) > 0
    if not understood:
        raise BadInput(
            f'The filter "{rule.property} {rule.op} {rule.value}" was not understood in the context of '
            f"{content.header.canonical}: it has no such property",
            expression=place,
            tx_issue="vs-invalid",
            message_id="FILTER_NOT_UNDERSTOOD",
        )


def selects_concept(content: Content, concept: Concept, rule: Filter, place: str = "filter") -> bool:
    """True if a filter selects one concept; as `filter_ordinals`, without looking at the others.

    Parameters
    ----------
    place
        FHIRPath of the filter, for messages.

    Raises
    ------
    BadInput
        If the operator is unknown, has no value, or is of a property that the code system does not have.
    """
    _check(content, rule, place)
    ordinal = _ordinal(content, concept.code)
    if rule.op in ("is-a", "descendent-of") and concept.code.isalnum() and rule.value.isalnum():
        # No expressions: the ancestors of one concept tell, whatever rules of its own the system has for many
        named = _ordinal(content, rule.value)
        if named >= 0:
            return _stands(content, rule.op, named, ordinal)
    own = content.filter(rule, place)
    if own is not None:
        at = int(np.searchsorted(own, ordinal))
        return at < len(own) and int(own[at]) == ordinal
    _check_property(content, rule, place)
    if rule.op in _HIERARCHY:
        return _stands(content, rule.op, _ordinal(content, rule.value), ordinal)
    if rule.property == "parent" and rule.op == "=":
        return _stands(content, "child-of", _ordinal(content, rule.value), ordinal)
    if rule.property == "child" and rule.op == "=":
        return _stands(content, "child-of", ordinal, _ordinal(content, rule.value))
    return _property_test(rule)(concept)


def below_test(content: Content, rule: Filter) -> Callable[[int], bool] | None:
    """As `selects_concept`, for the ordinals of listed concepts whose codes are letters and digits; None if more must be asked.

    Returns
    -------
    A test for `is-a` and `descendent-of` of a code that the system lists.
    """
    if rule.op not in ("is-a", "descendent-of") or not rule.value.isalnum() or content.unclosed is not None:
        return None
    named = content.table.ordinal_of(rule.value)
    if named < 0:
        return None
    subsumes, is_itself_below = content.hierarchy.subsumes, rule.op == "is-a"
    return lambda ordinal: is_itself_below if ordinal == named else subsumes(named, ordinal)


def _ordinal(content: Content, code: str) -> int:
    """A code's ordinal, -1 for none; of most systems the table alone knows, at a tenth of the cost."""
    listed = content.table.ordinal_of(code) if content.unclosed is None else -1
    return listed if listed >= 0 else int(content.ordinals_of([code])[0])


def needs_properties(rule: Filter) -> bool:
    """True if `selects_concept` may have to look at more of a concept than its code."""
    return rule.op not in _HIERARCHY and not (rule.property in ("parent", "child") and rule.op == "=")


def _stands(content: Content, operator: str, named: int, ordinal: int) -> bool:
    """True if a concept stands to the named one as a hierarchy operator says."""
    hierarchy = content.hierarchy
    if operator == "is-not-a":
        return named < 0 or not (named == ordinal or hierarchy.subsumes(named, ordinal))
    if named < 0 or ordinal < 0:
        return False
    if operator == "child-of":
        return bool(np.isin(named, hierarchy.parents.of(ordinal)))
    if operator == "generalizes":
        return named == ordinal or hierarchy.subsumes(ordinal, named)
    if operator == "is-a" and named == ordinal:
        return True
    below = hierarchy.subsumes(named, ordinal)
    return below and (operator != "descendent-leaf" or len(hierarchy.children.of(ordinal)) == 0)


def _by_hierarchy(content: Content, operator: str, code: str) -> Ordinals:
    ordinal = content.table.ordinal_of(code)
    if operator == "is-not-a":
        below = content.hierarchy.descendants(ordinal) if ordinal >= 0 else _NOTHING
        return _others(content, np.append(below, np.int32(ordinal)) if ordinal >= 0 else below)
    if ordinal < 0:
        return _NOTHING
    if operator == "child-of":
        return np.sort(content.hierarchy.children.of(ordinal))
    if operator == "generalizes":
        return np.sort(np.append(content.hierarchy.ancestors(ordinal), np.int32(ordinal)))
    below = content.hierarchy.descendants(ordinal)
    if operator == "is-a":
        return np.insert(below, int(np.searchsorted(below, ordinal)), np.int32(ordinal))
    if operator == "descendent-leaf":
        return below[content.hierarchy.is_leaf()[below]]
    return below


def _by_code(content: Content, rule: Filter) -> Ordinals:
    table = content.table
    if rule.op == "exists":
        return np.arange(len(table), dtype=np.int32) if rule.value == "true" else _NOTHING
    if rule.op == "regex":
        return np.flatnonzero(Regex(rule.value).matches_each(table.codes.tolist())).astype(np.int32)
    named = table.ordinals_of(_listed(rule))
    named = np.unique(named[named >= 0]).astype(np.int32)
    return _others(content, named) if rule.op == "not-in" else named


def _listed(rule: Filter) -> list[str]:
    return [rule.value] if rule.op == "=" else [item.strip() for item in rule.value.split(",") if item.strip()]


def _by_property(content: Content, rule: Filter) -> Ordinals:
    column = content.property_column(rule.property)
    if rule.op == "regex":
        return column.where(Regex(rule.value).matches)
    if rule.op == "exists":
        return column.any_value() if rule.value == "true" else _others(content, column.any_value())
    having = column.having(_listed(rule))
    return _others(content, having) if rule.op == "not-in" else having


def _others(content: Content, ordinals: Ordinals) -> Ordinals:
    """All concepts but these, ascending."""
    others = np.ones(len(content.table), dtype=np.bool_)
    others[ordinals] = False
    return np.flatnonzero(others).astype(np.int32)


def _property_test(rule: Filter) -> Callable[[Concept], bool]:
    if rule.op == "exists":
        wanted = rule.value == "true"
        return lambda concept: bool(property_values(concept, rule.property)) == wanted
    if rule.op == "regex":
        pattern = Regex(rule.value)
        return lambda concept: any(pattern.matches(value) for value in property_values(concept, rule.property))
    listed = set(_listed(rule))
    if rule.op == "not-in":
        return lambda concept: not any(value in listed for value in property_values(concept, rule.property))
    return lambda concept: any(value in listed for value in property_values(concept, rule.property))
