"""Memory: what was decided for the same or nearly the same term is offered, with who, when and where."""

from collections.abc import Callable

import pytest

from termserver.matching.engine import MatchingEngine
from termserver.matching.memory import NEARLY, REORDERED, Memory
from termserver.matching.queries import query_of
from termserver.model.candidate import EarlierDecision, SourceTerm, Target
from termserver.model.relationship import Relationship

POSITIONS = {("s", "1"): 0, ("s", "2"): 1}


def decision(term: str, code: str = "1", *, on: str = "2026-01-02", project: str = "Heart") -> EarlierDecision:
    return EarlierDecision(term, "sv", "s", code, Relationship.EQUIVALENT, "anna", on, project)


def memory(*decisions: EarlierDecision) -> Memory:
    return Memory(decisions, lambda system, code: POSITIONS.get((system, code)))


def recalled(term: str, *decisions: EarlierDecision) -> list[tuple[int, float]]:
    return [(one.target, one.likeness) for one in memory(*decisions).recall([query_of(SourceTerm(term, "sv"))])]


@pytest.mark.parametrize("term", ["akut hjärtinfarkt", "AKUT HJÄRTINFARKT", "Akut  hjartinfarkt.", "Ak. hjärtinfarkt"])
def test_case_accents_punctuation_and_abbreviations_are_the_same_term(term: str) -> None:
    assert recalled(term, decision("Akut hjärtinfarkt")) == [(0, 1.0)]


def test_an_abbreviation_that_was_decided_serves_the_term_written_out() -> None:
    assert recalled("Kronisk bronkit", decision("Kron. bronkit")) == [(0, 1.0)]


def test_other_order_and_spelling_are_nearly_the_same() -> None:
    assert recalled("Hjärtinfarkt, akut", decision("Akut hjärtinfarkt")) == [(0, REORDERED)]
    ((target, likeness),) = recalled("Akut hjärtinfarktt i framvägg", decision("Akut hjärtinfrakt i framvägg"))
    assert target == 0
    assert NEARLY <= likeness <= REORDERED


@pytest.mark.parametrize("term", ["Kronisk hjärtinfarkt", "Akut bronkit", "Akut hjärtinfarkt hos barn", "x", ""])
def test_another_term_is_not_reminded(term: str) -> None:
    assert recalled(term, decision("Akut hjärtinfarkt")) == []


def test_the_other_side_is_another_term_however_alike_it_is_written() -> None:
    assert recalled("Fraktur höger underarm distalt", decision("Fraktur vänster underarm distalt")) == []


def test_decisions_that_differ_share_their_weight_and_the_latest_is_shown() -> None:
    first, second, other = decision("Infarkt"), decision("infarkt", on="2026-03-01"), decision("Infarkt", "2")
    found = {one.target: one for one in memory(first, second, other).recall([query_of(SourceTerm("Infarkt", "sv"))])}
    assert found[0].agreeing == pytest.approx(2 / 3)
    assert found[0].decision.decided_on == "2026-03-01"
    assert found[1].agreeing == pytest.approx(1 / 3)


def test_decisions_on_targets_that_are_gone_are_ignored() -> None:
    assert len(memory(decision("Infarkt", "99"))) == 0


def test_among_many_the_near_one_is_found() -> None:
    many = [decision(f"term {number} av slag {number * 7}") for number in range(5000)]
    found = memory(*many, decision("Bröstsmärta utan säker orsak", "2")).recall(
        [query_of(SourceTerm("Bröstsmärtor utan säker orsak", "sv"))]
    )
    assert [(one.target, one.decision.term) for one in found] == [(1, "Bröstsmärta utan säker orsak")]


def test_only_chosen_targets_are_offered_and_the_best_of_them_lead(icd_targets: Callable[..., list[Target]]) -> None:
    engine = MatchingEngine.build(icd_targets())
    system = icd_targets()[0].system
    few = engine.within([(system, "J42"), (system, "J45"), (system, "no such code")])
    found = few.suggest([SourceTerm("bronkit", "sv"), SourceTerm("bronkit")], limit=25)
    assert [{one.code for one in each.candidates} <= {"J42", "J45"} for each in found] == [True, True]
    assert found[0].candidates[0].code == "J42"
    assert "J20" in {one.code for one in engine.suggest([SourceTerm("bronkit", "sv")])[0].candidates}
    assert few.with_memory([]).suggest([SourceTerm("bronkit", "sv")])[0].candidates[0].code == "J42"
    assert engine.within([]).suggest([SourceTerm("bronkit", "sv")])[0].candidates == ()
