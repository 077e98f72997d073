"""Formats, versions and caching: what a client asks for is what it gets, XML as well as JSON."""

from __future__ import annotations

import gzip

import pytest

from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_reader import read_xml
from termserver.fhir.xml_writer import write_xml
from tests.unit.fhir.builders import ICD, LOCAL, MAP, VALUE_SET
from tests.unit.rest.client import FhirClient, parameters

_VERSIONS = {"/r4": FhirVersion.R4, "/r4b": FhirVersion.R4B, "/r5": FhirVersion.R5}
_PATHS = (
    "/metadata",
    "/metadata?mode=terminology",
    "/$versions",
    "/CodeSystem/icd10-2019",
    "/ValueSet/infarction-1.0",
    "/ConceptMap/localtoicd-1.0",
    "/ConceptMap/localtoicd-1.0/_history",
    "/ConceptMap/localtoicd-1.0/_history/1",
    "/ConceptMap",
    "/CodeSystem?_summary=true",
    f"/ConceptMap/$translate?url={MAP}&system={LOCAL}&code=HIU",
    f"/ConceptMap/$translate?url={MAP}&system={LOCAL}&code=HYP",
    f"/CodeSystem/$lookup?system={ICD}&code=I21",
    f"/CodeSystem/$subsumes?system={ICD}&codeA=I21&codeB=I22",
    f"/CodeSystem/$validate-code?url={ICD}&code=Q",
    f"/ValueSet/$validate-code?url={VALUE_SET}&system={ICD}&code=I21",
    f"/ValueSet/$expand?url={VALUE_SET}",
    "/ConceptMap/nope",
    "/Patient",
    "/ConceptMap?nope=1",
)


@pytest.mark.parametrize("path", _PATHS)
@pytest.mark.parametrize("base", _VERSIONS)
def test_xml_says_what_json_says(fhir_sqlite: FhirClient, base: str, path: str) -> None:
    plain = fhir_sqlite.ask("GET", base + path)
    xml = fhir_sqlite.ask("GET", base + path, headers={"Accept": "application/fhir+xml"})
    version = _VERSIONS[base]
    assert xml.status_code == plain.status_code
    assert xml.headers["content-type"] == f"application/fhir+xml; fhirVersion={version.mime_version};charset=UTF-8"
    again, expected = read_xml(xml.content, version), plain.json()
    if "timestamp" in expected.get("expansion", {}):
        for one in (again, expected):
            one["expansion"].pop("timestamp")
            one["expansion"].pop("identifier", None)
    assert again == expected


@pytest.mark.parametrize(
    ("accept", "asked", "wanted"),
    [
        ("application/fhir+xml", None, "xml"),
        ("application/xml", None, "xml"),
        ("text/xml", None, "xml"),
        ("application/json", None, "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", None, "json"),
        ("application/fhir+json;q=0.5, application/fhir+xml;q=0.9", None, "xml"),
        ("application/fhir+xml;q=0, */*", None, "json"),
        ("application/fhir+json", "xml", "xml"),
        ("application/fhir+json", "text/xml", "xml"),
        ("application/fhir+xml", "json", "json"),
        ("application/fhir+xml", "application/json", "json"),
        (None, "application/fhir+xml", "xml"),
        (None, "application/fhir xml", "xml"),
    ],
)
def test_the_format_follows_the_request(
    fhir_sqlite: FhirClient, accept: str | None, asked: str | None, wanted: str
) -> None:
    response = fhir_sqlite.ask(
        "GET", "/r4/metadata", params={"_format": asked} if asked else None, headers={"Accept": accept or "*/*"}
    )
    assert response.headers["content-type"].startswith(f"application/fhir+{wanted};")


@pytest.mark.parametrize(("accept", "asked"), [("text/turtle", None), ("*/*;q=0", None), ("*/*", "ttl"), (",", None)])
def test_a_format_that_is_not_served_is_406(fhir_sqlite: FhirClient, accept: str, asked: str | None) -> None:
    response = fhir_sqlite.ask(
        "GET", "/r4/metadata", params={"_format": asked} if asked else None, headers={"Accept": accept}
    )
    assert response.status_code in ((200,) if accept == "," else (406,))


@pytest.mark.parametrize("base", ["/r4", "/r5", "/fhir"])
def test_a_body_of_xml_is_read(fhir_sqlite: FhirClient, base: str) -> None:
    version = _VERSIONS.get(base, FhirVersion.R4)
    body = write_xml(parameters(url_Uri=MAP, coding_Coding={"system": LOCAL, "code": "HI"}), version)
    response = fhir_sqlite.ask(
        "POST", f"{base}/ConceptMap/$translate", content=body, headers={"Content-Type": "application/fhir+xml"}
    )
    assert response.status_code == 200
    assert response.json()["parameter"][0] == {"name": "result", "valueBoolean": True}


@pytest.mark.parametrize(
    ("accept", "answered"),
    [("", "5.0"), ("*/*", "5.0"), ("application/json", "5.0"), ("application/fhir+json; fhirVersion=4.0", "4.0")],
)
def test_fhir_answers_in_the_version_of_the_body(fhir_sqlite: FhirClient, accept: str, answered: str) -> None:
    response = fhir_sqlite.ask(
        "POST",
        "/fhir/ConceptMap/$translate",
        json=parameters(url_Uri=MAP, sourceCoding_Coding={"system": LOCAL, "code": "HI"}),
        headers={"Content-Type": "application/fhir+json; fhirVersion=5.0", "Accept": accept},
    )
    assert f"fhirVersion={answered}" in response.headers["content-type"]


def test_pretty_answers_have_lines(fhir_sqlite: FhirClient) -> None:
    for wanted in ("json", "xml"):
        response = fhir_sqlite.get("/r4/metadata", _pretty="true", _format=wanted)
        assert response.text.count("\n") > 100
    assert read_xml(response.content, FhirVersion.R4)["resourceType"] == "CapabilityStatement"


def test_errors_are_written_in_the_format_asked_for(fhir_sqlite: FhirClient) -> None:
    response = fhir_sqlite.get("/r5/ConceptMap/nope", {"Accept": "application/fhir+xml"})
    assert response.status_code == 404
    assert read_xml(response.content, FhirVersion.R5)["resourceType"] == "OperationOutcome"
    unreadable = fhir_sqlite.ask(
        "POST", "/r4/ConceptMap/$translate", content=b"<a", headers={"Content-Type": "application/fhir+xml"}
    )
    assert unreadable.status_code == 400
    assert "not well-formed XML" in unreadable.text


def test_metadata_is_sent_once(fhir_sqlite: FhirClient) -> None:
    for path in ("/r4/metadata", "/r4/metadata?mode=terminology", "/r4/$versions"):
        first = fhir_sqlite.ask("GET", path)
        again = fhir_sqlite.ask("GET", path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        xml = fhir_sqlite.ask(
            "GET", path, headers={"Accept": "application/xml", "If-None-Match": first.headers["etag"]}
        )
        assert xml.status_code == 200


def test_a_resource_is_sent_once(fhir_sqlite: FhirClient) -> None:
    path = "/r4/ConceptMap/localtoicd-1.0"
    first = fhir_sqlite.get(path)
    assert first.headers["etag"] == 'W/"1"'
    assert fhir_sqlite.get(path, {"If-None-Match": 'W/"1"'}).status_code == 304
    assert fhir_sqlite.get(path, {"If-None-Match": '"0", "1"'}).status_code == 304
    assert fhir_sqlite.get(path, {"If-None-Match": 'W/"2"'}).status_code == 200
    assert fhir_sqlite.get(path, {"If-Modified-Since": first.headers["last-modified"]}).status_code == 304
    assert fhir_sqlite.get(path, {"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status_code == 200
    assert fhir_sqlite.get(path, {"If-Modified-Since": "nonsense"}).status_code == 200


def test_head_has_the_headers_and_no_body(fhir_sqlite: FhirClient) -> None:
    full = fhir_sqlite.get("/r4/ConceptMap/localtoicd-1.0", {"Accept-Encoding": "identity"})
    head = fhir_sqlite.ask("HEAD", "/r4/ConceptMap/localtoicd-1.0", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(full.content))
    assert head.headers["etag"] == full.headers["etag"]


def test_options_names_the_methods(fhir_sqlite: FhirClient) -> None:
    response = fhir_sqlite.ask("OPTIONS", "/r4/ConceptMap/$translate")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    assert "GET" in fhir_sqlite.ask("DELETE", "/r4/ConceptMap/$translate").headers["allow"]


def test_large_answers_are_compressed_where_the_client_can_read_it(fhir_sqlite: FhirClient) -> None:
    response = fhir_sqlite.get("/r4/metadata", {"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == fhir_sqlite.get("/r4/metadata", {"Accept-Encoding": "identity"}).json()
    assert len(gzip.compress(response.content)) < len(response.content)


@pytest.mark.parametrize("part", ["true", "text", "data"])
def test_a_part_of_a_resource_is_tagged(fhir_sqlite: FhirClient, part: str) -> None:
    resource = fhir_sqlite.get("/r4/ConceptMap/localtoicd-1.0", _summary=part).json()
    assert resource["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert resource["status"] == "active"
    assert ("group" in resource) == (part == "data")


def test_elements_are_chosen(fhir_sqlite: FhirClient) -> None:
    resource = fhir_sqlite.get("/r4/ConceptMap/localtoicd-1.0", _elements="title,ConceptMap.url").json()
    assert set(resource) == {"resourceType", "id", "meta", "status", "title", "url"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"resourceType": "Parameters", "resourceType": "Parameters"}', "'resourceType' twice"),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "a\\u0000"}]}', "u0000"),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "\\ud800"}]}', "not valid JSON"),
        (
            b'{"resourceType": "Parameters", "parameter": [{"name": "count", "valueInteger": 1' + b"0" * 40 + b"}]}",
            "code",
        ),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "count", "valueDecimal": 1e999}]}', "code"),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "count", "valueDecimal": NaN}]}', "not valid JSON"),
    ],
)
def test_json_that_says_too_much(fhir_sqlite: FhirClient, body: bytes, said: str) -> None:
    response = fhir_sqlite.ask(
        "POST", "/r4/ConceptMap/$translate", content=body, headers={"Content-Type": "application/fhir+json"}
    )
    assert response.status_code == 400
    assert said in response.text
