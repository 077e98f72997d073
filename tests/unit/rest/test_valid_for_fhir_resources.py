"""Answers parse with the models of fhir.resources (R4B for R4 and R4B, which are the same here)."""

import importlib
import json
import re
from typing import Any

import pytest

from termserver.fhir.operation_definitions import OPERATIONS
from termserver.rest.operations import OPERATIONS as SERVED
from tests.unit.fhir.builders import ICD, LOCAL, MAP, VALUE_SET
from tests.unit.rest.client import FhirClient, parameters
from tests.unit.rest.synthetic import TREE, ask_expand, code_system, concept, value_set

_PATHS = (
    "/metadata",
    "/metadata?mode=terminology",
    "/$versions",
    "/CodeSystem/icd10-2019",
    "/ValueSet/infarction-1.0",
    "/ConceptMap/localtoicd-1.0",
    "/ConceptMap/localtolab-1.0",
    "/ConceptMap?_count=1",
    "/CodeSystem?_summary=true",
    f"/ConceptMap/$translate?url={MAP}&system={LOCAL}&code=HIU",
    f"/ConceptMap/$translate?url={MAP}&system={LOCAL}&code=HYP",
    f"/ConceptMap/$translate?targetSystem={ICD}&targetCode=I21",
    f"/CodeSystem/$lookup?system={ICD}&code=I21",
    f"/CodeSystem/$subsumes?system={ICD}&codeA=I21&codeB=I22",
    f"/CodeSystem/$validate-code?url={ICD}&code=Q",
    f"/ValueSet/$validate-code?url={VALUE_SET}&system={ICD}&code=I21",
    f"/ValueSet/$expand?url={VALUE_SET}&property=kind&includeDesignations=true&count=2&includeDefinition=true",
    f"/ValueSet/$compare?thisUrl={VALUE_SET}&otherUrl={VALUE_SET}&diagnostics=true",
    "/ConceptMap/nope",
    "/OperationDefinition",
    *(f"/OperationDefinition/{operation.id}" for operation in OPERATIONS),
)


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_answer_parses(fhir_sqlite: FhirClient, base: str, path: str) -> None:
    _parses(base, fhir_sqlite.ask("GET", base + path).content)


def _parses(base: str, body: bytes) -> None:
    kind = json.loads(body)["resourceType"]
    package = "fhir.resources" if base == "/r5" else "fhir.resources.R4B"
    model = getattr(importlib.import_module(f"{package}.{kind.lower()}"), kind)
    model.model_validate_json(body)
    assert not re.search(rb'"[A-Za-z]+":(\[\]|""|null|\{\})', body), "FHIR JSON has no empty members"


@pytest.mark.parametrize(("kind", "name"), sorted(SERVED))
@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_a_refusal_of_every_operation_parses(fhir_sqlite: FhirClient, base: str, kind: str, name: str) -> None:
    path = f"{base}/{kind}/{name}"
    for answer in (
        fhir_sqlite.ask("GET", path),
        fhir_sqlite.ask("GET", f"{path}?url={VALUE_SET}&count=x&code=a&coding=b"),
        fhir_sqlite.post(path, {"resourceType": "Parameters", "parameter": [{"name": "nonsense", "valueCode": "x"}]}),
        fhir_sqlite.post(path, {"resourceType": "Patient"}),
        fhir_sqlite.post(f"{base}/{kind}/nobody/{name}", {"resourceType": "Parameters"}),
        fhir_sqlite.ask("PUT", path, json={}),
    ):
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"
        _parses(base, answer.content)


def _standard(name: str) -> str:
    return f"http://hl7.org/fhir/StructureDefinition/{name}"


_DESCRIPTION_ID = {"url": _standard("coding-sctdescid"), "valueId": "1"}
_RICH = concept(
    "R",
    concept("S", designation=[{"language": "sv", "value": "Esse", "extension": [_DESCRIPTION_ID]}]),
    extension=[
        {"url": _standard("codesystem-label"), "valueString": "a."},
        {"url": _standard("itemWeight"), "valueDecimal": 1.5},
        {"url": _standard("codesystem-conceptOrder"), "valueInteger": 2},
        {"url": _standard("rendering-style"), "valueString": "color: red"},
    ],
    definition="Rich",
)
_BROUGHT = code_system(TREE, _RICH, version="1", content="fragment", experimental=True)
_LISTED = {
    "system": TREE,
    "concept": [{"code": "R", "extension": [{"url": _standard("valueset-deprecated"), "valueBoolean": True}]}],
}
_ASKED = (
    value_set(include=[{"system": TREE}]),
    value_set(include=[{"system": TREE}, {"system": TREE, "version": "1"}], name="N", description="D"),
    value_set(include=[_LISTED], status="draft"),
    value_set(include=[{"system": "#c"}], contained=[code_system("", _RICH, id="c")]),
)


@pytest.mark.parametrize("asked", _ASKED)
@pytest.mark.parametrize("definition", [True, False])
@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_a_rich_expansion_parses(
    fhir_sqlite: FhirClient, base: str, asked: dict[str, Any], *, definition: bool
) -> None:
    given = {"includeDesignations": True, "includeDefinition": definition, "property": ["*", "definition", "parent"]}
    status, answer = ask_expand(fhir_sqlite, asked, _BROUGHT, base=base, displayLanguage="sv, *;q=0", **given)
    assert status == 200
    _parses(base, json.dumps(answer).encode())


@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_a_closure_table_parses(fhir_sqlite: FhirClient, base: str) -> None:
    begun = parameters(name_String="parsed")
    _parses(base, fhir_sqlite.post(base + "/$closure", begun).content)
    codes = [{"name": "concept", "valueCoding": {"system": ICD, "code": code}} for code in ("I21", "I21.9", "X")]
    begun["parameter"] += codes
    _parses(base, fhir_sqlite.post(base + "/$closure", begun).content)
