"""The derived structures: concept tables, hierarchy, text search, translation tables, revision watch."""

import contextlib
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.index.builder import Indexes
from termserver.index.cache import IndexFolder
from termserver.index.code_index import CodeIndexDraft
from termserver.index.concept_table import concept_arrays
from termserver.index.hierarchy import hierarchy_from_edges
from termserver.index.revision_watch import RevisionWatch
from termserver.index.text import TextIndex, build_text_index, matches_words, words_of
from termserver.index.translation_table import TranslationTables, table_from_map
from termserver.model.code_system import Concept
from termserver.model.coding import Designation
from termserver.store.code_systems import find_code_system
from termserver.store.engine import Database
from tests.unit.fhir.builders import ICD, example_map, fill

_EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20)


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


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise RuntimeError("no room")

    folder = IndexFolder(tmp_path)
    with contextlib.suppress(RuntimeError):
        folder.ensure("abc", "concepts", fail)
    assert list(tmp_path.iterdir()) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("aåäöø -019", max_size=12), min_size=1, max_size=8), st.text("aåäöø -019", max_size=4))
def test_text_index_and_looking_at_each_name_agree(names: list[str], asked: str) -> None:
    import tempfile

    concepts = [Concept(f"C{place}", name, (Designation("Zebra", "sv"),)) for place, name in enumerate(names)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names"
        build_text_index(path, concepts)
        found = TextIndex(path).search(asked).tolist()
    words = words_of(asked)
    assert found == [
        place
        for place, concept in enumerate(concepts)
        if words and any(matches_words(name, words) for name in (concept.code, concept.display, "Zebra"))
    ]


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
        places = index.places_of(code.encode()).tolist()
        assert [place for place in places if codes[place] == code] == [n for n, one in enumerate(codes) if one == code]
        assert places == sorted(places)


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
    if watch.is_cheap:
        assert watch.revision_if_unchanged() is None
    assert watch.revision() == other.revision() > before
    if watch.is_cheap:
        assert watch.revision_if_unchanged() == watch.revision()
    watch.close()
    other.close()
