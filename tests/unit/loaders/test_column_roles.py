import pytest

from termserver.loaders.column_roles import guess_roles, integer_from_text, language_of_column

ROWS = [
    ["A01", "Kolera akuutti", "12", "mmol/l"],
    ["B02", "Tyyfus krooninen", "7", "g/l"],
    ["C03", "Muu tauti", "1 200", "g/l"],
]


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        (["Kod", "Benämning", "Antal", "Enhet"], ["code", "term", "frequency", "context"]),
        (["Kode", "Betegnelse", "Antall", "Enhet"], ["code", "term", "frequency", "context"]),
        (["Kode", "Navn", "Hyppighed", "Enhed"], ["code", "term", "frequency", "context"]),
        (["Koodi", "Nimike", "Lukumäärä", "Yksikkö"], ["code", "term", "frequency", "context"]),
        (["Kóði", "Heiti", "Fjöldi", "Eining"], ["code", "term", "frequency", "context"]),
        (["Kood", "Nimetus", "Esinemissagedus", "Ühik"], ["code", "term", "frequency", "context"]),
        (["Kods", "Nosaukums", "Skaits", "Mērvienība"], ["code", "term", "frequency", "context"]),
        (["Kodas", "Pavadinimas", "Dažnis", "Matavimo vienetas"], ["code", "term", "frequency", "context"]),
        (["local_code", "display", "count", "unit"], ["code", "term", "frequency", "context"]),
        (["Analyskod", "Analysnamn", "Antal", "Enhet"], ["code", "term", "frequency", "context"]),
    ],
)
def test_roles_are_guessed_in_nine_languages(columns: list[str], roles: list[str]) -> None:
    assert list(guess_roles(columns, ROWS).values()) == roles


def test_cells_overrule_a_name_that_cannot_be() -> None:
    rows = [["A1", "Kolera", "ofta"], ["B2", "Tyfus", "sällan"]]
    assert guess_roles(["Kod", "Namn", "Antal"], rows)["Antal"] == "context"


def test_terms_in_other_languages_are_told_apart() -> None:
    rows = [
        ["A1", "Kolera akut", "Kolera akuutti", "Cholera acuta"],
        ["B2", "Tyfus lätt", "Tyyfus lievä", "Typhus levis"],
    ]
    roles = guess_roles(["code", "name_sv", "name_fi", "Latin"], rows)
    assert roles == {"code": "code", "name_sv": "term", "name_fi": "term:fi", "Latin": "term:la"}


def test_columns_of_somebody_elses_mapping_are_ignored() -> None:
    rows = [["A1", "Kolera", "4160001", "Cholera"], ["B2", "Tyfus", "4160002", "Typhoid"]]
    roles = guess_roles(["code", "term", "omop_concept_id", "omop_concept_name"], rows)
    assert roles["omop_concept_id"] == roles["omop_concept_name"] == "ignore"


def test_who_changed_a_row_is_nobodys_business() -> None:
    rows = [["A1", "Kolera", "Lehtonen, Jari"], ["B2", "Tyfus", "Virtanen, Anna"]]
    assert guess_roles(["CodeId", "LongName", "LastModifiedBy"], rows)["LastModifiedBy"] == "ignore"


def test_without_names_the_cells_decide() -> None:
    roles = guess_roles(["column 1", "column 2"], [["A00", "Kolera akut"], ["A01", "Tyfoidfeber svår"]])
    assert roles == {"column 1": "code", "column 2": "term"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("1 234", 1234),
        ("1\u00a0234\u00a0567", 1234567),
        ("12.0", 12),
        ("-1", -1),
        ("<5", None),
        ("", None),
        ("1.5", None),
    ],
)
def test_whole_numbers_are_read_as_lists_write_them(text: str, value: int | None) -> None:
    assert integer_from_text(text) == value


@pytest.mark.parametrize(
    ("column", "language"),
    [("title_nb", "nb"), ("Nimetus (eesti)", "et"), ("A:Långt_namn", "sv"), ("is_extracted", None), ("No", None)],
)
def test_language_in_a_columns_name(column: str, language: str | None) -> None:
    assert language_of_column(column) == language
