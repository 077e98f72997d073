"""The filters of a constraint as masks over descriptions, concepts and reference set members."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from termserver.ecl.comparison import COMPARISONS
from termserver.ecl.dialects import DIALECTS
from termserver.ecl.search_terms import plain_text
from termserver.ecl.substrate import ACCEPTABLE, DEFINITION, FSN, PREFERRED, SYNONYM, Mask, Members, Ordinals, Texts
from termserver.ecl.syntax_tree import (
    BooleanFilter,
    ConceptFilter,
    ConceptSet,
    ConceptValueFilter,
    Constraint,
    DescriptionFilter,
    Dialect,
    DialectFilter,
    MemberFilter,
    MemberOf,
    NumberFilter,
    SearchTerms,
    TermFilter,
    TextFilter,
    TimeFilter,
    Wildcard,
    WordFilter,
)

if TYPE_CHECKING:
    from termserver.ecl.evaluate import Evaluator

_KINDS = {"fsn": FSN, "syn": SYNONYM, "def": DEFINITION}
_KIND_CONCEPTS = {FSN: "900000000000003001", SYNONYM: "900000000000013009", DEFINITION: "900000000000550004"}
_ACCEPTABILITY = {
    "prefer": PREFERRED, "900000000000548007": PREFERRED, "accept": ACCEPTABLE, "900000000000549004": ACCEPTABLE,
}  # fmt: skip
_STATUS_CONCEPTS = {True: "900000000000073002", False: "900000000000074008"}


def texts_found(texts: Texts, terms: SearchTerms) -> Mask:
    """Shape (len(texts),): True where one of the terms is found."""
    found = [
        texts.like(term.text) if term.kind == "wild" else texts.matching(plain_text(term.text)) for term in terms.terms
    ]
    return reduce(np.logical_or, found)


# ------------------------------------------------------------------ descriptions


def concepts_with_description(evaluator: Evaluator, filters: Sequence[DescriptionFilter]) -> Mask:
    """Concepts of which one description passes all filters; an active one, unless they ask otherwise."""
    descriptions = evaluator.substrate.descriptions
    passing = [_descriptions_passing(evaluator, one) for one in filters]
    if not any(isinstance(one, BooleanFilter) for one in filters):
        passing.append(descriptions.active)
    found = np.zeros(len(evaluator.substrate), dtype=np.bool_)
    found[descriptions.owner[reduce(np.logical_and, passing)]] = True
    return found


def _descriptions_passing(evaluator: Evaluator, item: DescriptionFilter) -> Mask:
    descriptions = evaluator.substrate.descriptions
    match item:
        case TermFilter(comparison, terms):
            return _agreeing(comparison, texts_found(descriptions.texts, terms))
        case WordFilter(field, comparison, words):
            return _agreeing(comparison, _with_word(evaluator, field, words))
        case ConceptValueFilter("typeId", comparison, value):
            return _agreeing(comparison, _of_kind(evaluator, value))
        case ConceptValueFilter(_, comparison, value):
            return _agreeing(comparison, _within(descriptions.module, evaluator.concept_set(value)))
        case DialectFilter():
            return _agreeing(item.comparison, _in_dialect(evaluator, item))
        case TimeFilter():
            return _at_time(descriptions.effective_time, item)
        case BooleanFilter(_, comparison, wanted):
            return _agreeing("=" if wanted == (comparison == "=") else "!=", descriptions.active)


def _agreeing(comparison: str, found: Mask) -> Mask:
    return found if comparison == "=" else ~found


def _within(ordinals: Ordinals, concepts: Mask) -> Mask:
    """Shape of `ordinals`: True where the concept is in the set; unknown concepts are in none."""
    found: Mask = (ordinals >= 0) & concepts[ordinals]
    return found


def _with_word(evaluator: Evaluator, field: str, words: Sequence[str]) -> Mask:
    descriptions = evaluator.substrate.descriptions
    if field == "language":
        return np.isin(descriptions.language, [word.encode() for word in words])
    if field == "id":
        return np.isin(descriptions.number, [int(word[:18]) for word in words])
    return np.isin(descriptions.kind, [_KINDS[word] for word in words])


def _of_kind(evaluator: Evaluator, value: Constraint | ConceptSet) -> Mask:
    wanted = evaluator.concept_set(value)
    ordinals = evaluator.substrate.ordinals_of(list(_KIND_CONCEPTS.values())).tolist()
    kinds = [kind for kind, ordinal in zip(_KIND_CONCEPTS, ordinals, strict=True) if ordinal >= 0 and wanted[ordinal]]
    return np.isin(evaluator.substrate.descriptions.kind, kinds)


def _in_dialect(evaluator: Evaluator, item: DialectFilter) -> Mask:
    descriptions = evaluator.substrate.descriptions
    found = np.zeros(len(descriptions.owner), dtype=np.bool_)
    for dialect in item.dialects:
        places = _within(descriptions.place_refset, _dialect_refsets(evaluator, dialect))
        words = dialect.acceptability or item.acceptability
        if words:
            wanted = [_acceptability(evaluator, word) for word in words]
            places = places & np.isin(descriptions.place_acceptability, wanted)
        found[descriptions.place_description[places]] = True
    return found


def _acceptability(evaluator: Evaluator, word: str) -> int:
    if word not in _ACCEPTABILITY:
        evaluator.fail(f"{word} is no acceptability: 900000000000548007 is preferred, 900000000000549004 acceptable")
    return _ACCEPTABILITY[word]


def _dialect_refsets(evaluator: Evaluator, dialect: Dialect) -> Mask:
    if not isinstance(dialect.name, str):
        return evaluator.mask(dialect.name)
    if dialect.name not in DIALECTS:
        evaluator.fail(f"the dialect '{dialect.name}' is not known; give dialectId instead")
    found = np.zeros(len(evaluator.substrate), dtype=np.bool_)
    ordinals = evaluator.substrate.ordinals_of([DIALECTS[dialect.name]])
    found[ordinals[ordinals >= 0]] = True
    return found


# ------------------------------------------------------------------ concepts


def concepts_passing(evaluator: Evaluator, filters: Sequence[ConceptFilter]) -> Mask:
    """Concepts that pass all filters."""
    return reduce(np.logical_and, (_concepts_passing_one(evaluator, one) for one in filters))


def _concepts_passing_one(evaluator: Evaluator, item: ConceptFilter) -> Mask:
    substrate = evaluator.substrate
    match item:
        case WordFilter(_, comparison, words):
            found = np.isin(substrate.defined, [word == "defined" for word in words])
            return _agreeing(comparison, found)
        case ConceptValueFilter("definitionStatusId", comparison, value):
            return _agreeing(comparison, _with_status(evaluator, value))
        case ConceptValueFilter(_, comparison, value):
            return _agreeing(comparison, _within(substrate.module, evaluator.concept_set(value)))
        case TimeFilter():
            return _at_time(substrate.effective_time, item)
        case BooleanFilter(_, comparison, wanted):
            return _agreeing("=" if wanted == (comparison == "=") else "!=", substrate.active)


def _with_status(evaluator: Evaluator, value: Constraint | ConceptSet) -> Mask:
    wanted = evaluator.concept_set(value)
    ordinals = evaluator.substrate.ordinals_of(list(_STATUS_CONCEPTS.values())).tolist()
    pairs = zip(_STATUS_CONCEPTS, ordinals, strict=True)
    return np.isin(evaluator.substrate.defined, [is_defined for is_defined, at in pairs if at >= 0 and wanted[at]])


def _at_time(times: NDArray[np.int32], item: TimeFilter) -> Mask:
    """`=` any of the days; any other comparison must hold for each."""
    each = [COMPARISONS[item.comparison](times, int(day)) for day in item.days]
    return reduce(np.logical_or if item.comparison == "=" else np.logical_and, each)


# ------------------------------------------------------------------ members


def members_passing(evaluator: Evaluator, constraint: MemberOf) -> Mask:
    """Shape (n_members,): rows of the reference sets that pass all filters; active ones, unless these ask otherwise."""
    members = evaluator.substrate.members
    if isinstance(constraint.operand, Wildcard):
        passing = [np.ones(len(members.refset), dtype=np.bool_)]
    else:
        passing = [_within(members.refset, evaluator.mask(constraint.operand))]
    every = [one for group in constraint.filters for one in group.filters]
    if not any(isinstance(one, BooleanFilter) and one.field == "active" for one in every):
        passing.append(members.active)
    passing += [_members_passing_one(evaluator, members, one) for one in every]
    return reduce(np.logical_and, passing)


def _members_passing_one(evaluator: Evaluator, members: Members, item: MemberFilter) -> Mask:
    match item:
        case ConceptValueFilter("moduleId", comparison, value):
            return _agreeing(comparison, _within(members.module, evaluator.concept_set(value)))
        case TimeFilter("effectiveTime"):
            return _at_time(members.effective_time, item)
        case BooleanFilter("active", comparison, wanted):
            return _agreeing("=" if wanted == (comparison == "=") else "!=", members.active)
        case ConceptValueFilter("referencedComponentId", comparison, value):
            return _agreeing(comparison, evaluator.concept_set(value)[members.component])
        case _:
            return _with_cell(evaluator, members, item)


def _with_cell(evaluator: Evaluator, members: Members, item: MemberFilter) -> Mask:
    """Rows that have the column, with a value that the filter accepts."""
    found = np.zeros(len(members.refset), dtype=np.bool_)
    if item.field not in members.fields:
        evaluator.fail(f"no reference set of this edition has the column '{item.field}'")
    accepted = _accepted_values(evaluator, members, item)
    cells = (members.cell_field == members.fields.index(item.field)) & accepted[members.cell_value]
    found[members.cell_member[cells]] = True
    return found


def _accepted_values(evaluator: Evaluator, members: Members, item: MemberFilter) -> Mask:
    """Shape (n_values,)."""
    values = members.values
    match item:
        case TextFilter(_, comparison, terms):
            return _agreeing(comparison, texts_found(values.texts, terms))
        case ConceptValueFilter(_, comparison, value):
            return _agreeing(comparison, _within(values.ordinals, evaluator.concept_set(value)))
        case NumberFilter(_, comparison, number):
            found: Mask = COMPARISONS[comparison](values.numbers, float(number.text)) & ~np.isnan(values.numbers)
            return found
        case BooleanFilter(_, comparison, wanted):
            yes = values.texts.like("true") | values.texts.like("1")
            no = values.texts.like("false") | values.texts.like("0")
            return yes if wanted == (comparison == "=") else no
        case TimeFilter():
            days = np.nan_to_num(values.numbers, nan=0.0).astype(np.int64)
            return _at_time(np.where(days < 99999999, days, 0).astype(np.int32), item) & ~np.isnan(values.numbers)
