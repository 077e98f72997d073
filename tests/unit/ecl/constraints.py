"""Any constraint, for properties that must hold for all of them."""

from __future__ import annotations

from hypothesis import strategies as st

from termserver.ecl.syntax_tree import (
    OPERATORS,
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

EQUALITY = st.sampled_from(["=", "!="])
ORDER = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
codes = st.integers(100_000, 10**18 - 1).map(str)
terms = st.none() | st.text("abcäøþ (),-{}", min_size=1, max_size=12).map(str.strip).filter(bool)
concepts = st.builds(ConceptReference, codes, terms)
identifiers = st.builds(AlternateIdentifier, st.sampled_from(["LOINC", "x-1"]), st.text("aB1-._", min_size=1), terms)
numbers = st.builds(NumberValue, st.from_regex(r"\A-?[0-9]{1,4}(\.[0-9]{1,3})?\Z"))
written = st.text('abä* "\\', min_size=1, max_size=8).map(lambda text: text.replace("\\", "").replace('"', '\\"'))
search_term = st.builds(SearchTerm, written.filter(str.strip), st.sampled_from(["match", "wild"]))
search_terms = st.builds(lambda one: SearchTerms((one,)), search_term) | st.builds(
    lambda many: SearchTerms(tuple(many), is_set=True), st.lists(search_term, min_size=1, max_size=3)
)
days = st.lists(st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8)), min_size=1, max_size=3)
fields = st.sampled_from(["mapTarget", "mapPriority", "targetComponentId", "valueId"])


def _plural(kind: type, *first: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A filter on one value, or on several in brackets."""
    *heads, values = first
    return st.builds(lambda *given: kind(*given[:-1], tuple(given[-1]), len(given[-1]) > 1), *heads, values)


def _words(field: str, known: list[str]) -> st.SearchStrategy[object]:
    return _plural(WordFilter, st.just(field), EQUALITY, st.lists(st.sampled_from(known), min_size=1, max_size=3))


acceptability = st.lists(st.sampled_from(["prefer", "accept", "900000000000548007"]), max_size=2).map(tuple)


def _common(inner: st.SearchStrategy[Constraint]) -> st.SearchStrategy[object]:
    several = st.lists(concepts, min_size=2, max_size=3).map(lambda many: ConceptSet(tuple(many)))
    return st.one_of(
        st.builds(ConceptValueFilter, st.just("moduleId"), EQUALITY, inner | several),
        _plural(TimeFilter, st.just("effectiveTime"), ORDER, days),
        st.builds(BooleanFilter, st.just("active"), EQUALITY, st.booleans()),
    )


def _description_filters(inner: st.SearchStrategy[Constraint]) -> st.SearchStrategy[object]:
    aliases = st.builds(Dialect, st.sampled_from(["en-gb", "sv-se"]), acceptability)
    return st.one_of(
        _common(inner),
        st.builds(TermFilter, EQUALITY, search_terms),
        _words("language", ["en", "sv"]),
        _words("type", ["syn", "fsn", "def"]),
        _words("id", ["12345678", "1"]),
        st.builds(ConceptValueFilter, st.just("typeId"), EQUALITY, inner),
        st.builds(lambda sign, one: DialectFilter(sign, (Dialect(one.name),), one.acceptability), EQUALITY, aliases),
        st.builds(
            lambda sign, many: DialectFilter(sign, tuple(many), (), is_set=True),
            EQUALITY,
            st.lists(aliases, min_size=1, max_size=3),
        ),
        st.builds(lambda sign, one, words: DialectFilter(sign, (Dialect(one),), words), EQUALITY, inner, acceptability),
    )


def _member_filters(inner: st.SearchStrategy[Constraint]) -> st.SearchStrategy[object]:
    return st.one_of(
        _common(inner),
        st.builds(TextFilter, fields, EQUALITY, search_terms),
        st.builds(NumberFilter, fields, ORDER, numbers),
        st.builds(BooleanFilter, fields, EQUALITY, st.booleans()),
        st.builds(ConceptValueFilter, fields, EQUALITY, inner),
        _plural(TimeFilter, fields, st.sampled_from(["<", ">="]), days),
    )


def _listed(kind: type, one: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(one, min_size=1, max_size=3).map(lambda many: kind(tuple(many)))


def _refinements(inner: st.SearchStrategy[Constraint]) -> st.SearchStrategy[object]:
    cardinality = st.none() | st.builds(
        lambda least, more: Cardinality(least, None if more is None else least + more),
        st.integers(0, 5),
        st.none() | st.integers(0, 5),
    )
    attribute = st.one_of(
        st.builds(Attribute, inner, EQUALITY, inner, cardinality, st.booleans()),
        st.builds(Attribute, inner, ORDER, numbers, cardinality),
        st.builds(Attribute, inner, EQUALITY, search_terms | st.booleans(), cardinality),
    )

    def joined(part: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        several = st.lists(part, min_size=2, max_size=3).map(tuple)
        return st.builds(RefinementSet, st.sampled_from(["AND", "OR"]), several)

    in_group = st.recursive(attribute, joined, max_leaves=4)
    group = st.builds(AttributeGroup, in_group, cardinality)
    return st.recursive(attribute | group, joined, max_leaves=4)


def _larger(inner: st.SearchStrategy[Constraint]) -> st.SearchStrategy[Constraint]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    chosen = st.lists(fields, max_size=2).map(tuple) | st.just(("*",))
    filters = _listed(DescriptionFilters, _description_filters(inner)) | _listed(ConceptFilters, _common(inner))
    return st.one_of(
        st.builds(Operation, st.sampled_from(OPERATORS), inner),
        st.builds(
            MemberOf, inner, chosen, st.lists(_listed(MemberFilters, _member_filters(inner)), max_size=2).map(tuple)
        ),
        st.builds(Compound, st.sampled_from(["AND", "OR"]), several),
        st.builds(lambda one, other: Compound("MINUS", (one, other)), inner, inner),
        st.builds(Dotted, inner, st.lists(inner, min_size=1, max_size=2).map(tuple)),
        st.builds(Refined, inner, _refinements(inner)),
        st.builds(Filtered, inner, st.lists(filters, min_size=1, max_size=2).map(tuple)),
        st.builds(WithHistory, inner, st.sampled_from([None, "MIN", "MOD", "MAX"])),
        st.builds(lambda one, subset: WithHistory(one, None, subset), inner, inner),
    )


constraints: st.SearchStrategy[Constraint] = st.recursive(
    concepts | st.just(Wildcard()) | identifiers, _larger, max_leaves=6
)
