"""Loading: content and index in one pass; nothing half-visible."""

from pathlib import Path

import pytest

from scripts.synthetic_rf2 import write_release
from termserver.curation.content import load_code_system
from termserver.errors import Conflict, Forbidden, IndexUnavailable
from termserver.index.builder import Indexes
from termserver.index.cache import IndexFolder
from termserver.loaders.rf2 import read_rf2
from termserver.model.code_system import CodeSystem
from termserver.model.person import Role
from termserver.store.audit_log import list_audit_events
from termserver.store.code_systems import list_code_systems, stream_concepts
from termserver.store.engine import Database
from tests.builders import CONCEPTS, ICD, person

HEADER = CodeSystem(ICD, "2019", "ICD10")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic SNOMED CT release of 500 concepts."""
    return write_release(tmp_path_factory.mktemp("rf2"), concepts=500)


def test_a_release_is_stored_with_its_index(database: Database, tmp_path: Path, release: Path) -> None:
    loaded = read_rf2(release)
    stored = load_code_system(database, IndexFolder(tmp_path / "index"), None, loaded.header, loaded.concepts)
    assert stored.concept_count == loaded.counts.accepted > 500
    parts = {path.name.split("-")[1] for path in (tmp_path / "index").iterdir()}
    index = Indexes(database, tmp_path / "index").index(stored)
    with database.session() as session:
        assert list(index.stream()) == list(stream_concepts(session, stored.id))
    assert {
        path.name.split("-")[1] for path in (tmp_path / "index").iterdir()
    } == parts  # nothing had to be built again
    findings = index.hierarchy.descendants(index.table.ordinal_of("404684003"))
    assert 120 < len(findings) < 170
    assert all(
        index.hierarchy.subsumes(index.table.ordinal_of("138875005"), ordinal) for ordinal in findings.tolist()[:20]
    )


def test_loading_again_stores_nothing(database: Database, tmp_path: Path) -> None:
    first = load_code_system(database, IndexFolder(tmp_path), None, HEADER, CONCEPTS)
    assert load_code_system(database, IndexFolder(tmp_path), None, HEADER, CONCEPTS) == first
    with pytest.raises(Conflict):
        load_code_system(database, IndexFolder(tmp_path), None, HEADER, CONCEPTS[:1])
    with database.session() as session:
        assert len(list_code_systems(session)) == 1
        assert len(list_audit_events(session, object_type="code-system", object_id=first.fhir_id)) == 2


def test_an_index_folder_that_cannot_be_written_to_stops_no_load(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "index"
    blocked.write_text("this is no folder")
    stored = load_code_system(database, IndexFolder(blocked), None, HEADER, CONCEPTS)
    assert stored.concept_count == len(CONCEPTS)
    assert "the server builds it on first use" in caplog.text
    with pytest.raises(IndexUnavailable, match="cannot be built in"):
        Indexes(database, blocked).index(stored)
    blocked.unlink()
    assert Indexes(database, blocked).index(stored).table.ordinal_of("I21") == 1


def test_a_disk_that_fills_up_while_the_index_is_built_stops_no_load(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("numpy.save", no_room)
    stored = load_code_system(sqlite_database, IndexFolder(tmp_path / "index"), None, HEADER, CONCEPTS)
    assert stored.concept_count == len(CONCEPTS)
    assert list((tmp_path / "index").iterdir()) == []


def test_loading_needs_the_permission(database: Database, tmp_path: Path) -> None:
    with database.session(write=True) as session:
        reviewer = person(session, "anna", Role.MAPPER)
    with pytest.raises(Forbidden):
        load_code_system(database, IndexFolder(tmp_path), reviewer, HEADER, CONCEPTS)
