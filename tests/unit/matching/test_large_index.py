"""The index as arrays: texts, labels, words and codes give back what went in, built or opened from its folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from termserver.matching.engine import MatchingEngine
from termserver.matching.name_words import names_of_words, words_of_names
from termserver.matching.text_table import Labels, NumberSets, TextTable
from termserver.model.candidate import SourceTerm, Target
from termserver.model.coding import Designation

TEXTS = st.lists(st.text(max_size=12), max_size=12)


@given(TEXTS)
def test_a_table_gives_its_texts_back(texts: list[str]) -> None:
    table = TextTable.of(texts)
    assert list(table) == texts == table[:]
    assert table.take(np.arange(len(texts))[::-1]) == texts[::-1]


def test_a_lone_surrogate_is_a_text_like_others() -> None:
    assert TextTable.of(["a\ud800", "b"])[0] == "a\ud800"


@given(st.lists(st.sampled_from(["sv", "et", None]), max_size=9))
def test_labels_give_their_values_back(labels: list[str | None]) -> None:
    column = Labels.of(labels)
    assert list(column) == labels
    assert column.are_in({"sv", None}).tolist() == [label in {"sv", None} for label in labels]


@given(st.lists(st.frozensets(st.sampled_from(["1", "2.5", "13"])), max_size=9))
def test_number_sets_give_their_numbers_back(sets: list[frozenset[str]]) -> None:
    column = NumberSets.of(sets)
    assert list(column) == sets == column.take(np.arange(len(sets)))


@given(st.lists(st.lists(st.sampled_from(["akut", "akutbronkit", "bron", "kron", "z"]), max_size=4), max_size=9))
def test_names_are_found_by_beginnings_of_their_words(names: list[list[str]]) -> None:
    words = names_of_words(*words_of_names(" ".join(name) for name in names))
    for wanted in (["ak"], ["bron", "akut"], ["x"], ["z", "k"]):
        expected = [
            number
            for number, name in enumerate(names)
            if all(any(word.startswith(letters) for word in name) for letters in wanted)
        ]
        assert words.with_words(wanted).tolist() == expected


@pytest.fixture
def engines(small_weights: Path, tmp_path: Path) -> tuple[MatchingEngine, MatchingEngine]:
    """One engine as it was built, and as it is opened from its folder."""
    targets = [
        Target(
            "urn:b",
            f"{letter}{number:02d}.{number % 3}",
            f"{kind} infarction {number} of {letter} (disorder)",
            (Designation(f"{word} infarkt {number} i {letter}", "sv"),),
            active=number % 7 != 0,
            kind="disorder",
            parents=(f"{letter}{number:02d}",),
        )
        for letter in "ABC"
        for number, (kind, word) in enumerate([("Acute", "Akut"), ("Chronic", "Kronisk"), ("Old", "Gammal")] * 8)
    ]
    targets.append(Target("urn:a", "A01.1", "Cholera", (), kind=None))
    built = MatchingEngine.build(targets, weights=small_weights)
    built.save(tmp_path)
    return built, MatchingEngine.load(tmp_path, weights=small_weights)


def test_an_opened_engine_answers_as_the_built_one(engines: tuple[MatchingEngine, MatchingEngine]) -> None:
    built, opened = engines
    rows = [
        SourceTerm("akut infarkt 3 i A", "sv"),
        SourceTerm("kronisk infarkt", "sv", code="B04.1X"),
        SourceTerm("kolera"),
    ]
    assert opened.suggest(rows) == built.suggest(rows)
    for text in ("infarkt akut", "B0", "b04.1", "a", "infarction 3", "kol"):
        assert opened.search(text, language="sv") == built.search(text, language="sv")


@pytest.mark.parametrize("limit", [1, 3, 20, 200])
def test_search_cut_short_begins_like_search_of_everything(
    engines: tuple[MatchingEngine, MatchingEngine], limit: int
) -> None:
    engine, _ = engines
    for text in ("infarkt", "A", "A0", "i akut", "acute infarction of B"):
        whole = [(one.system, one.code, one.score) for one in engine.search(text, language="sv", limit=10_000)]
        assert [(one.system, one.code, one.score) for one in engine.search(text, language="sv", limit=limit)] == whole[
            :limit
        ]


def test_a_target_is_found_by_system_and_code(engines: tuple[MatchingEngine, MatchingEngine]) -> None:
    targets = engines[1]._index.targets
    first, second = targets.position("urn:a", "A01.1"), targets.position("urn:b", "A01.1")
    assert first is not None
    assert second is not None
    assert (targets[first].display, targets[first].kind, targets[first].parents) == ("Cholera", None, ())
    assert (targets[second].kind, targets[second].parents, targets[second].active) == ("disorder", ("A01",), True)
    assert targets.position("urn:c", "A01.1") is None
    assert targets.position("urn:b", "Z99") is None


def test_a_folder_of_an_older_version_says_so(
    tmp_path: Path, small_weights: Path, icd_targets: Callable[..., list[Target]]
) -> None:
    from termserver.errors import MatchingError

    MatchingEngine.build(icd_targets(), weights=small_weights).save(tmp_path)
    (tmp_path / "coarse_codes.npy").unlink()
    with pytest.raises(MatchingError, match="build the engine again"):
        MatchingEngine.load(tmp_path, weights=small_weights)
