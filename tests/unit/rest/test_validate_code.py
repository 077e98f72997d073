"""$validate-code and $batch-validate-code over HTTP: parameters in every form, answers in order, bad input named."""

from typing import Any

import pytest

from tests.unit.fhir.builders import ICD, LOCAL, VALUE_SET
from tests.unit.rest.client import BASES, FhirClient, outcome, parameters, value

IN_SYSTEM, IN_VALUE_SET = "CodeSystem/$validate-code", "ValueSet/$validate-code"
BATCH = "ValueSet/$batch-validate-code"
NO_CODE = "Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters"
SMALL = {
    "resourceType": "ValueSet",
    "url": "http://example.org/ValueSet/small",
    "status": "active",
    "compose": {"include": [{"system": ICD, "concept": [{"code": "I21"}, {"code": "I21.9"}]}]},
}
FOREIGN = {
    "resourceType": "CodeSystem",
    "url": "http://foreign.example/cs",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "X", "display": "Ex"}],
}


def coding(code: str, system: str = ICD, **more: str) -> dict[str, str]:
    return {"system": system, "code": code, **more}


@pytest.mark.parametrize("base", BASES)
def test_each_way_to_name_a_code(fhir_sqlite: FhirClient, base: str) -> None:
    path = f"{base}/{IN_VALUE_SET}"
    answers = [
        fhir_sqlite.get(path, url=VALUE_SET, system=ICD, code="I21.9"),
        fhir_sqlite.get(path, url=VALUE_SET, code="I21.9", inferSystem="true"),
        fhir_sqlite.get(path, url=VALUE_SET, system=f"{ICD}|2019", code="I21.9"),
        fhir_sqlite.get(path, url=VALUE_SET, system=ICD, code="I21.9", systemVersion="2019"),
        fhir_sqlite.post(path, parameters(url_Uri=VALUE_SET, coding_Coding=coding("I21.9"))),
        fhir_sqlite.post(
            path, parameters(url_Uri=VALUE_SET, codeableConcept_CodeableConcept={"coding": [coding("I21.9")]})
        ),
        fhir_sqlite.post(path, parameters(valueSet_resource=SMALL, coding_Coding=coding("I21.9"))),
    ]
    for answer in answers:
        assert answer.status_code == 200
        found = {name: value(answer.json(), name) for name in ("result", "code", "system", "version", "display")}
        display = "Acute myocardial infarction, unspecified"
        assert found == {"result": True, "code": "I21.9", "system": ICD, "version": "2019", "display": display}


def test_instances(fhir_sqlite: FhirClient) -> None:
    for kind, path in (("CodeSystem", IN_SYSTEM), ("ValueSet", IN_VALUE_SET)):
        fhir_id = fhir_sqlite.get(f"/r4/{kind}", url=ICD if kind == "CodeSystem" else VALUE_SET).json()["entry"][0][
            "resource"
        ]["id"]
        answer = fhir_sqlite.get(
            f"/r4/{kind}/{fhir_id}/$validate-code", code="I21.9", **({} if kind == "CodeSystem" else {"system": ICD})
        )
        assert value(answer.json(), "result") is True, path
        assert fhir_sqlite.get(f"/r4/{kind}/nobody/$validate-code", code="I21.9", system=ICD).status_code == 404


def test_the_concept_comes_back_as_it_went(fhir_sqlite: FhirClient) -> None:
    concept = {
        "coding": [{**coding("I21.9"), "userSelected": True}, coding("HI", LOCAL)],
        "text": "Infarct",
        "id": "diagnosis",
    }
    answer = fhir_sqlite.post(
        f"/r4/{IN_VALUE_SET}", parameters(url_Uri=VALUE_SET, codeableConcept_CodeableConcept=concept)
    )
    assert value(answer.json(), "codeableConcept") == concept


def test_places_are_said_as_location_and_expression(fhir_sqlite: FhirClient) -> None:
    asked = parameters(url_Uri=VALUE_SET, coding_Coding=coding("I21.9", display="Broken leg"))
    [item] = [p for p in fhir_sqlite.post(f"/r4/{IN_VALUE_SET}", asked).json()["parameter"] if p["name"] == "issues"]
    [issue] = item["resource"]["issue"]
    assert issue["location"] == issue["expression"] == ["Coding.display"]
    assert issue["details"]["coding"][0]["code"] == "invalid-display"
    assert issue["extension"][0]["valueString"] == "Display_Name_for__should_be_one_of__instead_of"


def test_languages_from_parameter_and_header(fhir_sqlite: FhirClient) -> None:
    asked = {"url": VALUE_SET, "system": ICD, "code": "I21.9", "display": "Akut hjärtinfarkt, ospecificerad"}
    path = f"/r4/{IN_VALUE_SET}"
    assert value(fhir_sqlite.get(path, displayLanguage="sv", **asked).json(), "result") is True
    assert value(fhir_sqlite.get(path, {"Accept-Language": "en"}, **asked).json(), "result") is False
    both = fhir_sqlite.get(path, {"Accept-Language": "en"}, displayLanguage="sv", **asked)
    assert value(both.json(), "result") is True
    assert value(both.json(), "display") == "Akut hjärtinfarkt, ospecificerad"


def test_flags_may_be_written_as_text(fhir_sqlite: FhirClient) -> None:
    asked = parameters(url_Uri=VALUE_SET, coding_Coding=coding("I21.9", display="x"))
    asked["parameter"].append({"name": "lenient-display-validation", "valueBoolean": "true"})
    assert value(fhir_sqlite.post(f"/r4/{IN_VALUE_SET}", asked).json(), "result") is True


def test_diagnostics_where_asked(fhir_sqlite: FhirClient) -> None:
    answer = fhir_sqlite.get(f"/r4/{IN_VALUE_SET}", url=VALUE_SET, system=ICD, code="I21.9", diagnostics="true").json()
    assert f"{ICD}|2019" in value(answer, "diagnostics")


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize("path", [IN_SYSTEM, IN_VALUE_SET])
@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, "looked for coding"),
        ({"code_Code": ""}, "code"),
        ({"code_Code": "A", "coding_Coding": {"code": "A"}}, "code, coding"),
        ({"coding_Coding": {"system": ICD}}, "code"),
        ({"coding_String": "A"}, "coding"),
        ({"coding_Coding": "A"}, "coding"),
        ({"coding_Coding": {"code": 7}}, "code"),
        ({"codeableConcept_CodeableConcept": {"coding": {}}}, "coding"),
        ({"codeableConcept_CodeableConcept": {"coding": ["A"]}}, "coding"),
        ({"codeableConcept_CodeableConcept": {"coding": [{"code": "A"}], "text": 7}}, "text"),
        ({"codeableConcept_CodeableConcept": {"coding": [{"code": "A", "system": "s"}] * 500}}, "codeableConcept"),
        ({"code_Code": "A", "system_Uri": ICD, "nonsense_String": "x"}, "nonsense"),
        ({"code_Code": "A", "system_Uri": ICD, "abstract_Boolean": "perhaps"}, "abstract"),
        ({"code_Code": "A", "system_Uri": ICD, "abstract_Boolean": {}}, "abstract"),
        ({"code_Code": "A", "system_Uri": ICD, "abstract_String": "x"}, "abstract"),
        ({"code_Code": "A", "system_Uri": ICD, "displayLanguage_Code": "-"}, "displayLanguage"),
        ({"code_Code": "A", "system_Uri": ICD, "system-version_Canonical": ICD}, "system-version"),
        ({"code_Code": "A", "system_Uri": ICD, "check-system-version_Canonical": "|1"}, "check-system-version"),
        ({"code_Code": "A", "system_Uri": ICD, "force-system-version_Boolean": True}, "force-system-version"),
        ({"code_Code": "A", "system_Uri": ICD, "tx-resource_String": "x"}, "tx-resource"),
        (
            {"code_Code": "A", "system_Uri": ICD, "useSupplement_Canonical": "http://nobody.example"},
            "http://nobody.example",
        ),
    ],
)
def test_bad_parameter_is_named(fhir_sqlite: FhirClient, path: str, asked: dict[str, Any], named: str) -> None:
    body = parameters(url_Uri=ICD if path == IN_SYSTEM else VALUE_SET, **asked)
    answer = fhir_sqlite.post(f"/r4/{path}", body)
    assert 400 <= answer.status_code < 500
    assert named in outcome(answer)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"code_Code": "A", "system_Uri": ICD}, "url"),
        ({"url_Uri": VALUE_SET, "code_Code": "A"}, "looked for coding"),
        ({"url_Uri": VALUE_SET, "valueSet_String": "x", "code_Code": "A", "system_Uri": ICD}, "valueSet"),
        ({"valueSet_resource": {"resourceType": "CodeSystem"}, "code_Code": "A", "system_Uri": ICD}, "ValueSet"),
        ({"context_Uri": "http://x#y", "code_Code": "A", "system_Uri": ICD}, "context"),
        ({"url_Uri": "http://nobody.example", "code_Code": "A", "system_Uri": ICD}, "http://nobody.example"),
        ({"url_Uri": f"{VALUE_SET}|99", "code_Code": "A", "system_Uri": ICD}, f"{VALUE_SET}|99"),
    ],
)
def test_bad_value_set_is_named(fhir_sqlite: FhirClient, asked: dict[str, Any], named: str) -> None:
    answer = fhir_sqlite.post(f"/r4/{IN_VALUE_SET}", parameters(**asked))
    assert 400 <= answer.status_code < 500
    assert named in outcome(answer)


def test_parameter_given_twice_with_two_values(fhir_sqlite: FhirClient) -> None:
    answer = fhir_sqlite.get(f"/r4/{IN_VALUE_SET}", url=VALUE_SET, system=ICD, code=["I21", "I22"])
    assert answer.status_code == 400
    assert "code" in outcome(answer)


# ------------------------------------------------------------------ $batch-validate-code


def _batch(*validations: dict[str, Any], **common: Any) -> dict[str, Any]:
    body = parameters(**common)
    body["parameter"] += [{"name": "validation", "resource": item} for item in validations]
    return body


@pytest.mark.parametrize("base", BASES)
def test_batch_answers_in_order_and_number(fhir: FhirClient, base: str) -> None:
    validations = [
        parameters(coding_Coding=coding("I21")),
        parameters(),
        parameters(coding_Coding=coding("N40")),
        parameters(code_Code="I21", system_Uri=ICD, url_Uri="http://nobody.example"),
        parameters(codeableConcept_CodeableConcept={"coding": [coding("X", FOREIGN["url"])]}),
        parameters(coding_Coding=coding("I21")),
    ]
    answer = fhir.post(f"{base}/{BATCH}", _batch(*validations, url_Uri=SMALL["url"], **{"tx-resource_resource": SMALL}))
    assert answer.status_code == 200
    said = [item["resource"] for item in answer.json()["parameter"]]
    assert [item["name"] for item in answer.json()["parameter"]] == ["validation"] * len(validations)
    assert [item["resourceType"] for item in said] == [
        *("Parameters", "OperationOutcome", "Parameters", "OperationOutcome", "Parameters", "Parameters")
    ]
    assert [value(item, "result") for item in said if item["resourceType"] == "Parameters"] == [
        True,
        False,
        False,
        True,
    ]
    assert said[1]["issue"] == [{"severity": "error", "code": "invalid", "details": {"text": NO_CODE}}]


def test_own_parameters_of_a_validation_are_stronger(fhir_sqlite: FhirClient) -> None:
    wrong = coding("I21.9", display="Broken leg")
    own = parameters(coding_Coding=wrong)
    strict = parameters(coding_Coding=wrong, **{"lenient-display-validation_Boolean": False})
    common = {"url_Uri": VALUE_SET, "lenient-display-validation_Boolean": True}
    answer = fhir_sqlite.post(f"/r4/{BATCH}", _batch(own, strict, **common)).json()
    assert [value(item["resource"], "result") for item in answer["parameter"]] == [True, False]


def test_validation_may_bring_resources_of_its_own(fhir_sqlite: FhirClient) -> None:
    own = parameters(coding_Coding=coding("X", str(FOREIGN["url"])), **{"tx-resource_resource": FOREIGN})
    other = parameters(coding_Coding=coding("X", str(FOREIGN["url"])))
    answer = fhir_sqlite.post("/r4/CodeSystem/$batch-validate-code", _batch(own, other)).json()
    assert [value(item["resource"], "result") for item in answer["parameter"]] == [True, False]


def test_batch_over_an_inline_value_set(fhir_sqlite: FhirClient) -> None:
    validations = [parameters(coding_Coding=coding(code)) for code in ("I21", "I22")]
    answer = fhir_sqlite.post(f"/r4/{BATCH}", _batch(*validations, valueSet_resource=SMALL)).json()
    assert [value(item["resource"], "result") for item in answer["parameter"]] == [True, False]


def test_codings_of_a_batch_are_bounded(fhir_sqlite: FhirClient) -> None:
    many = parameters(codeableConcept_CodeableConcept={"coding": [coding("I21")] * 200})
    answer = fhir_sqlite.post(
        f"/r4/{BATCH}", _batch(*[many] * 26, url_Uri=VALUE_SET, **{"valueset-membership-only_Boolean": True})
    )
    kinds = [item["resource"]["resourceType"] for item in answer.json()["parameter"]]
    assert kinds == ["Parameters"] * 25 + ["OperationOutcome"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (parameters(url_Uri=VALUE_SET), "validation"),
        (parameters(url_Uri=VALUE_SET, validation_String="x"), "validation"),
        (_batch({"resourceType": "Patient"}, url_Uri=VALUE_SET), "Parameters"),
        (_batch(*[parameters()] * 2000, url_Uri=VALUE_SET), "validation"),
    ],
)
def test_bad_batch(fhir_sqlite: FhirClient, body: dict[str, Any], named: str) -> None:
    answer = fhir_sqlite.post(f"/r4/{BATCH}", body)
    assert answer.status_code == 400
    assert named in outcome(answer)


# ------------------------------------------------------------------ $subsumes


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"codeA_Code": "I21", "codeB_Code": "I22"}, "system"),
        ({"codeA_Code": "I21", "system_Uri": ICD}, "codeB"),
        ({"codeA_Code": "I21", "codingA_Coding": coding("I21"), "codeB_Code": "I22", "system_Uri": ICD}, "codingA"),
        ({"codingA_Coding": coding("I21"), "codingB_Coding": coding("HI", LOCAL)}, LOCAL),
        (
            {"codingA_Coding": coding("I21", version="2019"), "codingB_Coding": coding("I22", version="2020")},
            "2019, 2020",
        ),
        ({"codeA_Code": "I21", "codeB_Code": "I22", "system_Uri": ICD, "version_String": "9"}, "9"),
        ({"codeA_Code": "I21", "codeB_Code": "X", "system_Uri": ICD}, "X"),
        ({"codeA_Code": "I21", "codeB_Code": "I22", "system_Uri": "http://nobody.example"}, "http://nobody.example"),
        ({"codeA_Code": "I21", "codeB_Code": "I22", "system_Uri": ICD, "codeC_Code": "x"}, "codeC"),
        (
            {
                "codeA_Code": "I21",
                "codeB_Code": "I22",
                "system_Uri": ICD,
                "check-system-version_Canonical": f"{ICD}|2020",
            },
            "2020",
        ),
    ],
)
def test_subsumes_names_what_is_wrong(fhir_sqlite: FhirClient, asked: dict[str, Any], named: str) -> None:
    answer = fhir_sqlite.post("/r4/CodeSystem/$subsumes", parameters(**asked))
    assert 400 <= answer.status_code < 500
    assert named in outcome(answer)


def test_subsumes_in_versions_and_instances(fhir_sqlite: FhirClient) -> None:
    asked = {"codeA": "I20-I25", "codeB": "I21.9"}
    path = "/r4/CodeSystem/$subsumes"
    assert value(fhir_sqlite.get(path, system=ICD, version="2019", **asked).json(), "outcome") == "subsumes"
    assert value(fhir_sqlite.get(path, system=f"{ICD}|2019", **asked).json(), "outcome") == "subsumes"
    forced = fhir_sqlite.get(path, system=ICD, version="9", force__system__version=f"{ICD}|2019", **asked)
    assert value(forced.json(), "outcome") == "subsumes"
    other = parameters(codingA_Coding=coding("HI", LOCAL), codingB_Coding=coding("HIU", LOCAL))
    assert fhir_sqlite.post("/r4/CodeSystem/icd10-2019/$subsumes", other).status_code == 400
