import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from termserver.errors import BadFile
from termserver.loaders.registry import find_loadables, read_file, read_recipe, recognise
from termserver.loaders.source import LoadedCodeSystem, LoadedList
from termserver.model.code_system import CodeSystem

CSV = "Kood;Nimetus;Vanem_kood;Ühik\nA;Kolera, täpsustamata;;\nB;Muud haigused;A;g/l\n"
USAGI = "sourceCode,sourceName,conceptId\nA,Sodium,5\n"
FHIR = {
    "resourceType": "CodeSystem",
    "url": "https://example.org/x",
    "version": "1",
    "concept": [{"code": "A", "display": "Å"}],
}


def write(folder: Path, name: str, content: str) -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


def code_system(loaded: LoadedCodeSystem | LoadedList) -> LoadedCodeSystem:
    assert isinstance(loaded, LoadedCodeSystem)
    return loaded


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", CSV, "delimited"),
        ("a.txt", USAGI, "usagi"),
        ("a.json", json.dumps(FHIR), "fhir-json"),
        ("a.json", '[{"code": "A"}]', "json-records"),
        ("a.xml", "<CodeSystem xmlns='http://hl7.org/fhir'/>", "fhir-xml"),
    ],
)
def test_format_is_recognised_by_content(tmp_path: Path, name: str, content: str, expected: str) -> None:
    assert recognise(write(tmp_path, name, content)) == expected


def test_releases_are_recognised_by_their_files(tmp_path: Path) -> None:
    write(tmp_path, "snomed/Snapshot/Terminology/sct2_Concept_Snapshot_INT_20260101.txt", "id\n")
    write(tmp_path, "loinc/LoincTable/Loinc.csv", "LOINC_NUM\n")
    assert recognise(tmp_path / "snomed") == "rf2"
    assert recognise(tmp_path / "loinc") == "loinc"


def test_table_nobody_described_is_read_by_its_column_names(tmp_path: Path) -> None:
    loaded = code_system(read_file(write(tmp_path, "list.csv", CSV)))
    concepts = list(loaded.concepts)
    assert [(concept.code, concept.display, concept.parents) for concept in concepts] == [
        ("A", "Kolera, täpsustamata", ()),
        ("B", "Muud haigused", ("A",)),
    ]
    assert [(one.code, one.value) for one in concepts[1].properties] == [("Ühik", "g/l")]
    assert (loaded.header.language, loaded.header.url) == ("et", "https://termserver.example/CodeSystem/list")


def test_what_the_caller_names_overrules_the_file(tmp_path: Path) -> None:
    header = CodeSystem(url="https://example.org/mine", version="7", name="", language="sv")
    loaded = code_system(read_file(write(tmp_path, "list.csv", CSV), header=header))
    assert (loaded.header.canonical, loaded.header.language) == ("https://example.org/mine|7", "sv")


def test_any_file_can_be_read_as_a_list(tmp_path: Path) -> None:
    for name, content in [("list.csv", CSV), ("cs.json", json.dumps(FHIR)), ("u.csv", USAGI)]:
        loaded = read_file(write(tmp_path, name, content), as_list=True)
        assert isinstance(loaded, LoadedList)
        assert next(loaded.rows).code == "A"


def test_table_without_a_recognisable_code_asks_for_a_recipe(tmp_path: Path) -> None:
    path = write(tmp_path, "list.csv", "namn;antal\nKolera akut;1\nKolera akut;2\nKolera akut;3\n")
    with pytest.raises(BadFile, match=r"write a recipe .*The columns are: namn, antal"):
        read_file(path)


@pytest.mark.parametrize(
    ("path", "message"), [("nosuch.csv", "no such file or folder"), ("", "holds no RF2 or LOINC release")]
)
def test_what_is_not_there_is_said(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        read_file(tmp_path / path)


def test_unknown_format_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="the format 'owl' is unknown; use one of: delimited"):
        read_file(write(tmp_path, "list.csv", CSV), format="owl")


def test_folder_gives_each_thing_once(tmp_path: Path) -> None:
    write(tmp_path, "a/list.csv", CSV)
    write(tmp_path, "SOURCE.txt", "notes")
    write(tmp_path, ".hidden/list.csv", CSV)
    write(tmp_path, "loinc/LoincTable/Loinc.csv", "LOINC_NUM\n")
    for name in ("block.txt", "digit3.txt", "digit4.txt", "digit5.txt"):
        write(tmp_path, f"raw/icd-10-se/{name}", "A00\t\tKolera\n")
    names = [
        (loadable.name, loadable.recipe.name if loadable.recipe else None) for loadable in find_loadables(tmp_path)
    ]
    assert names == [("list.csv", None), ("loinc", None), ("icd-10-se", "icd-10-se")]


def test_folder_with_a_recipe_of_ones_own_is_read_by_it(tmp_path: Path) -> None:
    write(tmp_path, "mine.csv", "x;y\nA;Ett\n")
    recipe = 'name = "mine"\ntitle = "M"\nkind = "code-system"\nurl = "https://example.org/m"\nversion = "1"\nfile = "mine.csv"\n'
    write(tmp_path, "source.toml", recipe + '[columns]\ncode = "x"\nterm = "y"\n')
    (loadable,) = find_loadables(tmp_path)
    assert [concept.code for concept in code_system(loadable.read()).concepts] == ["A"]


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no file that could be a list"):
        find_loadables(tmp_path)


def test_sample_lists_are_read_from_the_package() -> None:
    loaded = read_recipe("sample-fi-diagnoses")
    assert isinstance(loaded, LoadedList)
    rows = list(loaded.rows)
    assert len(rows) >= 60
    assert not [problem for problem in loaded.problems if problem.severity == "error"]
    assert any("|" not in other.value for row in rows for other in row.other_terms)
    assert {row.language for row in rows} == {"fi"}


def test_loinc_sample_has_axes() -> None:
    concepts = list(code_system(read_recipe("loinc-sample")).concepts)
    assert len(concepts) > 200
    assert {"COMPONENT", "PROPERTY", "SYSTEM"} <= {one.code for one in concepts[0].properties}


def test_spreadsheet_disguised_as_xls_is_read(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for values in [["CodeId", "LongName"], ["1001", "Pt-ACTH-R1"], ["1002", "Pt-ACTH-R2"]]:
        sheet.append(values)
    book.save(tmp_path / "x.xlsx")
    disguised = (tmp_path / "x.xlsx").rename(tmp_path / "x.xls")
    assert [concept.code for concept in code_system(read_file(disguised)).concepts] == ["1001", "1002"]
