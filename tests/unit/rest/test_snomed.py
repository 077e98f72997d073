"""SNOMED CT through the operations: implicit value sets, filters, expressions, $lookup; a synthetic edition."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from termserver.model.code_system import CodeSystem
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from tests.unit.ecl.edition import concepts
from tests.unit.rest.client import FhirClient, outcome, parameters, value

SNOMED = "http://snomed.info/sct"
EDITION = f"{SNOMED}/900000000000207008"
VERSION = f"{EDITION}/version/20250131"
UNCLOSED = {"url": "http://hl7.org/fhir/StructureDefinition/valueset-unclosed", "valueBoolean": True}
NORMAL_FORM = (
    "===100001|Concept 100001|:{500001|Concept 500001|=200001|Concept 200001|,500002|Concept 500002|=300001|"
    "Concept 300001|}"
)
EXPRESSION = "100111:{500001=200011}"


def store_edition(database: Database) -> None:
    header = CodeSystem(
        SNOMED, VERSION, "SNOMED_CT", language="en", hierarchy_meaning="is-a", value_set=f"{SNOMED}?fhir_vs"
    )
    with database.session(write=True) as session:
        add_code_system(session, header, concepts())


def client(database: Database, folder: object) -> FhirClient:
    return FhirClient(database, Settings(data=folder, expansion_limit=1000, expansion_page_limit=1000))


@pytest.fixture(scope="module")
def snomed(tmp_path_factory: pytest.TempPathFactory) -> FhirClient:
    folder = tmp_path_factory.mktemp("snomed")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    store_edition(database)
    return client(database, folder)


def codes(answer: dict) -> str:
    return " ".join(sorted(item["code"] for item in answer["expansion"].get("contains", [])))


def with_filters(*filters: tuple[str, str, str]) -> dict:
    listed = [{"property": name, "op": operator, "value": text} for name, operator, text in filters]
    return {
        "resourceType": "ValueSet",
        "url": "http://example.org/vs",
        "status": "active",
        "compose": {"include": [{"system": SNOMED, "filter": listed}]},
    }


# ------------------------------------------------------------------ implicit value sets

IMPLICIT = {
    "?fhir_vs=isa/100011": "100011 100111 100112 100113 100121",
    "?fhir_vs=refset/800001": "100012 100111 150001",
    "?fhir_vs=ecl/<! 100011 : 500002 = 300002": "100113 100121",
    "?fhir_vs=ecl/100111 OR 100012": "100012 100111",
    "?fhir_vs=refset": "800001 800002 900000000000455006",
}


@pytest.mark.parametrize("query", IMPLICIT)
@pytest.mark.parametrize("base", [SNOMED, EDITION, VERSION])
def test_implicit_value_set(snomed: FhirClient, base: str, query: str) -> None:
    argument = query.partition("=")[2]
    url = base + "?fhir_vs=" + quote(argument, safe="/")
    answer = snomed.get("/r4/ValueSet/$expand", url=url).json()
    expected = IMPLICIT[query]
    if argument == "refset":
        assert set(expected.split()) - {"900000000000455006"} <= set(codes(answer).split())
    else:
        assert codes(answer) == expected
    assert UNCLOSED in answer["expansion"]["extension"]


def test_implicit_value_set_of_everything_counts_the_listed_concepts(snomed: FhirClient) -> None:
    answer = snomed.get("/r5/ValueSet/$expand", url=f"{SNOMED}?fhir_vs", count="2").json()
    assert answer["expansion"]["total"] == len(concepts())


@pytest.mark.parametrize(
    "url",
    [
        f"{SNOMED}?fhir_vs=refset/100111",
        f"{SNOMED}?fhir_vs=refset/999999",
        f"{SNOMED}?fhir_vs=colour/1",
        f"{SNOMED}?fhir_vs=ecl/",
        f"{SNOMED}/731000124108?fhir_vs",
        f"{EDITION}/version/19990101?fhir_vs",
        "http://loinc.org/vs/LL1-1",
    ],
)
def test_value_sets_that_are_not_implied_are_not_found(snomed: FhirClient, url: str) -> None:
    response = snomed.get("/r4/ValueSet/$expand", url=url)
    assert response.status_code == 404
    assert url in outcome(response)


# ------------------------------------------------------------------ filters

FILTERS = [
    ([("constraint", "=", "< 100001 : { 500001 = *, 500002 = 300002 }")], "100113"),
    ([("expression", "=", "<< 100111")], "100111 100112"),
    ([("concept", "is-a", "100111")], "100111 100112"),
    ([("concept", "descendent-of", "100111")], "100112"),
    ([("concept", "in", "800001")], "100012 100111 150001"),
    ([("concept", "in", "100111,100012")], "100012 100111"),
    ([("concept", "=", "100111")], "100111"),
    ([("concept", "is-a", "100001"), ("500001", "=", "200002")], "100012"),
    ([("500001", "in", "200002,200011")], "100012 100113"),
    ([("500003", "exists", "true")], "100112"),
    ([("concept", "descendent-of", "100001"), ("500002", "exists", "false")], "100011 100012"),
    ([("500004", "=", "5")], "600001"),
    ([("500004", "=", "#10.5")], "600002"),
    ([("500006", "=", "Slow release")], "600002"),
    ([("moduleId", "=", "999001")], "600000 600001 600002"),
    ([("inactive", "=", "true")], "150001 150002 150003"),
    ([("sufficientlyDefined", "=", "true")], "100011 100111 100112"),
    ([("effectiveTime", "=", "20250131"), ("concept", "descendent-of", "600000")], "600001 600002"),
    ([("parent", "=", "100011")], "100111 100113 100121"),
    ([("child", "=", "100121")], "100011 100012"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filter_selects(snomed: FhirClient, filters: list[tuple[str, str, str]], expected: str) -> None:
    body = parameters(valueSet_resource=with_filters(*filters))
    assert codes(snomed.post("/r4/ValueSet/$expand", body).json()) == expected


@pytest.mark.parametrize(
    ("filters", "part"),
    [
        ([("constraint", "=", "<< 100111 AND")], "line 1, column 14"),
        ([("constraint", "=", "<< 999999")], "the concept 999999 is not in this edition"),
        ([("constraint", "in", "<< 100111")], "has the operator ="),
        ([("expressions", "=", "yes")], "is true or false"),
    ],
)
def test_filter_that_cannot_be_used_is_told_apart(snomed: FhirClient, filters: list, part: str) -> None:
    response = snomed.post("/r4/ValueSet/$expand", parameters(valueSet_resource=with_filters(*filters)))
    assert response.status_code == 400
    assert part in outcome(response)


def test_invalid_constraint_has_the_message_id_of_terminology_clients(snomed: FhirClient) -> None:
    body = parameters(valueSet_resource=with_filters(("constraint", "=", "<< abc")))
    issue = snomed.post("/r5/ValueSet/$expand", body).json()["issue"][0]
    assert issue["code"] == "invalid"
    assert issue["details"]["coding"][0]["code"] == "vs-invalid"
    assert issue["extension"][0]["valueString"] == "INVALID_ECL"


def test_expansion_says_that_expressions_are_missing_unless_they_are_left_out(snomed: FhirClient) -> None:
    whole = with_filters(("concept", "is-a", "100011"))
    closed = with_filters(("concept", "is-a", "100011"), ("expressions", "=", "false"))
    answers = [
        snomed.post("/r4/ValueSet/$expand", parameters(valueSet_resource=item)).json() for item in (whole, closed)
    ]
    assert ["extension" in answer["expansion"] for answer in answers] == [True, False]


# ------------------------------------------------------------------ expressions


def test_expression_is_a_code_with_a_display(snomed: FhirClient) -> None:
    answer = snomed.get("/r4/CodeSystem/$validate-code", url=SNOMED, code=EXPRESSION).json()
    assert value(answer, "result") is True
    assert value(answer, "display") == ("100111|Concept 100111|:{500001|Concept 500001|=200011|Concept 200011|}")
    issues = next(item["resource"] for item in answer["parameter"] if item["name"] == "issues")["issue"]
    assert [issue["details"]["coding"][0]["code"] for issue in issues] == ["process-note"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("100111:{500001=999999}", "Concept 999999 not found"),
        ("freetext", 'Concept not found (next char = "f", in "freetext") at character 1'),
        ("100111:500001", 'Expected character "=" not found at character 14'),
        ("100111:{500001=200011", 'Expected character "}" not found at character 22'),
        ("100111 100112", 'Found content ("1") after end of expression at character 8'),
    ],
)
def test_text_that_is_no_expression_is_told_why(snomed: FhirClient, code: str, reason: str) -> None:
    answer = snomed.get("/r4/CodeSystem/$validate-code", url=SNOMED, code=code).json()
    issues = next(item["resource"] for item in answer["parameter"] if item["name"] == "issues")["issue"]
    assert value(answer, "result") is False
    assert value(answer, "message") == (
        f"Unknown code '{code}' in the CodeSystem '{SNOMED}' version '{VERSION}' (International Edition)"
    )
    assert issues[-1]["details"]["text"] == f"Not a valid expression: {reason}"


@pytest.mark.parametrize(
    ("code", "constraint", "is_member"),
    [
        (EXPRESSION, "<< 100111", True),
        (EXPRESSION, "< 100111", True),
        (EXPRESSION, "<< 100012", False),
        (EXPRESSION, "< 100001 : 500001 = 200011", True),
        ("100001 |any| : 500001 = 200002", "< 100001 : 500001 = 200002", True),
        ("100001:500001=200002,500002=300001", "< 100001 : { 500001 = *, 500002 = * }", False),
    ],
)
def test_value_sets_hold_expressions_by_their_meaning(
    snomed: FhirClient, code: str, constraint: str, is_member: bool
) -> None:
    for filters in (
        [("constraint", "=", constraint)],
        [("constraint", "=", constraint), ("expressions", "=", "false")],
    ):
        body = parameters(valueSet_resource=with_filters(*filters), system_Uri=SNOMED, code_Code=code)
        answer = snomed.post("/r4/ValueSet/$validate-code", body).json()
        assert value(answer, "result") is (is_member and len(filters) == 1)


def test_value_set_may_list_an_expression(snomed: FhirClient) -> None:
    listed = {
        **with_filters(),
        "compose": {"include": [{"system": SNOMED, "concept": [{"code": EXPRESSION}, {"code": "100012"}]}]},
    }
    expanded = snomed.post("/r4/ValueSet/$expand", parameters(valueSet_resource=listed)).json()
    assert codes(expanded) == f"100012 {EXPRESSION}"
    body = parameters(valueSet_resource=listed, system_Uri=SNOMED, code_Code=EXPRESSION)
    assert value(snomed.post("/r4/ValueSet/$validate-code", body).json(), "result") is True


def test_expression_is_subsumed_by_its_focus(snomed: FhirClient) -> None:
    for first, second, relation in (
        ("100011", EXPRESSION, "subsumes"),
        (EXPRESSION, "100111", "subsumed-by"),
        (EXPRESSION, "100012", "not-subsumed"),
    ):
        answer = snomed.get("/r4/CodeSystem/$subsumes", system=SNOMED, codeA=first, codeB=second).json()
        assert value(answer, "outcome") == relation


# ------------------------------------------------------------------ $lookup


def properties(answer: dict) -> list[tuple[str, object]]:
    found = []
    for item in answer["parameter"]:
        if item["name"] == "property":
            parts = {part["name"]: next(v for k, v in part.items() if k.startswith("value")) for part in item["part"]}
            found.append((parts["code"], parts["value"]))
    return found


def test_lookup_shows_attributes_and_neighbours_with_their_names(snomed: FhirClient) -> None:
    answer = snomed.get("/r4/CodeSystem/$lookup", system=SNOMED, code="100111").json()
    assert value(answer, "name") == f"{SNOMED}|{VERSION}"
    assert sorted(properties(answer), key=str) == [
        ("500001", "200001"),
        ("500002", "300001"),
        ("child", "100112"),
        ("effectiveTime", "2020-01-31"),
        ("inactive", False),
        ("module", "900000000000207008"),
        ("parent", "100011"),
    ]
    site = next(
        item for item in answer["parameter"] if item["name"] == "property" and item["part"][0]["valueCode"] == "500001"
    )
    named = {part["name"]: part.get("valueString") for part in site["part"]}
    assert (named["code-display"], named["description"]) == ("Concept 500001", "Concept 200001")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("moduleId", [("moduleId", "900000000000207008")]),
        ("sufficientlyDefined", [("sufficientlyDefined", True)]),
        ("500001", [("500001", "200001")]),
        ("normalFormTerse", [("normalFormTerse", "===100001:{500001=200001,500002=300001}")]),
        (
            "normalForm",
            [("normalForm", NORMAL_FORM)],
        ),
    ],
)
def test_lookup_shows_what_is_asked_for(snomed: FhirClient, name: str, expected: list) -> None:
    answer = snomed.get("/r4/CodeSystem/$lookup", system=SNOMED, code="100111", property=name).json()
    assert properties(answer) == expected


def test_lookup_of_an_expression_shows_its_focus_with_its_own_attributes(snomed: FhirClient) -> None:
    answer = snomed.get("/r4/CodeSystem/$lookup", system=SNOMED, code=EXPRESSION).json()
    assert value(answer, "code") == EXPRESSION
    assert ("500001", "200011") in properties(answer)
    assert ("500001", "200001") not in properties(answer)
    assert ("500002", "300001") in properties(answer)
    assert ("parent", "100011") in properties(answer)


def test_expansion_shows_full_and_preferred_names(snomed: FhirClient) -> None:
    body = parameters(valueSet_resource=with_filters(("concept", "=", "100111")), includeDesignations_Boolean=True)
    (entry,) = snomed.post("/r4/ValueSet/$expand", body).json()["expansion"]["contains"]
    assert [item["value"] for item in entry["designation"]] == [
        "Hepatitis (disorder)",
        "Hepatitis",
        "Liver inflammation",
        "Leverinflammation",
    ]


def test_both_databases_answer_alike(database: Database, tmp_path) -> None:
    store_edition(database)
    fhir = client(database, tmp_path)
    body = parameters(
        valueSet_resource=with_filters(("constraint", "=", "^ 800001 {{ C active = 1 }} OR (* : 500008 = *)"))
    )
    assert codes(fhir.post("/r4/ValueSet/$expand", body).json()) == "100012 100111 200021"
    answer = fhir.get("/r4/CodeSystem/$validate-code", url=SNOMED, code=EXPRESSION).json()
    assert value(answer, "result") is True


def test_display_in_a_language_is_the_preferred_name(snomed: FhirClient) -> None:
    answer = snomed.get("/r4/CodeSystem/$validate-code", url=SNOMED, code="100012", displayLanguage="sv").json()
    assert value(answer, "display") == "Sjukdom i händer"
    body = parameters(valueSet_resource=with_filters(("concept", "=", "100012")), displayLanguage_Code="sv")
    (entry,) = snomed.post("/r4/ValueSet/$expand", body).json()["expansion"]["contains"]
    assert entry["display"] == "Sjukdom i händer"
