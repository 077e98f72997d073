"""LOINC through the operations: filters, implicit value sets, $lookup; a synthetic release read by the loader."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from termserver.loaders.loinc import read_loinc
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from tests.unit.rest.client import FhirClient, outcome, parameters, value

LOINC = "http://loinc.org"
_LINK = ["LoincNumber", "PartNumber", "PartName", "LinkTypeName", "Property"]
_TERM = ["LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS", "STATUS",
         "SHORTNAME", "LONG_COMMON_NAME", "CLASSTYPE", "ORDER_OBS", "EXTERNAL_COPYRIGHT_NOTICE"]  # fmt: skip
# Invented terms; the numbers only have right check digits
FILES: dict[str, list[list[str]]] = {
    "LoincTable/Loinc.csv": [
        _TERM,
        ["90000-1", "Thing", "MCnc", "Pt", "Ser", "Qn", "", "CHEM", "ACTIVE", "Thing Ser", "Thing in Serum", "1", "Both", ""],
        ["90001-9", "Old", "MCnc", "Pt", "Ser", "Qn", "", "CHEM", "DEPRECATED", "", "Old in Serum", "1", "Order", ""],
        ["90002-7", "Pain", "Find", "Pt", "^Patient", "Ord", "", "SURVEY.X", "DISCOURAGED", "", "Pain scale", "4",
         "Observation", "Somebody's. " * 60],
        ["90003-5", "Note", "Find", "Pt", "^Patient", "Doc", "", "DOC", "ACTIVE", "", "Some note", "2", "Both", ""],
    ],
    "AccessoryFiles/PartFile/Part.csv": [
        ["PartNumber", "PartTypeName", "PartName", "PartDisplayName", "Status"],
        ["LP1-1", "COMPONENT", "Thing", "Thing (part)", "ACTIVE"],
        ["LP2-1", "DOCUMENT KIND", "Note", "Note", "ACTIVE"],
    ],
    "AccessoryFiles/PartFile/LoincPartLink_Primary.csv": [
        _LINK,
        ["90000-1", "LP1-1", "Thing", "Primary", "http://loinc.org/property/COMPONENT"],
    ],
    "AccessoryFiles/PartFile/LoincPartLink_Supplementary.csv": [
        _LINK,
        ["90003-5", "LP2-1", "Note", "DocumentOntology", "http://loinc.org/property/document-kind"],
        ["90000-1", "LP1-1", "Thing", "Search", "http://loinc.org/property/search"],
    ],
    "AccessoryFiles/AnswerFile/AnswerList.csv": [
        ["AnswerListId", "AnswerListName", "AnswerStringId", "DisplayText"],
        ["LL1-1", "Yes or no", "LA1-1", "Yes"],
        ["LL1-1", "Yes or no", "LA2-1", "No"],
        ["LL2-1", "How much", "LA3-1", "Much"],
    ],
    "AccessoryFiles/AnswerFile/LoincAnswerListLink.csv": [
        ["LoincNumber", "AnswerListId"],
        ["90002-7", "LL1-1"],
        ["90002-7", "LL2-1"],
    ],
    "AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv": [
        ["PATH_TO_ROOT", "SEQUENCE", "IMMEDIATE_PARENT", "CODE", "CODE_TEXT"],
        ["", "1", "", "LP8-1", "Everything"],
        ["LP8-1", "1", "LP8-1", "LP9-1", "Laboratory"],
        ["LP8-1.LP9-1", "1", "LP9-1", "90000-1", "Thing in Serum"],
        ["LP8-1", "2", "LP8-1", "90002-7", "Pain scale"],
    ],
    "AccessoryFiles/GroupFile/Group.csv": [
        ["ParentGroupId", "GroupId", "Group", "Status"],
        ["LG9-1", "LG1-1", "Things", "Active"],
    ],
    "AccessoryFiles/GroupFile/GroupLoincTerms.csv": [
        ["GroupId", "LoincNumber"],
        ["LG1-1", "90000-1"],
        ["LG1-1", "90001-9"],
    ],
    "AccessoryFiles/LinguisticVariants/etEE10LinguisticVariant.csv": [
        ["LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "LONG_COMMON_NAME"],
        ["90000-1", "Asi", "MCnc", "Pt", "S", "Qn", "", "Asi seerumis"],
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def loinc(tmp_path_factory: pytest.TempPathFactory) -> FhirClient:
    folder: Path = tmp_path_factory.mktemp("loinc")
    for place, rows in FILES.items():
        path = folder / "release" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    loaded = read_loinc(folder / "release", version="2.82")
    with database.session(write=True) as session:
        add_code_system(session, loaded.header, loaded.concepts)
    return FhirClient(database, Settings(data=folder))


def with_filter(name: str, operator: str, text: str) -> dict:
    include = {"system": LOINC, "filter": [{"property": name, "op": operator, "value": text}]}
    return {"resourceType": "ValueSet", "url": "http://a.b/vs", "status": "active", "compose": {"include": [include]}}


def codes(answer: dict) -> str:
    return " ".join(sorted(item["code"] for item in answer["expansion"].get("contains", [])))


FILTERS = [
    ("COMPONENT", "=", "LP1-1", "90000-1"),
    ("COMPONENT", "=", "Thing", "90000-1"),
    ("COMPONENT", "=", "Old", "90001-9"),
    ("COMPONENT", "in", "Thing,Pain", "90000-1 90002-7"),
    ("COMPONENT", "regex", "(Thing|Pain)", "90000-1 90002-7"),
    ("COMPONENT", "exists", "true", "90000-1 90001-9 90002-7 90003-5"),
    ("http://loinc.org/property/SCALE_TYP", "=", "Ord", "90002-7"),
    ("SCALE_TYP", "=", "Doc", "90003-5"),
    ("METHOD_TYP", "=", "LP1-1", ""),
    ("CLASS", "regex", "CHEM|^SURVEY(\\..*)?", "90000-1 90001-9 90002-7"),
    ("CLASSTYPE", "=", "1", "90000-1 90001-9"),
    ("CLASSTYPE", "=", "Laboratory class", "90000-1 90001-9"),
    ("STATUS", "=", "DISCOURAGED", "90002-7"),
    ("ORDER_OBS", "=", "Both", "90000-1 90003-5"),
    ("copyright", "=", "3rdParty", "90002-7"),
    ("copyright", "=", "LOINC", "90000-1 90001-9 90003-5"),
    ("document-kind", "exists", "true", "90003-5"),
    ("LIST", "=", "LL1-1", "LA1-1 LA2-1"),
    ("LIST", "in", "LL1-1,LL2-1", "LA1-1 LA2-1 LA3-1"),
    ("answers-for", "=", "LL1-1", "LA1-1 LA2-1"),
    ("answers-for", "=", "90002-7", "LA1-1 LA2-1 LA3-1"),
    ("answers-for", "=", "90000-1", ""),
    ("answer-list", "=", "LL1-1", "90002-7"),
    ("GROUP", "=", "LG1-1", "90000-1 90001-9"),
    ("parent", "=", "LP8-1", "90002-7 LP9-1"),
    ("parent", "in", "LP8-1,LP9-1", "90000-1 90002-7 LP9-1"),
    ("child", "=", "90000-1", "LP9-1"),
    ("ancestor", "=", "LP8-1", "90000-1 90002-7 LP9-1"),
    ("ancestor", "=", "LP0-0", ""),
    ("concept", "is-a", "LP9-1", "90000-1 LP9-1"),
]


@pytest.mark.parametrize(("name", "operator", "text", "expected"), FILTERS)
def test_filter_selects(loinc: FhirClient, name: str, operator: str, text: str, expected: str) -> None:
    value_set = with_filter(name, operator, text)
    assert codes(loinc.post("/r5/ValueSet/$expand", parameters(valueSet_resource=value_set)).json()) == expected
    for code in ("90000-1", "LA1-1"):
        body = parameters(valueSet_resource=value_set, system_Uri=LOINC, code_Code=code)
        held = value(loinc.post("/r5/ValueSet/$validate-code", body).json(), "result")
        assert held is (code in expected.split())


def test_what_only_the_text_search_knows_is_no_property(loinc: FhirClient) -> None:
    response = loinc.post("/r5/ValueSet/$expand", parameters(valueSet_resource=with_filter("search", "exists", "true")))
    assert response.status_code == 400
    assert "search exists true" in outcome(response)


def test_copyright_is_one_of_two(loinc: FhirClient) -> None:
    body = parameters(valueSet_resource=with_filter("copyright", "=", "mine"))
    response = loinc.post("/r4/ValueSet/$expand", body)
    assert response.status_code == 400
    assert "LOINC or 3rdParty" in outcome(response)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("vs/LL1-1", "LA1-1 LA2-1"),
        ("vs/ll1-1", None),
        ("vs/LG1-1", "90000-1 90001-9"),
        ("vs/LP8-1", "90000-1 90002-7 LP9-1"),
        ("vs/LL9-9", None),
        ("vs/90000-1", None),
    ],
)
def test_implicit_value_sets(loinc: FhirClient, path: str, expected: str | None) -> None:
    response = loinc.get("/r4/ValueSet/$expand", url=f"{LOINC}/{path}")
    assert (codes(response.json()) if response.status_code == 200 else None) == expected


def test_value_set_of_all_codes(loinc: FhirClient) -> None:
    answer = loinc.get("/r4/ValueSet/$expand", url=f"{LOINC}/vs").json()
    assert {"90000-1", "LP1-1", "LL1-1", "LA1-1", "LG1-1"} <= set(codes(answer).split())


def properties(answer: dict) -> set[tuple[str, object]]:
    found = set()
    for item in answer["parameter"]:
        if item["name"] == "property":
            parts = {part["name"]: next(v for k, v in part.items() if k.startswith("value")) for part in item["part"]}
            found.add((parts["code"], parts["value"]))
    return found


def test_lookup_of_a_term_names_its_parts(loinc: FhirClient) -> None:
    answer = loinc.get("/r4/CodeSystem/$lookup", system=LOINC, code="90000-1").json()
    assert value(answer, "name") == "LOINC"
    shown = properties(answer)
    assert {("COMPONENT", "LP1-1"), ("STATUS", "ACTIVE"), ("CLASSTYPE", "1"), ("parent", "LP9-1")} <= shown
    assert not {name for name, _ in shown} & {"GROUP", "search"}
    class_type = next(
        item
        for item in answer["parameter"]
        if item["name"] == "property" and item["part"][0]["valueCode"] == "CLASSTYPE"
    )
    assert {"name": "description", "valueString": "Laboratory class"} in class_type["part"]


def test_lookup_of_lists_and_answers(loinc: FhirClient) -> None:
    answer_list = loinc.get("/r4/CodeSystem/$lookup", system=LOINC, code="LL1-1").json()
    answer = loinc.get("/r4/CodeSystem/$lookup", system=LOINC, code="LA1-1").json()
    assert {("Answer", "LA1-1"), ("Answer", "LA2-1"), ("answers-for", "90002-7")} <= properties(answer_list)
    assert ("AnswerList", "LL1-1") in properties(answer)


def test_linguistic_variants_are_names(loinc: FhirClient) -> None:
    answer = loinc.get("/r4/CodeSystem/$validate-code", url=LOINC, code="90000-1", displayLanguage="et").json()
    assert value(answer, "display") == "Asi seerumis"


def test_discouraged_term_is_valid_and_warned_of(loinc: FhirClient) -> None:
    answer = loinc.get("/r4/CodeSystem/$validate-code", url=LOINC, code="90002-7").json()
    assert (value(answer, "result"), value(answer, "inactive"), value(answer, "status")) == (True, True, "DISCOURAGED")
    assert "The concept '90002-7' has a status of DISCOURAGED" in value(answer, "message")
