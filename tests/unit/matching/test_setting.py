"""Probabilities are calibrated by the language of a row and the system of its first candidate."""

import numpy as np

from termserver.matching.calibration import FACTS, centre_and_scale, row_facts, standard_facts
from termserver.matching.features import FEATURES
from termserver.matching.setting import SETTING_FACTS, SYSTEMS, setting_facts, settings_of
from termserver.matching.text_table import Labels

ICD, SNOMED, _, _, OMOP = SYSTEMS
LABELS = Labels(np.array([0, 1, 2, 3], np.int32), (SNOMED, f"{ICD}-gm", OMOP, "urn:oid:1.2.3"))


def names(setting: np.ndarray, laboratory: float = 0.0) -> list[list[str]]:
    facts = setting_facts(setting, np.full(len(setting), laboratory))
    return [[name for name, value in zip(SETTING_FACTS, row, strict=True) if value] for row in facts]


def test_a_pair_has_the_language_of_its_row_and_the_system_of_its_target() -> None:
    setting = settings_of(["fi", None, "no"], np.array([0, 0, 1, 2]), LABELS, np.array([0, 1, 2, 3]))
    assert names(setting) == [
        ["language fi", f"system {SNOMED}"],
        ["language fi", f"system {ICD}"],
        [f"system {OMOP}"],
        [],
    ]


def test_a_laboratory_test_of_omop_has_a_fact_of_its_own() -> None:
    setting = settings_of(["fi"], np.array([0, 0]), LABELS, np.array([0, 2]))
    assert [len(found) for found in names(setting, laboratory=1.0)] == [2, 3]


def test_the_first_candidate_speaks_for_its_row() -> None:
    setting = settings_of(["et"], np.array([0, 0, 0]), LABELS, np.array([2, 0, 1]))
    features = np.zeros((3, len(FEATURES)), np.float32)
    facts = row_facts(np.array([3.0, 2.0, 1.0], np.float32), features, np.array([0]), setting)
    assert facts.shape == (1, len(FACTS))
    known = dict(zip(FACTS, facts[0].tolist(), strict=True))
    assert (known[f"system {OMOP}"], known[f"system {SNOMED}"], known["language et"]) == (1, 0, 1)


def test_a_rare_language_weighs_no_more_than_a_frequent_one() -> None:
    facts = np.zeros((1000, len(FACTS)))
    facts[0, FACTS.index("language is")] = facts[1:, FACTS.index("language sv")] = 1
    standard = standard_facts(facts, *centre_and_scale(facts))
    assert standard[0, FACTS.index("language is")] == standard[1, FACTS.index("language sv")] == 2
