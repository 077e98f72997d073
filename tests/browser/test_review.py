"""The review in a real browser: keys, mouse, two people at once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from termserver.curation.queue import get_row, rows_page
from termserver.model.decision import NoMapReason, RowStatus
from termserver.model.project import Project, Row
from termserver.model.relationship import Relationship
from termserver.store.engine import Database
from termserver.store.people import find_person
from termserver.store.rows import RowFilter
from tests.browser.seed import ICD, LABS, seed_project

pytestmark = pytest.mark.browser
SignedIn = Callable[..., Page]


def row_called(database: Database, project: Project, code: str) -> Row:
    with database.session() as session:
        anna = find_person(session, "anna")
        assert anna is not None
        page = rows_page(session, anna, project, RowFilter(), limit=200)
        return get_row(session, anna, project, next(row.id for row in page.rows if row.code == code))


def open_review(page: Page, project: Project, query: str = "") -> None:
    page.goto(f"/projects/{project.slug}/review{query}")
    expect(page.locator("#row-h")).to_be_visible()


def test_enter_accepts_the_first_candidate_and_the_next_row_comes(
    signed_in: SignedIn, served_database: Database
) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    expect(page.locator("#say")).to_contain_text("= I21.9")
    decided = row_called(served_database, project, "D1")
    assert decided.status is RowStatus.DECIDED
    assert decided.decision is not None
    assert [target.code for target in decided.decision.targets] == ["I21.9"]
    assert decided.decision.took_ms is not None
    expect(page.locator("#qlist a[aria-current]")).to_contain_text("Förmaksflimmer")


def test_a_digit_accepts_that_candidate_with_its_suggested_relationship(
    signed_in: SignedIn, served_database: Database
) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("2")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert (decision.targets[0].code, decision.targets[0].relationship) == ("I21", Relationship.NARROWER)


@pytest.mark.parametrize(
    ("key", "relationship"),
    [
        ("=", Relationship.EQUIVALENT),
        ("<", Relationship.NARROWER),
        (">", Relationship.BROADER),
        ("~", Relationship.RELATED_TO),
        ("r", Relationship.NARROWER),
    ],
)
def test_a_relationship_key_holds_for_the_next_decision(
    signed_in: SignedIn, served_database: Database, key: str, relationship: Relationship
) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert decision.targets[0].relationship is relationship


def test_arrows_choose_the_candidate_that_enter_accepts(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".cand[aria-current]")).to_have_attribute("data-code", "I21")
    expect(page.locator("#target h2")).to_have_text("Acute myocardial infarction")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert decision.targets[0].code == "I21"


def test_n_and_a_digit_say_that_there_is_no_map(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("n")
    expect(page.locator("#no-map-menu")).to_have_attribute("open", "")
    page.keyboard.press("3")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert decision.no_map_reason is NoMapReason.NOT_CLINICAL


def test_undo_walks_back_over_several_rows(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Hjärtsvikt UNS")
    page.keyboard.press("u")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.keyboard.press("u")
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
    assert row_called(served_database, project, "D1").decision is None
    assert row_called(served_database, project, "D2").status is RowStatus.OPEN


def test_space_skips_and_f_flags(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("f")
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press(" ")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    row = row_called(served_database, project, "D1")
    assert (row.status, row.flagged) == (RowStatus.SKIPPED, True)


def test_j_and_k_walk_without_deciding(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("j")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.keyboard.press("j")
    expect(page.locator("#row-h")).to_have_text("Hjärtsvikt UNS")
    page.keyboard.press("k")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    assert (
        row_called(served_database, project, "D1").version == 1
        or row_called(served_database, project, "D1").status is RowStatus.OPEN
    )


@pytest.mark.parametrize("key", ["s", "/"])
def test_the_search_finds_a_target_that_enter_then_chooses(
    signed_in: SignedIn, served_database: Database, key: str
) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press(key)
    expect(page.locator("#ts")).to_be_focused()
    page.keyboard.type("varicose veins ulcer")
    expect(page.locator("#found .cand").first).to_have_attribute("data-code", "I83.9")
    page.keyboard.press("Enter")
    expect(page.locator("#found [data-pick]").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert decision.targets[0].display == "Varicose veins without ulcer"


def test_a_row_without_candidates_is_decided_by_search(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database, with_candidates=False)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("Enter")
    expect(page.locator("#say")).to_contain_text("There is no candidate")
    page.locator("#ts").fill("I21.9")
    page.locator("#found [data-pick]").first.click()
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert decision.targets[0].code == "I21.9"


def test_what_is_odd_about_a_term_is_said_once_beside_it(signed_in: SignedIn, served_database: Database) -> None:
    remarks = ("the term has no letters", "labelled 'fi', but has letters of da: names of all languages were searched")
    project = seed_project(served_database, remarks=remarks)
    page = signed_in("cia")
    open_review(page, project)
    note = page.get_by_role("note", name="About this term")
    expect(note.locator("p")).to_have_text([f"{text[0].upper()}{text[1:]}." for text in remarks])
    expect(page.locator("#work").get_by_text("has no letters")).to_have_count(1)
    assert not Axe().run(page).response["violations"]
    assert row_called(served_database, project, "D1").remarks == remarks


def test_c_writes_a_comment_and_the_history_shows_it(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("c")
    expect(page.locator("#comment")).to_be_focused()
    page.keyboard.type("UNS = utan närmare specifikation, 1 2 n u")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#talk .log")).to_contain_text("utan närmare")
    page.locator(".history summary").click()
    expect(page.locator(".events")).to_contain_text("commented")
    assert row_called(served_database, project, "D1").decision is None


def test_e_opens_all_evidence_and_question_mark_the_keys(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    expect(page.locator(".cand").nth(1).locator(".more")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.locator(".cand").nth(1).locator(".more")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_g_decides_checked_neighbours_together(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database, rows=8)
    page = signed_in("cia")
    open_review(page, project)
    expect(page.locator("#near-rows input")).to_have_count(1)
    page.locator("#near-rows input").check()
    page.keyboard.press("g")
    expect(page.locator("#say")).to_contain_text("for 2 rows")
    assert row_called(served_database, project, "D1").status is RowStatus.DECIDED
    assert row_called(served_database, project, "D1-6").status is RowStatus.DECIDED


def test_two_targets_are_two_questions(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database, targets=(ICD, LABS))
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("1")
    expect(page.locator("#say")).to_contain_text("next code system")
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
    page.keyboard.press("5")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.keyboard.press("1")
    page.keyboard.press("d")
    expect(page.locator("#row-h")).to_have_text("Hjärtsvikt UNS")
    first, second = (row_called(served_database, project, code).decision for code in ("D1", "D2"))
    assert first is not None
    assert second is not None
    assert [(target.system, target.code) for target in first.targets] == [(ICD, "I21.9"), (LABS, "L1")]
    assert [target.code for target in second.targets] == ["I48.9"]


def test_several_targets_of_one_system_go_together(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("m")
    page.keyboard.press("1")
    page.keyboard.press("3")
    page.locator("#combine").select_option("and")
    page.locator("#decide").click()
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert ([target.code for target in decision.targets], decision.combination) == (["I21.9", "I48"], "and")


def test_everything_works_by_mouse_too(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.get_by_role("button", name="Accept", exact=False).first.click()
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.locator("#no-map").click()
    page.get_by_role("button", name=re.compile("Too vague")).click()
    expect(page.locator("#row-h")).to_have_text("Hjärtsvikt UNS")
    page.locator("#undo").click()
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    page.locator("#pick-3").click()
    expect(page.locator("#row-h")).to_have_text("Hjärtsvikt UNS")
    page.locator("#flag").click()
    expect(page.locator("#flag")).to_have_attribute("aria-pressed", "true")
    page.locator("#skip").click()
    expect(page.locator("#row-h")).to_have_text("Högt blodtryck")


def test_keys_can_be_switched_off_and_on(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("button", name="Turn them off").click()
    expect(page.locator("body")).to_have_attribute("data-keys", "off")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
    assert row_called(served_database, project, "D1").decision is None
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("button", name="Turn them on").click()
    expect(page.locator("body")).to_have_attribute("data-keys", "on")
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")


def test_a_key_held_down_decides_once(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.evaluate(
        "for (const repeat of [false, true, true, true])"
        " document.body.dispatchEvent(new KeyboardEvent('keydown', {key: '1', repeat, bubbles: true}))"
    )
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    assert row_called(served_database, project, "D2").decision is None


def test_two_people_on_one_row_see_both_decisions_and_nothing_is_lost(
    signed_in: SignedIn, served_database: Database
) -> None:
    project = seed_project(served_database)
    first, second = signed_in("cia"), signed_in("bo")
    open_review(first, project)
    open_review(second, project)
    first.keyboard.press("1")
    expect(first.locator("#row-h")).to_have_text("Förmaksflimmer")
    with second.expect_response(lambda response: response.url.endswith("/decide")) as answered:
        second.keyboard.press("2")
    assert answered.value.status == 409
    clash = second.locator("#clash")
    expect(clash).to_contain_text("Cia Holm decided row D1")
    expect(clash).to_contain_text("I21.9")
    expect(clash.locator("dl")).to_contain_text("Acute myocardial infarction")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert (decision.person, decision.targets[0].code) == ("cia", "I21.9")
    second.keyboard.press("3")
    expect(second.locator("#say")).to_contain_text("First choose")
    second.get_by_role("button", name="Use mine instead").click()
    expect(second.locator("#row-h")).not_to_have_text("Akut hjärtinfarkt UNS")
    decision = row_called(served_database, project, "D1").decision
    assert decision is not None
    assert (decision.person, decision.targets[0].code) == ("bo", "I21")


def test_a_reviewer_approves_and_sends_back_by_key(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    mapper, reviewer = signed_in("cia"), signed_in("bo")
    open_review(mapper, project)
    for following in ("Förmaksflimmer", "Hjärtsvikt UNS"):
        mapper.keyboard.press("1")
        expect(mapper.locator("#row-h")).to_have_text(following)
    open_review(reviewer, project, "?status=decided")
    reviewer.keyboard.press("a")
    expect(reviewer.locator("#row-h")).to_have_text("Förmaksflimmer")
    reviewer.keyboard.press("x")
    expect(reviewer.locator("#reject-comment")).to_be_focused()
    reviewer.keyboard.type("Paroxysmal?")
    reviewer.keyboard.press("Control+Enter")
    expect(reviewer.get_by_role("heading", name="No rows left in this filter")).to_be_visible()
    assert row_called(served_database, project, "D1").status is RowStatus.APPROVED
    assert row_called(served_database, project, "D2").status is RowStatus.REJECTED


def test_nobody_is_offered_to_approve_their_own_decision(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("bo")
    open_review(page, project)
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    open_review(page, project, "?status=decided")
    expect(page.get_by_text("your own decision waits for a second person")).to_be_visible()
    expect(page.locator("#approve")).to_have_count(0)


def test_filters_narrow_the_queue_and_the_end_of_it_says_so(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.locator("#qf").fill("flimmer")
    expect(page.locator("#qlist li")).to_have_count(1)
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    expect(page.locator("#qf")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name="No rows left in this filter")).to_be_visible()
    page.get_by_role("link", name="Clear the filter").click()
    expect(page.locator("#qlist li")).to_have_count(5)


def test_the_queue_goes_on_beyond_its_first_page(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database, rows=60)
    page = signed_in("cia")
    open_review(page, project)
    expect(page.locator("#qlist li[id^=q-]")).to_have_count(50)
    page.get_by_role("button", name="More rows").click()
    expect(page.locator("#qlist li[id^=q-]")).to_have_count(60)


def test_no_connection_is_said_and_keys_stay_off(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    expect(page.locator("#near")).not_to_have_class("htmx-request")
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#offline")).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    assert row_called(served_database, project, "D2").decision is None


def test_the_address_and_back_follow_the_row(signed_in: SignedIn, served_database: Database) -> None:
    project = seed_project(served_database)
    page = signed_in("cia")
    open_review(page, project)
    page.keyboard.press("j")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    second = row_called(served_database, project, "D2")
    expect(page).to_have_url(re.compile(rf"/review/{second.id}$"))
    page.go_back()
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")


def test_a_viewer_sees_and_cannot_decide(signed_in: SignedIn, served_database: Database) -> None:
    from termserver.curation.people import create_person
    from termserver.model.person import Role
    from tests.browser.seed import PASSWORD

    project = seed_project(served_database)
    with served_database.session(write=True) as session:
        if find_person(session, "vera") is None:
            create_person(session, None, login="vera", name="Vera", password=PASSWORD, role=Role.VIEWER)
    page = signed_in("vera")
    open_review(page, project)
    expect(page.get_by_text("You may look here")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Akut hjärtinfarkt UNS")
