"""Training on a small parallel folder: deterministic, honest about what it held out, clear about what is missing."""

import csv
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from termserver.cli.train import train as train_command
from termserver.errors import BadInput, MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import GoldRow, read_gold
from termserver.matching.own_model import OwnModel
from termserver.matching.ranker import Ranker
from termserver.matching.training import fit_own_model, sources
from termserver.matching.training.fit_own_model import Recipe, batches_of, fit, make_pairs
from termserver.matching.training.held_out import CALIBRATION, REPORTED, TEST, Fold, slot_of, without_held_out
from termserver.matching.training.rows import (
    CALIBRATED_SAMPLES,
    MEASURED_SAMPLES,
    SAMPLES,
    nonsense,
    small_systems,
)
from termserver.matching.training.run import CROSS, train
from termserver.matching.training.sources import LEXICONS, Concept, core_lexicon, read_concepts
from termserver.model.candidate import SourceTerm, Target


def concept(code: str, *names: str) -> Concept:
    return Concept(f"icd:{code}", tuple(zip(("en", "sv"), names, strict=False)), "test")


def test_training_writes_weights_that_serve(small_weights: Path) -> None:
    engine = MatchingEngine.build([Target("s", "1", "Asthma"), Target("s", "2", "Measles")], weights=small_weights)
    assert engine.suggest([SourceTerm("Mässling", "sv")])[0].candidates[0].code == "2"
    card = (small_weights / "MODEL_CARD.md").read_text("utf-8")
    for part in ("Seed: 7", "written for this test", "## Held-out results", "icd10_sv", "recall@1"):
        assert part in card


def test_the_same_seed_gives_the_same_bytes(
    data_folder: Path, small_weights: Path, small_recipe: Recipe, tmp_path: Path
) -> None:
    train(data_folder, tmp_path, seed=7, recipe=small_recipe)
    for name in (
        "own_vectors.npy",
        "own_scales.npy",
        "learned_names.npz",
        "attributes.npz",
        "ranker.npz",
        "calibration.npz",
        "MODEL_CARD.md",
    ):
        assert (tmp_path / name).read_bytes() == (small_weights / name).read_bytes(), name


def test_another_seed_gives_other_vectors(data_folder: Path) -> None:
    pairs = make_pairs(read_concepts(data_folder), buckets=4096)
    one, other = (fit(pairs, Recipe(dimensions=8, epochs=1, batch=32, buckets=4096), seed=seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_names_of_one_concept_come_together(data_folder: Path, small_recipe: Recipe) -> None:
    pairs = make_pairs(read_concepts(data_folder), buckets=4096)
    model = OwnModel.of(fit(pairs, small_recipe, seed=1))
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


def test_small_systems_have_rows_with_and_without_a_right_target() -> None:
    targets = [Target("s", f"{number}", f"Name {number}") for number in range(400)]
    rows = [GoldRow(SourceTerm(f"term {number}"), frozenset({("s", f"{number}")})) for number in range(0, 400, 5)]
    (name, few, chosen), *rest = small_systems([("list", targets, rows)], seed=1)
    assert (name, rest) == ("list_small", [])
    assert len(few) < 200
    codes = {target.code for target in few}
    assert all(code in codes for row in chosen for _, code in row.right)
    assert {bool(row.right) for row in chosen} == {True, False}
    assert small_systems([("list", targets, rows)], seed=1)[0] == (name, few, chosen)


def test_nonsense_has_no_right_target_and_does_not_change() -> None:
    rows = nonsense(12, seed=3)
    assert rows == nonsense(12, seed=3)
    assert not any(row.right for row in rows)
    assert any(row.term.term.split()[0].isdigit() for row in rows)


def test_our_samples_are_ranked_calibrated_and_measured_apart() -> None:
    folds = (SAMPLES, CALIBRATED_SAMPLES, MEASURED_SAMPLES)
    assert sum(len(fold.slots) for fold in folds) == len(frozenset().union(*(fold.slots for fold in folds))) == 20
    assert not CALIBRATION.slots & REPORTED.slots
    assert CALIBRATION.slots | REPORTED.slots == TEST.slots
    slots = [slot for fold in (*CROSS, TEST) for slot in fold.slots]
    assert len(slots) == len(set(slots)), "each model of the ranker is blind for its own rows, and all for the test"


def test_an_error_of_a_worker_is_told(data_folder: Path, small_recipe: Recipe, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data_folder, copy)
    with (copy / "gold/sv_list__icd10.csv").open("a", encoding="utf-8") as stream:
        stream.write("r999,kolera,sv,,,http://hl7.org/fhir/sid/icd-10,A00,Cholera,equivalent,one cell too many\n")
    with pytest.raises(MatchingError, match="sv_list__icd10"):
        train(copy, tmp_path / "out", seed=1, recipe=small_recipe)


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


def test_each_language_of_the_laboratory_lexicon_has_words_of_its_own() -> None:
    with Path(sources.__file__).with_name("lab_lexicon.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for language in ("sv", "nb", "da", "fi", "et", "is", "lv", "lt"):
        filled = [row for row in rows if row[language]]
        copied = [row for row in filled if row[language].casefold() == row["en"].casefold()]
        assert len(filled) > len(rows) / 2, language
        assert len(copied) < len(filled) / 5, language


def test_a_data_folder_may_bring_its_own_lexicons(data_folder: Path) -> None:
    first, *rest = core_lexicon(data_folder)
    assert first.names == (
        ("en", "fever"),
        ("en", "pyrexia"),
        ("is", "hiti"),
        ("lv", "drudzis"),
        ("lt", "karščiavimas"),
    )
    assert [one.source for one in (first, *rest)] == ["lexicons/core_lexicon.csv"] * 2


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


@pytest.mark.parametrize("name", LEXICONS)
def test_a_lexicon_is_well_formed(name: str) -> None:
    """Full rows, forms in composed characters without stray blanks, each English name once and never alone."""
    path = Path(sources.__file__).with_name(name)
    header, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines(), strict=True))
    english = [row[0].split("|")[0].lower() for row in rows]
    assert header[0] == "en"
    assert len(set(header)) == len(header)
    assert [one for one, count in Counter(english).items() if count > 1] == []
    for row in rows:
        assert len(row) == len(header), row
        assert row[0], row
        assert any(row[1:]), row
        for cell in row:
            forms = cell.split("|") if cell else []
            assert all(form == " ".join(unicodedata.normalize("NFC", form).split()) and form for form in forms), row
            assert len(set(forms)) == len(forms), row


def test_an_epoch_shows_each_pair_as_often_as_it_weighs_and_parts_the_pairs_of_a_concept() -> None:
    concepts = [
        Concept(
            f"icd:A{number:02}",
            (("en", f"Disease {number}"), *(("sv", f"Sjuka {number} {name}") for name in range(6))),
            "x",
        )
        for number in range(64)
    ]
    pairs = make_pairs(concepts, buckets=4096)
    pairs.weight[:] = 2.0
    batches = batches_of(pairs, Recipe(batch=64, siblings=8), np.random.default_rng(1))
    shown = np.concatenate(batches)
    assert np.bincount(shown, minlength=len(pairs.left)).tolist() == [2] * len(pairs.left)
    distinct = [len(np.unique(pairs.concept[batch])) / len(batch) for batch in batches]
    assert (
        np.mean(distinct) > 0.6
    )  # 0.09 where the pairs of a concept stand together; all, but for chance, where groups are single


@given(st.lists(st.integers(0, 5), max_size=20))
def test_pairs_that_are_no_wrong_answers_to_each_other_are_all_found(numbers: list[int]) -> None:
    held = np.array(numbers, np.int64)
    found = np.zeros((len(held), len(held)), bool)
    found[fit_own_model._alike(held)] = True
    assert np.array_equal(found, (held[:, None] == held) & ~np.eye(len(held), dtype=bool))


def test_a_name_that_languages_share_is_one_pair() -> None:
    shared = Concept("icd:A00", (("en", "Measles"), ("nb", "Meslinger"), ("da", "meslinger"), ("sv", "Mässling")), "x")
    assert len(make_pairs([shared]).left) == 4  # two names with the English one, and each with the other
