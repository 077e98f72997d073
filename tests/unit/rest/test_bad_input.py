"""Whatever a client sends: an answer or a 4xx OperationOutcome, never a 5xx."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.fhir.builders import ICD, LOCAL, MAP, VALUE_SET
from tests.unit.rest.client import FhirClient, outcome

_OPERATIONS = (
    "ConceptMap/$translate",
    "CodeSystem/$lookup",
    "CodeSystem/$validate-code",
    "CodeSystem/$subsumes",
    "ValueSet/$expand",
    "ValueSet/$validate-code",
    "ValueSet/$batch-validate-code",
    "ConceptMap",
    "CodeSystem",
    "ValueSet",
    "metadata",
)
_NAMES = (
    "url",
    "system",
    "code",
    "sourceCode",
    "targetCode",
    "sourceSystem",
    "targetSystem",
    "targetsystem",
    "version",
    "coding",
    "codeableConcept",
    "reverse",
    "display",
    "displayLanguage",
    "filter",
    "count",
    "offset",
    "codeA",
    "codeB",
    "property",
    "activeOnly",
    "valueSet",
    "conceptMap",
    "dependency",
    "_count",
    "_summary",
    "_format",
    "mode",
    "inferSystem",
    "conceptMapVersion",
    "source",
    "target",
    "tx-resource",
    "useSupplement",
    "system-version",
)
_VALUES = st.one_of(
    st.sampled_from([ICD, LOCAL, MAP, VALUE_SET, f"{ICD}|2019", "I21", "HI", "true", "-1", "9" * 30, "%", "|"]),
    st.text(max_size=20),
)
_JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.text(max_size=10),
        st.sampled_from([ICD, "I21", "HI", LOCAL]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "system",
                    "code",
                    "coding",
                    "url",
                    "concept",
                    "group",
                    "element",
                    "target",
                    "compose",
                    "include",
                    "filter",
                    "part",
                    "name",
                    "resourceType",
                    "valueCode",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)
_KINDS = ("Code", "Uri", "String", "Coding", "CodeableConcept", "Boolean", "Integer", "Nonsense")
_quiet = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_quiet
@given(
    base=st.sampled_from(["/r4", "/r5", "/fhir"]),
    path=st.sampled_from(_OPERATIONS),
    query=st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=5),
)
def test_random_queries_never_fail_the_server(
    fhir_sqlite: FhirClient, base: str, path: str, query: list[tuple[str, str]]
) -> None:
    response = fhir_sqlite.ask("GET", f"{base}/{path}", params=query)
    assert response.status_code < 500, response.text


@_quiet
@given(
    base=st.sampled_from(["/r4", "/r5"]),
    path=st.sampled_from(_OPERATIONS[:6]),
    named=st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_KINDS), _JSON), max_size=4),
    resource=_JSON,
)
def test_random_bodies_never_fail_the_server(
    fhir_sqlite: FhirClient, base: str, path: str, named: list[tuple[str, str, object]], resource: object
) -> None:
    listed: list[dict[str, object]] = [{"name": name, f"value{kind}": content} for name, kind, content in named]
    for kind in ("ConceptMap", "ValueSet", "CodeSystem"):
        if isinstance(resource, dict):
            listed.append({"name": "tx-resource", "resource": {**resource, "resourceType": kind}})
    response = fhir_sqlite.post(f"{base}/{path}", {"resourceType": "Parameters", "parameter": listed})
    assert response.status_code < 500, response.text


@pytest.mark.parametrize(
    "query", [b"code=%ff&system=x", b"%00=%00", b"&&&=", b"code=a;b", b"url=" + b"x" * 4000, "code=ä".encode()]
)
def test_odd_query_strings(fhir_sqlite: FhirClient, query: bytes) -> None:
    for path in _OPERATIONS:
        response = fhir_sqlite.ask("GET", f"/r4/{path}?" + query.decode("latin-1"))
        assert response.status_code < 500


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not valid JSON"),
        (b"\xff\xfe{}", "not valid JSON"),
        (b"[]", "must be a Parameters resource"),
        (b"5", "must be a Parameters resource"),
        (b'{"resourceType": "Patient"}', "must be a Parameters, not 'Patient'"),
        (b'{"resourceType": "Parameters", "parameter": {}}', "must be an array"),
        (b'{"resourceType": "Parameters", "parameter": [1]}', "must be an object"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "nests deeper"),
        (b"[" * 100_000, "JSON"),
        (
            json.dumps(
                {"resourceType": "Parameters", "parameter": [{"name": "code", "valueCode": "x" * 2_000_000}]}
            ).encode(),
            "larger than 1 MB",
        ),
    ],
)
def test_bodies_that_cannot_be_read(fhir_sqlite: FhirClient, body: bytes, said: str) -> None:
    response = fhir_sqlite.ask(
        "POST", "/r4/ConceptMap/$translate", content=body, headers={"Content-Type": "application/fhir+json"}
    )
    assert response.status_code in (400, 413)
    assert said in outcome(response)


@pytest.mark.parametrize(
    "path",
    [
        "/r4/Patient",
        "/r4/Patient/1",
        "/r4/ConceptMap/a/b/c",
        "/r4/ConceptMap/$nonsense",
        "/r4/nonsense",
        "/r4/..%2f..%2fetc",
        "/r4/ConceptMap/%00",
        "/r4",
    ],
)
def test_paths_that_lead_nowhere(fhir_sqlite: FhirClient, path: str) -> None:
    response = fhir_sqlite.ask("GET", path)
    assert 400 <= response.status_code < 500
    assert outcome(response)


@pytest.mark.parametrize(
    "bundle",
    [
        {},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "document"},
        {"resourceType": "Bundle", "type": "batch", "entry": 5},
    ],
)
def test_bundles_that_are_no_batch(fhir_sqlite: FhirClient, bundle: dict[str, object]) -> None:
    assert fhir_sqlite.post("/r4", bundle).status_code == 400
