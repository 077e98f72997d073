"""Search by vectors in chunks: the same answers as by brute force, whatever the size of the chunks."""

import numpy as np
import pytest

from termserver.matching import meaning
from termserver.matching.index import vectors_of_names
from termserver.matching.meaning import CoarseNames, nearest_names, pair_cosines
from termserver.matching.name_words import NameWords

Names = tuple[np.ndarray, CoarseNames]


def names_of(sums: np.ndarray, words: list[list[int]]) -> Names:
    """Vectors of names given by their words, and the same for the first look."""
    ends = np.cumsum([0, *map(len, words)])
    name_words = NameWords(np.array([word for name in words for word in name], np.int32), ends)
    vectors = vectors_of_names(sums.astype(np.float32), name_words)
    return vectors, CoarseNames.of(vectors, sums.astype(np.float32), name_words)


@pytest.fixture
def names() -> Names:
    """500 names of up to five of 90 words, some twice in a name; one name without a word."""
    random = np.random.default_rng(3)
    words = [random.integers(0, 90, random.integers(1, 6)).tolist() for _ in range(499)]
    return names_of(random.standard_normal((90, 16)) * random.uniform(0.1, 3, (90, 1)), [*words, []])


@pytest.fixture
def texts() -> np.ndarray:
    texts = np.random.default_rng(4).standard_normal((7, 16)).astype(np.float32)
    return texts / np.linalg.norm(texts, axis=1, keepdims=True)


ROW = np.array([0, 0, 1, 3, 3, 3, 4])


@pytest.mark.parametrize("chunk", [8, 64, 1000])
@pytest.mark.parametrize("owners", [(0,), (0, 1), (0, 1, 3, 4)])
@pytest.mark.parametrize("left_out", [3, 9, 500])
def test_chunks_find_what_brute_force_finds(
    names: Names,
    texts: np.ndarray,
    chunk: int,
    owners: tuple[int, ...],
    left_out: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many vectors ask, and whether the names that are not allowed are passed over or left out."""
    vectors, coarse = names
    for size in ("NAME_CHUNK", "_LEAST_CHUNK", "_WORD_CHUNK"):
        monkeypatch.setattr(meaning, size, chunk)
    monkeypatch.setattr(meaning, "_CELLS", chunk)
    allowed = np.arange(len(vectors)) % left_out > 0
    asked = np.isin(ROW, owners)
    found_row, found_name = nearest_names(vectors, coarse, allowed, texts[asked], ROW[asked], 10)
    cosines = texts @ vectors.astype(np.float32).T
    for owner in owners:
        best = cosines[owner == ROW].max(axis=0)
        best[~allowed] = -1
        found = found_name[found_row == owner]
        assert len(set(found)) == 10
        assert allowed[found].all()
        assert best[found] == pytest.approx(np.sort(best)[::-1][:10], abs=1e-6)
    assert set(found_row) == set(owners)


def test_no_row_and_few_names_are_no_special_case(names: Names, texts: np.ndarray) -> None:
    vectors, coarse = names
    nothing = nearest_names(vectors, coarse, np.ones(500, bool), texts[:0], ROW[:0], 10)
    assert len(nothing[0]) == 0
    allowed = np.isin(np.arange(500), [0, 2])
    for asked in (1, 7):
        row, name = nearest_names(vectors, coarse, allowed, texts[:asked], ROW[:asked], 10)
        assert sorted(name[row == 0]) == [0, 2]
    row, name = nearest_names(vectors, coarse, np.zeros(500, bool), texts, ROW, 10)
    assert len(row) == len(name) == 0


def test_a_pair_gets_the_best_of_its_rows_vectors(names: Names, texts: np.ndarray) -> None:
    vectors, _ = names
    found = pair_cosines(vectors, np.array([5, 9, 5]), np.array([0, 3, 2]), texts, ROW)
    cosines = texts @ vectors.astype(np.float32).T
    assert found == pytest.approx([cosines[:2, 5].max(), cosines[3:6, 9].max(), -1], abs=1e-5)


def test_a_pair_has_the_same_cosine_among_any_others(names: Names, texts: np.ndarray) -> None:
    vectors, _ = names
    name, row = np.tile(np.arange(500), 5), np.repeat([0, 1, 2, 3, 4], 500)
    together = pair_cosines(vectors, name, row, texts, ROW)
    for pair in (0, 511, 512, 1800, 2499):
        assert pair_cosines(vectors, name[[pair]], row[[pair]], texts, ROW)[0] == together[pair]


@pytest.mark.parametrize("limit", [1, 10, 48])
def test_the_first_look_loses_nothing_of_what_brute_force_finds(limit: int) -> None:
    """Names that differ by less than a byte can say are told apart by their true cosines."""
    random = np.random.default_rng(5)
    centre = random.standard_normal(64)
    vectors, coarse = names_of(centre + 0.02 * random.standard_normal((3000, 64)), [[word] for word in range(3000)])
    texts = np.stack([centre, centre + 0.5 * random.standard_normal(64)]).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    row, name = nearest_names(vectors, coarse, np.ones(3000, bool), texts, np.array([0, 1]), limit)
    cosines = pair_cosines(
        vectors, np.tile(np.arange(3000), 2), np.repeat([0, 1], 3000), texts, np.array([0, 1])
    ).reshape(2, -1)
    for owner in (0, 1):
        assert sorted(cosines[owner][name[row == owner]]) == sorted(np.sort(cosines[owner])[-limit:])


def test_the_error_of_the_first_look_is_known(names: Names, texts: np.ndarray) -> None:
    vectors, coarse = names
    about = coarse.mixtures @ coarse.cosines_of_words(texts)
    assert np.abs(about - vectors.astype(np.float32) @ texts.T).max() <= coarse.error + 1e-6
    assert names_of(np.zeros((2, 16)), [[0], [1, 0]])[1].error == 0
