"""Index folders of content that is no more go after a day, and nothing else does."""

from __future__ import annotations

from pathlib import Path

from termserver.index.unused import GRACE_S, remove_unused
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.requests import SubsumesRequest
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system, remove_code_system
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

KEY, GONE = "a" * 64, "b" * 64


def folders(path: Path) -> list[str]:
    return sorted(place.name for place in path.iterdir() if not place.name.startswith("."))


def test_what_is_unused_for_a_day_goes(tmp_path: Path) -> None:
    names = [f"{KEY[:24]}-concepts-3", f"{GONE[:24]}-concepts-3", f"{GONE[:24]}-translation-2", "id7-text-2"]
    for name in (*names, "matching", "vectors", "0-notes"):
        (tmp_path / name).mkdir()
    (tmp_path / f"{GONE[:24]}-text-2").write_text("a file, and none of ours")
    assert remove_unused(tmp_path, [KEY, "id7"], now_s=0) == []
    assert remove_unused(tmp_path, [KEY, "id7"], now_s=GRACE_S - 1) == []
    assert remove_unused(tmp_path, [KEY, "id7"], now_s=GRACE_S) == names[1:3]
    expected = [names[0], names[3], "matching", "vectors", "0-notes", f"{GONE[:24]}-text-2"]
    assert folders(tmp_path) == sorted(expected)
    assert not list(tmp_path.glob(".unused-*"))


def test_what_comes_back_in_time_stays(tmp_path: Path) -> None:
    (tmp_path / f"{GONE[:24]}-bodies-1").mkdir()
    remove_unused(tmp_path, [], now_s=0)
    remove_unused(tmp_path, [GONE], now_s=10)
    assert remove_unused(tmp_path, [], now_s=GRACE_S + 5) == []
    assert remove_unused(tmp_path, [], now_s=2 * GRACE_S + 5) == [f"{GONE[:24]}-bodies-1"]


def test_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert remove_unused(tmp_path / "none", []) == []


def test_an_index_goes_with_its_code_system_and_is_let_go_of(database: Database, tmp_path: Path) -> None:
    terminology = Terminology(database, Settings(data=tmp_path))
    with database.session(write=True) as session:
        kept = add_code_system(session, CodeSystem("http://a.b/kept", "1", "Kept"), [Concept("A", "a")])
        gone = add_code_system(session, CodeSystem("http://a.b/gone", "1", "Gone"), [Concept("A", "b")])
    for system in ("http://a.b/kept", "http://a.b/gone"):
        terminology.subsumes(SubsumesRequest(Coding(system, "A"), Coding(system, "A"), system))
    before = folders(terminology.settings.index_folder())
    with database.session(write=True) as session:
        remove_code_system(session, gone.id)
    assert terminology.remove_unused_indexes() == []
    assert set(terminology._indexes._open) == {kept.content_hash}
    for mark in terminology.settings.index_folder().glob(".unused-*"):
        mark.write_text("0")
    removed = terminology.remove_unused_indexes()
    assert removed
    assert folders(terminology.settings.index_folder()) == sorted(set(before) - set(removed))
    assert all(name.startswith(str(gone.content_hash)[:24]) for name in removed)
    terminology.close()
