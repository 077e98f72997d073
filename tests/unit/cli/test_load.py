import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from termserver.cli.load import load
from termserver.store import code_systems, projects
from termserver.store.engine import Database

CSV = "Kod;Benämning\nA1;Kolera, ospecificerad\nB2;Andra sjukdomar i blod\nA1;Dubblett\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(data: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(load, ["--data", str(data), *map(str, arguments)])


def write(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def stored(data: Path) -> dict[str, int]:
    database = Database(f"sqlite:///{data / 'termserver.sqlite3'}")
    with database.session() as session:
        found = {one.header.canonical: one.concept_count for one in code_systems.list_code_systems(session)}
    database.close()
    return found


def test_recipe_is_loaded_and_counted(data: Path) -> None:
    result = run(data, "loinc-sample")
    assert result.exit_code == 0, result.output
    assert "concepts stored" in result.output
    assert "0 refused" in result.output
    assert list(stored(data)) == ["http://loinc.org|sample-2026"]


def test_loading_twice_changes_nothing(data: Path) -> None:
    assert run(data, "loinc-sample").exit_code == run(data, "loinc-sample").exit_code == 0
    assert len(stored(data)) == 1


def test_file_is_loaded_with_its_problems(data: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", CSV)
    result = run(
        data, path, "--url", "https://example.org/list", "--version", "3", "--problems", tmp_path / "problems.csv"
    )
    assert result.exit_code == 0, result.output
    assert "3 rows read, 2 accepted, 1 refused" in result.output
    assert "refused: line 4, column Kod, code A1: the code 'A1' stands on line 2 already" in result.output
    assert stored(data) == {"https://example.org/list|3": 2}
    with (tmp_path / "problems.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["source"], row["line"], row["rule"]) == ("list.csv", "4", "duplicate-code")


def test_only_twenty_problems_are_shown(data: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", CSV + "A1;Dubblett\n" * 29)
    result = run(data, path)
    assert result.output.count("refused: line") == 20
    assert "… 30 in all: 30 duplicate-code (error)" in result.output


def test_list_becomes_a_project(data: Path, tmp_path: Path) -> None:
    result = run(data, write(tmp_path, "lista.csv", CSV), "--project", "--language", "sv")
    assert result.exit_code == 0, result.output
    assert "project lista, 2 rows stored" in result.output
    database = Database(f"sqlite:///{data / 'termserver.sqlite3'}")
    with database.session() as session:
        assert [project.progress.rows for project in projects.list_projects(session)] == [2]
    database.close()
    assert "left as it is" in run(data, tmp_path / "lista.csv", "--project").output


def test_unknown_recipe_lists_near_names_and_the_others_are_loaded(data: Path) -> None:
    result = run(data, "loinc-sampel", "loinc-sample")
    assert result.exit_code == 1
    assert "no recipe and no file 'loinc-sampel'; near: loinc-sample" in result.output
    assert "Not loaded: loinc-sampel." in result.output
    assert len(stored(data)) == 1


def test_bad_file_stores_nothing(data: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "list.json", '{"resourceType": "CodeSystem", "url": "https://example.org/x", "concept": [}')
    result = run(data, path)
    assert result.exit_code == 1
    assert "list.json line 1: the JSON is damaged" in result.output
    assert stored(data) == {}


def test_folder_loads_each_file_in_it(data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    write(folder, "a.csv", CSV)
    write(folder, "b.csv", CSV)
    write(folder, "c.csv", "")
    result = run(data, folder)
    assert result.exit_code == 1
    assert "c.csv: not loaded. c.csv: the file is empty" in result.output
    assert len(stored(data)) == 2


def test_personal_numbers_are_refused_without_showing_them(data: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", "Kod;Benämning\nA1;Kolera\nB2;Remiss 811218-9876\n")
    result = run(data, path, "--project")
    assert result.exit_code == 1
    assert "9876" not in result.output
    assert "personal identity numbers" in result.output


def test_recipes_are_listed(data: Path) -> None:
    result = run(data, "--list")
    assert result.exit_code == 0
    assert result.output.splitlines()[0].startswith("icd-10-who")


def test_nothing_to_load_is_a_usage_error(data: Path) -> None:
    assert run(data).exit_code == 2


def test_national_titles_name_the_international_codes(data: Path, tmp_path: Path) -> None:
    for name in ("block", "digit3", "digit4", "digit5"):
        folder = tmp_path / "raw" / "icd-10-se"
        folder.mkdir(parents=True, exist_ok=True)
        write(
            folder,
            f"{name}.txt",
            {"block": "A00-A09\t\tTarm\n", "digit3": "A00\t\tKolera\n"}.get(name, f"A00{name[-1]}\t\tX\n"),
        )
    run(data, "icd-10-who")
    result = run(data, "icd-10-se", "--sources", tmp_path)
    assert result.exit_code == 0, result.output
    assert stored(data)["http://hl7.org/fhir/sid/icd-10-se/designations|2022"] == 2
