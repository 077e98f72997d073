"""Answers parse with the models of fhir.resources (R4B for R4 and R4B, which are the same here)."""

import importlib
import json
import re

import pytest

from tests.unit.fhir.builders import ICD, LOCAL, MAP, VALUE_SET
from tests.unit.rest.client import FhirClient

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
    "/ConceptMap/nope",
)


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_answer_parses(fhir_sqlite: FhirClient, base: str, path: str) -> None:
    body = fhir_sqlite.ask("GET", base + path).content
    kind = json.loads(body)["resourceType"]
    package = "fhir.resources" if base == "/r5" else "fhir.resources.R4B"
    model = getattr(importlib.import_module(f"{package}.{kind.lower()}"), kind)
    model.model_validate_json(body)
    assert not re.search(rb'"[A-Za-z]+":(\[\]|""|null|\{\})', body), "FHIR JSON has no empty members"
