"""How a row is arranged for the eye."""

from __future__ import annotations

from termserver.model.candidate import Candidate, Evidence
from termserver.model.coding import Designation
from termserver.model.decision import RowStatus
from termserver.model.project import Row
from termserver.ui.highlight import highlight
from termserver.ui.row_view import candidate_groups, differing_context, is_safe_neighbour

ICD, LABS = "http://hl7.org/fhir/sid/icd-10", "http://loinc.org"


def row(term: str = "Förmaksflimmer", *candidates: Candidate, context: dict[str, str] | None = None) -> Row:
    return Row(
        id=1,
        project_id=1,
        line=2,
        code="A1",
        term=term,
        language="sv",
        frequency=1,
        context=context or {},
        other_terms=(),
        status=RowStatus.OPEN,
        flagged=False,
        version=1,
        best_probability=None,
        candidate_count=len(candidates),
        candidates=candidates,
    )


def candidate(system: str, code: str, evidence: Evidence | None = None) -> Candidate:
    return Candidate(system, code, f"Display {code}", 1, 0.5, 0.5, evidence=evidence or Evidence())


def no_path(_system: str, _code: str) -> tuple[tuple[str, str], ...]:
    return ()


def test_two_systems_are_two_groups_numbered_through() -> None:
    shown = row("x", candidate(LABS, "L1"), candidate(ICD, "I48"), candidate(ICD, "I49"))
    groups = candidate_groups(shown, [ICD, LABS], no_path)
    assert [(group.system, [view.number for view in group.candidates]) for group in groups] == [
        (ICD, [1, 2]),
        (LABS, [3]),
    ]
    assert [view.is_open for group in groups for view in group.candidates] == [True, False, False]


def test_a_system_without_candidates_is_not_forgotten() -> None:
    groups = candidate_groups(row("x", candidate(ICD, "I48")), [ICD, LABS], no_path)
    assert [len(group.candidates) for group in groups] == [1, 0]


def test_the_tenth_candidate_has_no_key() -> None:
    shown = row("x", *(candidate(ICD, str(number)) for number in range(11)))
    numbers = [view.number for view in candidate_groups(shown, [ICD], no_path)[0].candidates]
    assert numbers == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]


def test_a_designation_that_says_the_same_is_not_shown_twice() -> None:
    same = Evidence(matched_designation=Designation("display i48", "en"), matched_words=(("x", "display"),))
    other = Evidence(matched_designation=Designation("Förmaksflimmer", "sv"), matched_words=(("x", "flimmer"),))
    views = candidate_groups(row("x", candidate(ICD, "I48", same), candidate(ICD, "I49", other)), [ICD], no_path)[0]
    assert views.candidates[0].designation == ""
    assert views.candidates[0].display == "<mark>Display</mark> I48"
    assert views.candidates[1].designation == "Förmaks<mark>flimmer</mark>"


def test_inactive_is_said_once_and_a_warning_that_repeats_a_conflict_not_at_all() -> None:
    evidence = Evidence(conflicts=("specimen a ≠ b",), warnings=("inactive", "another specimen: specimen a ≠ b", "old"))
    view = candidate_groups(row("x", candidate(ICD, "I48", evidence)), [ICD], no_path)[0].candidates[0]
    assert view.is_inactive
    assert view.warnings == ("old",)


def test_only_a_neighbour_with_the_same_term_and_context_is_safe() -> None:
    mine = row("P-Kalium", context={"unit": "mmol/l"})
    assert is_safe_neighbour(mine, row("p-kalium", context={"unit": "mmol/l"}))
    assert not is_safe_neighbour(mine, row("P-Kalium", context={"unit": "g/l"}))
    assert not is_safe_neighbour(mine, row("P-Kalium akut", context={"unit": "mmol/l"}))
    assert differing_context(mine, row("P-Kalium", context={"specimen": "serum"})) == [
        "unit not said",
        "specimen serum",
    ]


def test_marks_never_let_markup_through() -> None:
    assert highlight("<b> & <i>", ["<b>"]) == "<mark>&lt;b&gt;</mark> &amp; &lt;i&gt;"
    assert highlight("İstanbul ağrı", ["istanbul"]) == "İstanbul ağrı"
