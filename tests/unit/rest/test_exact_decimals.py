"""A decimal comes back as it was written: 1.50 says more than 1.5."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.rest.client import FhirClient
from tests.unit.rest.writing import WritingClient

SYSTEM, MAP = "http://example.org/CodeSystem/doses", "http://example.org/ConceptMap/doses"
WRITTEN = ("1.50", "0.0010", "2", "1E+2", "0.1234567890123456789")
_NUMBER = re.compile(rb'"valueDecimal":\s*([-+0-9.eE]+)')


def _system() -> str:
    concepts = ",".join(
        f'{{"code": "C{place}", "display": "Dose {place}", "property": [{{"code": "dose", "valueDecimal": {text}}}]}}'
        for place, text in enumerate(WRITTEN)
    )
    return f"""{{"resourceType": "CodeSystem", "id": "doses", "url": "{SYSTEM}", "version": "1", "status": "active",
        "content": "complete", "property": [{{"code": "dose", "type": "decimal"}}], "concept": [{concepts}]}}"""


def _map() -> str:
    elements = ",".join(
        f"""{{"code": "S{place}", "target": [{{"code": "C{place}", "relationship": "equivalent",
            "property": [{{"code": "dose", "valueDecimal": {text}}}]}}]}}"""
        for place, text in enumerate(WRITTEN)
    )
    return f"""{{"resourceType": "ConceptMap", "id": "doses", "url": "{MAP}", "version": "1", "status": "active",
        "property": [{{"code": "dose", "type": "decimal"}}],
        "group": [{{"source": "http://example.org/local", "target": "{SYSTEM}", "element": [{elements}]}}]}}"""


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> WritingClient:
    return WritingClient(database, Settings(data=tmp_path))


def _put(fhir: WritingClient, kind: str, body: str) -> None:
    headers = {"content-type": "application/fhir+json", "authorization": f"Bearer {fhir.token}"}
    answer = fhir.ask("PUT", f"/r5/{kind}/doses", content=body.encode(), headers=headers)
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_lookup(fhir: WritingClient, base: str) -> None:
    _put(fhir, "CodeSystem", _system())
    for _ in range(3):  # by the common way, then by the fast one, then kept
        for place, text in enumerate(WRITTEN):
            answer = fhir.get(f"{base}/CodeSystem/$lookup", system=SYSTEM, code=f"C{place}")
            assert _NUMBER.findall(answer.content) == [text.encode()], text


def test_translate(fhir: WritingClient) -> None:
    _put(fhir, "ConceptMap", _map())
    for _ in range(2):
        for place, text in enumerate(WRITTEN):
            asked = {"url": MAP, "system": "http://example.org/local", "sourceCode": f"S{place}"}
            answer = fhir.get("/r5/ConceptMap/$translate", **asked)
            assert _NUMBER.findall(answer.content) == [text.encode()], text


def test_resources(fhir: WritingClient) -> None:
    for kind, body in (("CodeSystem", _system()), ("ConceptMap", _map())):
        _put(fhir, kind, body)
        answer = fhir.get(f"/r5/{kind}/doses")
        assert _NUMBER.findall(answer.content) == [text.encode() for text in WRITTEN]


def test_a_code_system_that_the_request_brings(fhir_sqlite: FhirClient) -> None:
    body = f"""{{"resourceType": "Parameters", "parameter": [
        {{"name": "system", "valueUri": "{SYSTEM}"}}, {{"name": "code", "valueCode": "C0"}},
        {{"name": "tx-resource", "resource": {_system()}}}]}}"""
    headers = {"content-type": "application/fhir+json"}
    answer = fhir_sqlite.ask("POST", "/r4/CodeSystem/$lookup", content=body.encode(), headers=headers)
    assert _NUMBER.findall(answer.content) == [b"1.50"]
