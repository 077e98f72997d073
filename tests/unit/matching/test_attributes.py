"""What words tell before any target is looked at, and what a list tells of its rows."""

from pathlib import Path

import numpy as np
import pytest

from termserver.errors import MatchingError
from termserver.matching.attributes import HEADS, KIND_CLASSES, LEAST_LOG_CHANCE, AttributeModel, target_classes
from termserver.matching.index import build_index
from termserver.matching.own_model import OwnModel
from termserver.matching.profile import LEAST_ROWS, profile_of
from termserver.matching.queries import query_of
from termserver.matching.training.fit_attributes import Labelled, fit_attributes
from termserver.model.candidate import SourceTerm, Target

PROCEDURE, DISORDER = KIND_CLASSES.index("procedure"), KIND_CLASSES.index("disorder")
BODY = ("polven", "lonkan", "kyynärvarren", "ranteen", "sormen", "olkapään")


def texts(kind: int, last: str) -> list[Labelled]:
    return [Labelled(f"{part} {last}", (kind, -1, -1, -1, -1)) for part in BODY]


@pytest.fixture(scope="module")
def attributes() -> AttributeModel:
    return fit_attributes([*texts(PROCEDURE, "korjausleikkaus"), *texts(DISORDER, "murtuma")] * 8, seed=3)


def test_a_word_speaks_for_a_kind_with_a_part_never_seen_beside_it(attributes: AttributeModel) -> None:
    chances = attributes.log_chances(["nilkan korjausleikkaus", "nilkan murtuma"])["kind"]
    assert chances.argmax(axis=1).tolist() == [PROCEDURE, DISORDER]


def test_chances_of_each_head_are_chances(attributes: AttributeModel) -> None:
    for head, chances in attributes.log_chances(["polven murtuma", "", "☃"]).items():
        assert chances.shape == (3, len(HEADS[head]))
        assert chances.max() <= 0
        assert chances.min() >= LEAST_LOG_CHANCE
        assert np.exp(chances).sum(axis=1) == pytest.approx(1, abs=0.06)  # what lies below the least is raised to it


def test_saved_and_read_again_it_says_the_same(attributes: AttributeModel, tmp_path: Path) -> None:
    attributes.save(tmp_path / "one.npz")
    again = AttributeModel.load(tmp_path / "one.npz")
    assert again.version == attributes.version
    assert np.array_equal(again.log_chances(["polven"])["kind"], attributes.log_chances(["polven"])["kind"])
    again.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_another_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(MatchingError, match=r"attributes\.npz.*termserver train"):
        AttributeModel.load(tmp_path / "attributes.npz")
    np.savez(tmp_path / "attributes.npz", weights=np.zeros((2, 3), np.int8), scale=1, bias=np.zeros(3), version="x")
    with pytest.raises(MatchingError, match="train again"):
        AttributeModel.load(tmp_path / "attributes.npz")


def test_classes_of_targets_come_from_their_kind_or_their_laboratory_name() -> None:
    targets = [
        Target("s", "1", "Fracture of knee", kind="disorder"),
        Target("s", "2", "Glucose [Moles/volume] in Serum or Plasma --1 hour post 75 g glucose PO"),
        Target("s", "3", "Something", kind="category"),
    ]
    index = build_index(targets, OwnModel.load())
    classes = target_classes(index, np.arange(3))
    assert classes["kind"].tolist() == [DISORDER, KIND_CLASSES.index("measurement"), -1]
    assert [HEADS["specimen"][classes["specimen"][1]], HEADS["timing"][classes["timing"][1]]] == [
        "serum or plasma",
        "after challenge",
    ]
    assert classes["property"].tolist()[::2] == [-1, -1]


def test_a_list_of_operations_is_known_for_one(attributes: AttributeModel) -> None:
    rows = [query_of(SourceTerm(f"{part} korjausleikkaus", "fi")) for part in BODY * 5]
    profile = profile_of(attributes, rows)
    assert profile is not None
    assert profile.whole.argmax() == PROCEDURE
    assert profile_of(attributes, rows[: LEAST_ROWS - 1]) is None


def test_rows_of_one_context_have_a_profile_of_their_own(attributes: AttributeModel) -> None:
    operations = [SourceTerm(f"{part} korjausleikkaus", "fi", context={"list": "Leikkaukset"}) for part in BODY * 3]
    diagnoses = [SourceTerm(f"{part} murtuma", "fi", context={"list": "Diagnoosit"}) for part in BODY * 3]
    queries = [query_of(row) for row in (*operations, *diagnoses)]
    profile = profile_of(attributes, queries)
    assert profile is not None
    assert profile.of([queries[0], queries[-1]]).argmax(axis=1).tolist() == [PROCEDURE, DISORDER]
