"""The review without a browser: parts, clashes, permissions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from termserver.model.person import Role
from termserver.model.project import Project
from termserver.store.engine import Database
from termserver.store.people import find_person
from tests import builders
from tests.unit.ui.conftest import Visitor

Visit = Callable[..., Visitor]
HTMX = {"hx-request": "true"}


class Work:
    """A project with three rows, two people, and where their rows are."""

    def __init__(self, database: Database, visit: Visit) -> None:
        with database.session(write=True) as session:
            builders.icd(session)
        self.cia, self.bo = visit("cia", Role.MAPPER), visit("bo", Role.PUBLISHER)
        with database.session(write=True) as session:
            self.project: Project = builders.project(session, find_person(session, "bo"))
            self.rows = builders.row_ids(session, self.project)
            for row in self.rows:
                builders.suggest_by_hand(
                    session, row, ("I21.9", "Acute myocardial infarction", 0.9), ("I48", "Atrial fibrillation", 0.1)
                )
        self.base = f"/projects/{self.project.slug}"

    def url(self, number: int, action: str = "") -> str:
        return f"{self.base}/review/{self.rows[number]}" + (f"/{action}" if action else "")

    def decide(self, visitor: Visitor, number: int, version: int, code: str = "I21.9", **more: object) -> object:
        target = {"target_system": builders.ICD, "target_code": code, "target_relationship": "equivalent"}
        return visitor.post(self.url(number, "decide"), {"version": str(version), **target, **more}, **HTMX)


@pytest.fixture
def work(sqlite_database: Database, visit: Visit) -> Work:
    return Work(sqlite_database, visit)


def test_the_first_row_of_the_queue_opens(work: Work) -> None:
    page = work.cia.get(f"{work.base}/review").text
    assert "Akut hjärtinfarkt UNS</h1>" in page
    assert page.count('id="q-') == 3
    assert 'lang="sv"' in page
    assert "0.90" in page


def test_a_decision_answers_with_the_next_row_and_what_was_done(work: Work) -> None:
    answer = work.decide(work.cia, 0, 1)
    assert answer.status_code == 200  # type: ignore[attr-defined]
    text, headers = answer.text, answer.headers  # type: ignore[attr-defined]
    assert "Förmaksflimmer</h1>" in text
    assert "<html" not in text
    assert f"/review/{work.rows[1]}" in headers["hx-push-url"]
    event = json.loads(headers["hx-trigger"])["row-changed"]
    assert (event["row"], event["undoable"]) == (work.rows[0], True)


def test_a_late_decision_is_a_409_with_both_sides(work: Work) -> None:
    work.decide(work.cia, 0, 1)
    answer = work.decide(work.bo, 0, 1, code="I48")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    text = answer.text  # type: ignore[attr-defined]
    assert "Cia decided row D1" in text
    assert "I21.9" in text
    assert "Atrial fibrillation" in text
    assert "Use mine instead" in text


def test_a_late_skip_is_a_409_too(work: Work) -> None:
    work.cia.post(work.url(0, "flag"), {"version": "1", "flagged": "1"}, **HTMX)
    assert work.bo.post(work.url(0, "skip"), {"version": "1"}, **HTMX).status_code == 409


def test_a_target_that_does_not_exist_is_refused(work: Work) -> None:
    assert work.decide(work.cia, 0, 1, code="X99").status_code == 404  # type: ignore[attr-defined]
    assert work.decide(work.cia, 0, 1, target_relationship="same").status_code == 400  # type: ignore[attr-defined]
    assert work.cia.post(work.url(0, "decide"), {"version": "1"}, **HTMX).status_code == 400
    assert work.cia.post(work.url(0, "decide"), {"version": "x"}, **HTMX).status_code == 400
    assert work.cia.post(work.url(0, "no-map"), {"version": "1", "reason": "?"}, **HTMX).status_code == 400


def test_the_display_of_a_searched_target_comes_from_the_code_system(work: Work) -> None:
    work.decide(work.cia, 0, 1, code="I48.9")
    page = work.cia.get(work.url(0)).text
    assert "Atrial fibrillation and atrial flutter, unspecified" in page


def test_a_viewer_decides_nothing(work: Work, visit: Visit) -> None:
    vera = visit("vera", Role.VIEWER)
    assert work.decide(vera, 0, 1).status_code == 403  # type: ignore[attr-defined]
    assert "You may look here" in vera.get(work.url(0)).text


def test_a_mapper_approves_nothing_and_nobody_their_own(work: Work) -> None:
    work.decide(work.bo, 0, 1)
    assert work.cia.post(work.url(0, "approve"), {"version": "2"}, **HTMX).status_code == 403
    assert work.bo.post(work.url(0, "approve"), {"version": "2"}, **HTMX).status_code == 403


def test_approve_all_takes_only_what_others_decided(work: Work) -> None:
    work.decide(work.cia, 0, 1)
    work.decide(work.bo, 1, 1)
    answer = work.bo.post(f"{work.base}/approve-all?status=decided", **HTMX)
    assert answer.headers["hx-redirect"].endswith("status=decided")
    left = work.bo.get(f"{work.base}/review?status=decided").text
    assert left.count('id="q-') == 1


def test_a_term_with_markup_is_text(work: Work, sqlite_database: Database) -> None:
    from termserver.model.source_list import SourceRow

    with sqlite_database.session(write=True) as session:
        evil = builders.project(session, None, [SourceRow(2, "X", "<script>alert(1)</script>", "sv")])
    page = work.cia.get(f"/projects/{evil.slug}/review").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_comment_history_and_concept_are_parts(work: Work) -> None:
    said = work.cia.post(work.url(0, "comment"), {"text": "Se <b>registret</b>"}, **HTMX).text
    assert "Se &lt;b&gt;registret" in said
    assert "commented" in work.cia.get(work.url(0, "history"), **HTMX).text
    concept = work.cia.get(f"{work.base}/concept?system={builders.ICD}&code=I21.9&language=sv", **HTMX).text
    assert "Acute myocardial infarction, unspecified" in concept
    assert "I21" in concept
    assert work.cia.get(f"{work.base}/concept?system={builders.ICD}&code=nope", **HTMX).status_code == 404


def test_a_row_of_another_project_is_not_found(work: Work) -> None:
    assert work.cia.get(f"{work.base}/review/999999").status_code == 404


def test_the_filter_narrows_the_queue_and_an_empty_one_says_so(work: Work) -> None:
    assert work.cia.get(f"{work.base}/review?text=flimmer").text.count('id="q-') == 1
    assert "No rows left in this filter" in work.cia.get(f"{work.base}/review?text=xyz").text
    assert work.cia.get(f"{work.base}/review?status=nonsense&band=x&min_frequency=-1").status_code == 200
    assert work.cia.get(f"{work.base}/queue?after=nonsense", **HTMX).status_code == 400


def test_publishing_says_what_is_left_and_keeps_the_form(work: Work) -> None:
    for number in range(3):
        work.decide(work.cia, number, 1)
    work.bo.post(f"{work.base}/approve-all?status=decided", **HTMX)
    refused = work.bo.post(f"{work.base}/publish", {"version": "2026.9", "waive_not-approved": "kept text"})
    assert refused.status_code == 400
    assert "Not published" in refused.text
    assert 'value="2026.9"' in refused.text
    waived = {"version": "2026.9", "waive_shared-target": "Same in this list."}
    assert work.bo.post(f"{work.base}/publish", waived).status_code == 303
    page = work.bo.get(f"{work.base}/publish?published=1").text
    assert "Version 2026.9 is published" in page
    assert "/r4/ConceptMap/" in page


@pytest.mark.parametrize("format_name", ["fhir-r4", "fhir-r5", "csv", "usagi"])
def test_the_working_map_is_exported(work: Work, format_name: str) -> None:
    work.decide(work.cia, 0, 1)
    answer = work.cia.get(f"{work.base}/export/{format_name}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert "I21.9" in answer.text


def test_an_unknown_format_or_version_is_said_to_be_so(work: Work) -> None:
    assert work.cia.get(f"{work.base}/export/pdf").status_code == 400
    assert work.cia.get(f"{work.base}/export/csv?version=1").status_code == 404


def test_the_overview_shows_bands_job_and_members(work: Work) -> None:
    page = work.bo.get(work.base).text
    assert "Likely right" in page
    assert "Suggestions" in page
    assert work.bo.post(f"{work.base}/members", {"login": "cia", "role": "reviewer"}).status_code == 303
    assert "Cia" in work.bo.get(work.base).text
    assert work.cia.post(f"{work.base}/members", {"login": "cia", "role": "administrator"}).status_code == 403
