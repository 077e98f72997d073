"""Training on a small parallel folder: deterministic, honest about what it held out, clear about what is missing."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from termserver.cli.train import train as train_command
from termserver.errors import BadInput, MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import read_gold
from termserver.matching.own_model import OwnModel
from termserver.matching.ranker import Ranker
from termserver.matching.training.fit_own_model import Recipe, fit, make_pairs, quantise
from termserver.matching.training.held_out import TEST, Fold, slot_of, without_held_out
from termserver.matching.training.run import train
from termserver.matching.training.sources import Concept, core_lexicon, read_concepts
from termserver.model.candidate import SourceTerm, Target

SMALL = Recipe(dimensions=24, epochs=8, batch=64, buckets=4096)


def concept(code: str, *names: str) -> Concept:
    return Concept(f"icd:{code}", tuple(zip(("en", "sv"), names, strict=False)), "test")


def test_training_writes_weights_that_serve(small_weights: Path) -> None:
    engine = MatchingEngine.build([Target("s", "1", "Asthma"), Target("s", "2", "Measles")], weights=small_weights)
    assert engine.suggest([SourceTerm("Mässling", "sv")])[0].candidates[0].code == "2"
    card = (small_weights / "MODEL_CARD.md").read_text("utf-8")
    for part in ("Seed: 7", "written for this test", "## Held-out results", "icd10_sv", "recall@1"):
        assert part in card


def test_the_same_seed_gives_the_same_bytes(data_folder: Path, small_weights: Path, tmp_path: Path) -> None:
    train(data_folder, tmp_path, seed=7, recipe=SMALL)
    for name in (
        "own_vectors.npy",
        "own_scales.npy",
        "learned_names.npz",
        "ranker.npz",
        "calibration.npz",
        "MODEL_CARD.md",
    ):
        assert (tmp_path / name).read_bytes() == (small_weights / name).read_bytes(), name


def test_another_seed_gives_other_vectors(data_folder: Path) -> None:
    pairs = make_pairs(read_concepts(data_folder), buckets=4096)
    one, other = (fit(pairs, Recipe(dimensions=8, epochs=1, batch=32, buckets=4096), seed=seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_names_of_one_concept_come_together(data_folder: Path) -> None:
    pairs = make_pairs(read_concepts(data_folder), buckets=4096)
    model = OwnModel(*quantise(fit(pairs, SMALL, seed=1)))
    swedish, finnish, other = model.encode(["Mässling", "Tuhkarokko", "Diabetes mellitus typ 1"])
    assert swedish @ finnish > 0.5 > swedish @ other


def test_nothing_of_a_held_out_code_is_left_in_any_source() -> None:
    codes = [f"A{number:02}.{digit}" for number in range(40) for digit in range(5)]
    held = next(code for code in codes if TEST.holds_code(code))
    kept = next(code for code in codes if not TEST.holds_code(code))
    concepts = [
        concept(held, "Cholera", "Kolera"),
        concept(kept, "Measles", "Mässling"),
        Concept("other:1", (("en", "Cholera disease"), ("sv", "KOLERA"), ("sv", "Rubella")), "elsewhere"),
    ]
    seen = without_held_out(concepts, TEST, [])
    names = {name for one in seen for _, name in one.names}
    assert names == {"Measles", "Mässling", "Cholera disease", "Rubella"}


def test_a_held_out_gold_term_is_left_out_everywhere() -> None:
    term = next(f"Term {number}" for number in range(99) if TEST.holds_term(f"Term {number}"))
    seen = without_held_out([Concept("x:1", (("en", "One"), ("sv", term), ("sv", "Annat")), "x")], TEST, [term])
    assert seen[0].names == (("en", "One"), ("sv", "Annat"))


def test_subdivisions_go_with_their_code() -> None:
    fold = Fold(frozenset({slot_of("I21.9")}))
    assert fold.holds_code("I21.9A")


def test_held_out_rows_are_written_as_gold(data_folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        train_command, ["--data", str(data_folder), "--write-held-out", str(tmp_path)], catch_exceptions=False
    )
    assert "icd10_sv.csv" in result.output
    rows = read_gold(tmp_path / "icd10_sv.csv")
    assert rows
    assert all(TEST.holds_code(code) for row in rows for _, code in row.right)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MatchingError, match="none of the known parallel files"):
        train(tmp_path, tmp_path / "out", seed=1)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="TERMSERVER_DATA_SOURCES"):
        CliRunner().invoke(train_command, ["--data", str(tmp_path / "no")], catch_exceptions=False)


def test_a_ranker_of_other_features_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "ranker.npz", features=np.array(["one"]))
    with pytest.raises(MatchingError, match="train again"):
        Ranker.load(tmp_path / "ranker.npz")


def test_the_lexicons_have_eight_languages_and_no_empty_english() -> None:
    concepts = list(core_lexicon())
    assert len(concepts) > 1000
    assert {language for one in concepts for language, _ in one.names} == {
        "en",
        "sv",
        "nb",
        "da",
        "fi",
        "et",
        "is",
        "lv",
        "lt",
    }
    assert all(name.strip() for one in concepts for _, name in one.names)
