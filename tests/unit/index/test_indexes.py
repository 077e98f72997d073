"""The derived structures: concept tables, hierarchy, text search, translation tables, revision watch."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.errors import BadInput, IndexUnavailable
from termserver.index import builder, table_builder
from termserver.index.builder import PARTS, Indexes
from termserver.index.cache import IndexFolder
from termserver.index.code_index import CodeIndexDraft
from termserver.index.concept_table import concept_arrays
from termserver.index.hierarchy import ancestors_of_all, hierarchy_from_edges
from termserver.index.parts import Part
from termserver.index.revision_watch import RevisionWatch
from termserver.index.table_builder import BuiltTables
from termserver.index.table_files import open_table, save_table
from termserver.index.text import TEXT, matches_words, open_text, words_of
from termserver.index.translation_table import TranslationTables, table_from_map
from termserver.model.code_system import Concept
from termserver.model.coding import Designation
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship
from termserver.store.code_systems import find_code_system, stream_concepts
from termserver.store.concept_maps import find_concept_map
from termserver.store.engine import Database
from tests.unit.fhir.builders import ICD, MAP, example_map, fill
from tests.waiting import eventually

Opened = TypeVar("Opened")
_EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


def written(part: Part, concepts: list[Concept], folder: Path, opened: Callable[[Path], Opened]) -> Opened:
    """A part of these concepts, written and opened."""
    builder = part.builder(folder)
    for concept in concepts:
        builder.add(concept)
    builder.finish()
    builder.close()
    return opened(folder)


@settings(deadline=None, max_examples=60)
@given(_EDGES)
def test_descendants_and_ancestors_are_each_others_inverse(edges: list[tuple[int, int]]) -> None:
    children, parents = (np.array([edge[end] for edge in edges], dtype=np.int32) for end in (0, 1))
    hierarchy = hierarchy_from_edges(10, children, parents)
    for one in range(10):
        below = set(hierarchy.descendants(one).tolist())
        assert below == {other for other in range(10) if other != one and hierarchy.subsumes(one, other)}
        assert below == {other for other in range(10) if one in hierarchy.ancestors(other).tolist()}


@settings(deadline=None, max_examples=60)
@given(_EDGES)
def test_known_ancestors_are_those_of_a_walk(edges: list[tuple[int, int]]) -> None:
    children, parents = (np.array([edge[end] for edge in edges], dtype=np.int32) for end in (0, 1))
    walked = hierarchy_from_edges(10, children, parents)
    known = ancestors_of_all(walked.parents, walked.children)
    in_a_circle = any(one in walked.parents.of(other) or one == other for one in range(10) for other in
                      [*walked.descendants(one).tolist(), *walked.children.of(one).tolist()]
                      if other == one or walked.subsumes(other, one))  # fmt: skip
    if known is None:
        assert in_a_circle
        return
    hierarchy = replace(walked, ancestors_of=known)
    for one in range(10):
        assert hierarchy.ancestors(one).tolist() == walked.ancestors(one).tolist()
        assert [hierarchy.subsumes(one, other) for other in range(10)] == [
            walked.subsumes(one, other) for other in range(10)
        ]


def test_ancestors_of_a_long_chain_are_not_kept() -> None:
    numbers = np.arange(1000, dtype=np.int32)
    chain = hierarchy_from_edges(1000, numbers[1:], numbers[:-1])
    assert ancestors_of_all(chain.parents, chain.children) is None
    assert len(chain.descendants(0)) == 999
    assert chain.subsumes(0, 999)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=6).filter(lambda code: "\0" not in code), unique=True, max_size=20))
def test_every_code_is_found_at_its_ordinal(codes: list[str]) -> None:
    table = concept_arrays([Concept(code, f"display of {code}") for code in codes]).table
    assert table.ordinals_of(codes).tolist() == list(range(len(codes)))
    assert table.ordinal_of("not a code of theirs") == -1
    assert table.displays_of(codes) == [f"display of {code}" for code in codes]


def test_indexes_come_from_the_store_and_are_kept_on_disk(database: Database, tmp_path: Path) -> None:
    fill(database)
    with database.session() as session:
        stored = find_code_system(session, ICD)
    assert stored is not None
    for _ in range(2):  # built, then opened
        indexes = Indexes(database, tmp_path / "index")
        table, hierarchy = indexes.concepts(stored)
        below = [table.code_of(item) for item in hierarchy.descendants(table.ordinal_of("I20-I25")).tolist()]
        assert below == ["I21", "I21.9", "I22", "I24.9"]
        assert [table.code_of(item) for item in indexes.text(stored).search("HJÄRT akut")] == ["I21", "I21.9"]
    assert not [path for path in (tmp_path / "index").iterdir() if path.name.startswith(".building")]


def test_concepts_come_from_the_index_as_from_the_store(database: Database, tmp_path: Path) -> None:
    fill(database)
    indexes = Indexes(database, tmp_path / "index")
    with database.session() as session:
        stored = find_code_system(session, ICD)
        assert stored is not None
        concepts = list(stream_concepts(session, stored.id))
    assert indexes.opened(stored) is None
    index = indexes.index(stored)
    assert indexes.opened(stored) is index
    assert list(index.stream()) == concepts
    assert index.concepts(["I21", "no"]) == {"I21": index.concept("I21")}
    assert index.concept("no") is None


def test_large_content_is_built_by_a_process_of_its_own(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    monkeypatch.setattr(builder, "_MOST_CONCEPTS_IN_PROCESS", 0)
    monkeypatch.setattr(builder, "build_index", None)
    with database.session() as session:
        stored = find_code_system(session, ICD)
    assert stored is not None
    index = Indexes(database, tmp_path / "index").index(stored)
    assert index.table.ordinal_of("I21") >= 0


def test_a_damaged_index_is_built_anew(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    with sqlite_database.session() as session:
        stored = find_code_system(session, ICD)
    assert stored is not None
    before = Indexes(sqlite_database, tmp_path / "index").index(stored).table.codes.tolist()
    for file in (tmp_path / "index").glob("*-concepts-*/codes.npy"):
        file.write_bytes(b"")
    assert Indexes(sqlite_database, tmp_path / "index").index(stored).table.codes.tolist() == before


def test_a_full_disk_is_told_and_the_next_try_builds(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_database)
    with sqlite_database.session() as session:
        stored = find_code_system(session, ICD)
    assert stored is not None
    indexes = Indexes(sqlite_database, tmp_path / "index")

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np, "save", no_room)
        for _ in range(2):  # the second is told at once, without another try
            with pytest.raises(IndexUnavailable, match="No space left on device"):
                indexes.index(stored)
    assert list((tmp_path / "index").iterdir()) == []
    monkeypatch.setattr(builder.time, "monotonic", lambda: float("inf"))
    assert indexes.index(stored).table.ordinal_of("I21") >= 0


def test_what_another_version_of_the_program_wrote_is_removed(tmp_path: Path) -> None:
    old, other_part, other_content = (tmp_path / name for name in ("hash-text-0", "hash-bodies", "hashed-text-0"))
    for folder in (old, other_part, other_content):
        folder.mkdir()
    with IndexFolder(tmp_path).writer([TEXT]) as writer:
        writer.publish("hash")
    assert not old.exists()
    assert other_part.exists()
    assert other_content.exists()
    assert IndexFolder(tmp_path).missing("hash", [TEXT]) == []


def test_what_a_killed_builder_left_is_removed_by_the_next(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".building-{socket.gethostname()}-{ended.pid}-abc"
    other_machine = tmp_path / f".building-elsewhere-{ended.pid}-abc"
    alive = tmp_path / f".building-{socket.gethostname()}-{os.getpid()}-abc"
    for folder in (left, other_machine, alive):
        folder.mkdir()
    with IndexFolder(tmp_path).writer(PARTS) as writer:
        writer.publish("hash")
    assert not left.exists()
    assert other_machine.exists()
    assert alive.exists()


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with contextlib.suppress(RuntimeError), IndexFolder(tmp_path).writer(PARTS) as writer:
        writer.add(Concept("A", "a"))
        raise RuntimeError("no room")
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("aåäöø -019", max_size=12), min_size=1, max_size=8), st.text("aåäöø -019", max_size=4))
def test_text_index_and_looking_at_each_name_agree(names: list[str], asked: str) -> None:
    concepts = [Concept(f"C{place}", name, (Designation("Zebra", "sv"),)) for place, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        found = written(TEXT, concepts, Path(folder), open_text).search(asked).tolist()
    words = words_of(asked)
    assert found == [
        place
        for place, concept in enumerate(concepts)
        if words and any(matches_words(name, words) for name in (concept.code, concept.display, "Zebra"))
    ]


def test_a_text_of_too_many_words_is_refused(tmp_path: Path) -> None:
    index = written(TEXT, [Concept("A", "a")], tmp_path, open_text)
    with pytest.raises(BadInput, match="101 words"):
        index.search(" ".join(f"w{number}" for number in range(101)))


def test_an_empty_code_system_has_an_index(tmp_path: Path) -> None:
    assert written(TEXT, [], tmp_path, open_text).search("a").tolist() == []


def test_translation_table_gives_back_its_elements() -> None:
    concept_map = example_map()
    group = table_from_map(concept_map).groups[0]
    for element in concept_map.groups[0].elements:
        assert group.elements(element.code) == (element,)
    assert [element.code for element in group.sources_of("I21")] == ["HI", "HIU"]
    assert (group.elements("no"), group.sources_of("no")) == ((), ())


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=3), max_size=300))
def test_code_index_gives_the_places_of_a_code_in_order(codes: list[str]) -> None:
    draft = CodeIndexDraft()
    for place, code in enumerate(codes):
        draft.add(code.encode(), place)
    index = draft.finished()
    for code in ("", "not there", *codes):
        places = index.places_of(code.encode())
        assert [place for place in places if codes[place] == code] == [n for n, one in enumerate(codes) if one == code]
        assert places == sorted(places)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 6), unique=True, max_size=4)), max_size=12))
def test_translation_table_finds_what_a_search_finds(pairs: list[tuple[int, list[int]]]) -> None:
    elements = tuple(
        MapElement(f"S{code}", f"{place}", tuple(MapTarget(f"T{item}", Relationship.EQUIVALENT) for item in targets))
        for place, (code, targets) in enumerate(pairs)
    )
    head = ConceptMap("http://a.example", "1", "A", groups=(MapGroup("s", "t", elements=elements),))
    (table,) = table_from_map(head).groups
    for number in range(7):
        assert table.elements(f"S{number}") == tuple(item for item in elements if item.code == f"S{number}")
        assert table.sources_of(f"T{number}") == tuple(
            item for item in elements if any(target.code == f"T{number}" for target in item.targets)
        )


def test_translation_table_is_the_same_from_its_files(tmp_path: Path) -> None:
    concept_map = example_map()
    empty = replace(concept_map.groups[0], elements=())
    concept_map = replace(concept_map, groups=(*concept_map.groups, empty))
    built = table_from_map(concept_map)
    save_table(tmp_path, built)
    opened = open_table(tmp_path, built.head, "hash")
    assert opened.content_hash == "hash"
    assert (opened.head, opened.element_count, opened.size_bytes) == (built.head, 4, built.size_bytes)
    for element in concept_map.groups[0].elements:
        assert opened.groups[0].elements(element.code) == (element,)
    assert [element.code for element in opened.groups[0].sources_of("I21")] == ["HI", "HIU"]
    assert opened.groups[1].elements("HI") == opened.groups[1].sources_of("I21") == ()


@pytest.mark.parametrize("most_in_process", [30_000, 0])
def test_tables_come_from_the_store_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most_in_process: int
) -> None:
    """Built in this process, or (a large one) in a process of its own; then opened from the files."""
    monkeypatch.setattr(table_builder, "_MOST_ELEMENTS_IN_PROCESS", most_in_process)
    fill(database)
    with database.session() as session:
        stored, target = find_concept_map(session, MAP), find_code_system(session, ICD)
    assert stored is not None
    naming = ((None, target),)
    for _ in range(2):
        tables = BuiltTables(database, tmp_path / "index", Indexes(database, tmp_path / "index"))
        (element,) = tables.table(stored, "0123abcd", naming).groups[0].elements("HI")
        assert element.targets[0].display == "Acute myocardial infarction"
        monkeypatch.setattr(table_builder, "stream_elements", None)
    assert not [path for path in (tmp_path / "index").iterdir() if path.name.startswith(".building")]


def test_a_map_that_shrank_while_it_was_read_leaves_no_table(sqlite_database: Database, tmp_path: Path) -> None:
    fill(sqlite_database)
    with sqlite_database.session() as session:
        stored = find_concept_map(session, MAP)
    assert stored is not None
    tables = BuiltTables(sqlite_database, tmp_path / "index", Indexes(sqlite_database, tmp_path / "index"))
    with pytest.raises(IndexUnavailable, match="was changed while it was read"):
        tables.table(replace(stored, element_count=99), "0123abcd", ((None, None),))
    assert not (tmp_path / "index").exists()


def test_tables_leave_by_least_recent_use() -> None:
    table = table_from_map(example_map())
    tables = TranslationTables(table.size_bytes * 2)
    for key in ("a", "b"):
        tables.put(key, table)
    tables.get("a")
    tables.put("c", table)
    assert [key for key in "abc" if tables.get(key)] == ["a", "c"]
    assert tables.departures == 1


def test_revision_is_current_after_every_change(database: Database) -> None:
    watch, other = RevisionWatch(database), RevisionWatch(database)
    before = watch.revision()
    assert watch.revision() == before
    fill(database)
    assert watch.revision_if_unchanged() is None
    assert watch.revision() == other.revision() > before
    eventually(lambda: watch.revision_if_unchanged() == watch.revision())
    watch.close()
    other.close()
