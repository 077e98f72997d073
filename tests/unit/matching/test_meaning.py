"""Search by vectors in chunks: the same answers as by brute force, whatever the size of the chunks."""

import numpy as np
import pytest

from termserver.matching import meaning
from termserver.matching.meaning import nearest_names, pair_cosines


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
    allowed = np.arange(len(names)) % 3 > 0
    found_row, found_name = nearest_names(names, allowed, texts, row, 10)
    cosines = texts @ names.astype(np.float32).T
    for owner in (0, 1, 3, 4):
        best = cosines[row == owner].max(axis=0)
        best[~allowed] = -1
        assert set(found_name[found_row == owner]) == set(np.argsort(-best)[:10])
    assert not (found_row == 2).any()


def test_no_row_and_few_names_are_no_special_case(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    names, texts, row = vectors
    nothing = nearest_names(names, np.ones(500, bool), texts[:0], row[:0], 10)
    assert len(nothing[0]) == 0
    few = nearest_names(names[:3], np.array([True, False, True]), texts, row, 10)
    assert sorted(few[1][few[0] == 1]) == [0, 2]


def test_a_pair_gets_the_best_of_its_rows_vectors(vectors: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    names, texts, row = vectors
    found = pair_cosines(names, np.array([5, 9, 5]), np.array([0, 3, 2]), texts, row)
    cosines = texts @ names.astype(np.float32).T
    assert found == pytest.approx([cosines[:2, 5].max(), cosines[3:6, 9].max(), -1], abs=1e-5)
