import io
import os

import pytest

from termserver.curation.projects import get_project
from termserver.curation.upload import create_project, discard_upload, stage_upload, staged_upload
from termserver.errors import BadInput, Forbidden, NotFound, TooLarge
from termserver.jobs.queue import list_jobs
from termserver.loaders.source import LoadedList
from termserver.model.person import Role
from termserver.model.source_list import SourceList, SourceRow
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.store.projects import list_projects
from tests.builders import ICD, icd, person, project, row_ids

HEADER = SourceList(name="x", title="x", url="https://example.org/CodeSystem/x", version="1", file_name="x.csv")
COMMON = {
    "title": "Visits",
    "source_url": "https://example.org/CodeSystem/x",
    "version": "1",
    "language": "sv",
    "country": "SE",
}


def a_list(*terms: str) -> LoadedList:
    return LoadedList(HEADER, iter([SourceRow(n + 2, f"K{n}", term) for n, term in enumerate(terms)]))


def test_a_list_becomes_project_rows_and_job_together(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        anna = person(session, "anna", Role.MAPPER)
        made = create_project(session, anna, a_list("Hosta", "Feber"), target_systems=[ICD], **COMMON)  # type: ignore[arg-type]
        assert made.progress.rows == 2
        assert made.map_url == "https://example.org/ConceptMap/x"
        assert [job.kind for job in list_jobs(session, made.id)] == ["suggest"]
        assert len(row_ids(session, made)) == 2
        assert get_project(session, anna, made.slug) == made


def test_a_target_may_be_named_by_its_alias(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        made = create_project(
            session,
            None,
            a_list("Hosta"),
            target_systems=["urn:oid:2.16.840.1.113883.6.3"],
            **COMMON,  # type: ignore[arg-type]
        )
        assert made.target_systems == (ICD,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "needs a title"),
        ({"source_url": "my list"}, "no canonical URL"),
        ({"version": "1|2"}, "holds '|'"),
        ({"target_systems": ["http://nowhere"]}, "is not loaded"),
    ],
)
def test_bad_headers_are_refused_with_a_sentence(database: Database, changes: dict[str, object], message: str) -> None:
    arguments = {**COMMON, "target_systems": [], **changes}
    with pytest.raises(BadInput, match=message), database.session(write=True) as session:
        create_project(session, None, a_list("Hosta"), **arguments)  # type: ignore[arg-type]
    with database.session() as session:
        assert list_projects(session) == []


def test_personal_identity_numbers_stop_everything_and_are_not_repeated(database: Database) -> None:
    with pytest.raises(BadInput) as caught, database.session(write=True) as session:
        create_project(session, None, a_list("Hosta", "besök 19121212-1212"), target_systems=[], **COMMON)  # type: ignore[arg-type]
    assert "personal identity numbers" in caught.value.message
    assert "Line 3" in caught.value.message
    assert "1212-1212" not in caught.value.message
    with database.session() as session:
        assert list_projects(session) == []


def test_only_a_publisher_overrides_with_a_reason(database: Database) -> None:
    with database.session(write=True) as session:
        anna, paul = person(session, "anna", Role.MAPPER), person(session, "paul", Role.PUBLISHER)
        with pytest.raises(Forbidden):
            create_project(
                session,
                anna,
                a_list("19121212-1212"),
                target_systems=[],
                override_personal_ids_reason="test",
                **COMMON,  # type: ignore[arg-type]
            )
        made = create_project(
            session,
            paul,
            a_list("19121212-1212"),
            target_systems=[],
            override_personal_ids_reason="a form number",
            **COMMON,  # type: ignore[arg-type]
        )
        assert made.progress.rows == 1


def test_an_empty_list_is_refused(database: Database) -> None:
    with database.session(write=True) as session, pytest.raises(BadInput, match="no row is left"):
        create_project(session, None, a_list(), target_systems=[], **COMMON)  # type: ignore[arg-type]


def test_two_lists_of_the_same_title_have_names_of_their_own(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        assert {project(session).slug, project(session).slug} == {"diagnoses", "diagnoses-2"}


def test_an_upload_is_staged_and_discarded(settings: Settings) -> None:
    staged = stage_upload(settings, "../../etc/list å.csv", io.BytesIO(b"a;b\n"))
    assert staged.path.read_bytes() == b"a;b\n"
    assert staged.file_name == "list å.csv"
    assert staged.path.is_relative_to(settings.uploads_folder())
    assert staged_upload(settings, staged.token) == staged
    discard_upload(settings, staged.token)
    with pytest.raises(NotFound):
        staged_upload(settings, staged.token)
    with pytest.raises(NotFound):
        staged_upload(settings, "../..")


def test_an_upload_over_the_limit_leaves_nothing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    small = Settings(data=tmp_path, upload_limit_mb=1)

    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return b"x" * size

    with pytest.raises(TooLarge, match="upload_limit_mb"):
        stage_upload(small, "huge.csv", Endless())  # type: ignore[arg-type]
    assert list(small.uploads_folder().iterdir()) == []


def test_an_upload_abandoned_for_a_day_is_removed(settings: Settings) -> None:
    old = stage_upload(settings, "old.csv", io.BytesIO(b"a"))
    os.utime(old.path.parent, (0, 0))
    new = stage_upload(settings, "new.csv", io.BytesIO(b"a"))
    assert not old.path.exists()
    assert new.path.exists()
