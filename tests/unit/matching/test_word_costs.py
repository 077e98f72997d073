"""Words without a counterpart cost what was learned of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from termserver.errors import MatchingError
from termserver.matching.training.fit_word_costs import fit_word_costs, with_word_costs
from termserver.matching.training.rows import Examples
from termserver.matching.word_costs import BUCKETS, WordCosts, WordsLeft, bucket_of

HARMLESS, HARMFUL = bucket_of("procedure"), bucket_of("congenital")


def examples(rows: int = 40) -> Examples:
    """Rows of two candidates: one has "procedure" left over and is right, the other "congenital" and is wrong."""
    n = 2 * rows
    buckets = np.tile(np.array([[HARMLESS], [HARMFUL]], np.uint16), (rows, 1))
    left = WordsLeft(buckets, np.zeros((n, 1), np.uint16), np.ones((n, 1), np.float32), np.zeros((n, 1), np.float32))
    from termserver.matching.features import FEATURES

    return Examples(
        np.repeat(np.arange(rows), 2),
        np.zeros((n, len(FEATURES)), np.float32),
        np.tile([True, False], rows),
        np.zeros(rows, np.int64),
        ("list",),
        left,
        np.zeros(n, np.int16),
    )


def test_a_word_that_stands_in_wrong_candidates_costs_more() -> None:
    names, terms = fit_word_costs(examples(), seed=1)
    assert names[HARMFUL] > 0 > names[HARMLESS]
    assert np.count_nonzero(names) == 2
    assert not terms.any()


def test_the_same_seed_gives_the_same_costs() -> None:
    assert fit_word_costs(examples(), seed=3).tobytes() == fit_word_costs(examples(), seed=3).tobytes()


def test_each_fold_gets_what_the_others_taught() -> None:
    first, second = examples(), examples()
    turned = replace(second, right=~second.right)
    (with_first, with_second), costs = with_word_costs([first, turned], seed=1)
    from termserver.matching.features import FEATURES

    column = FEATURES.index("name_words_left")
    assert with_first.features[0, column] < 0 == with_first.features[1, column]  # taught by the turned fold
    assert with_second.features[1, column] < 0 == with_second.features[0, column]
    assert abs(float(costs.name[HARMFUL])) < 0.05  # they disagree


def test_costs_are_saved_as_they_are(tmp_path: Path) -> None:
    costs = WordCosts.of(np.linspace(-1, 1, BUCKETS, dtype=np.float32), np.zeros(BUCKETS, np.float32))
    costs.save(tmp_path)
    again = WordCosts.load(tmp_path)
    assert again.version == costs.version
    assert np.array_equal(again.name, costs.name)
    np.savez(tmp_path / "word_costs.npz", name=np.zeros(3), term=np.zeros(3))
    with pytest.raises(MatchingError, match="train again"):
        WordCosts.load(tmp_path)


def test_a_column_is_how_far_a_pair_lies_below_the_best_of_its_row() -> None:
    costs = WordCosts.of(
        np.where(np.arange(BUCKETS) == HARMFUL, 2, 0).astype(np.float32), np.zeros(BUCKETS, np.float32)
    )
    columns = costs.columns(np.array([0, 0, 1, 1]), examples(2).left)
    assert columns["name_words_left"].tolist() == [0, -2, 0, -2]
    assert columns["term_words_left"].tolist() == [0, 0, 0, 0]
