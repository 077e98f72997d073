"""Targets put in order as columns: what went in comes out, whatever the order in which it came."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termserver.errors import MatchingError
from termserver.matching.target_columns import TargetColumns, columns_of
from termserver.model.candidate import Target
from termserver.model.coding import Designation

WORDS = st.sampled_from(["Akut bronkit", "akut bronkit", "Bronkit", "ä", "Ä", "\ud800", " "])
TARGETS = st.lists(
    st.builds(
        Target,
        st.sampled_from(["urn:a", "urn:b"]),
        st.sampled_from(["A00", "A00.1", "B00", "B", "ä"]),
        WORDS,
        st.lists(st.builds(Designation, WORDS, st.sampled_from(["sv", "nb-NO", "x", None])), max_size=4).map(tuple),
        st.booleans(),
        st.sampled_from(["disorder", "category", None]),
        st.lists(st.sampled_from(["A00", "B"]), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda target: (target.code, target.system),
)


def names(columns: TargetColumns, target: int) -> list[tuple[str, str | None]]:
    """Names of a target with their languages."""
    span = slice(columns.start[target], columns.start[target + 1])
    return list(zip(columns.texts[span], columns.languages[span], strict=True))


@given(TARGETS)
def test_targets_come_out_by_code_and_system(targets: list[Target]) -> None:
    columns = columns_of(targets)
    ordered = sorted(targets, key=lambda target: (target.code, target.system))
    for place, target in enumerate(ordered):
        found = columns.table[place]
        assert (found.system, found.code, found.display) == (target.system, target.code, target.display)
        assert (found.active, found.kind, found.parents) == (target.active, target.kind, target.parents)
        assert names(columns, place)[0][0] == target.display
        assert {text for text, _ in names(columns, place)} <= {
            target.display,
            *(name.value for name in target.designations),
        }
    assert columns.concept.tolist() == [place for place in range(len(targets)) for _ in names(columns, place)]
    parents = {parent for target in targets for parent in target.parents}
    assert columns.has_children.tolist() == [
        target.code in parents or any(other.code.startswith(f"{target.code}.") for other in targets)
        for target in ordered
    ]


@given(TARGETS, st.randoms(use_true_random=False))
def test_the_order_in_which_they_come_does_not_matter(targets: list[Target], random: Random) -> None:
    mixed = targets.copy()
    random.shuffle(mixed)
    one, other = columns_of(targets), columns_of(iter(mixed))
    assert list(one.table) == list(other.table)
    assert (one.texts.block == other.texts.block).all()
    for ours, theirs in ((one.languages, other.languages), (one.table.kinds, other.table.kinds)):
        assert (ours.values, ours.numbers.tolist()) == (theirs.values, theirs.numbers.tolist())
    assert one.start.tolist() == other.start.tolist()


def test_names_that_are_equal_but_for_case_and_accents_are_one_in_a_language() -> None:
    more = (Designation("Ärr", "sv"), Designation("arr", "sv-SE"), Designation("Ärr", "nb"), Designation("", "sv"))
    columns = columns_of([Target("urn:a", "1", "Scar", (*more, Designation("Scar", "en")))])
    assert names(columns, 0) == [("Scar", "en"), ("Ärr", "sv"), ("Ärr", "nb")]


def test_no_target_is_told() -> None:
    with pytest.raises(MatchingError, match="load the target code system first"):
        columns_of([])
