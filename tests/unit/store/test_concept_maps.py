from dataclasses import replace

import pytest

from termserver.errors import Conflict
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.store.concept_maps import (
    add_concept_map,
    find_concept_map,
    get_concept_map_by_fhir_id,
    list_concept_maps,
    read_concept_map,
    read_groups_header,
    retire_concept_map,
    stream_elements,
)
from termserver.store.engine import Database

MAP = ConceptMap(
    url="http://example.org/ConceptMap/a",
    version="1",
    name="A",
    groups=(
        MapGroup(
            "http://s",
            "http://t",
            source_version="1",
            elements=(
                MapElement(
                    "1",
                    "one",
                    targets=(
                        MapTarget(
                            "x",
                            Relationship.NARROWER,
                            depends_on=(Dependency("d", Coding("http://d", "q")), Dependency("e", "text")),
                            properties=(("p", True), ("n", "v")),
                        ),
                    ),
                ),
                MapElement("2", no_map=True, comment="too vague"),
            ),
            unmapped=Unmapped("fixed", code="u", relationship=Relationship.RELATED_TO),
        ),
        MapGroup(
            "http://s", "http://u", elements=(MapElement("1", targets=(MapTarget("y", Relationship.EQUIVALENT),)),)
        ),
    ),
)


def test_a_map_comes_back_as_it_went_in(database: Database) -> None:
    with database.session(write=True) as session:
        stored = add_concept_map(session, MAP)
    with database.session() as session:
        assert read_concept_map(session, stored.id) == MAP
        assert stored.element_count == 3
        assert [group for group, _ in stream_elements(session, stored.id)] == [0, 0, 1]
        assert [group.target for group in read_groups_header(session, stored.id)] == ["http://t", "http://u"]
        assert get_concept_map_by_fhir_id(session, stored.fhir_id) == stored


def test_a_published_version_is_immutable(database: Database) -> None:
    with database.session(write=True) as session:
        assert add_concept_map(session, MAP) == add_concept_map(session, MAP)
        with pytest.raises(Conflict, match="immutable"):
            add_concept_map(session, replace(MAP, groups=()))


def test_the_newest_active_version_is_found(database: Database) -> None:
    with database.session(write=True) as session:
        add_concept_map(session, MAP)
        second = add_concept_map(session, replace(MAP, version="2"))
        found = find_concept_map(session, MAP.url)
        assert found is not None
        assert found.header.version == "2"
        retire_concept_map(session, second.id)
        found = find_concept_map(session, MAP.url)
        assert found is not None
        assert found.header.version == "1"
        pinned = find_concept_map(session, MAP.url, "2")
        assert pinned is not None
        assert pinned.header.status == "retired"


def test_maps_are_listed_by_their_systems(database: Database) -> None:
    with database.session(write=True) as session:
        add_concept_map(session, MAP)
        assert len(list_concept_maps(session, source_system="http://s", target_system="http://u")) == 1
        assert list_concept_maps(session, source_system="http://t") == []
