"""The normal form of a concept: its proximal primitive supertypes and its attributes in their role groups.

Source: SNOMED CT Technical Implementation Guide, "Normal forms"; FHIR R5 "Using SNOMED CT with HL7 Standards".
"""

from __future__ import annotations

from termserver.ecl.expressions import AttributeValues, ConcreteValue, Expression, ExpressionValue, print_expression
from termserver.model.code_system import Concept, ConceptProperty
from termserver.terminology.content import StoredContent


def normal_form(edition: StoredContent, concept: Concept) -> Expression:
    """The concept as an expression of primitive concepts and attributes."""
    groups: dict[int, list[tuple[str, ExpressionValue]]] = {}
    for item in concept.properties:
        if item.group is not None:
            groups.setdefault(item.group, []).append((item.code, _value(item)))
    is_defined = any(item.code == "sufficientlyDefined" and item.value is True for item in concept.properties)
    return Expression(
        _primitive_supertypes(edition, concept) or (concept.code,),
        tuple(AttributeValues(number > 0, tuple(groups[number])) for number in sorted(groups)),
        is_defined,
    )


def print_normal_form(edition: StoredContent, form: Expression, *, with_terms: bool) -> str:
    """The form as text, its definition status before it."""
    table = edition.table
    text = print_expression(form, lambda code: table.displays_of([code])[0] if with_terms else None)
    return f"==={text}" if form.is_equivalent else text


def _value(item: ConceptProperty) -> ExpressionValue:
    if item.kind == "code":
        return str(item.value)
    if item.kind in ("integer", "decimal"):
        return ConcreteValue(str(item.value), f"#{item.value}")
    return ConcreteValue(str(item.value), f'"{item.value}"')


def _primitive_supertypes(edition: StoredContent, concept: Concept) -> tuple[str, ...]:
    """The nearest primitive concepts above, without those that stand above another of them."""
    table, hierarchy, attributes = edition.table, edition.hierarchy, edition.index.attributes
    if attributes is None:
        return concept.parents
    found: set[int] = set()
    waiting = [int(ordinal) for ordinal in table.ordinals_of(concept.parents) if ordinal >= 0]
    seen = set(waiting)
    while waiting:
        ordinal = waiting.pop()
        if not attributes.defined[ordinal]:
            found.add(ordinal)
            continue
        above = [one for one in hierarchy.parents.of(ordinal).tolist() if one not in seen]
        seen.update(above)
        waiting += above
    nearest = [
        one for one in sorted(found) if not any(hierarchy.subsumes(one, other) for other in found if other != one)
    ]
    return tuple(table.code_of(one) for one in nearest)
