"""A Usagi save file becomes a project with its decisions, and comes back out as it went in."""

import csv
import io
from pathlib import Path

import pytest

from termserver.curation.decisions import get_row, set_flag
from termserver.curation.publish import export_rows, publish, working_map
from termserver.curation.upload import create_project
from termserver.exports.registry import write_map
from termserver.loaders.usagi import read_usagi
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person, Role
from termserver.model.project import Project
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP
from termserver.store.engine import Database, Session
from termserver.store.people import find_person
from tests.builders import person, row_ids

HEADER = (
    "sourceCode,sourceName,sourceFrequency,mappingStatus,equivalence,statusSetBy,statusSetOn,conceptId,conceptName,"
    "domainId,comment,ADD_INFO:unit"
)
LINES = (
    "A,Haemoglobin,12,APPROVED,EQUAL,TAYS,1596153600000,3000963,Hemoglobin,Measurement,sure,g/l",
    "B,Sodium and potassium,5,APPROVED,WIDER,TAYS,1596153600000,3019550,Sodium,Measurement,,mmol/l",
    "B,Sodium and potassium,5,APPROVED,UNREVIEWED,TAYS,1596153600000,3023103,Potassium,Measurement,,mmol/l",
    "C,Form,1,APPROVED,UNREVIEWED,TAYS,0,0,,,,",
    "D,Old form,1,IGNORED,UNREVIEWED,TAYS,0,0,,,,",
    "E,Calcium,3,UNCHECKED,UNREVIEWED,,0,3015377,Calcium,Measurement,,mmol/l",
    "F,Urea,2,FLAGGED,UNREVIEWED,,0,1,Urea,Measurement,,mmol/l",
    "A,Hb again,9,UNCHECKED,UNREVIEWED,,0,3000963,Hemoglobin,Measurement,,g/l",
)


def loaded(session: Session, path: Path, actor: Person | None = None) -> Project:
    return create_project(
        session,
        actor,
        read_usagi(path),
        title=path.name,
        source_url=f"https://example.org/CodeSystem/{path.name.split('.')[0].lower()}",
        version="1",
        language="en",
        country="FI",
        target_systems=[],
    )


@pytest.fixture
def usagi_file(tmp_path: Path) -> Path:
    path = tmp_path / "labs.usagi.csv"
    path.write_text("\n".join((HEADER, *LINES)) + "\n", encoding="utf-8")
    return path


def cells(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def exported(session: Session, project: Project) -> list[dict[str, str]]:
    rows = export_rows(session, None, project)
    return cells(b"".join(write_map(working_map(session, None, project), "usagi", rows=rows)))


def test_status_says_what_happens_to_a_row(database: Database, usagi_file: Path) -> None:
    with database.session(write=True) as session:
        mapper = person(session, "mia", Role.MAPPER)
        project = loaded(session, usagi_file, mapper)
        rows = {row.code: row for row in (get_row(session, mapper, project, n) for n in row_ids(session, project))}
    assert {code: (row.status, row.flagged) for code, row in rows.items()} == {
        "A": (RowStatus.APPROVED, False),
        "B": (RowStatus.APPROVED, False),
        "C": (RowStatus.APPROVED, False),
        "D": (RowStatus.APPROVED, False),
        "E": (RowStatus.OPEN, False),
        "F": (RowStatus.OPEN, True),
    }
    first, both, without, ignored = (rows[code].decision for code in "ABCD")
    assert first is not None
    assert both is not None
    assert without is not None
    assert ignored is not None
    assert first.targets == (ChosenTarget(OMOP, "3000963", "Hemoglobin"),)
    assert (first.decided_at, first.comment, first.approved) == ("2020-07-31T00:00:00.000Z", "sure", True)
    assert [target.relationship for target in both.targets] == [Relationship.NARROWER, Relationship.RELATED_TO]
    assert both.combination == "and"
    assert (without.no_map_reason, ignored.no_map_reason) == (NoMapReason.NO_TARGET, NoMapReason.OUT_OF_SCOPE)
    assert (project.progress.decided, project.progress.approved, project.progress.flagged) == (4, 4, 1)
    assert project.progress.approved_frequency == 19


def test_an_untouched_project_is_written_as_it_was_read(database: Database, usagi_file: Path) -> None:
    read = cells(usagi_file.read_bytes())
    with database.session(write=True) as session:
        lines = exported(session, loaded(session, usagi_file))
    assert [{column: line[column] for column in read[0]} for line in lines] == read
    assert {line["mappingType"] for line in lines} == {"MAPS_TO"}  # a column that older files lack


def test_a_touched_row_alone_changes(database: Database, usagi_file: Path) -> None:
    with database.session(write=True) as session:
        mapper = person(session, "mia", Role.MAPPER)
        project = loaded(session, usagi_file, mapper)
        row = next(row for n in row_ids(session, project) if (row := get_row(session, mapper, project, n)).code == "C")
        set_flag(session, mapper, project, row.id, row.version, flagged=True)
        before, after = cells(usagi_file.read_bytes()), exported(session, project)
    changed = [new["sourceCode"] for old, new in zip(before, after, strict=True) if not old.items() <= new.items()]
    assert changed == ["C"]


def test_imported_decisions_can_be_published(database: Database, usagi_file: Path) -> None:
    with database.session(write=True) as session:
        publisher = person(session, "pia", Role.PUBLISHER)
        project = loaded(session, usagi_file, publisher)
        reasons = dict.fromkeys(("open-row", "unchecked-targets", "shared-target"), "known")
        stored = publish(session, publisher, project, version="1", waived=reasons)
    assert stored.element_count == 2


def test_a_command_imports_as_somebody_who_cannot_sign_in(database: Database, usagi_file: Path) -> None:
    from termserver.store.people import count_people

    with database.session(write=True) as session:
        loaded(session, usagi_file)
        importer = find_person(session, "usagi-import")
        assert importer is not None
        assert (importer.active, count_people(session)) == (False, 0)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["FGVisitType", "MEDSPECfi", "MICROBEfi", "ProfessionalCode", "REIMB"])
def test_real_files_come_back_cell_by_cell(database: Database, data_sources: Path, name: str) -> None:
    path = data_sources / "raw" / "usagi-fi" / f"{name}.usagi.csv"
    with database.session(write=True) as session:
        assert exported(session, loaded(session, path)) == cells(path.read_bytes())
