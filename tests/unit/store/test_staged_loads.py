"""Releases are stored in batches that nobody sees, and become visible at once or not at all."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from termserver.errors import Conflict
from termserver.model.code_system import CodeSystem, Concept
from termserver.store import staged_loads
from termserver.store.code_systems import (
    add_code_system,
    children_of,
    find_code_system,
    list_code_systems,
    stream_concepts,
)
from termserver.store.engine import Database
from termserver.store.resource_versions import list_versions
from termserver.store.revision import catalogue_revision
from termserver.store.staged_loads import StagedLoad, remove_abandoned_loads
from tests.builders import CONCEPTS, ICD

HEADER = CodeSystem(ICD, "2019", "ICD10", aliases=("urn:oid:1.2.3",))


def rows(database: Database) -> dict[str, int]:
    """How many rows the tables of a load have."""
    with database.engine.connect() as connection:
        return {
            table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("code_system", "concept", "concept_parent", "staged_load")
        }


def test_a_load_is_seen_when_it_is_published_and_is_what_adding_stores(database: Database) -> None:
    with StagedLoad(database, HEADER, recipe="icd") as load:
        load.add(CONCEPTS[:4])
        load.add(CONCEPTS[4:])
        with database.session(write=True) as session:  # others write meanwhile
            add_code_system(session, CodeSystem("http://a.b", "1", "A"), [Concept("A", "a")])
            assert find_code_system(session, ICD) is None
            assert len(list_code_systems(session)) == 1
            before = catalogue_revision(session)
        with database.session(write=True) as session:
            stored = load.publish(session)
    with database.session(write=True) as session:
        assert find_code_system(session, "urn:oid:1.2.3") == stored
        assert catalogue_revision(session) > before
        assert tuple(stream_concepts(session, stored.id)) == CONCEPTS
        assert [child.code for child in children_of(session, stored.id, "IX")] == ["I21", "I48", "I99"]
        assert (stored.concept_count, stored.recipe, stored.version_id) == (len(CONCEPTS), "icd", 1)
        assert add_code_system(session, HEADER, CONCEPTS) == stored
        assert list_versions(session, kind="CodeSystem")[0][0].fhir_id == stored.fhir_id
    assert rows(database)["staged_load"] == 0


def test_a_load_that_fails_leaves_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged_loads, "_ROWS_A_REMOVAL", 2)
    with contextlib.suppress(RuntimeError), StagedLoad(database, HEADER) as load:
        load.add(CONCEPTS)
        assert rows(database)["concept"] == len(CONCEPTS)
        raise RuntimeError("the file is damaged")
    assert rows(database) == {"code_system": 0, "concept": 0, "concept_parent": 0, "staged_load": 0}


def test_of_two_loads_of_the_same_content_one_is_kept(database: Database) -> None:
    with StagedLoad(database, HEADER) as first, StagedLoad(database, HEADER) as second:
        first.add(CONCEPTS)
        second.add(CONCEPTS)
        with database.session(write=True) as session:
            stored = first.publish(session)
        with database.session(write=True) as session:
            assert second.publish(session) == stored
    assert rows(database) == {
        "code_system": 1, "concept": len(CONCEPTS), "concept_parent": 5, "staged_load": 0,
    }  # fmt: skip


def test_of_two_loads_of_other_content_the_second_is_refused(database: Database) -> None:
    with StagedLoad(database, HEADER) as first:
        first.add(CONCEPTS)
        with StagedLoad(database, HEADER) as second:
            second.add(CONCEPTS[:2])
            with database.session(write=True) as session:
                second.publish(session)
        with (
            pytest.raises(Conflict, match="already loaded with other content"),
            database.session(write=True) as session,
        ):
            first.publish(session)
    with database.session() as session:
        stored = find_code_system(session, ICD)
        assert stored is not None
        assert stored.concept_count == 2
    assert rows(database)["concept"] == 2


_KILLED = """
import os, signal, sys
from termserver.store.engine import Database
from termserver.store.staged_loads import StagedLoad
from tests.unit.store.test_staged_loads import CONCEPTS, HEADER
with StagedLoad(Database(sys.argv[1]), HEADER) as load:
    load.add(CONCEPTS)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_not_seen_and_removed_by_the_next_load(database: Database) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", _KILLED, database.engine.url.render_as_string(hide_password=False)]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ended.returncode == -9, ended.stderr
    assert rows(database)["concept"] == len(CONCEPTS)
    with database.session() as session:
        assert list_code_systems(session) == []
    with StagedLoad(database, HEADER) as load:
        assert rows(database)["concept"] == 0
        load.add(CONCEPTS)
        assert remove_abandoned_loads(database) == 0  # this one is alive
        with database.session(write=True) as session:
            load.publish(session)
    assert rows(database)["concept"] == len(CONCEPTS)
