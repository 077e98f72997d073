"""Weights that a deployment trains: from decisions, from titles; kept beside the shipped ones, used only when told."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from termserver.errors import BadInput
from termserver.matching.attributes import AttributeModel
from termserver.matching.calibration import Calibration
from termserver.matching.evaluation import GoldRow
from termserver.matching.learned_names import LearnedNames
from termserver.matching.own_model import WEIGHTS, OwnModel
from termserver.matching.pivot import Pivot
from termserver.matching.ranker import Ranker
from termserver.matching.training import from_titles
from termserver.matching.training.comparison import FIGURES, comparison_of
from termserver.matching.training.from_decisions import (
    fit_linear,
    fit_platt,
    fit_to_decisions,
    loss_of,
    tune_calibration,
    tune_ranker,
    with_linear,
)
from termserver.matching.training.from_titles import fit_to_titles
from termserver.matching.training.rows import Examples, Knowledge, make_examples
from termserver.matching.weight_sets import SHIPPED, WeightSets, own_model_mark, parts
from termserver.matching.word_costs import WordCosts
from termserver.model.candidate import SourceTerm, Target

PLACES = ("left", "right", "upper", "lower", "old", "open", "closed", "acute", "chronic", "benign")
SWEDISH = ("vänster", "höger", "övre", "nedre", "gammal", "öppen", "sluten", "akut", "kronisk", "godartad")
PARTS_OF = ("arm", "ben", "hand", "fot", "knä", "höft", "rygg", "nacke", "buk", "bröst", "öga", "öra", "näsa", "hals")


def decided() -> tuple[list[Target], list[GoldRow]]:
    """Local terms that say the side in Swedish, decided on the target of the same part."""
    targets = [
        Target("urn:t", f"{part:02d}.{place}", f"{name} {PARTS_OF[part]}")
        for part in range(len(PARTS_OF))
        for place, name in enumerate(PLACES)
    ]
    rows = [
        GoldRow(
            SourceTerm(f"{word} {SWEDISH[place]} {PARTS_OF[part]}", "sv"), frozenset({("urn:t", f"{part:02d}.{place}")})
        )
        for part in range(len(PARTS_OF))
        for place in range(len(PLACES))
        for word in ("skada", "smärta", "sår")
    ]
    return targets, rows


@pytest.fixture(scope="module")
def examples(small_weights: Path) -> Examples:
    targets, rows = decided()
    learned = LearnedNames.load(small_weights / "learned_names.npz")
    pivot = Pivot.load(small_weights / "pivot.npz")
    attributes = AttributeModel.load(small_weights / "attributes.npz")
    knowledge = Knowledge(
        OwnModel.load(small_weights), attributes, WordCosts.load(small_weights), pivot, lambda name: learned
    )
    return make_examples([("urn:t", targets, rows)], knowledge)


def test_what_is_added_to_a_ranker_is_the_weighted_sum_of_its_features(small_weights: Path, examples: Examples) -> None:
    ranker = Ranker.load(small_weights / "ranker.npz")
    weights = np.random.default_rng(1).standard_normal(examples.features.shape[1]).astype(np.float32)
    together = with_linear(ranker, weights).score(examples.features)
    assert together == pytest.approx(
        ranker.score(examples.features) + ranker.standardise(examples.features) @ weights, abs=2e-3
    )


def test_a_ranker_learns_from_decisions_and_is_saved_as_any(
    small_weights: Path, examples: Examples, tmp_path: Path
) -> None:
    ranker = Ranker.load(small_weights / "ranker.npz")
    tuned = tune_ranker(ranker, examples, examples)
    assert loss_of(tuned, examples) < loss_of(ranker, examples) - 0.02
    tuned.save(tmp_path / "ranker.npz")
    opened = Ranker.load(tmp_path / "ranker.npz")
    assert opened.version != ranker.version
    assert np.array_equal(opened.score(examples.features), tuned.score(examples.features))


def test_decisions_that_say_nothing_change_nothing(small_weights: Path, examples: Examples) -> None:
    """A ranker that does worse on rows it was not fitted to is not taken."""
    ranker = Ranker.load(small_weights / "ranker.npz")
    random = np.random.default_rng(2)
    shuffled = replace(examples, right=examples.right[random.permutation(len(examples.right))])
    assert tune_ranker(ranker, shuffled, examples) is ranker
    assert np.abs(fit_linear(ranker, shuffled, ridge=100.0)).max() < 0.05


def test_probabilities_follow_what_was_right(small_weights: Path, examples: Examples) -> None:
    ranker, calibration = Ranker.load(small_weights / "ranker.npz"), Calibration.load(small_weights / "calibration.npz")
    nothing_right = replace(examples, right=np.zeros(len(examples.right), np.bool_))
    low = tune_calibration(calibration, ranker, nothing_right)
    assert low.steps[1].max() < calibration.steps[1].max()
    assert (np.diff(low.steps[1]) >= 0).all()
    assert fit_platt(np.full(4, 0.5), np.array([True, False, True, False])) == pytest.approx((1, 0))


def test_a_difference_is_told_from_chance() -> None:
    random = np.random.default_rng(3)
    half = np.where(random.random(400) < 0.5, 1, 2)
    better = np.where(random.random(400) < 0.7, 1, 2)
    chance = np.full(400, 0.5)
    same = comparison_of((half, chance), (half, chance), learned_from="x", seed=1)
    assert same.change["recall@1"] == (0, 0)
    more = comparison_of((half, chance), (better, chance), learned_from="x", seed=1)
    assert more.change["recall@1"][0] > 0.1
    assert len(more.lines()) == 2 + len(FIGURES)
    assert comparison_of((half[:0], chance[:0]), (half[:0], chance[:0]), learned_from="x", seed=1).rows == 0


def test_ranker_and_probabilities_are_fitted_to_decisions(small_weights: Path, tmp_path: Path) -> None:
    targets, rows = decided()
    found = fit_to_decisions([("urn:t", targets, rows)], small_weights, tmp_path, seed=1, report=lambda line: None)
    assert 60 < found.rows < 160
    assert found.learned_from == "420 decided terms"
    assert found.new["recall@1"] >= found.old["recall@1"]
    assert {path.name for path in tmp_path.iterdir()} == {"ranker.npz", "calibration.npz"}
    first = (tmp_path / "ranker.npz").read_bytes()
    fit_to_decisions([("urn:t", targets, rows)], small_weights, tmp_path, seed=1, report=lambda line: None)
    assert (tmp_path / "ranker.npz").read_bytes() == first


def test_too_few_decisions_are_told_how_many_are_needed(small_weights: Path, tmp_path: Path) -> None:
    targets, rows = decided()
    with pytest.raises(BadInput, match=r"200 distinct terms are decided, 300 are needed.*decide 100 more"):
        fit_to_decisions([("urn:t", targets, rows[:200] * 3)], small_weights, tmp_path, seed=1, report=print)


def test_a_language_is_learned_from_titles(
    small_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of no known language: before, chance; after, most of the codes that were held out are found."""
    monkeypatch.setattr(from_titles, "LEAST_TITLES", 100)
    targets, _ = decided()
    words = dict(
        zip(
            (*PLACES, *PARTS_OF),
            ("zab", "wok", "qim", "dux", "lef", "paj", "nuv", "gyr", "hob", "cew") * 3,
            strict=False,
        )
    )
    titles = {
        target.code.replace(".", ""): " ".join(f"{words[word]}{word[:1]}" for word in target.display.split())
        for target in targets
    }
    sets = WeightSets(tmp_path)
    made: list[from_titles.Comparison] = []

    def write(folder: Path) -> None:
        for part in parts():
            (folder / part).write_bytes((small_weights / part).read_bytes())
        made.append(fit_to_titles(titles, "is", targets, small_weights, folder, seed=1))

    folder = sets.add("titles-is", write)
    assert made[0].new["recall@10"] > made[0].old["recall@10"]
    assert own_model_mark(folder) != own_model_mark(small_weights)
    assert (folder / "ranker.npz").read_bytes() == (small_weights / "ranker.npz").read_bytes()


def test_titles_of_another_system_are_refused(small_weights: Path, tmp_path: Path) -> None:
    targets, _ = decided()
    with pytest.raises(BadInput, match=r"0 of 2 codes are codes of the target, 200 are needed"):
        fit_to_titles({"X1": "a", "X2": "b"}, "is", targets, small_weights, tmp_path, seed=1)


def test_the_shipped_weights_serve_until_others_are_chosen(tmp_path: Path) -> None:
    sets = WeightSets(tmp_path / "weights")
    assert (sets.names(), sets.in_use(), sets.folder()) == ([SHIPPED], SHIPPED, WEIGHTS)
    made = sets.add("of-november", lambda folder: None)
    assert sets.in_use() == SHIPPED
    sets.use("of-november")
    assert (sets.in_use(), sets.folder()) == ("of-november", made)
    assert sets.names() == [SHIPPED, "of-november"]
    sets.use(SHIPPED)
    assert sets.folder() == WEIGHTS


def eight_bits_a_number(folder: Path) -> None:
    np.save(folder / "own_vectors.npy", np.zeros((4, 2), np.int8))


def other_facts(folder: Path) -> None:
    with np.load(folder / "calibration.npz") as stored:
        arrays = {**stored, "mean": stored["mean"][:-1]}
    np.savez(folder / "calibration.npz", **arrays)


def whole_keys(folder: Path) -> None:
    np.savez(
        folder / "pivot.npz",
        keys=np.zeros(1, np.uint32),
        choices=np.zeros((1, 3), np.int32),
        english=np.zeros(1, np.uint8),
    )


@pytest.mark.parametrize("as_once", [eight_bits_a_number, other_facts, whole_keys])
def test_weights_of_an_earlier_version_do_not_serve(as_once: Callable[[Path], None], tmp_path: Path) -> None:
    sets = WeightSets(tmp_path)
    made = sets.add("mine", lambda folder: None)
    sets.use("mine")
    assert sets.in_use() == "mine"
    as_once(made)
    assert sets.in_use() == "shipped"
    assert sets.names() == ["shipped"]


def test_weights_that_are_gone_do_not_stop_the_server(tmp_path: Path) -> None:
    sets = WeightSets(tmp_path)
    sets.add("a", lambda folder: None)
    sets.use("a")
    (tmp_path / "a/ranker.npz").unlink()
    assert sets.folder() == WEIGHTS


@pytest.mark.parametrize("name", ["../x", "", "A", "shipped", "in-use", "a/b", ".hidden"])
def test_names_of_weights_stay_in_their_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="no name for weights"):
        WeightSets(tmp_path).add(name, lambda folder: None)


def test_a_set_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    sets = WeightSets(tmp_path)

    def fail(folder: Path) -> None:
        raise BadInput("too few")

    write: Callable[[Path], None] = fail
    with pytest.raises(BadInput):
        sets.add("a", write)
    assert list(tmp_path.iterdir()) == []
    sets.add("a", lambda folder: None)
    with pytest.raises(BadInput, match="already"):
        sets.add("a", lambda folder: None)
    with pytest.raises(BadInput, match="there are: shipped, a"):
        sets.use("b")
