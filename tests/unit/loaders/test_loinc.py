import csv
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.loinc import read_loinc
from termserver.model.code_system import Concept
from termserver.model.coding import Coding

# Invented terms; the numbers only have right check digits.
TABLE = [
    ["LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "VersionLastChanged",
     "STATUS", "SHORTNAME", "LONG_COMMON_NAME", "EXAMPLE_UCUM_UNITS"],
    ["90000-1", "Thing", "MCnc", "Pt", "Ser", "Qn", "", "CHEM", "2.9", "ACTIVE", "Thing Ser-mCnc", "Thing in Serum", "g/L"],
    ["90001-9", "Old thing", "MCnc", "Pt", "Ser", "Qn", "", "CHEM", "2.77", "DEPRECATED", "", "Old thing in Serum", ""],
    ["Jan-60", "Damaged", "MCnc", "Pt", "Ser", "Qn", "", "CHEM", "2.1", "ACTIVE", "", "Damaged", ""],
]  # fmt: skip
FILES = {
    "LoincTable/Loinc.csv": TABLE,
    "AccessoryFiles/PartFile/Part.csv": [
        ["PartNumber", "PartTypeName", "PartName", "PartDisplayName", "Status"],
        ["LP1-1", "COMPONENT", "Thing", "Thing (part)", "ACTIVE"],
    ],
    "AccessoryFiles/PartFile/LoincPartLink_Primary.csv": [
        ["LoincNumber", "PartNumber", "PartName", "Property"],
        ["90000-1", "LP1-1", "Thing", "http://loinc.org/property/COMPONENT"],
    ],
    "AccessoryFiles/AnswerFile/AnswerList.csv": [
        ["AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText"],
        ["LL1-1", "Yes or no", "LA1-1", "Yes"],
        ["LL1-1", "Yes or no", "LA2-1", "No"],
    ],
    "AccessoryFiles/AnswerFile/LoincAnswerListLink.csv": [["LoincNumber", "AnswerListId"], ["90000-1", "LL1-1"]],
    "AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv": [
        ["PATH_TO_ROOT", "SEQUENCE", "IMMEDIATE_PARENT", "CODE", "CODE_TEXT"],
        ["", "1", "", "LP9-1", "Laboratory"],
        ["LP9-1", "1", "LP9-1", "90000-1", "Thing in Serum"],
    ],
    "AccessoryFiles/LinguisticVariants/etEE10LinguisticVariant.csv": [
        ["LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "LONG_COMMON_NAME"],
        ["90000-1", "Asi", "MCnc", "Pt", "S", "Qn", "", ""],
    ],
}


def write_release(folder: Path, name: str = "loinc") -> Path:
    for place, rows in FILES.items():
        path = folder / name / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return folder / name


@pytest.fixture
def concepts(tmp_path: Path) -> dict[str, Concept]:
    return {concept.code: concept for concept in read_loinc(write_release(tmp_path)).concepts}


def test_term_has_axes_names_and_parents(concepts: dict[str, Concept]) -> None:
    term = concepts["90000-1"]
    properties = {one.code: one.value for one in term.properties}
    assert term.display == "Thing in Serum"
    assert properties["COMPONENT"] == Coding("http://loinc.org", "LP1-1", None, "Thing")
    assert (properties["PROPERTY"], properties["answer-list"], properties["EXAMPLE_UCUM_UNITS"]) == (
        "MCnc",
        "LL1-1",
        "g/L",
    )
    assert [(one.language, one.value) for one in term.designations] == [
        ("en", "Thing Ser-mCnc"),
        ("et-EE", "Asi:MCnc:Pt:S:Qn"),
    ]
    assert term.parents == ("LP9-1",)


def test_deprecated_term_is_inactive(concepts: dict[str, Concept]) -> None:
    assert not concepts["90001-9"].active


def test_parts_lists_and_answers_are_concepts(concepts: dict[str, Concept]) -> None:
    assert concepts["LP1-1"].display == "Thing"
    assert [one.value for one in concepts["LP1-1"].designations] == ["Thing (part)"]
    assert concepts["LP9-1"].display == "Laboratory"
    assert [(one.code, one.value) for one in concepts["LL1-1"].properties] == [
        ("Answer", "LA1-1"),
        ("Answer", "LA2-1"),
        ("answers-for", "90000-1"),
    ]
    assert [(one.code, one.value) for one in concepts["LA1-1"].properties] == [("AnswerList", "LL1-1")]


def test_number_with_wrong_check_digit_is_refused_with_its_line(tmp_path: Path) -> None:
    loaded = read_loinc(write_release(tmp_path))
    concepts = list(loaded.concepts)
    (problem,) = loaded.problems
    assert (problem.line, problem.column, problem.code, problem.rule) == (4, "LOINC_NUM", "Jan-60", "check-digit")
    assert loaded.counts.accepted == len(concepts)


@pytest.mark.parametrize(("folder", "version"), [("Loinc_2.82", "2.82"), ("loinc", "2.77")])
def test_version_comes_from_the_folder_or_the_table(tmp_path: Path, folder: str, version: str) -> None:
    assert read_loinc(write_release(tmp_path, folder)).header.version == version


def test_missing_column_is_named(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    (root / "LoincTable/Loinc.csv").write_text("LOINC_NUM,COMPONENT\n", encoding="utf-8")
    with pytest.raises(BadFile, match=r"Loinc\.csv line 1: the column 'LONG_COMMON_NAME' is missing"):
        list(read_loinc(root, version="1").concepts)
