import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termserver.curation.decisions import (
    add_comment,
    comments,
    decide,
    decide_many,
    decide_no_map,
    row_history,
    set_flag,
    skip,
    undo,
)
from termserver.curation.projects import get_project
from termserver.curation.queue import get_row
from termserver.curation.review import approve, approve_many, reject
from termserver.errors import BadInput, Conflict, Forbidden, NotFound
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Role
from termserver.model.relationship import Relationship
from termserver.store.engine import Database
from termserver.store.rows import RowFilter
from tests.builders import ICD, icd, person, project, row_ids, suggest_by_hand

INFARCTION = ChosenTarget(ICD, "I21.9", "Acute myocardial infarction, unspecified")


def test_a_decision_is_stored_with_its_audit_event_and_counters(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session, anna)
        row_id = row_ids(session, of)[0]
        suggest_by_hand(session, row_id, ("I21", "Acute myocardial infarction", 0.9), ("I21.9", "…", 0.8))
        row = decide(session, anna, of, row_id, 1, targets=[INFARCTION], comment="as in the ward", took_ms=1200)
        assert row.status is RowStatus.DECIDED
        assert row.version == 2
        assert row.decision is not None
        assert row.decision.targets == (INFARCTION,)
        assert (row.decision.person, row.decision.engine_version) == ("anna", "test engine")
        event = row_history(session, anna, of, row_id)[0]
        assert (event.person, event.action, event.detail["rank"]) == ("anna", "row.decide", 2)
        progress = get_project(session, anna, of.slug).progress
        assert (progress.decided, progress.decided_frequency) == (1, 1000)


def test_two_people_on_one_row_the_second_is_told_and_loses_nothing(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna, bo = person(session, "anna", Role.MAPPER), person(session, "bo", Role.MAPPER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        decide(session, anna, of, row_id, 1, targets=[INFARCTION])
        with pytest.raises(Conflict, match=r"Anna decided row D1 at \d\d:\d\d UTC. Nothing was overwritten"):
            decide_no_map(session, bo, of, row_id, 1, reason=NoMapReason.TOO_VAGUE)
        row = get_row(session, bo, of, row_id)
        assert row.decision is not None
        assert row.decision.targets == (INFARCTION,)


def test_undo_walks_back_step_by_step(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        skip(session, anna, of, row_id, 1)
        decide(session, anna, of, row_id, 2, targets=[INFARCTION])
        row = decide_no_map(session, anna, of, row_id, 3, reason=NoMapReason.NO_TARGET)
        assert row.decision is not None
        assert row.decision.no_map_reason is NoMapReason.NO_TARGET
        row = undo(session, anna, of, row_id, 4)
        assert row.decision is not None
        assert row.decision.targets == (INFARCTION,)
        row = undo(session, anna, of, row_id, 5)
        assert (row.status, row.decision) == (RowStatus.SKIPPED, None)
        row = undo(session, anna, of, row_id, 6)
        assert row.status is RowStatus.OPEN
        with pytest.raises(BadInput, match="Nothing is left"):
            undo(session, anna, of, row_id, 7)
        assert get_project(session, anna, of.slug).progress.decided == 0


def test_nobody_approves_their_own_decision(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        rita = person(session, "rita", Role.REVIEWER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        row = decide(session, rita, of, row_id, 1, targets=[INFARCTION])
        with pytest.raises(Forbidden, match="second person"):
            approve(session, rita, of, row_id, row.version)
        assert approve_many(session, rita, of, RowFilter()) == 0


def test_approval_rejection_and_their_undo(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna, rita = person(session, "anna", Role.MAPPER), person(session, "rita", Role.REVIEWER)
        of = project(session)
        first, second, _ = row_ids(session, of)
        decide(session, anna, of, first, 1, targets=[INFARCTION])
        decide(session, anna, of, second, 1, targets=[INFARCTION])
        row = approve(session, rita, of, first, 2)
        assert row.status is RowStatus.APPROVED
        assert row.decision is not None
        assert (row.decision.reviewer, row.decision.approved) == ("rita", True)
        with pytest.raises(BadInput, match="Say why"):
            reject(session, rita, of, second, 2, comment=" ")
        row = reject(session, rita, of, second, 2, comment="flutter, not infarction")
        assert row.status is RowStatus.REJECTED
        with pytest.raises(Forbidden):
            undo(session, anna, of, second, 3)
        row = undo(session, rita, of, second, 3)
        assert row.status is RowStatus.DECIDED
        assert row.decision is not None
        assert row.decision.approved is None
        assert approve_many(session, rita, of, RowFilter()) == 1
        progress = get_project(session, anna, of.slug).progress
        assert (progress.decided, progress.approved, progress.approved_frequency) == (2, 2, 1500)


def test_a_new_decision_takes_the_approval_away(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna, rita = person(session, "anna", Role.MAPPER), person(session, "rita", Role.REVIEWER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        decide(session, anna, of, row_id, 1, targets=[INFARCTION])
        approve(session, rita, of, row_id, 2)
        row = decide_no_map(session, anna, of, row_id, 3, reason=NoMapReason.TOO_VAGUE)
        assert row.status is RowStatus.DECIDED
        assert get_project(session, anna, of.slug).progress.approved == 0


def test_targets_are_checked(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        for targets, message in (
            ([], "needs a target"),
            ([INFARCTION, INFARCTION], "twice"),
            ([ChosenTarget("http://loinc.org", "1-8", "x")], "is not a target of"),
        ):
            with pytest.raises(BadInput, match=message):
                decide(session, anna, of, row_id, 1, targets=targets)
        both = [INFARCTION, ChosenTarget(ICD, "I48.9", "AF", Relationship.BROADER)]
        row = decide(session, anna, of, row_id, 1, targets=both, combination="and")
        assert row.decision is not None
        assert (row.decision.combination, len(row.decision.targets)) == ("and", 2)


def test_several_rows_are_decided_all_or_none(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        first, second, third = row_ids(session, of)
        skip(session, anna, of, second, 1)
        with pytest.raises(Conflict):
            decide_many(session, anna, of, [(first, 1), (second, 1)], targets=[INFARCTION])
        assert get_row(session, anna, of, first).decision is None
        assert len(decide_many(session, anna, of, [(first, 1), (third, 1)], targets=[INFARCTION])) == 2


def test_flags_and_comments(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        row = set_flag(session, anna, of, row_id, 1, flagged=True)
        assert row.flagged
        assert get_project(session, anna, of.slug).progress.flagged == 1
        add_comment(session, anna, of, row_id, " Ask the ward ")
        assert [comment.text for comment in comments(session, anna, of, row_id)] == ["Ask the ward"]
        assert get_row(session, anna, of, row_id).comment_count == 1
        with pytest.raises(BadInput, match="identity number"):
            add_comment(session, anna, of, row_id, "se patient 19121212-1212")


def test_a_viewer_decides_nothing_and_other_projects_rows_are_not_found(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        vera, anna = person(session, "vera", Role.VIEWER), person(session, "anna", Role.MAPPER)
        of, other = project(session), project(session)
        row_id = row_ids(session, of)[0]
        with pytest.raises(Forbidden, match="is viewer"):
            decide(session, vera, of, row_id, 1, targets=[INFARCTION])
        with pytest.raises(NotFound):
            get_row(session, anna, other, row_id)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["decide", "none", "skip", "flag", "unflag", "approve", "undo"]), max_size=12))
def test_counters_always_equal_the_rows(sqlite_database: Database, actions: list[str]) -> None:
    with sqlite_database.session(write=True) as session:
        icd(session)
        number = len(row_ids_of_people(session))
        anna, rita = person(session, f"anna{number}", Role.MAPPER), person(session, f"rita{number}", Role.REVIEWER)
        of = project(session)
        row_id = row_ids(session, of)[0]
        for action in actions:
            version = get_row(session, anna, of, row_id).version
            try:
                match action:
                    case "decide":
                        decide(session, anna, of, row_id, version, targets=[INFARCTION])
                    case "none":
                        decide_no_map(session, anna, of, row_id, version, reason=NoMapReason.NO_TARGET)
                    case "skip":
                        skip(session, anna, of, row_id, version)
                    case "flag" | "unflag":
                        set_flag(session, anna, of, row_id, version, flagged=action == "flag")
                    case "approve":
                        approve(session, rita, of, row_id, version)
                    case "undo":
                        undo(session, rita, of, row_id, version)
            except BadInput:
                pass
        row, progress = get_row(session, anna, of, row_id), get_project(session, anna, of.slug).progress
        done = row.status in {RowStatus.DECIDED, RowStatus.APPROVED}
        assert progress.decided == int(done)
        assert progress.decided_frequency == (1000 if done else 0)
        assert progress.approved == int(row.status is RowStatus.APPROVED)
        assert progress.flagged == int(row.flagged)


def row_ids_of_people(session) -> list[object]:  # type: ignore[no-untyped-def]
    from termserver.store.people import list_people

    return list(list_people(session))
