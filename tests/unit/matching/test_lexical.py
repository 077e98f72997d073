"""N-gram search: the weights that are worked out from counts and lengths are those of TF-IDF rows of length one."""

import numpy as np
import pytest

from termserver.matching import lexical
from termserver.matching.lexical import NgramIndex
from termserver.matching.name_words import words_of_names
from termserver.matching.normalise.common import skel

NAMES = [
    "akut bronkit",
    "kronisk bronkit",
    "akut akut lunginflammation",
    "fraktur",
    "",
    "ben " * 300,
    "lunga",
    "benbrott",
]


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> NgramIndex:
    monkeypatch.setattr(lexical, "_NAMES_AT_ONCE", 3)
    return NgramIndex.build(*words_of_names(map(skel, NAMES)))


def test_scores_are_cosines_of_whole_rows(index: NgramIndex) -> None:
    texts = ["akut lunga", "ben ben", "bronkit", "helt annat"]
    rows = lexical._weighted(lexical.ngram_counts(list(map(skel, NAMES))), index.idf)
    cosines = (index.encode(texts) @ rows.T).toarray()
    query, name, score = index.search(index.encode(texts), np.ones(len(NAMES), np.bool_), limit=10)
    assert score == pytest.approx(cosines[query, name], abs=1e-6)
    assert set(zip(query.tolist(), name.tolist(), strict=True)) == set(zip(*np.nonzero(cosines), strict=True))


def test_an_ngram_that_a_name_has_hundreds_of_times_is_counted(index: NgramIndex) -> None:
    assert index.counts.max() == 300
    assert NgramIndex.build(*words_of_names(["ben"])).counts.dtype == np.uint8


@pytest.mark.parametrize("allowed", [[0, 2], [5], []])
def test_only_what_is_allowed_is_found(index: NgramIndex, allowed: list[int]) -> None:
    mask = np.isin(np.arange(len(NAMES)), allowed)
    texts = index.encode(["akut bronkit ben"])
    _, every, scores = index.search(texts, np.ones(len(NAMES), np.bool_), limit=10)
    _, found, score = index.search(texts, mask, limit=10)
    assert dict(zip(found.tolist(), score.tolist(), strict=True)) == {
        name: value for name, value in zip(every.tolist(), scores.tolist(), strict=True) if name in allowed
    }


def test_of_many_the_best_are_found(index: NgramIndex) -> None:
    texts = index.encode(["akut bronkit"])
    _, name, score = index.search(texts, np.ones(len(NAMES), np.bool_), limit=2)
    assert (len(name), name[score.argmax()]) == (2, 0)
