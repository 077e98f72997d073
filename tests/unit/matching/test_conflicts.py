"""Contradictions push down: denied words, sides, numbers, laboratory axes; in the features and, provably, in the score."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.matching.features import FEATURES, PENALTIES
from termserver.matching.labs import METHODS, PROPERTIES, SPECIMENS, TIMINGS, analyte_of, axes_of_name, axes_of_row
from termserver.matching.learned_names import LearnedNames
from termserver.matching.normalise.common import numbers_of
from termserver.matching.normalise.negation import negated_words
from termserver.matching.own_model import WEIGHTS
from termserver.matching.ranker import Ranker


@pytest.mark.parametrize(
    ("text", "language", "denied"),
    [
        ("Sapikivitõbi koletsüstiidita", "et", [1]),
        ("2. tipa cukura diabēts bez komplikācijām", "lv", [5]),
        ("Migreeni ilman auraa", "fi", [2]),
        ("Ulcus duodeni utan blödning eller perforation, kroniskt", "sv", [3, 4, 5]),
        ("Fraktur uten forskyvning med sår", "nb", [2]),
        ("Diabetes mellitus", "sv", []),
        ("Pneumoni utan närmare angiven orsak", "sv", []),
        ("Täpsustamata bronhiit", "et", []),
    ],
)
def test_denied_words_are_read_in_each_language(text: str, language: str, denied: list[int]) -> None:
    assert negated_words(text, language) == sum(1 << position for position in denied)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Burn of second degree of wrist", {"2"}),
        ("Brännskada, andra gradens", {"2"}),
        ("Andra sjukdomar i magsäcken", set()),
        ("Apdegums plaukstā, II pak.", {"2"}),
    ],
)
def test_ordinals_count_before_a_degree_only(text: str, numbers: set[str]) -> None:
    assert numbers_of(text) == numbers


def test_laboratory_axes_are_read_on_both_sides() -> None:
    local = axes_of_row("fP-Glukos", {"unit": "mmol/L", "specimen": "plasma"})
    assert (SPECIMENS[local.specimen - 1], PROPERTIES[local.property - 1], TIMINGS[local.timing - 1]) == (
        "serum or plasma",
        "substance concentration",
        "fasting",
    )
    loinc = axes_of_name("Fasting glucose [Moles/volume] in Serum or Plasma")
    assert (loinc.specimen, loinc.property, loinc.timing) == (local.specimen, local.property, local.timing)
    assert PROPERTIES[axes_of_name("Neutrophils/Leukocytes in Blood by Automated count").property - 1] == "fraction"
    assert (
        axes_of_name("Virtsan bakteeriviljely").method == axes_of_name("Bacteria identified in Urine by Culture").method
    )
    assert METHODS.index("culture") == axes_of_name("Urinodling").method.bit_length() - 1
    assert SPECIMENS[axes_of_row("Hemoglobīns", {"paraugs": "asinis"}).specimen - 1] == "blood"


@pytest.mark.parametrize(
    ("name", "analyte"),
    [
        ("S-Ferritin", "Ferritin"),
        ("dU-Albumiini", "Albumiini"),
        ("P(kB)-Laktat", "Laktat"),
        ("Troponin T.cardiac [Mass/volume] in Serum or Plasma by High sensitivity method", "Troponin T.cardiac"),
        ("Neutrophils/Leukocytes in Blood by Automated count", "Neutrophils/Leukocytes"),
        ("Vitamin B12-brist", "Vitamin B12-brist"),
        ("Fracture in shaft of femur", "Fracture in shaft of femur"),
    ],
)
def test_the_analyte_is_what_is_left_without_the_axes(name: str, analyte: str) -> None:
    assert analyte_of(name) == analyte


@given(st.lists(st.floats(-1, 1, width=32), min_size=len(FEATURES), max_size=len(FEATURES)), st.sampled_from(PENALTIES))
@settings(max_examples=60, deadline=None)
def test_a_conflict_never_raises_a_score(values: list[float], conflict: str) -> None:
    ranker = Ranker.load(WEIGHTS / "ranker.npz")
    features = np.array([values, values], np.float32)
    features[:, FEATURES.index(conflict)] = [0, 1]
    without, with_conflict = ranker.score(features)
    assert with_conflict < without


def test_learned_names_come_back_by_the_english_name(tmp_path: Path) -> None:
    vectors = np.eye(4, dtype=np.float32)
    names = [("kolera", vectors[0]), ("astma", vectors[1]), ("kolera", vectors[2])]
    LearnedNames.of(names, 4).save(tmp_path / "learned_names.npz")
    found, owner = LearnedNames.load(tmp_path / "learned_names.npz").vectors_of(["astma", "meslekopper", "kolera"])
    assert owner.tolist() == [0, 2, 2]
    assert found.astype(np.float32) == pytest.approx(vectors[[1, 0, 2]])
