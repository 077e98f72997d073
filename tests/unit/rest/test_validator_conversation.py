"""The conversation of HL7's validator with a terminology server (`-tx`), replayed: start-up, then code after code.

Source: HL7's terminology ecosystem IG; what the validator's terminology client sends.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rest.client import FhirClient, parameters, value

SYSTEM = "http://profile.example/CodeSystem/severity"
SUPPLEMENT = "http://profile.example/CodeSystem/severity-sv"
SUPPORTED = "http://profile.example/ValueSet/severity"
FEATURES = {
    "test-version": "http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version",
    "as-parameter": "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter",
}
# What the validator says of itself with each question
BESIDE = {
    "displayLanguage_Code": "en-US",
    "default-to-latest-version_Boolean": True,
    "diagnostics_Boolean": True,
    "excludeNested_Boolean": False,
    "includeDefinition_Boolean": True,
    "profile-url_Uri": "http://hl7.org/fhir/ExpansionProfile/dc8fd4bc-091a-424a-8a3b-6198ef146891",
    "cache-id_Id": "1e4b66c2-8e0c-4a9d-a2b7-3a2f0a2c3d4e",
}


def _code_system() -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "id": "severity",
        "url": SYSTEM,
        "version": "1.1.0",
        "language": "en",
        "name": "Severity",
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "concept": [
            {
                "code": "any",
                "display": "Any",
                "concept": [{"code": "mild", "display": "Mild"}, {"code": "severe", "display": "Severe"}],
            },
        ],
    }


def _supplement() -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "url": SUPPLEMENT,
        "version": "1",
        "name": "SeveritySv",
        "status": "active",
        "content": "supplement",
        "supplements": SYSTEM,
        "concept": [{"code": "mild", "designation": [{"language": "sv", "value": "Lindrig"}]}],
    }


def _value_set() -> dict[str, Any]:
    below = {"property": "concept", "op": "is-a", "value": "any"}
    return {
        "resourceType": "ValueSet",
        "id": "severity",
        "url": SUPPORTED,
        "version": "1.1.0",
        "name": "SeverityCodes",
        "status": "active",
        "compose": {"include": [{"system": SYSTEM, "filter": [below]}]},
    }


def _asked(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = parameters(**more, **BESIDE)
    body["parameter"] += [{"name": "tx-resource", "resource": item} for item in resources]
    return body


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_start_up(fhir_sqlite: FhirClient, base: str) -> None:
    release = {"/r4": "4.0", "/r5": "5.0"}[base]
    accept = {"Accept": f"application/fhir+json; fhirVersion={release}", "User-Agent": "fhir/validator"}
    statement = fhir_sqlite.get(f"{base}/metadata", accept)
    assert statement.headers["content-type"].startswith("application/fhir+json")
    assert statement.json()["fhirVersion"].startswith(release)
    declared = {
        item["extension"][0]["valueCanonical"]: next(
            v for k, v in item["extension"][1].items() if k.startswith("value")
        )
        for item in statement.json()["extension"]
    }
    assert tuple(map(int, declared[FEATURES["test-version"]].split("."))) >= (1, 6, 0)
    assert declared[FEATURES["as-parameter"]] is True
    assert "http://hl7.org/fhir/CapabilityStatement/terminology-server" in statement.json()["instantiates"]
    capabilities = fhir_sqlite.get(f"{base}/metadata?mode=terminology", accept).json()
    assert capabilities["resourceType"] == "TerminologyCapabilities"
    assert {"codeSystem", "expansion"} <= capabilities.keys()
    understood = {item["name"] for item in capabilities["expansion"]["parameter"]}
    assert {"tx-resource", "displayLanguage", "activeOnly", "system-version"} <= understood
    versions = fhir_sqlite.get(f"{base}/$versions", accept)
    assert versions.status_code == 200


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_code_after_code(fhir_sqlite: FhirClient, base: str) -> None:
    mild = {"system": SYSTEM, "code": "mild", "display": "Mild"}
    by_coding = _asked(_code_system(), coding_Coding=mild, valueSet_resource=_value_set())
    by_concept = _asked(
        _code_system(), codeableConcept_CodeableConcept={"coding": [mild]}, valueSet_resource=_value_set()
    )
    by_code = _asked(_code_system(), code_Code="mild", inferSystem_Boolean=True, valueSet_resource=_value_set())
    by_url = _asked(_code_system(), _value_set(), coding_Coding=mild, url_Uri=f"{SUPPORTED}|1.1.0")
    for body in (by_coding, by_concept, by_code, by_url):
        answer = fhir_sqlite.post(f"{base}/ValueSet/$validate-code", body)
        assert answer.status_code == 200
        assert [value(answer.json(), name) for name in ("result", "code", "system", "display")] == [
            True,
            "mild",
            SYSTEM,
            "Mild",
        ]
    in_system = _asked(_code_system(), coding_Coding=mild)
    assert value(fhir_sqlite.post(f"{base}/CodeSystem/$validate-code", in_system).json(), "result") is True


def test_what_came_with_one_question_is_not_known_to_the_next(fhir_sqlite: FhirClient) -> None:
    mild = {"system": SYSTEM, "code": "mild"}
    assert value(
        fhir_sqlite.post("/r4/CodeSystem/$validate-code", _asked(_code_system(), coding_Coding=mild)).json(), "result"
    )
    later = fhir_sqlite.post("/r4/CodeSystem/$validate-code", _asked(coding_Coding=mild)).json()
    assert value(later, "result") is False
    assert value(later, "x-caused-by-unknown-system") == SYSTEM


def test_membership_and_display_asked_apart(fhir_sqlite: FhirClient) -> None:
    wrong = {"system": SYSTEM, "code": "mild", "display": "Svag"}
    body = _asked(
        _code_system(),
        coding_Coding=wrong,
        valueSet_resource=_value_set(),
        **{"valueset-membership-only_Boolean": True},
    )
    assert value(fhir_sqlite.post("/r4/ValueSet/$validate-code", body).json(), "result") is True
    lenient = _asked(_code_system(), coding_Coding=wrong, **{"lenient-display-validation_Boolean": True})
    answer = fhir_sqlite.post("/r4/CodeSystem/$validate-code", lenient).json()
    assert value(answer, "result") is True
    assert "Svag" in value(answer, "message")


def test_supplement_brought_and_used(fhir_sqlite: FhirClient) -> None:
    swedish = {"system": SYSTEM, "code": "mild", "display": "Lindrig"}
    without = _asked(_code_system(), _supplement(), coding_Coding=swedish)
    assert value(fhir_sqlite.post("/r4/CodeSystem/$validate-code", without).json(), "result") is False
    body = _asked(_code_system(), _supplement(), coding_Coding=swedish, useSupplement_Canonical=f"{SUPPLEMENT}|1")
    body["parameter"] = [item for item in body["parameter"] if item["name"] != "displayLanguage"]
    assert value(fhir_sqlite.post("/r4/CodeSystem/$validate-code", body).json(), "result") is True


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_many_codes_at_once(fhir_sqlite: FhirClient, base: str) -> None:
    codes = ["mild", "nothing", "severe", "mild", "any"]
    body = _asked(_code_system(), valueSet_resource=_value_set())
    body["parameter"] += [
        {"name": "validation", "resource": parameters(coding_Coding={"system": SYSTEM, "code": code})} for code in codes
    ]
    answers = fhir_sqlite.post(f"{base}/ValueSet/$batch-validate-code", body).json()["parameter"]
    assert [value(item["resource"], "code") for item in answers] == codes
    assert [value(item["resource"], "result") for item in answers] == [True, False, True, True, True]


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_expand_and_subsumes(fhir_sqlite: FhirClient, base: str) -> None:
    body = _asked(_code_system(), valueSet_resource=_value_set(), count_Integer=100, offset_Integer=0)
    expansion = fhir_sqlite.post(f"{base}/ValueSet/$expand", body).json()["expansion"]
    assert {item["code"] for item in expansion["contains"]} >= {"any"}
    asked = parameters(
        codingA_Coding={"system": SYSTEM, "code": "any"}, codingB_Coding={"system": SYSTEM, "code": "mild"}
    )
    asked["parameter"].append({"name": "tx-resource", "resource": _code_system()})
    assert value(fhir_sqlite.post(f"{base}/CodeSystem/$subsumes", asked).json(), "outcome") == "subsumes"


def test_resources_that_it_looks_for(fhir_sqlite: FhirClient) -> None:
    found = fhir_sqlite.get("/r4/ValueSet", url="http://example.org/ValueSet/infarction").json()
    assert found["resourceType"] == "Bundle"
    [entry] = found["entry"]
    read = fhir_sqlite.get(f"/r4/ValueSet/{entry['resource']['id']}").json()
    assert read["url"] == "http://example.org/ValueSet/infarction"
    assert fhir_sqlite.get("/r4/CodeSystem", url="http://nobody.example").json()["total"] == 0


def test_error_of_a_value_set_that_is_not_here(fhir_sqlite: FhirClient) -> None:
    body = _asked(url_Uri="http://nobody.example/ValueSet/x", coding_Coding={"system": SYSTEM, "code": "mild"})
    answer = fhir_sqlite.post("/r4/ValueSet/$validate-code", body)
    assert answer.status_code == 404
    [issue] = answer.json()["issue"]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("not-found", "not-found")
