"""Between what a candidate stands: the language of its row and its own code system; probabilities are calibrated by both.

The same score is worth more in one language than in another, and human-made maps into some code systems agree with each other
less than into others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from termserver.matching.text_table import Labels

LANGUAGES = ("sv", "nb", "da", "fi", "is", "et", "lv", "lt")
SYSTEMS = (
    "http://hl7.org/fhir/sid/icd-10",
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://npu-terminology.org",
    "https://fhir-terminology.ohdsi.org",
)
SETTING_FACTS = (
    *(f"language {language}" for language in LANGUAGES),
    *(f"system {system}" for system in SYSTEMS),
    f"laboratory test of {SYSTEMS[-1]}",
)


def settings_of(
    languages: Sequence[str | None], row: NDArray[np.int64], systems: Labels, target: NDArray[np.int64]
) -> NDArray[np.int16]:
    """The setting of each pair (row, target), shape (n_pairs,): a number for its language and system.

    Parameters
    ----------
    languages
        Primary language of each row; None where it is not known.
    systems
        Of each target.
    """
    of_row = np.array([_language_number(language) for language in languages], np.int16)
    of_system = np.array([_system_number(system or "") for system in systems.values], np.int16)
    return np.asarray(of_row[row] * (len(SYSTEMS) + 1) + of_system[systems.numbers[target]], np.int16)


def setting_facts(setting: NDArray[np.int16], laboratory: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 or 1 for each of `SETTING_FACTS`, shape (n_rows, len(SETTING_FACTS)).

    Parameters
    ----------
    setting
        Shape (n_rows,): of each row's first candidate.
    laboratory
        Shape (n_rows,): 1 where that candidate is a laboratory test.

    >>> setting = settings_of(["nn"], np.array([0]), Labels(np.array([0]), ("http://loinc.org",)), np.array([0]))
    >>> [name for name, value in zip(SETTING_FACTS, setting_facts(setting, np.ones(1))[0]) if value]
    ['language nb', 'system http://loinc.org']
    """
    language, system = np.divmod(setting, len(SYSTEMS) + 1)
    of_language = language[:, None] == np.arange(1, len(LANGUAGES) + 1)
    of_system = system[:, None] == np.arange(1, len(SYSTEMS) + 1)
    return np.column_stack([of_language, of_system, of_system[:, -1] * laboratory]).astype(np.float64)


def _language_number(language: str | None) -> int:
    written = "nb" if language == "nn" else language
    return LANGUAGES.index(written) + 1 if written in LANGUAGES else 0


def _system_number(system: str) -> int:
    """Of a national edition of ICD-10 the number of ICD-10."""
    known = next((number for number, name in enumerate(SYSTEMS) if system == name), None)
    if known is None and system.startswith(f"{SYSTEMS[0]}-"):
        known = 0
    return 0 if known is None else known + 1
