import pytest

from termserver.loaders.row_checks import LeadingZeroWatch, clean_text, code_problem, text_warnings
from termserver.loaders.table import TableRow


def rule_of(code: str, **damage: tuple[int, ...]) -> str | None:
    problem = code_problem(TableRow(3, (code, "term"), **damage), 0, column="kod")
    return problem.rule if problem else None


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("", "empty-code"),
        ("2024-01-02", "date-code"),
        ("2024-01-02 00:00:00", "date-code"),
        ("01.02.2024", "date-code"),
        ("1/2/2024", "date-code"),
        ("02-jan", "date-code"),
        ("jan-02", "date-code"),
        ("2-maj", "date-code"),
        ("1.0E+05", "scientific-code"),
        ("1,23E+11", "scientific-code"),
        ("#N/A", "formula-error"),
        ("x" * 201, "long-code"),
        ("A\x001", "control-character"),
    ],
)
def test_unusable_code_is_refused(code: str, rule: str) -> None:
    assert rule_of(code) == rule


@pytest.mark.parametrize(
    "code",
    [
        "A00.1",
        "2160-0",
        "12-3",
        "NPU19651",
        "22298006",
        "1.2.3",
        "0123",
        "B05.8+H19.2",
        "1E5",
        "A00-A09",
        "10.5",
        "AB 1",
        "Ö-12",
    ],
)
def test_ordinary_code_is_accepted(code: str) -> None:
    assert rule_of(code) is None


def test_date_cell_of_a_spreadsheet_names_sheet_row_and_column() -> None:
    problem = code_problem(TableRow(7, ("2024-01-02",), dates=(0,)), 0, column="kod", sheet="Blad1")
    assert problem is not None
    assert (problem.line, problem.column, problem.code) == (7, "kod", "2024-01-02")
    assert "sheet 'Blad1' is a date" in problem.message


def test_number_cell_too_long_for_a_spreadsheet_is_refused() -> None:
    assert rule_of("12345678901234567000", rounded=(0,)) == "rounded-code"


@pytest.mark.parametrize(
    ("text", "rule"),
    [("Hj�rta", "lost-character"), ("HjÃ¤rta", "mojibake"), ("Hjärt\x07a", "control-character"), ("SjÃ¶", "mojibake")],
)
def test_damaged_term_is_warned_of(text: str, rule: str) -> None:
    assert [problem.rule for problem in text_warnings(1, "namn", "A", text)] == [rule]


@pytest.mark.parametrize("text", ["Hjärta", "Ångström Åland", "þvag", "Æðahnútar", "ÕÄÖÜ", "5 µg °C ±"])
def test_northern_letters_are_not_taken_for_damage(text: str) -> None:
    assert list(text_warnings(1, "namn", "A", text)) == []


def test_lost_leading_zeros_are_suspected() -> None:
    watch = LeadingZeroWatch("kod", None)
    for number in range(20):
        watch.see(number, str(1000 + number))
    watch.see(21, "123")
    (problem,) = watch.warnings()
    assert (problem.line, problem.severity, problem.rule) == (21, "warning", "leading-zero")
    assert "was it '0123'?" in problem.message


def test_zeros_that_are_still_there_are_no_suspicion() -> None:
    watch = LeadingZeroWatch("kod", None)
    for code in [f"{number:04d}" for number in range(995, 1015)]:
        watch.see(1, code)
    assert list(watch.warnings()) == []


def test_clean_text_is_one_line() -> None:
    assert clean_text("a\tb\r\nc\x00  d") == "a b c d"
