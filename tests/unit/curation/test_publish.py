import pytest

from termserver.curation.decisions import decide, decide_no_map
from termserver.curation.projects import get_project
from termserver.curation.publish import export_rows, publish, published_maps, working_map
from termserver.curation.quality import problems
from termserver.curation.review import approve
from termserver.errors import BadInput, Conflict, Forbidden
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person, Role
from termserver.model.project import Project
from termserver.model.relationship import Relationship
from termserver.store.concept_maps import read_concept_map
from termserver.store.engine import Database, Session
from tests.builders import ICD, icd, person, project, row_ids, source_rows, suggest_by_hand

INFARCTION = ChosenTarget(ICD, "I21.9", "Acute myocardial infarction, unspecified")
FLUTTER = ChosenTarget(ICD, "I48.9", "Atrial fibrillation and atrial flutter, unspecified", Relationship.BROADER)


def a_decided_project(session: Session) -> tuple[Person, Person, Project]:
    icd(session)
    anna, paul = person(session, "anna", Role.MAPPER), person(session, "paul", Role.PUBLISHER)
    of = project(session)
    first, second, third = row_ids(session, of)
    decide(session, anna, of, first, 1, targets=[INFARCTION])
    decide(session, anna, of, second, 1, targets=[INFARCTION, FLUTTER], combination="and")
    decide_no_map(session, anna, of, third, 1, reason=NoMapReason.NOT_CLINICAL)
    return anna, paul, of


def test_only_what_a_second_person_approved_is_published(database: Database) -> None:
    with database.session(write=True) as session:
        _, paul, of = a_decided_project(session)
        first, second, third = row_ids(session, of)
        with pytest.raises(BadInput, match="not-approved"):
            publish(session, paul, of, version="1")
        for row_id in (first, second, third):
            approve(session, paul, of, row_id, 2)
        waived = {"shared-target": "both terms mean it"}
        stored = publish(session, paul, of, version="1", waived=waived)
        concept_map = read_concept_map(session, stored.id)
        (group,) = concept_map.groups
        assert (group.source, group.source_version) == ("https://example.org/CodeSystem/d", "1")
        assert (group.target, group.target_version) == (ICD, "2019")
        by_code = {element.code: element for element in group.elements}
        assert [target.code for target in by_code["D1"].targets] == ["I21.9"]
        assert by_code["D2"].targets[1].relationship is Relationship.BROADER
        assert by_code["D2"].targets[0].properties == (("combination", "and"),)
        assert by_code["D3"].no_map
        assert by_code["D3"].comment == "The local code is administrative, not clinical."
        assert get_project(session, paul, of.slug).published_version == "1"
        assert [one.id for one in published_maps(session, paul, of)] == [stored.id]


def test_a_version_is_published_once(database: Database) -> None:
    with database.session(write=True) as session:
        anna, paul, of = a_decided_project(session)
        waived = {"shared-target": "x", "not-approved": "later"}
        first, second, _ = row_ids(session, of)
        approve(session, paul, of, first, 2)
        publish(session, paul, of, version="1", waived=waived)
        approve(session, paul, of, second, 2)
        with pytest.raises(Conflict, match="already published"):
            publish(session, paul, of, version="1", waived=waived)
        assert publish(session, paul, of, version="2", waived=waived).element_count == 2
        with pytest.raises(Forbidden):
            publish(session, anna, of, version="3", waived=waived)


def test_problems_name_rule_row_and_reason(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        rows = source_rows(5)
        rows[1] = type(rows[1])(line=3, code="D2", term="AKUT HJARTINFARKT UNS", context={"clinic": "medicine"})
        of = project(session, rows=rows)
        ids = row_ids(session, of)
        decide(session, anna, of, ids[0], 1, targets=[INFARCTION])
        decide(session, anna, of, ids[1], 1, targets=[FLUTTER])
        decide(session, anna, of, ids[2], 1, targets=[ChosenTarget(ICD, "I99", "Old code")])
        decide(session, anna, of, ids[3], 1, targets=[ChosenTarget(ICD, "Q99", "Nothing")])
        found = {(problem.rule, problem.code) for problem in problems(session, anna, of)}
        assert {
            ("conflicting-decisions", "D2"),
            ("inactive-target", "D3"),
            ("unknown-target", "D4"),
            ("open-row", "D5"),
            ("not-approved", "D1"),
        } <= found


def test_the_working_map_holds_every_decision_as_a_draft(database: Database) -> None:
    with database.session(write=True) as session:
        anna, _, of = a_decided_project(session)
        working = working_map(session, anna, of)
        assert working.status == "draft"
        assert [element.code for element in working.groups[0].elements] == ["D1", "D2", "D3"]


def test_every_row_is_exported_with_its_decision_or_its_suggestion(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        of = project(session)
        first, second, _ = row_ids(session, of)
        decide(session, anna, of, first, 1, targets=[INFARCTION])
        suggest_by_hand(session, second, ("I48", "Atrial fibrillation and flutter", 0.8))
        exported = list(export_rows(session, anna, of))
        assert [(row.source_code, row.status) for row in exported] == [
            ("D1", RowStatus.DECIDED),
            ("D2", RowStatus.OPEN),
            ("D3", RowStatus.OPEN),
        ]
        assert exported[0].decided_by == "anna"
        assert exported[1].suggestion is not None
        assert exported[1].suggestion.code == "I48"
