import random

import pytest

from termserver.loaders.personal_ids import mask, scan_rows, scan_text
from termserver.model.coding import Designation
from termserver.model.source_list import SourceRow

# Invented numbers of right form; none was ever given to a person.


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("811218-9876", "SE"),
        ("19811218-9876", "SE"),
        ("811218+9876", "SE"),
        ("811278-9873", "SE"),
        ("151086 95088", "NO"),
        ("151086-95088", "NO"),
        ("211062-5629", "DK"),
        ("811062-5629", "DK"),
        ("120174-3399", "IS"),
        ("131052-308T", "FI"),
        ("131052Y308T", "FI"),
        ("161175-19997", "LV"),
        ("321234-12345", "LV"),
        ("isikukood 36805280109", "EE/LT"),
        ("asmens kodas: 38703181745", "EE/LT"),
        ("personas kods 16117519997", "LV"),
        ("CPR 2110625629", "DK"),
        ("hetu:131052A308T", "FI"),
    ],
)
def test_separator_or_identity_word_blocks(text: str, country: str) -> None:
    (found,) = scan_text(f"Provsvar, {text} kontroll")
    assert (found.country, found.severity) == (country, "block")


@pytest.mark.parametrize(
    ("text", "country"), [("8112189876", "SE"), ("198112189876", "SE"), ("15108695088", "NO"), ("36805280109", "EE/LT")]
)
def test_bare_digits_that_pass_the_checksum_warn(text: str, country: str) -> None:
    (found,) = scan_text(text)
    assert (found.country, found.severity, found.is_bare) == (country, "warn", True)


@pytest.mark.parametrize("text", ["2110625629", "16117519997", "32123412345"])
def test_danish_and_latvian_bare_digits_never_block(text: str) -> None:
    assert [found.severity for found in scan_text(text) if found.country in {"DK", "LV"}] == []


def test_an_identity_word_in_the_columns_name_counts() -> None:
    assert scan_text("2110625629", column_name="CPR-nr")[0].severity == "block"


@pytest.mark.parametrize(
    "text",
    [
        "I21.9", "A00-B99", "22298006", "900000000000207008", "31000003106", "2160-0", "100007-4", "NPU19651", "DE110A",
        "B05.8+H19.2", "1.2.246.537.6.3.2006", "2024-01-02", "20240102", "1 234 567", "123456-7890123", "0.8933170425576351",
        "urn:oid:1.2.840.113619.2.176", "LOINC 59260-0", "ISBN 978-91-7402-111-3", "10 000 000", "N02BE01", "451399-9875",
        "3-methyl-2-(4-phenyl)", "000000-0000",
    ],
)  # fmt: skip
def test_ordinary_codes_and_texts_are_left_alone(text: str) -> None:
    assert scan_text(text) == []


@pytest.mark.parametrize(
    "text", ["+46 70 123 45 67", "tel 08-123 456 78", "puh. 040 1234567", "+372 5123 4567", "tālr. 67123456"]
)
def test_phone_numbers_block(text: str) -> None:
    (found,) = scan_text(f"ring {text}")
    assert (found.kind, found.severity) == ("phone number", "block")


def test_mail_addresses_block() -> None:
    (found,) = scan_text("fråga anna.ek@exempel.se om koden")
    assert (found.kind, found.severity, found.masked) == ("e-mail address", "block", "an••.••@•••••••.••")


def test_masks_hide_the_value() -> None:
    assert mask("131052-308T") == "13••••-••••"


def test_rows_are_scanned_in_all_columns_but_the_frequency() -> None:
    rows = [
        SourceRow(2, "A", "pat 131052-308T"),
        SourceRow(3, "B", "x", context={"anm": "811218-9876"}),
        SourceRow(4, "C", "x", other_terms=(Designation("120174-3399"),)),
        SourceRow(5, "811218-9876", "x", frequency=8112189876),
    ]
    problems = scan_rows(rows)
    assert [(problem.line, problem.column, problem.severity, problem.rule) for problem in problems] == [
        (2, "term", "error", "personal-id"),
        (3, "anm", "error", "personal-id"),
        (4, "other term", "error", "personal-id"),
        (5, "code", "error", "personal-id"),
    ]
    assert problems[3].code == "81••••-••••"
    assert not any("308T" in f"{problem}" or "9876" in f"{problem}" for problem in problems)


@pytest.mark.parametrize("length", [9, 10, 11, 12])
def test_numeric_codes_do_not_flood(length: int) -> None:
    numbers = random.Random(length)
    rows = [SourceRow(line, str(numbers.randint(10 ** (length - 1), 10**length - 1)), "term") for line in range(5000)]
    assert scan_rows(rows) == []


def test_a_column_full_of_bare_numbers_is_reported() -> None:
    rows = [SourceRow(line, "8112189876", "term") for line in range(2, 50)]
    assert len(scan_rows(rows)) == 48


def test_the_list_of_problems_is_bounded() -> None:
    problems = scan_rows(SourceRow(line, str(line), "811218-9876") for line in range(3000))
    assert len(problems) == 1001
    assert "2,000 more" in problems[-1].message
