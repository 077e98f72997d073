"""Small parallel data, weights trained on it, and targets: what the tests of matching share."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from termserver.matching.engine import MatchingEngine
from termserver.matching.training.fit_own_model import Recipe
from termserver.matching.training.run import train
from termserver.model.candidate import Target
from termserver.model.coding import Designation

ICD = "http://hl7.org/fhir/sid/icd-10"
DISEASES = [
    ("A00", "Cholera", "Kolera", "Kolera"),
    ("A15", "Tuberculosis of lung", "Lungtuberkulos", "Keuhkotuberkuloosi"),
    ("B05", "Measles", "Mässling", "Tuhkarokko"),
    ("C34", "Malignant neoplasm of lung", "Malign tumör i lunga", "Keuhkojen pahanlaatuinen kasvain"),
    ("D14", "Benign neoplasm of lung", "Godartad tumör i lunga", "Keuhkojen hyvänlaatuinen kasvain"),
    ("E10", "Type 1 diabetes mellitus", "Diabetes mellitus typ 1", "Tyypin 1 diabetes"),
    ("E11", "Type 2 diabetes mellitus", "Diabetes mellitus typ 2", "Tyypin 2 diabetes"),
    ("I10", "Essential hypertension", "Essentiell hypertoni", "Verenpainetauti"),
    ("I21", "Acute myocardial infarction", "Akut hjärtinfarkt", "Akuutti sydäninfarkti"),
    ("I25", "Chronic ischaemic heart disease", "Kronisk ischemisk hjärtsjukdom", "Krooninen iskeeminen sydänsairaus"),
    ("J18", "Pneumonia, unspecified", "Pneumoni, ospecificerad", "Määrittämätön keuhkokuume"),
    ("J20", "Acute bronchitis", "Akut bronkit", "Akuutti keuhkoputkitulehdus"),
    ("J42", "Chronic bronchitis", "Kronisk bronkit", "Krooninen keuhkoputkitulehdus"),
    ("J45", "Asthma", "Astma", "Astma"),
    ("K35", "Acute appendicitis", "Akut appendicit", "Akuutti umpilisäkkeen tulehdus"),
    ("M16", "Coxarthrosis", "Höftledsartros", "Lonkan nivelrikko"),
    ("M17", "Gonarthrosis", "Knäledsartros", "Polven nivelrikko"),
    ("N39", "Urinary tract infection", "Urinvägsinfektion", "Virtsatieinfektio"),
    ("S72", "Fracture of femur", "Fraktur på lårben", "Reisiluun murtuma"),
    ("S82", "Fracture of lower leg", "Fraktur på underben", "Säären murtuma"),
]


def write_data(folder: Path) -> Path:
    """A data folder as `termserver train` reads it, about 20 diseases with four subcodes each."""
    rows = [
        (
            f"{code}.{digit}" if digit else code,
            *(f"{name} {word}".strip() for name, word in zip(names, words, strict=True)),
        )
        for code, *names in DISEASES
        for digit, words in enumerate(
            [
                ("", "", ""),
                ("left", "vänster", "vasen"),
                ("right", "höger", "oikea"),
                ("in childhood", "hos barn", "lapsella"),
                ("in pregnancy", "under graviditet", "raskauden aikana"),
            ]
        )
    ]
    _write(
        folder / "code_systems/icd-10-who/icd10_who_en.tsv",
        ["code", "title_en"],
        [(row[0], row[1]) for row in rows],
        "\t",
    )
    _write(
        folder / "code_systems/icd-10-se/icd10se.tsv", ["code", "title_sv"], [(row[0], row[2]) for row in rows], "\t"
    )
    _write(
        folder / "code_systems/icd-10-fi/icd10_fi_sv_la_en.csv",
        ["code", "name_fi"],
        [(row[0], row[3]) for row in rows],
        ",",
    )
    _write(
        folder / "targets/icd10_who_en.csv",
        ["code", "display", "kind"],
        [(row[0], row[1], "subcategory" if "." in row[0] else "category") for row in rows],
        ",",
    )
    (folder / "code_systems/icd-10-se/SOURCE.txt").write_text("licence: written for this test\n", encoding="utf-8")
    gold = [
        (f"r{number}", row[2].lower(), "sv", "", "", ICD, row[0], row[1], "equivalent")
        for number, row in enumerate(rows)
    ]
    _write(
        folder / "gold/sv_list__icd10.csv",
        [
            "source_code",
            "source_term",
            "language",
            "context",
            "frequency",
            "target_system",
            "target_code",
            "target_display",
            "relationship",
        ],
        gold,
        ",",
    )
    words = [("fever|pyrexia", "hiti", "drudzis", "karščiavimas"), ("measles", "mislingar", "masalas", "tymai")]
    _write(folder / "lexicons/core_lexicon.csv", ["en", "is", "lv", "lt"], words, ",")
    return folder


def _write(path: Path, header: list[str], rows: list[tuple[str, ...]], delimiter: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def make_targets(*, languages: tuple[str, ...] = ("sv", "fi"), inactive: tuple[str, ...] = ()) -> list[Target]:
    """The diseases as targets with national designations."""
    return [
        Target(
            ICD,
            code,
            english,
            tuple(
                Designation(name, language)
                for language, name in (("sv", swedish), ("fi", finnish))
                if language in languages
            ),
            active=code not in inactive,
            kind="category",
        )
        for code, english, swedish, finnish in DISEASES
    ]


SMALL = Recipe(dimensions=24, epochs=3, batch=1024, buckets=4096)


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """Of an own model that is fitted in seconds."""
    return SMALL


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Parallel titles, targets and a gold map of twenty diseases."""
    return write_data(tmp_path_factory.mktemp("parallel"))


@pytest.fixture(scope="session")
def small_weights(data_folder: Path, tmp_path_factory: pytest.TempPathFactory, small_recipe: Recipe) -> Path:
    """Weights trained on `data_folder`."""
    out = tmp_path_factory.mktemp("weights")
    train(data_folder, out, seed=7, recipe=small_recipe)
    return out


@pytest.fixture(scope="session")
def icd_targets() -> Callable[..., list[Target]]:
    """Maker of the twenty diseases as targets."""
    return make_targets


@pytest.fixture(scope="session")
def engine() -> MatchingEngine:
    """The shipped engine over the twenty diseases."""
    return MatchingEngine.build(make_targets())
