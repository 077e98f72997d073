"""Bucket vectors in four bits a number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from termserver.errors import MatchingError
from termserver.matching.own_model import OwnModel

VECTORS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 20), st.integers(1, 8).map(lambda half: 2 * half)),
    elements=st.floats(-100, 100, width=32, allow_subnormal=False),
)


@given(VECTORS)
def test_each_number_is_kept_within_half_a_scale(trained: np.ndarray) -> None:
    model = OwnModel.of(trained)
    largest = np.abs(trained).max(axis=1, keepdims=True)
    kept = model.bucket_vectors(slice(None))
    # half a step of fourteen, and what half precision takes from the scale: 1 in 2048, or 3e-8 of tiny ones
    assert (np.abs(kept - trained) <= largest * (1 / 14 + 1 / 1024) + 1e-6).all()
    assert (kept[trained == 0] == 0).all()


@given(VECTORS)
def test_some_buckets_are_those_of_all(trained: np.ndarray) -> None:
    model = OwnModel.of(trained)
    few = np.array([0, len(trained) - 1])
    assert np.array_equal(model.bucket_vectors(few), model.bucket_vectors(slice(None))[few])


def test_saved_and_opened_it_is_the_same(tmp_path: Path) -> None:
    model = OwnModel.of(np.random.default_rng(1).standard_normal((64, 6)).astype(np.float32))
    model.save(tmp_path)
    again = OwnModel.load(tmp_path)
    assert again.version == model.version
    assert again.dimensions == 6
    assert np.array_equal(again.encode(["akut bronkit"]), model.encode(["akut bronkit"]))


def test_odd_dimensions_are_refused() -> None:
    with pytest.raises(MatchingError, match="3 dimensions: two numbers share a byte"):
        OwnModel.of(np.zeros((4, 3), np.float32))


def test_weights_of_another_kind_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "own_vectors.npy", np.zeros((4, 2), np.int8))
    np.save(tmp_path / "own_scales.npy", np.zeros(4, np.float16))
    with pytest.raises(MatchingError, match="do not belong together"):
        OwnModel.load(tmp_path)
