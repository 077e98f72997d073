from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from termserver.errors import BadInput, Conflict
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.naming_system import NamingSystem, UniqueId
from termserver.model.relationship import Relationship
from termserver.model.value_set import ValueSet
from termserver.store.code_systems import add_code_system, remove_code_system, resolve_alias
from termserver.store.concept_maps import (
    add_concept_map,
    find_concept_map,
    get_concept_map,
    get_concept_map_by_fhir_id,
    list_concept_maps,
    read_concept_map,
    retire_concept_map,
)
from termserver.store.engine import Database
from termserver.store.naming_systems import add_naming_system, remove_naming_system
from termserver.store.resource_versions import (
    Placing,
    first_status,
    get_version,
    last_version,
    list_versions,
    record_version,
    withdraw,
)
from termserver.store.value_sets import add_value_set, find_value_set, get_value_set_by_fhir_id


def _map(version: str = "1", status: str = "active", target: str = "x") -> ConceptMap:
    element = MapElement("1", targets=(MapTarget(target, Relationship.EQUIVALENT),))
    return ConceptMap(
        "http://a.example/m",
        version,
        "M",
        status=status,
        groups=(MapGroup("http://s", "http://t", elements=(element,)),),
    )


def test_a_load_is_version_one(database: Database) -> None:
    with database.session(write=True) as session:
        stored = add_concept_map(session, _map())
        version = last_version(session, "ConceptMap", stored.fhir_id)
    assert version is not None
    assert (version.version_id, version.action, version.content_id) == (1, "create", stored.id)
    assert version.at == stored.stored_at


def test_a_replaced_draft_is_history_alone(database: Database) -> None:
    with database.session(write=True) as session:
        first = add_concept_map(session, _map(status="draft"), Placing("m"))
        second = add_concept_map(session, _map(status="draft", target="y"), Placing("m", "anna", first.id))
    with database.session() as session:
        found = find_concept_map(session, "http://a.example/m", "1")
        assert found is not None
        assert (found.id, found.version_id) == (second.id, 2)
        assert read_concept_map(session, first.id).groups[0].elements[0].targets[0].code == "x"
        assert [item.person for item in list_versions(session, kind="ConceptMap", fhir_id="m")[0]] == ["anna", "system"]


def test_a_published_version_stays_live_when_another_follows_under_its_id(database: Database) -> None:
    with database.session(write=True) as session:
        first = add_concept_map(session, _map(), Placing("m"))
        second = add_concept_map(session, _map("2"), Placing("m", replaces=first.id))
    with database.session() as session:
        assert {item.id for item in list_concept_maps(session)} == {first.id, second.id}
        current = get_concept_map_by_fhir_id(session, "m")
        assert current is not None
        assert current.id == second.id
        old = get_concept_map(session, first.id)
        assert old is not None
        assert not old.is_current


def test_a_status_alone_makes_a_version_without_new_content(database: Database) -> None:
    with database.session(write=True) as session:
        stored = add_concept_map(session, _map())
        retire_concept_map(session, stored.id)
    with database.session() as session:
        versions, total = list_versions(session, kind="ConceptMap", fhir_id=stored.fhir_id)
        assert total == 2
        assert [(item.version_id, item.status, item.content_id) for item in versions] == [
            (2, "retired", stored.id),
            (1, "active", stored.id),
        ]
        assert first_status(session, "ConceptMap", stored.id) == "active"


def test_what_is_withdrawn_is_found_in_the_history_alone(database: Database) -> None:
    with database.session(write=True) as session:
        stored = add_value_set(session, ValueSet("http://a.example/v", "1", "V"))
        withdraw(session, "ValueSet", stored.id)
        record_version(session, "ValueSet", stored.fhir_id, action="delete", status=None, content_id=None)
    with database.session(write=True) as session:
        assert find_value_set(session, "http://a.example/v") is None
        assert get_value_set_by_fhir_id(session, stored.fhir_id) is None
        assert get_version(session, "ValueSet", stored.fhir_id, 1) is not None
        again = add_value_set(session, ValueSet("http://a.example/v", "1", "V"))
        assert (again.fhir_id, again.version_id) == (stored.fhir_id, 3)


def test_one_canonical_has_one_id(database: Database) -> None:
    with database.session(write=True) as session:
        add_value_set(session, ValueSet("http://a.example/v", "1", "V"), Placing("a"))
        with pytest.raises(Conflict, match="ValueSet/a"):
            add_value_set(session, ValueSet("http://a.example/v", "1", "V"), Placing("b"))


def test_a_removed_code_system_leaves_its_deletion(database: Database) -> None:
    with database.session(write=True) as session:
        stored = add_code_system(session, CodeSystem("http://a.example/c", "1", "C"), [Concept("A", "a")])
        remove_code_system(session, stored.id)
        version = last_version(session, "CodeSystem", stored.fhir_id)
    assert version is not None
    assert version.action == "delete"


def test_history_pages_latest_first(database: Database) -> None:
    with database.session(write=True) as session:
        for number in range(5):
            add_value_set(session, ValueSet("http://a.example/v", str(number), "V"))
        page, total = list_versions(session, limit=2, offset=1)
    assert total == 5
    assert [item.fhir_id for item in page] == ["v-3", "v-2"]


def test_a_text_too_long_for_its_column_is_the_clients_mistake(database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite has no lengths")
    with pytest.raises(BadInput, match="too long"), database.session(write=True) as session:
        add_value_set(session, ValueSet("http://a.example/" + "v" * 600, "1", "V"))


def _naming_system(status: str = "active") -> NamingSystem:
    return NamingSystem(
        "http://a.example/NamingSystem/icd", "1", "ICD", status=status,
        unique_ids=(UniqueId("oid", "1.2.3"), UniqueId("uri", "http://a.example/icd", preferred=True)),
    )  # fmt: skip


def test_identifiers_of_a_naming_system_are_aliases_while_it_is_there(database: Database) -> None:
    with database.session(write=True) as session:
        first = add_naming_system(session, _naming_system())
        assert resolve_alias(session, "urn:oid:1.2.3") == "http://a.example/icd"
        second = add_naming_system(session, _naming_system("retired"), Placing(first.fhir_id, replaces=first.id))
        assert resolve_alias(session, "urn:oid:1.2.3") == "urn:oid:1.2.3"
        third = add_naming_system(session, _naming_system(), Placing(first.fhir_id, replaces=second.id))
        remove_naming_system(session, third.id)
        assert resolve_alias(session, "urn:oid:1.2.3") == "urn:oid:1.2.3"


def test_a_loaded_code_system_is_what_its_identifiers_stand_for(database: Database) -> None:
    header = CodeSystem("urn:oid:1.2.3", "1", "ICD", aliases=("urn:oid:9",))
    with database.session(write=True) as session:
        add_code_system(session, header, [Concept("A", "a")])
        stored = add_naming_system(
            session, replace(_naming_system(), unique_ids=(*_naming_system().unique_ids, UniqueId("oid", "9")))
        )
        assert resolve_alias(session, "http://a.example/icd") == "urn:oid:1.2.3"
        remove_naming_system(session, stored.id)
        assert resolve_alias(session, "urn:oid:9") == "urn:oid:1.2.3"
        assert resolve_alias(session, "http://a.example/icd") == "http://a.example/icd"


def test_a_database_of_the_first_release_keeps_its_content(tmp_path: Path) -> None:
    from alembic import command

    from termserver.store.engine import _alembic_config

    database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    config = _alembic_config(database.url)
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO concept_map (id, fhir_id, url, version, name, status, header, content_hash, element_count,"
                " stored_at) VALUES (1, 'm-1', 'http://a', '1', 'M', 'active',"
                ' \'{"url":"http://a","version":"1","name":"M"}\', \'h\', 1, \'2026-01-01T00:00:00.000Z\')'
            )
        )
        connection.execute(text("INSERT INTO concept_map_element VALUES (1, 0, 0, 'A', '{\"code\":\"A\"}')"))
    database.upgrade()
    with database.session() as session:
        stored = get_concept_map_by_fhir_id(session, "m-1")
        assert stored is not None
        assert session.scalar(text("SELECT count(*) FROM concept_map_element")) == 1
        version = last_version(session, "ConceptMap", "m-1")
        assert version is not None
        assert (version.version_id, version.at) == (1, "2026-01-01T00:00:00.000Z")
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
    database.close()
