"""The engine with its shipped weights over a small target system."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.errors import BadInput, MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.model.candidate import EarlierDecision, SourceTerm, Suggestions, Target
from termserver.model.coding import Designation
from termserver.model.relationship import Relationship

ICD = "http://hl7.org/fhir/sid/icd-10"
LOINC = "http://loinc.org"
Maker = Callable[..., list[Target]]


def best(engine: MatchingEngine, term: str, language: str | None = "sv", **context: str) -> str:
    return engine.suggest([SourceTerm(term, language, context=context)])[0].candidates[0].code


def assert_sound(found: Suggestions) -> None:
    """What holds for any suggestions."""
    assert 0 <= found.no_target_probability <= 1
    assert [candidate.rank for candidate in found.candidates] == list(range(1, len(found.candidates) + 1))
    assert len({candidate.code for candidate in found.candidates}) == len(found.candidates)
    scores = [candidate.score for candidate in found.candidates]
    assert scores == sorted(scores, reverse=True)
    assert sum(candidate.probability for candidate in found.candidates) <= 1.001
    for candidate in found.candidates:
        assert 0 <= candidate.probability <= 1
        assert abs(sum(signal.share for signal in candidate.evidence.signals) - 1) < 1e-6
        assert all(0 <= signal.value <= 1 and signal.share >= 0 for signal in candidate.evidence.signals)
        assert {signal.name for signal in candidate.evidence.signals} == {"words", "meaning", "structure", "memory"}


def test_a_local_term_finds_its_code_in_its_own_language(engine: MatchingEngine) -> None:
    assert best(engine, "Akut hjärtinfarkt") == "I21"
    assert best(engine, "keuhkokuume", "fi") == "J18"


def test_abbreviations_and_stripped_diacritics_do_not_hide_a_term(engine: MatchingEngine) -> None:
    assert best(engine, "kron. bronkit") == "J42"
    assert best(engine, "HOFTLEDSARTROS") == "M16"


def test_a_term_meets_english_names_only(icd_targets: Maker) -> None:
    engine = MatchingEngine.build(icd_targets(languages=()))
    assert best(engine, "Mässling") == "B05"
    assert best(engine, "Tuhkarokko", "fi") == "B05"
    assert best(engine, "Urinveisinfeksjon", "nb") == "N39"


def test_a_list_in_a_language_nobody_named_works(engine: MatchingEngine) -> None:
    assert best(engine, "Akut blindtarmsinflammation", None) == "K35"


def test_same_rows_give_same_suggestions(engine: MatchingEngine) -> None:
    rows = [SourceTerm("Akut bronkit", "sv"), SourceTerm("Astma", "fi"), SourceTerm("Kolera", None)]
    assert engine.suggest(rows) == engine.suggest(rows)
    backwards = engine.suggest(rows[::-1])[::-1]
    for one, other in zip(engine.suggest(rows), backwards, strict=True):
        assert [candidate.code for candidate in one.candidates] == [candidate.code for candidate in other.candidates]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=40), st.sampled_from(["sv", "fi", "is", "xx", None]), st.text(max_size=12)),
        max_size=4,
    )
)
def test_any_rows_get_sound_suggestions(engine: MatchingEngine, rows: list[tuple[str, str | None, str]]) -> None:
    found = engine.suggest(
        [SourceTerm(term, language, code=code, context={"c": code}) for term, language, code in rows]
    )
    assert len(found) == len(rows)
    for suggestions in found:
        assert_sound(suggestions)


def test_an_empty_term_gets_no_candidates(engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm(" -- ")])[0]
    assert found.candidates == ()
    assert found.no_target_probability == 1


def test_no_rows_give_no_suggestions(engine: MatchingEngine) -> None:
    assert engine.suggest([]) == []


def test_a_limit_below_one_is_refused(engine: MatchingEngine) -> None:
    with pytest.raises(BadInput, match="limit is 0"):
        engine.suggest([SourceTerm("Astma")], limit=0)


def test_retired_target_is_not_proposed_but_found_by_search(icd_targets: Maker) -> None:
    engine = MatchingEngine.build(icd_targets(inactive=("J45",)))
    assert "J45" not in [found.code for found in engine.suggest([SourceTerm("Astma", "sv")])[0].candidates]
    found = {candidate.code: candidate for candidate in engine.search("astma")}
    assert found["J45"].evidence.warnings == ("inactive",)


def test_a_small_system_does_not_fill_up_with_retired_targets() -> None:
    targets = [Target("s", "1", "Asthma"), Target("s", "2", "Astma bronchiale", active=False)]
    decision = EarlierDecision("Astma", "sv", "s", "2", Relationship.EQUIVALENT, "anna", "2026-01-02", "a")
    engine = MatchingEngine.build(targets, memory=[decision])
    assert [found.code for found in engine.suggest([SourceTerm("Astma", "sv")])[0].candidates] == ["1"]


def test_the_local_code_finds_its_international_form(engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm("xx", "da", code="DE11A")], limit=20)[0]
    by_code = [candidate for candidate in found.candidates if "code shape" in candidate.evidence.sources]
    assert [candidate.code for candidate in by_code] == ["E11"]


def test_evidence_names_the_designation_and_the_words(engine: MatchingEngine) -> None:
    candidate = engine.suggest([SourceTerm("akut bronkit", "sv")])[0].candidates[0]
    assert candidate.code == "J20"
    assert candidate.evidence.matched_designation == Designation("Akut bronkit", "sv")
    assert ("akut", "Akut") in candidate.evidence.matched_words
    assert "course acute" in candidate.evidence.agreements
    assert "exact" in candidate.evidence.sources
    assert candidate.relationship is Relationship.EQUIVALENT


def test_a_contradicting_word_is_shown(engine: MatchingEngine) -> None:
    found = {one.code: one for one in engine.suggest([SourceTerm("akut bronkit", "sv")], limit=20)[0].candidates}
    assert "course acute ≠ chronic" in found["J42"].evidence.conflicts


def test_an_earlier_decision_leads_and_is_shown(icd_targets: Maker) -> None:
    decision = EarlierDecision("Sockersjuka", "sv", ICD, "E11", Relationship.NARROWER, "anna", "2026-01-02", "a")
    engine = MatchingEngine.build(icd_targets(), memory=[decision])
    candidate = engine.suggest([SourceTerm("sockersjuka", "sv")])[0].candidates[0]
    assert candidate.code == "E11"
    assert candidate.evidence.memory == decision
    assert candidate.relationship is Relationship.NARROWER
    assert candidate.probability >= 0.97
    assert_sound(engine.suggest([SourceTerm("sockersjuka", "sv")])[0])


def test_memory_of_the_other_side_is_not_offered(icd_targets: Maker) -> None:
    decision = EarlierDecision(
        "Fraktur vänster lårben, sluten", "sv", ICD, "S82", Relationship.EQUIVALENT, "anna", "2026-01-02", "a"
    )
    engine = MatchingEngine.build(icd_targets(), memory=[decision])
    found = engine.suggest([SourceTerm("Fraktur höger lårben, sluten", "sv")])[0]
    assert all(candidate.evidence.memory is None for candidate in found.candidates)


def test_unit_and_specimen_part_laboratory_targets() -> None:
    engine = MatchingEngine.build(
        [
            Target(LOINC, "2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
            Target(LOINC, "14749-6", "Glucose [Moles/volume] in Serum or Plasma"),
            Target(LOINC, "15076-3", "Glucose [Moles/volume] in Urine"),
            Target(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood"),
        ]
    )
    found = engine.suggest([SourceTerm("fP-Glukos", "sv", context={"unit": "mmol/L"})])[0].candidates
    assert found[0].code == "14749-6"
    others = {candidate.code: candidate.evidence for candidate in found}
    assert "property substance concentration ≠ mass concentration" in others["2345-7"].conflicts
    assert any("specimen" in warning for warning in others["15076-3"].warnings)


def test_search_finds_codes_words_in_any_order_and_meaning(engine: MatchingEngine) -> None:
    assert [found.code for found in engine.search("E1")][:2] == ["E10", "E11"]
    assert engine.search("e11.")[0].code == "E11"
    assert engine.search("infarkt akut hjart")[0].code == "I21"
    assert engine.search("sydaninfarkti")[0].code == "I21"
    assert engine.search("measles rash", language="en")[0].code == "B05"
    assert engine.search("  ") == []
    assert len(engine.search("lung", limit=2)) == 2


def test_similar_rows_are_paired_but_not_left_with_right(engine: MatchingEngine) -> None:
    rows = [
        SourceTerm(term, "sv") for term in ("Akut bronkit", "akut bronkit.", "Fraktur vänster arm", "Fraktur höger arm")
    ]
    assert [(first, second) for first, second, _ in engine.similar_rows(rows)] == [(0, 1)]


def test_a_saved_engine_opens_with_the_same_answers(engine: MatchingEngine, tmp_path: Path) -> None:
    engine.save(tmp_path)
    rows = [SourceTerm("Akut bronkit", "sv"), SourceTerm("Gonartroosi", "fi")]
    assert MatchingEngine.load(tmp_path).suggest(rows) == engine.suggest(rows)


def test_a_folder_without_an_engine_is_named(tmp_path: Path) -> None:
    with pytest.raises(MatchingError, match="build the engine again"):
        MatchingEngine.load(tmp_path)


def test_no_targets_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(MatchingError, match="load the target code system"):
        MatchingEngine.build([])


def test_missing_weights_are_named(tmp_path: Path, icd_targets: Maker) -> None:
    with pytest.raises(MatchingError, match="termserver train"):
        MatchingEngine.build(icd_targets(), weights=tmp_path)


def test_a_single_target_is_searched() -> None:
    engine = MatchingEngine.build([Target("urn:x", "1", "Asthma")])
    assert_sound(engine.suggest([SourceTerm("Astma", "sv")])[0])


def test_the_engine_version_names_its_parts(engine: MatchingEngine) -> None:
    assert engine.engine_version.startswith("termserver ")
    assert "own " in engine.engine_version
    assert "ranker " in engine.engine_version
