"""Reads, searches and the other operations over HTTP, on all four bases."""

import pytest

from termserver.errors import TermserverError
from termserver.terminology.providers.registry import built_in_headers
from tests.unit.fhir.builders import ICD, LOCAL, MAP, VALUE_SET
from tests.unit.rest.client import BASES, FhirClient, outcome, parameters, value


def _designations(answer: dict, name: str) -> list[dict]:
    return [
        {part["name"]: next(v for k, v in part.items() if k.startswith("value")) for part in item["part"]}
        for item in answer["parameter"]
        if item["name"] == name
    ]


@pytest.mark.parametrize("base", BASES)
def test_metadata_says_what_is_served(fhir_sqlite: FhirClient, base: str) -> None:
    statement = fhir_sqlite.get(base + "/metadata").json()
    assert statement["fhirVersion"] == {"/r4b": "4.3.0", "/r5": "5.0.0"}.get(base, "4.0.1")
    operations = {
        f"{resource['type']}/${operation['name']}"
        for resource in statement["rest"][0]["resource"]
        for operation in resource.get("operation", ())
    }
    assert operations == {
        "CodeSystem/$lookup",
        "CodeSystem/$validate-code",
        "CodeSystem/$batch-validate-code",
        "CodeSystem/$subsumes",
        "ValueSet/$expand",
        "ValueSet/$validate-code",
        "ValueSet/$batch-validate-code",
        "ValueSet/$compare",
        "ValueSet/$related",
        "ConceptMap/$translate",
        "ConceptMap/$closure",
        "ConceptMap/$changes",
        "ConceptMap/$bulk-translate",
        "ConceptMap/$import-map",
        "ConceptMap/$export-map",
        "NamingSystem/$preferred-id",
    }
    capabilities = fhir_sqlite.get(base + "/metadata", mode="terminology").json()
    assert {system["uri"] for system in capabilities["codeSystem"]} == {ICD, LOCAL, *built_in_headers()}
    assert fhir_sqlite.get(base + "/metadata", mode="odd").status_code == 400


def test_versions_lists_what_is_negotiated(fhir_sqlite: FhirClient) -> None:
    listed = fhir_sqlite.get("/fhir/$versions").json()["parameter"]
    assert [item["valueString"] for item in listed] == ["4.0", "4.3", "5.0", "4.0"]


@pytest.mark.parametrize(
    ("accept", "version"),
    [
        ("", "4.0"),
        ("*/*", "4.0"),
        ("application/fhir+json; fhirVersion=5.0", "5.0"),
        ("application/fhir+json;fhirVersion=4.3", "4.3"),
    ],
)
def test_fhir_negotiates_the_version(fhir_sqlite: FhirClient, accept: str, version: str) -> None:
    answer = fhir_sqlite.get("/fhir/metadata", {"Accept": accept} if accept else None)
    assert f"fhirVersion={version}" in answer.headers["content-type"]


@pytest.mark.parametrize(
    ("accept", "base"),
    [
        ("application/fhir+json; fhirVersion=3.0", "/fhir"),
        ("text/turtle", "/r4"),
        ("application/fhir+json; fhirVersion=5.0", "/r4"),
    ],
)
def test_unknown_version_or_format_is_406(fhir_sqlite: FhirClient, accept: str, base: str) -> None:
    response = fhir_sqlite.get(base + "/metadata", {"Accept": accept})
    assert response.status_code == 406
    assert outcome(response)


@pytest.mark.parametrize("content_type", ["application/fhir+json; fhirVersion=1.0", "text/turtle", "text/plain"])
def test_unknown_body_type_is_415(fhir_sqlite: FhirClient, content_type: str) -> None:
    response = fhir_sqlite.ask(
        "POST", "/fhir/ConceptMap/$translate", content=b"{}", headers={"Content-Type": content_type}
    )
    assert response.status_code == 415


@pytest.mark.parametrize("base", BASES)
def test_lookup_tells_everything(fhir_sqlite: FhirClient, base: str) -> None:
    answer = fhir_sqlite.get(base + "/CodeSystem/$lookup", system=ICD, code="I21", displayLanguage="sv").json()
    assert (value(answer, "display"), value(answer, "version")) == ("Akut hjärtinfarkt", "2019")
    assert {item["value"] for item in _designations(answer, "designation")} == {
        "Acute myocardial infarction",
        "Akut hjärtinfarkt",
        "Akutt hjerteinfarkt",
    }
    properties = {item["code"]: item["value"] for item in _designations(answer, "property")}
    assert properties == {"inactive": False, "parent": "I20-I25", "child": "I21.9", "kind": "category"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"code": "I21"}, 400),
        ({"system": ICD}, 400),
        ({"system": ICD, "code": "X"}, 404),
        ({"system": "http://x.example", "code": "X"}, 404),
        ({"system": ICD, "code": "I21", "version": "1"}, 404),
    ],
)
def test_lookup_of_what_is_not_there(fhir_sqlite: FhirClient, query: dict[str, str], status: int) -> None:
    response = fhir_sqlite.get("/r4/CodeSystem/$lookup", **query)
    assert response.status_code == status
    assert outcome(response)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("I20-I25", "I21.9", "subsumes"),
        ("I21.9", "I21", "subsumed-by"),
        ("I21", "I21", "equivalent"),
        ("I22", "I21", "not-subsumed"),
    ],
)
def test_subsumes(fhir: FhirClient, first: str, second: str, said: str) -> None:
    assert value(fhir.get("/r4/CodeSystem/$subsumes", system=ICD, codeA=first, codeB=second).json(), "outcome") == said
    asked = parameters(codingA_Coding={"system": ICD, "code": first}, codingB_Coding={"system": ICD, "code": second})
    assert value(fhir.post("/r5/CodeSystem/$subsumes", asked).json(), "outcome") == said
    instance = fhir.get("/r4/CodeSystem/icd10-2019/$subsumes", codeA=first, codeB=second).json()
    assert value(instance, "outcome") == said


@pytest.mark.parametrize(
    ("query", "result", "said"),
    [
        ({"code": "I21"}, True, None),
        ({"code": "I21", "display": "akut hjärtinfarkt"}, True, None),
        ({"code": "I21", "display": "Flu"}, False, "Wrong Display Name 'Flu'"),
        ({"code": "I21", "display": "Flu", "lenient-display-validation": "true"}, True, None),
        ({"code": "Q"}, False, f"Unknown code 'Q' in the CodeSystem '{ICD}' version '2019'"),
    ],
)
def test_validate_code_of_a_code_system(
    fhir_sqlite: FhirClient, query: dict[str, str], result: bool, said: str | None
) -> None:
    answer = fhir_sqlite.ask("GET", "/r4/CodeSystem/$validate-code", params={"url": ICD, **query}).json()
    assert value(answer, "result") is result
    assert (said or "") in (value(answer, "message") or "")


@pytest.mark.parametrize(
    ("code", "system", "result"),
    [
        ("I21.9", ICD, True),
        ("I22", ICD, True),
        ("I21", ICD, False),
        ("N40", ICD, False),
        ("Z", ICD, False),
        ("I22", "http://x.example", False),
    ],
)
def test_validate_code_of_a_value_set(fhir: FhirClient, code: str, system: str, result: bool) -> None:
    answer = fhir.get("/r4/ValueSet/$validate-code", url=VALUE_SET, code=code, system=system)
    assert answer.status_code == 200
    assert value(answer.json(), "result") is result


def test_unknown_system_is_an_answer_and_unknown_value_set_an_error(fhir_sqlite: FhirClient) -> None:
    answer = fhir_sqlite.get("/r4/ValueSet/$validate-code", url=VALUE_SET, code="A", system="http://x.example").json()
    assert value(answer, "x-unknown-system") == "http://x.example"  # the value set does not need it
    assert value(answer, "x-caused-by-unknown-system") is None
    assert (
        fhir_sqlite.get("/r4/ValueSet/$validate-code", url="http://x.example/vs", code="A", system=ICD).status_code
        == 404
    )


def test_unknown_code_system_is_an_answer(fhir_sqlite: FhirClient) -> None:
    answer = fhir_sqlite.get("/r4/CodeSystem/$validate-code", url="http://x.example", code="A")
    assert answer.status_code == 200
    assert (value(answer.json(), "result"), value(answer.json(), "x-caused-by-unknown-system")) == (
        False,
        "http://x.example",
    )


def test_codeable_concept_is_valid_if_one_coding_is(fhir_sqlite: FhirClient) -> None:
    concept = {"coding": [{"system": ICD, "code": "N40"}, {"system": ICD, "code": "I22"}]}
    asked = parameters(url_Uri=VALUE_SET, codeableConcept_CodeableConcept=concept)
    assert value(fhir_sqlite.post("/r5/ValueSet/$validate-code", asked).json(), "result") is True


def test_system_is_inferred_where_asked(fhir_sqlite: FhirClient) -> None:
    answer = fhir_sqlite.get("/r4/ValueSet/$validate-code", url=VALUE_SET, code="I22", inferSystem="true").json()
    assert (value(answer, "result"), value(answer, "system")) == (True, ICD)


def _expanded(fhir: FhirClient, **query: str) -> tuple[int, list[tuple[str, str]]]:
    expansion = fhir.get("/r4/ValueSet/$expand", **{"excludeNested": "true", **query}).json()["expansion"]
    return expansion["total"], [(item["code"], item["display"]) for item in expansion.get("contains", [])]


def test_expand_includes_filters_and_excludes(fhir: FhirClient) -> None:
    total, found = _expanded(fhir, url=VALUE_SET)
    assert total == 3
    assert [code for code, _ in found] == ["I21.9", "I22", "I24.9"]
    assert found[1] == ("I22", "Another infarction")
    assert _expanded(fhir, url=VALUE_SET, activeOnly="true")[0] == 2
    assert _expanded(fhir, url=VALUE_SET, displayLanguage="sv")[1][0] == ("I21.9", "Akut hjärtinfarkt, ospecificerad")


@pytest.mark.parametrize("text", ["hjärt akut", "AKUT HJART", "hjartinf", "infarc acute myo", "I21"])
def test_text_filter_takes_words_in_any_order_and_language(fhir: FhirClient, text: str) -> None:
    total, found = _expanded(fhir, url=f"{ICD}?fhir_vs", filter=text)
    assert [code for code, _ in found] == ["I21", "I21.9"]
    assert total == 2


def test_pages_are_consistent(fhir_sqlite: FhirClient) -> None:
    whole = _expanded(fhir_sqlite, url=f"{ICD}/vs")[1]
    pages = [_expanded(fhir_sqlite, url=f"{ICD}/vs", count="2", offset=str(start))[1] for start in range(0, 8, 2)]
    assert [item for page in pages for item in page] == whole
    assert _expanded(fhir_sqlite, url=f"{ICD}/vs", count="0") == (7, [])


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("is-a I21", ["I21", "I21.9"]),
        ("descendent-of I20-I25", ["I21", "I21.9", "I22", "I24.9"]),
        ("child-of I20-I25", ["I21", "I22", "I24.9"]),
        ("is-not-a I20-I25", ["N40", "N85.0"]),
        ("generalizes I21.9", ["I20-I25", "I21", "I21.9"]),
        ("in I22,N40,Q", ["I22", "N40"]),
        ("regex N.*", ["N40", "N85.0"]),
    ],
)
def test_filters_on_the_code(fhir_sqlite: FhirClient, rule: str, expected: list[str]) -> None:
    operator, _, wanted = rule.partition(" ")
    assert _filtered(fhir_sqlite, {"property": "concept", "op": operator, "value": wanted}) == expected


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("=", "category", ["I21"]),
        ("in", "category,subcategory", ["I21", "I21.9"]),
        ("exists", "true", ["I21", "I21.9"]),
        ("regex", "sub.*", ["I21.9"]),
    ],
)
def test_filters_on_properties(fhir_sqlite: FhirClient, operator: str, wanted: str, expected: list[str]) -> None:
    assert _filtered(fhir_sqlite, {"property": "kind", "op": operator, "value": wanted}) == expected


def _filtered(fhir: FhirClient, rule: dict[str, str]) -> list[str]:
    inline = {
        "resourceType": "ValueSet",
        "status": "active",
        "compose": {"include": [{"system": ICD, "filter": [rule]}]},
    }
    answer = fhir.post("/r5/ValueSet/$expand", parameters(valueSet_resource=inline, excludeNested_Boolean=True)).json()
    return [item["code"] for item in answer["expansion"]["contains"]]


def test_explosive_regex_cannot_hang_the_server(fhir_sqlite: FhirClient) -> None:
    assert _bad_filter(fhir_sqlite, {"property": "concept", "op": "regex", "value": "(" * 200}) == 400
    inline = {
        "resourceType": "ValueSet",
        "status": "active",
        "compose": {
            "include": [
                {"system": ICD, "filter": [{"property": "display", "op": "regex", "value": "(a*)*(a*)*(a*)*b"}]}
            ]
        },
    }
    assert (
        fhir_sqlite.post("/r5/ValueSet/$expand", parameters(valueSet_resource=inline)).json()["expansion"]["total"] == 0
    )


def _bad_filter(fhir: FhirClient, rule: dict[str, str]) -> int:
    inline = {
        "resourceType": "ValueSet",
        "status": "active",
        "compose": {"include": [{"system": ICD, "filter": [rule]}]},
    }
    return fhir.post("/r5/ValueSet/$expand", parameters(valueSet_resource=inline)).status_code


def test_circle_of_value_sets_ends(fhir_sqlite: FhirClient) -> None:
    def pointing(url: str, to: str) -> dict[str, object]:
        return {
            "resourceType": "ValueSet",
            "url": url,
            "status": "active",
            "compose": {"include": [{"valueSet": [to]}]},
        }

    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": "http://a.example"},
            {"name": "tx-resource", "resource": pointing("http://a.example", "http://b.example")},
            {"name": "tx-resource", "resource": pointing("http://b.example", "http://a.example")},
        ],
    }
    response = fhir_sqlite.post("/r5/ValueSet/$expand", asked)
    assert response.status_code == 422
    assert "circularity" in outcome(response)


def test_resources_of_the_request_overlay_what_is_loaded(fhir_sqlite: FhirClient) -> None:
    own = {
        "resourceType": "CodeSystem",
        "url": "http://own.example",
        "version": "1",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a", "display": "A", "concept": [{"code": "b"}]}],
    }
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "system", "valueUri": "http://own.example"},
            {"name": "codeA", "valueCode": "a"},
            {"name": "codeB", "valueCode": "b"},
            {"name": "tx-resource", "resource": own},
        ],
    }
    assert value(fhir_sqlite.post("/r4/CodeSystem/$subsumes", asked).json(), "outcome") == "subsumes"
    assert (
        fhir_sqlite.get("/r4/CodeSystem/$subsumes", system="http://own.example", codeA="a", codeB="b").status_code
        == 404
    )


@pytest.mark.parametrize("base", BASES)
def test_read_and_search(fhir_sqlite: FhirClient, base: str) -> None:
    for kind, fhir_id in (
        ("CodeSystem", "icd10-2019"),
        ("ValueSet", "infarction-1.0"),
        ("ConceptMap", "localtoicd-1.0"),
    ):
        resource = fhir_sqlite.get(f"{base}/{kind}/{fhir_id}").json()
        assert (resource["resourceType"], resource["id"]) == (kind, fhir_id)
        found = fhir_sqlite.get(f"{base}/{kind}", url=resource["url"], version=resource["version"]).json()
        assert [entry["resource"]["id"] for entry in found["entry"]] == [fhir_id]
        assert fhir_sqlite.get(f"{base}/{kind}", _id=fhir_id).json()["total"] == 1
        assert fhir_sqlite.get(f"{base}/{kind}/nope").status_code == 404
        assert fhir_sqlite.get(f"{base}/{kind}", colour="red").status_code == 400
    assert fhir_sqlite.get(f"{base}/ConceptMap", title="local d").json()["total"] == 1


def test_search_pages_link_to_each_other(fhir_sqlite: FhirClient) -> None:
    seen, page = [], fhir_sqlite.get("/r4/ConceptMap", _count="1", status="active").json()
    while True:
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        page = fhir_sqlite.ask("GET", following[0].removeprefix("http://test")).json()
    assert sorted(seen) == ["localtoicd-1.0", "localtolab-1.0"]
    summary = fhir_sqlite.get("/r4/ConceptMap", _summary="count").json()
    assert (summary["total"], "entry" in summary) == (2, False)
    assert "group" not in fhir_sqlite.get("/r4/ConceptMap", _summary="true", url=MAP).json()["entry"][0]["resource"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_who_changes_something_must_say_who_they_are(fhir_sqlite: FhirClient, method: str) -> None:
    response = fhir_sqlite.ask(method, "/r4/ConceptMap/localtoicd-1.0")
    assert response.status_code == 401
    assert outcome(response)


def test_error_of_ours_shows_no_trace(fhir_sqlite: FhirClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("secret detail")

    monkeypatch.setattr("termserver.rest.routes.serve", fail)
    response = fhir_sqlite.get("/r4/metadata")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert issubclass(TermserverError, Exception)


@pytest.mark.parametrize("base", BASES)
def test_terminology_capabilities_list_code_systems_with_versions_and_filters(
    fhir_sqlite: FhirClient, base: str
) -> None:
    answer = fhir_sqlite.get(base + "/metadata", mode="terminology").json()
    systems = {item["uri"]: item for item in answer["codeSystem"]}
    assert "http://unitsofmeasure.org" in systems
    version = systems[ICD]["version"][0]
    assert (version["code"], version["isDefault"], version["property"]) == ("2019", True, ["kind"])
    filters = {item["code"]: item["op"] for item in version["filter"]}
    assert ("child-of" in filters["concept"]) is (base == "/r5")
    assert "regex" in filters["kind"]
    assert ("content" in systems[ICD]) is (base == "/r5")
    assert {"name": "useSupplement"} in answer["expansion"]["parameter"]
