"""The filters that SNOMED CT has in value sets, over the arrays of an edition.

Source: FHIR R5 "Using SNOMED CT with HL7 Standards": `constraint` (R4 also `expression`), `concept` with reference sets,
`expressions`, every attribute by its identifier.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.evaluate import evaluate
from termserver.ecl.parser import parse
from termserver.ecl.substrate import Mask, Substrate
from termserver.errors import BadInput
from termserver.index.kept_masks import KeptMasks
from termserver.model.value_set import Filter

Ordinals = NDArray[np.int32]

_CONSTRAINTS = {"constraint", "expression", "ecl"}
_CODES = {"concept", "code"}
_REFERENCE_SET = "900000000000455006"


def select(
    edition: Substrate | None, listed: int, rule: Filter, place: str, kept: KeptMasks | None = None
) -> Ordinals | None:
    """Ordinals that a filter selects, ascending; None if it is none of SNOMED CT's own.

    Parameters
    ----------
    listed
        Number of concepts of the edition: what stands behind them are expressions.
    place
        FHIRPath of the filter, for messages.
    kept
        What constraints selected before; None where expressions stand behind the concepts.

    Raises
    ------
    EclError
        If a constraint cannot be read, or names what the edition does not have.
    BadInput
        If an operator cannot be used with the property.
    """
    if edition is None:
        return None
    if rule.property in _CONSTRAINTS:
        _need_operator(rule, ("=",), place)
        return _ordinals(_constrained(edition, rule.value, kept))
    if rule.property == "expressions":
        _need_operator(rule, ("=",), place)
        if rule.value not in ("true", "false"):
            raise BadInput(
                f"The filter 'expressions' is true or false, not '{rule.value}'", expression=f"{place}.value"
            )
        return np.arange(len(edition) if rule.value == "true" else listed, dtype=np.int32)
    found = _selected(edition, rule)
    return None if found is None else _ordinals(found)


def _constrained(edition: Substrate, text: str, kept: KeptMasks | None) -> Mask:
    def found() -> Mask:
        return evaluate(parse(text), edition, text=text)

    return found() if kept is None else kept.get_or_find(text, found)


def _need_operator(rule: Filter, operators: tuple[str, ...], place: str) -> None:
    if rule.op not in operators:
        raise BadInput(
            f"The filter '{rule.property}' of SNOMED CT has the operator {' or '.join(operators)}, not '{rule.op}'",
            expression=f"{place}.op",
            tx_issue="vs-invalid",
        )


def _selected(edition: Substrate, rule: Filter) -> Mask | None:
    if rule.property in _CODES and rule.op == "in" and rule.value == "*":
        return reference_sets(edition)
    if rule.property in _CODES and rule.op == "in" and names_reference_set(edition, rule.value):
        return _members(edition, rule.value)
    if rule.property == "moduleId" and rule.op in ("=", "in"):
        modules = _mask_of(edition, _listed(rule))
        return (edition.module >= 0) & modules[edition.module]
    if rule.property == "sufficientlyDefined" and rule.op == "=":
        return edition.defined if rule.value == "true" else ~edition.defined
    if rule.property == "inactive" and rule.op == "=":
        return ~edition.active if rule.value == "true" else edition.active
    if rule.property.isdigit() and rule.op in ("=", "in", "not-in", "exists"):
        return _with_attribute(edition, rule)
    return None


def _with_attribute(edition: Substrate, rule: Filter) -> Mask:
    """Concepts with an attribute; its value is a concept, a number or a text. A reference set is no attribute."""
    rows = edition.relationships
    kind = int(edition.ordinals_of([rule.property])[0])
    chosen = rows.kind == kind if kind >= 0 else np.zeros(len(rows.kind), dtype=np.bool_)
    if rule.op != "exists":
        fits = (rows.target >= 0) & _mask_of(edition, _listed(rule))[rows.target]
        for text in _listed(rule):
            concrete = rows.values.texts.like(text.removeprefix("#").replace("*", "\\*"))
            fits |= (rows.value >= 0) & np.append(concrete, False)[rows.value]
        chosen = chosen & fits
    found = np.zeros(len(edition), dtype=np.bool_)
    found[rows.source[chosen]] = True
    is_wanted = rule.op in ("=", "in") or (rule.op == "exists" and rule.value == "true")
    return found if is_wanted else ~found


def names_reference_set(edition: Substrate, code: str) -> bool:
    """True if the code is that of a reference set: it has members, or stands below `Reference set`."""
    ordinal = int(edition.ordinals_of([code])[0])
    return ordinal >= 0 and (bool((edition.members.refset == ordinal).any()) or bool(reference_sets(edition)[ordinal]))


def reference_sets(edition: Substrate) -> Mask:
    """All reference sets: concepts below `Reference set`, and whatever has members."""
    found = edition.descendants(_mask_of(edition, [_REFERENCE_SET]))
    refsets = edition.members.refset
    found = found.copy()
    found[refsets[refsets >= 0]] = True
    return found


def _members(edition: Substrate, code: str) -> Mask:
    members = edition.members
    found = np.zeros(len(edition), dtype=np.bool_)
    of_set = members.refset == int(edition.ordinals_of([code])[0])
    found[members.component[of_set & members.active]] = True
    return found


def _listed(rule: Filter) -> list[str]:
    return [rule.value] if rule.op == "=" else [item.strip() for item in rule.value.split(",") if item.strip()]


def _mask_of(edition: Substrate, codes: list[str]) -> Mask:
    ordinals = edition.ordinals_of(codes)
    found = np.zeros(len(edition), dtype=np.bool_)
    found[ordinals[ordinals >= 0]] = True
    return found


def _ordinals(found: Mask) -> Ordinals:
    return np.flatnonzero(found).astype(np.int32)
