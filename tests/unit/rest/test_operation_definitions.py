"""OperationDefinition: every operation that is served is declared, and what is declared is served."""

import pytest

from termserver.bulk.file_order import PARAMETERS
from termserver.fhir.operation_definitions import OPERATIONS, Operation
from termserver.rest.operations import OPERATIONS as SERVED
from tests.unit.rest.client import BASES, FhirClient, outcome


def test_every_operation_served_is_described() -> None:
    described = {(item.kind, f"${item.code}") for item in OPERATIONS if item.kind and not item.of_files}
    assert described == set(SERVED)


@pytest.mark.parametrize("operation", [item for item in OPERATIONS if item.of_files], ids=lambda item: item.code)
@pytest.mark.parametrize("base", BASES)
def test_operations_of_files_are_served_where_they_are_declared(
    fhir_sqlite: FhirClient, base: str, operation: Operation
) -> None:
    """Without a token both methods are known: the one asks for it, the other is not allowed."""
    path = f"{base}/{operation.kind}/${operation.code}"
    statuses = {fhir_sqlite.get(path).status_code, fhir_sqlite.post(path, {}).status_code}
    assert statuses == {401, 405}
    definition = fhir_sqlite.get(f"{base}/OperationDefinition/{operation.id}").json()
    assert definition["url"].endswith(f"{base}/OperationDefinition/{operation.id}")
    assert (definition["instance"], definition["type"]) == (operation.at_instance, True)


def test_the_definition_of_bulk_translate_names_what_it_reads(fhir_sqlite: FhirClient) -> None:
    definition = fhir_sqlite.get("/r4/OperationDefinition/ConceptMap-bulk-translate").json()
    named = {item["name"] for item in definition["parameter"] if item["use"] == "in"}
    assert named == {*PARAMETERS, "file", "lock"}
    repeated = {item["name"] for item in definition["parameter"] if item["max"] == "*"}
    assert repeated == {"targetSystem", "dependency"}


@pytest.mark.parametrize("base", BASES)
def test_every_operation_declared_is_served_with_its_definition(fhir_sqlite: FhirClient, base: str) -> None:
    rest = fhir_sqlite.get(f"{base}/metadata").json()["rest"][0]
    declared = [(None, item) for item in rest["operation"]]
    declared += [(one["type"], item) for one in rest["resource"] for item in one.get("operation", [])]
    assert len(declared) == len(OPERATIONS)
    for kind, item in declared:
        found = fhir_sqlite.get(f"{base}/OperationDefinition/{kind or 'CapabilityStatement'}-{item['name']}").json()
        assert item["definition"] in (found["url"], found.get("base"))
        assert found["code"] == item["name"]
        assert {parameter["use"] for parameter in found["parameter"]} <= {"in", "out"}
        assert found.get("resource") == ([kind] if kind else None)


def test_definitions_are_found_by_code_and_url(fhir_sqlite: FhirClient) -> None:
    by_code = fhir_sqlite.get("/r4/OperationDefinition", code="validate-code").json()
    assert [entry["resource"]["id"] for entry in by_code["entry"]] == [
        "CodeSystem-validate-code",
        "ValueSet-validate-code",
    ]
    url = by_code["entry"][0]["resource"]["url"]
    assert fhir_sqlite.get("/r4/OperationDefinition", url=url).json()["total"] == 1
    assert fhir_sqlite.get("/r4/OperationDefinition").json()["total"] == len(OPERATIONS)
    assert fhir_sqlite.get("/r4/OperationDefinition", code="nonsense").json()["total"] == 0


def test_what_cannot_be_asked_of_definitions_is_said(fhir_sqlite: FhirClient) -> None:
    assert "by _id, code, url" in outcome(fhir_sqlite.get("/r4/OperationDefinition", colour="red"))
    for path in ("nothing", "ConceptMap-changes/_history", "../x"):
        assert fhir_sqlite.get(f"/r4/OperationDefinition/{path}").status_code == 404
    assert fhir_sqlite.post("/r4/OperationDefinition", {"resourceType": "OperationDefinition"}).status_code == 405
