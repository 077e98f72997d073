"""Publishers' own files: every row is a concept or has a reason why not. Skipped where the files are not at hand."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from termserver.loaders.registry import find_loadables, list_recipes, read_file, read_recipe
from termserver.loaders.source import LoadedCodeSystem, LoadedList
from termserver.settings import load_settings

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def sources() -> Path:
    folder = load_settings().sources_folder()
    if folder is None:
        pytest.skip("no folder of publishers' files (TERMSERVER_DATA_SOURCES)")
    return folder


def lines(*places: str, header: int = 0) -> Callable[[Path], int]:
    def count(folder: Path) -> int:
        texts = [(folder / place).read_bytes().replace(b"\r\n", b"\n").split(b"\n") for place in places]
        return sum(sum(1 for line in text if line.strip()) - header for text in texts)

    return count


def json_items(place: str, element: str | None = None) -> Callable[[Path], int]:
    def count(folder: Path) -> int:
        data = json.loads((folder / place).read_text(encoding="utf-8"))
        return len(data[element] if element else data)

    return count


def sheet_rows(place: str, header: int) -> Callable[[Path], int]:
    def count(folder: Path) -> int:
        from python_calamine import CalamineWorkbook

        with (folder / place).open("rb") as file:
            return len(CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()) - header

    return count


RAW = {
    "icd-10-se": lines(*(f"raw/icd-10-se/{name}.txt" for name in ("block", "digit3", "digit4", "digit5"))),
    "ksh97p-se": lines("raw/icd-10-se/KSH97P_KOD.ANS"),
    "icd-10-no": json_items("raw/icd-10-no/ICD10.json"),
    "icd-10-da": json_items("raw/icd-10-da/CodeSystem-icd10-da.json", "concept"),
    "icd-10-fi": sheet_rows("raw/thl-fi/58_1606817342088.xlsx", 1),
    "lab-fi": sheet_rows("raw/thl-fi/120_1445249924108.xls", 1),
    "tehik-lists-et": sheet_rows("raw/tehik-et/overview.xlsx", 2),
}


@pytest.mark.parametrize("name", RAW)
def test_raw_files_are_read_row_by_row(sources: Path, name: str) -> None:
    loaded = read_recipe(name, sources)
    assert isinstance(loaded, LoadedCodeSystem)
    concepts = sum(1 for _ in loaded.concepts)
    refused = sum(problem.severity == "error" for problem in loaded.problems)
    assert loaded.counts.rows == RAW[name](sources)
    assert concepts == loaded.counts.rows - refused - loaded.counts.merged


def test_folder_of_raw_files_loads_each_of_them(sources: Path) -> None:
    loadables = find_loadables(sources / "raw")
    assert {loadable.recipe.name for loadable in loadables if loadable.recipe} == set(RAW)
    usagi = [loadable for loadable in loadables if loadable.path is not None]
    assert len(usagi) == 5
    for loadable in usagi:
        assert loadable.path is not None
        loaded = read_file(loadable.path)
        assert isinstance(loaded, LoadedList)
        rows = sum(1 for _ in loaded.rows)
        with loadable.path.open(encoding="utf-8", newline="") as file:
            assert loaded.counts.rows == sum(1 for _ in csv.DictReader(file))
        refused = sum(problem.severity == "error" for problem in loaded.problems)
        assert rows == loaded.counts.rows - refused - loaded.counts.merged
        assert loaded.usagi_lines


@pytest.mark.parametrize(
    "name", [recipe.name for recipe in list_recipes() if recipe.files[0].path.startswith("code_systems/")]
)
def test_cleaned_lists_are_read_row_by_row(sources: Path, name: str) -> None:
    loaded = read_recipe(name, sources)
    assert isinstance(loaded, LoadedCodeSystem)
    concepts = list(loaded.concepts)
    refused = sum(problem.severity == "error" for problem in loaded.problems)
    assert (
        len(concepts)
        == len({concept.code for concept in concepts})
        == loaded.counts.rows - refused - loaded.counts.merged
    )
    recipe = next(one for one in list_recipes() if one.name == name)
    path = sources / recipe.files[0].path
    with path.open(encoding="utf-8", newline="") as file:
        assert loaded.counts.rows == sum(1 for _ in csv.reader(file, delimiter=recipe.files[0].delimiter or ",")) - 1
    codes = {concept.code for concept in concepts}
    assert all(parent in codes for concept in concepts for parent in concept.parents)


def test_snomed_subset(sources: Path) -> None:
    path = sources.parent / "tx-ecosystem" / "tx-source" / "snomed"
    if not path.is_dir():
        pytest.skip("no SNOMED CT subset")
    loaded = read_file(path)
    assert isinstance(loaded, LoadedCodeSystem)
    assert loaded.header.canonical == "http://snomed.info/sct|http://snomed.info/xsct/31000003106/version/20250909"
    concepts = list(loaded.concepts)
    assert (
        len(concepts)
        == lines("Terminology/sct2_Concept_Snapshot_INT_20250909.txt", header=1)(path)
        == loaded.counts.accepted
    )
    codes = {concept.code for concept in concepts}
    assert all(parent in codes for concept in concepts for parent in concept.parents)


def test_loinc_subset(sources: Path) -> None:
    path = sources.parent / "tx-ecosystem" / "tx-source" / "loinc"
    if not path.is_dir():
        pytest.skip("no LOINC subset")
    loaded = read_file(path)
    assert isinstance(loaded, LoadedCodeSystem)
    concepts = list(loaded.concepts)
    with (path / "LoincTable/Loinc.csv").open(encoding="utf-8", newline="") as file:
        assert sum(concept.code[0].isdigit() for concept in concepts) == sum(1 for _ in csv.DictReader(file))
    assert loaded.problems == []


def test_estonian_national_lists_load_as_files(sources: Path) -> None:
    folder = sources / "code_systems" / "national-lists-et" / "lists"
    for path in sorted(folder.glob("*.csv"))[:40]:
        loaded = read_file(path)
        assert isinstance(loaded, LoadedCodeSystem)
        assert sum(1 for _ in loaded.concepts) == loaded.counts.accepted > 0
