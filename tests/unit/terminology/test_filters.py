"""A filter selects the same concepts whether it is asked for all of them or for one."""

import pytest

from termserver.errors import BadInput
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.value_set import Filter
from termserver.terminology.content import BroughtContent
from termserver.terminology.filters import filter_ordinals, selects_concept


def _content() -> BroughtContent:
    def concept(code: str, *parents: str, colour: str | None = None, abstract: bool = False) -> Concept:
        properties = (ConceptProperty("colour", colour, "code"),) if colour else ()
        return Concept(code, f"Display {code}", (), properties, parents, abstract=abstract)

    return BroughtContent(
        CodeSystem("http://a.b/c", "1", "C"),
        [
            concept("A", abstract=True),
            concept("A1", "A", colour="red"),
            concept("A2", "A", colour="blue"),
            concept("A21", "A2", colour="red"),
            concept("B"),
            concept("AB", "A1", "B"),
        ],
    )


@pytest.mark.parametrize(
    ("rule", "selected"),
    [
        (Filter("concept", "is-a", "A"), "A A1 A2 A21 AB"),
        (Filter("concept", "is-a", "nobody"), ""),
        (Filter("concept", "descendent-of", "A"), "A1 A2 A21 AB"),
        (Filter("concept", "descendent-leaf", "A"), "A21 AB"),
        (Filter("concept", "child-of", "A"), "A1 A2"),
        (Filter("concept", "is-not-a", "A2"), "A A1 B AB"),
        (Filter("concept", "is-not-a", "nobody"), "A A1 A2 A21 B AB"),
        (Filter("concept", "generalizes", "AB"), "A A1 B AB"),
        (Filter("parent", "=", "B"), "AB"),
        (Filter("child", "=", "AB"), "A1 B"),
        (Filter("concept", "=", "A1"), "A1"),
        (Filter("code", "in", "A1, B,nobody"), "A1 B"),
        (Filter("code", "not-in", "A1,B"), "A A2 A21 AB"),
        (Filter("code", "regex", "A[0-9]+"), "A1 A2 A21"),
        (Filter("code", "exists", "true"), "A A1 A2 A21 B AB"),
        (Filter("code", "exists", "false"), ""),
        (Filter("colour", "=", "red"), "A1 A21"),
        (Filter("colour", "in", "red,blue"), "A1 A2 A21"),
        (Filter("colour", "not-in", "red"), "A A2 B AB"),
        (Filter("colour", "exists", "true"), "A1 A2 A21"),
        (Filter("colour", "exists", "false"), "A B AB"),
        (Filter("colour", "regex", "(r|b).*"), "A1 A2 A21"),
        (Filter("display", "regex", ".* A2.*"), "A2 A21"),
        (Filter("notSelectable", "=", "true"), "A"),
    ],
)
def test_what_a_filter_selects(rule: Filter, selected: str) -> None:
    content = _content()
    ordinals = filter_ordinals(content, rule)
    assert [content.table.code_of(ordinal) for ordinal in ordinals.tolist()] == selected.split()
    assert [concept.code for concept in content.stream() if selects_concept(content, concept, rule)] == selected.split()


@pytest.mark.parametrize(
    "rule", [Filter("concept", "is-a", ""), Filter("colour", "like", "red"), Filter("code", "", "A")]
)
def test_a_filter_that_says_nothing_is_refused_either_way(rule: Filter) -> None:
    content = _content()
    with pytest.raises(BadInput):
        filter_ordinals(content, rule)
    with pytest.raises(BadInput):
        selects_concept(content, Concept("A", "A"), rule)
