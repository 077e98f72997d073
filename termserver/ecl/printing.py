"""Tree → text in the brief syntax; `parse` of the text gives the tree again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from termserver.ecl.syntax_tree import (
    AlternateIdentifier,
    Attribute,
    AttributeGroup,
    BooleanFilter,
    Cardinality,
    Compound,
    ConceptFilters,
    ConceptReference,
    ConceptSet,
    ConceptValueFilter,
    Constraint,
    DescriptionFilters,
    Dialect,
    DialectFilter,
    Dotted,
    Filtered,
    MemberFilters,
    MemberOf,
    NumberFilter,
    NumberValue,
    Operation,
    Refined,
    Refinement,
    RefinementSet,
    SearchTerm,
    SearchTerms,
    TermFilter,
    TextFilter,
    TimeFilter,
    Wildcard,
    WithHistory,
    WordFilter,
)

_AnyFilter = (
    TermFilter
    | WordFilter
    | ConceptValueFilter
    | DialectFilter
    | TimeFilter
    | BooleanFilter
    | NumberFilter
    | TextFilter
)
# In quotation marks it would read as a search term where an attribute's value stands
_BARE_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9-]*#[A-Za-z0-9._-]+")
_ATOMS = (ConceptReference, AlternateIdentifier, Wildcard)
_OPERANDS = (*_ATOMS, Operation, MemberOf)


def print_constraint(constraint: Constraint) -> str:
    """The constraint as text.

    >>> print_constraint(Operation("<<", ConceptReference("404684003", "Clinical finding")))
    '<< 404684003 |Clinical finding|'
    """
    match constraint:
        case ConceptReference(code, term):
            return _with_term(code, term)
        case AlternateIdentifier(scheme, code, term):
            bare = f"{scheme}#{code}"
            return _with_term(bare if _BARE_IDENTIFIER.fullmatch(bare) else f'"{bare}"', term)
        case Wildcard():
            return "*"
        case Operation(operator, operand):
            return f"{operator} {_within(operand, (*_ATOMS, MemberOf))}"
        case MemberOf(operand, fields, filters):
            chosen = f"[{', '.join(fields)}] " if fields else ""
            return _joined(f"^ {chosen}{_within(operand, _ATOMS)}", filters)
        case Compound(operator, operands):
            return f" {operator} ".join(_operand(item) for item in operands)
        case Dotted(focus, attributes):
            return " . ".join(_operand(item) for item in (focus, *attributes))
        case Refined(focus, refinement):
            return f"{_operand(focus)} : {_refinement(refinement)}"
        case Filtered(operand, filters):
            return _joined(_within(operand, _OPERANDS), filters)
        case WithHistory(operand, profile, subset):
            suffix = f"-{profile}" if profile else f" ({print_constraint(subset)})" if subset else ""
            return f"{_within(operand, (*_OPERANDS, Filtered))} {{{{ + HISTORY{suffix} }}}}"


def _with_term(code: str, term: str | None) -> str:
    return code if term is None else f"{code} |{term}|"


def _within(constraint: Constraint, bare: tuple[type, ...]) -> str:
    """In brackets, unless it is of a kind that may stand here without."""
    text = print_constraint(constraint)
    return text if isinstance(constraint, bare) else f"({text})"


def _operand(constraint: Constraint) -> str:
    return _within(constraint, (*_OPERANDS, Filtered, WithHistory))


def _joined(text: str, filters: Sequence[DescriptionFilters | ConceptFilters | MemberFilters]) -> str:
    return " ".join((text, *(_filters(item) for item in filters)))


# ------------------------------------------------------------------ refinements


def _refinement(refinement: Refinement) -> str:
    match refinement:
        case Attribute(name, comparison, value, cardinality, reverse):
            flag = "R " if reverse else ""
            return f"{_cardinality(cardinality)}{flag}{_operand(name)} {comparison} {_value(value)}"
        case AttributeGroup(attributes, cardinality):
            return f"{_cardinality(cardinality)}{{ {_refinement(attributes)} }}"
        case RefinementSet(operator, parts):
            joint = ", " if operator == "AND" else f" {operator} "
            return joint.join(
                f"({_refinement(part)})" if isinstance(part, RefinementSet) else _refinement(part) for part in parts
            )


def _cardinality(cardinality: Cardinality | None) -> str:
    if cardinality is None:
        return ""
    return f"[{cardinality.least}..{'*' if cardinality.most is None else cardinality.most}] "


def _value(value: Constraint | NumberValue | SearchTerms | bool) -> str:
    match value:
        case bool():
            return str(value).lower()
        case NumberValue(text):
            return f"#{text}"
        case SearchTerms(terms, is_set):
            return _set([_search_term(term) for term in terms], is_set=is_set)
        case _:
            return _operand(value)


def _search_term(term: SearchTerm) -> str:
    return f'"{term.text}"' if term.kind == "match" else f'{term.kind}:"{term.text}"'


def _set(texts: Sequence[str], *, is_set: bool) -> str:
    return f"({' '.join(texts)})" if is_set else texts[0]


# ------------------------------------------------------------------ filters


def _filters(filters: DescriptionFilters | ConceptFilters | MemberFilters) -> str:
    letter = {DescriptionFilters: "D", ConceptFilters: "C", MemberFilters: "M"}[type(filters)]
    listed: Sequence[_AnyFilter] = filters.filters
    return f"{{{{ {letter} {', '.join(_filter(item) for item in listed)} }}}}"


def _filter(item: _AnyFilter) -> str:
    match item:
        case TermFilter(comparison, terms):
            return f"term {comparison} {_value(terms)}"
        case TextFilter(field, comparison, terms):
            return f"{field} {comparison} {_value(terms)}"
        case WordFilter(field, comparison, words, is_set):
            return f"{field} {comparison} {_set(words, is_set=is_set)}"
        case ConceptValueFilter(field, comparison, value):
            return f"{field} {comparison} {_concepts(value)}"
        case DialectFilter(comparison, dialects, acceptability, is_set):
            name = "dialect" if all(isinstance(one.name, str) for one in dialects) else "dialectId"
            texts = [_dialect(one) for one in dialects]
            return f"{name} {comparison} {_set(texts, is_set=is_set)}{_acceptability(acceptability)}"
        case TimeFilter(field, comparison, days, is_set):
            quoted = [f'"{day}"' for day in days]
            return f"{field} {comparison} {_set(quoted, is_set=is_set)}"
        case BooleanFilter(field, comparison, flag):
            return f"{field} {comparison} {str(flag).lower()}"
        case NumberFilter(field, comparison, number):
            return f"{field} {comparison} #{number.text}"


def _concepts(value: Constraint | ConceptSet) -> str:
    if isinstance(value, ConceptSet):
        return f"({' '.join(print_constraint(one) for one in value.concepts)})"
    return _operand(value)


def _dialect(dialect: Dialect) -> str:
    name = dialect.name if isinstance(dialect.name, str) else _operand(dialect.name)
    return f"{name}{_acceptability(dialect.acceptability)}"


def _acceptability(words: Sequence[str]) -> str:
    return f" ({' '.join(words)})" if words else ""
