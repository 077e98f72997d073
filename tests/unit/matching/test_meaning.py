"""Search by vectors in chunks: the same answers as by brute force, whatever the size of the chunks."""

import numpy as np
import pytest

from termserver.matching import meaning
from termserver.matching.meaning import CoarseVectors, nearest_names, pair_cosines


@pytest.fixture
def vectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    names = random.standard_normal((500, 16)).astype(np.float32)
    names /= np.linalg.norm(names, axis=1, keepdims=True)
    texts = random.standard_normal((7, 16)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    return names.astype(np.float16), texts, np.array([0, 0, 1, 3, 3, 3, 4])


@pytest.mark.parametrize("chunk", [8, 64, 1000])
def test_chunks_find_what_brute_force_finds(
    vectors: tuple[np.ndarray, np.ndarray, np.ndarray], chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, texts, row = vectors
    monkeypatch.setattr(meaning, "NAME_CHUNK", chunk)
    monkeypatch.setattr(meaning, "_LEAST_CHUNK", 1)
    allowed = np.arange(len(names)) % 3 > 0
    found_row, found_name = nearest_names(names, CoarseVectors.of(names), allowed, texts, row, 10)
    cosines = texts @ names.astype(np.float32).T
    for owner in (0, 1, 3, 4):
        best = cosines[row == owner].max(axis=0)
        best[~allowed] = -1
        assert set(found_name[found_row == owner]) == set(np.argsort(-best)[:10])
    assert not (found_row == 2).any()


def test_no_row_and_few_names_are_no_special_case(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    names, texts, row = vectors
    nothing = nearest_names(names, CoarseVectors.of(names), np.ones(500, bool), texts[:0], row[:0], 10)
    assert len(nothing[0]) == 0
    few = nearest_names(names[:3], CoarseVectors.of(names[:3]), np.array([True, False, True]), texts, row, 10)
    assert sorted(few[1][few[0] == 1]) == [0, 2]


def test_a_pair_gets_the_best_of_its_rows_vectors(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    names, texts, row = vectors
    found = pair_cosines(names, np.array([5, 9, 5]), np.array([0, 3, 2]), texts, row)
    cosines = texts @ names.astype(np.float32).T
    assert found == pytest.approx([cosines[:2, 5].max(), cosines[3:6, 9].max(), -1], abs=1e-5)


@pytest.mark.parametrize("limit", [1, 10, 48])
def test_the_first_look_loses_nothing_of_what_brute_force_finds(limit: int) -> None:
    """Names that differ by less than a byte can say are told apart by their true cosines."""
    random = np.random.default_rng(5)
    centre = random.standard_normal(64)
    names = centre + 0.02 * random.standard_normal((3000, 64))
    names = (names / np.linalg.norm(names, axis=1, keepdims=True)).astype(np.float16)
    texts = np.stack([centre, centre + 0.5 * random.standard_normal(64)]).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    row, name = nearest_names(names, CoarseVectors.of(names), np.ones(3000, bool), texts, np.array([0, 1]), limit)
    cosines = pair_cosines(
        names, np.tile(np.arange(3000), 2), np.repeat([0, 1], 3000), texts, np.array([0, 1])
    ).reshape(2, -1)
    for owner in (0, 1):
        assert sorted(cosines[owner][name[row == owner]]) == sorted(np.sort(cosines[owner])[-limit:])


def test_the_error_of_the_first_look_is_known(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    names, texts, _ = vectors
    coarse = CoarseVectors.of(names)
    about = texts @ (coarse.codes * coarse.scales[:, None]).T
    assert np.abs(about - texts @ names.astype(np.float32).T).max() <= coarse.error + 1e-6
    assert CoarseVectors.of(np.zeros((2, 16), np.float16)).error == 0
