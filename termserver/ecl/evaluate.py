"""Tree → set of concepts, over a `Substrate`: masks and arrays, no loop over concepts.

Three points that the specification leaves to the server: a concept that the edition does not have is an error, not an
empty set; `*` stands for the active concepts, and for all where a filter on `active` follows it directly; `^` returns
inactive concepts too, where active rows refer to them.
"""

from __future__ import annotations

from functools import reduce
from typing import NoReturn

import numpy as np

from termserver.ecl.filters import concepts_passing, concepts_with_description, members_passing
from termserver.ecl.printing import print_constraint
from termserver.ecl.refinements import refined, targets
from termserver.ecl.substrate import Mask, Ordinals, Substrate
from termserver.ecl.syntax_tree import (
    AlternateIdentifier,
    BooleanFilter,
    Compound,
    ConceptFilters,
    ConceptReference,
    ConceptSet,
    Constraint,
    DescriptionFilters,
    Dotted,
    Filtered,
    MemberOf,
    Operation,
    Refined,
    Wildcard,
    WithHistory,
)
from termserver.ecl.tokens import EclError

_HISTORICAL_ASSOCIATION = "900000000000522004"
_SAME_AS, _REPLACED_BY, _WAS_A = "900000000000527005", "900000000000526001", "900000000000528000"
_PARTIALLY_EQUIVALENT = "1186924009"
_PROFILES = {
    "MIN": (_SAME_AS,),
    "MOD": (_SAME_AS, _REPLACED_BY, _WAS_A, _PARTIALLY_EQUIVALENT),
}
_ALL_ASSOCIATIONS = (
    _SAME_AS, _REPLACED_BY, _WAS_A, _PARTIALLY_EQUIVALENT,
    "900000000000523009", "900000000000524003", "900000000000525002", "900000000000529008", "900000000000530003",
    "900000000000531004", "1186921001", "734138000", "734139008",
)  # fmt: skip
_TARGET = "targetComponentId"


def evaluate(constraint: Constraint, substrate: Substrate, *, text: str | None = None) -> Mask:
    """The concepts that a constraint selects.

    Parameters
    ----------
    text
        What the writer wrote, for messages.

    Raises
    ------
    EclError
        If it names a concept, a dialect or an identifier scheme that the edition does not have.
    """
    return Evaluator(substrate, text or print_constraint(constraint)).mask(constraint)


class Evaluator:
    """Evaluates the constraints of one text against one edition."""

    def __init__(self, substrate: Substrate, text: str) -> None:
        self.substrate = substrate
        self._text = text

    def mask(self, constraint: Constraint) -> Mask:
        """The set that a constraint selects; the caller must not change it."""
        match constraint:
            case ConceptReference(code):
                return self._of(self.ordinals([code]))
            case AlternateIdentifier(scheme, code):
                return self._identified(scheme, code)
            case Wildcard():
                return self.substrate.everything()
            case Operation(operator, operand):
                return self._operation(operator, self.mask(operand))
            case MemberOf():
                return self._members(constraint)
            case Compound(operator, operands):
                return self._compound(operator, [self.mask(one) for one in operands])
            case Dotted(focus, attributes):
                return reduce(lambda found, name: targets(self, found, name), attributes, self.mask(focus))
            case Refined(focus, refinement):
                found = self.mask(focus)
                return found & refined(self, refinement) if found.any() else found
            case Filtered():
                return self._filtered(constraint)
            case WithHistory():
                return self._with_history(constraint)

    def concept_set(self, value: Constraint | ConceptSet) -> Mask:
        """The set of a constraint, or of concepts listed."""
        if isinstance(value, ConceptSet):
            return self._of(self.ordinals([one.code for one in value.concepts]))
        return self.mask(value)

    def ordinals(self, codes: list[str]) -> Ordinals:
        """Ordinals of concepts that must be there."""
        found = self.substrate.ordinals_of(codes)
        missing = [code for code, ordinal in zip(codes, found.tolist(), strict=True) if ordinal < 0]
        if missing:
            self.fail(f"the concept {missing[0]} is not in this edition")
        return found

    def fail(self, reason: str) -> NoReturn:
        """Say why the constraint cannot be evaluated.

        Raises
        ------
        EclError
            Always.
        """
        raise EclError(reason, self._text)

    def _of(self, ordinals: Ordinals) -> Mask:
        found = np.zeros(len(self.substrate), dtype=np.bool_)
        found[ordinals] = True
        return found

    def _identified(self, scheme: str, code: str) -> Mask:
        ordinals = self.substrate.identified(scheme, code)
        if not len(ordinals):
            self.fail(f"no concept of this edition has the identifier {scheme}#{code}")
        return self._of(ordinals)

    def _operation(self, operator: str, operand: Mask) -> Mask:
        substrate = self.substrate
        match operator:
            case "<":
                return substrate.descendants(operand)
            case "<<":
                return substrate.descendants(operand) | operand
            case "<!":
                return substrate.children(operand)
            case "<<!":
                return substrate.children(operand) | operand
            case ">":
                return substrate.ancestors(operand)
            case ">>":
                return substrate.ancestors(operand) | operand
            case ">!":
                return substrate.parents(operand)
            case ">>!":
                return substrate.parents(operand) | operand
            case "!!>":
                return operand & ~substrate.descendants(operand)
            case _:
                return operand & ~substrate.ancestors(operand)

    @staticmethod
    def _compound(operator: str, operands: list[Mask]) -> Mask:
        if operator == "AND":
            return reduce(np.logical_and, operands)
        if operator == "OR":
            return reduce(np.logical_or, operands)
        return operands[0] & ~operands[1]

    def _filtered(self, constraint: Filtered) -> Mask:
        concept_filters = [
            one for group in constraint.filters if isinstance(group, ConceptFilters) for one in group.filters
        ]
        asks_for_activity = any(isinstance(one, BooleanFilter) for one in concept_filters)
        if isinstance(constraint.operand, Wildcard) and asks_for_activity:
            found = np.ones(len(self.substrate), dtype=np.bool_)
        else:
            found = self.mask(constraint.operand)
        for group in constraint.filters:
            if isinstance(group, DescriptionFilters):
                found = found & concepts_with_description(self, group.filters)
            else:
                found = found & concepts_passing(self, group.filters)
        return found

    # -------------------------------------------------------------- reference sets

    def _members(self, constraint: MemberOf) -> Mask:
        members = self.substrate.members
        rows = members_passing(self, constraint)
        if not constraint.fields:
            return self._of(members.component[rows])
        found = np.zeros(len(self.substrate), dtype=np.bool_)
        if "*" in constraint.fields or "referencedComponentId" in constraint.fields:
            found[members.component[rows]] = True
        chosen = members.fields if "*" in constraint.fields else constraint.fields
        for field in chosen:
            found |= self._field_values(field, rows)
        return found

    def _field_values(self, field: str, rows: Mask) -> Mask:
        members = self.substrate.members
        if field not in members.fields:
            return np.zeros(len(self.substrate), dtype=np.bool_)
        cells = (members.cell_field == members.fields.index(field)) & rows[members.cell_member]
        ordinals = members.values.ordinals[members.cell_value[cells]]
        return self._of(ordinals[ordinals >= 0])

    def _with_history(self, constraint: WithHistory) -> Mask:
        found = self.mask(constraint.operand)
        members = self.substrate.members
        if _TARGET not in members.fields:
            return found
        refsets = self._associations(constraint)
        rows = refsets[members.refset] & members.active & ~self.substrate.active[members.component]
        of_target = members.cell_field == members.fields.index(_TARGET)
        target = members.values.ordinals[members.cell_value]
        cells = of_target & rows[members.cell_member] & (target >= 0)
        cells[cells] = found[target[cells]]
        return found | self._of(members.component[members.cell_member[cells]])

    def _associations(self, constraint: WithHistory) -> Mask:
        if constraint.subset is not None:
            return self.mask(constraint.subset)
        known = _PROFILES.get(constraint.profile or "MAX", (*_ALL_ASSOCIATIONS, _HISTORICAL_ASSOCIATION))
        ordinals = self.substrate.ordinals_of(known)
        found = self._of(ordinals[ordinals >= 0])
        return found if constraint.profile in _PROFILES else found | self.substrate.descendants(found)
