"""CapabilityStatement: what is true of this server, and no more.

Source: FHIR R4 and R5 CapabilityStatement; the two application features are those that
HL7's validator looks for (terminology ecosystem IG).
"""

from __future__ import annotations

from dataclasses import dataclass

from termserver.fhir.elements import Json
from termserver.fhir.operation_definitions import OPERATIONS
from termserver.fhir.search_parameters import SEARCH_PARAMETERS
from termserver.fhir.versions import FhirVersion

_FEATURE = "http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature"
_TEST_VERSION = "http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version"
_AS_PARAMETER = "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter"
# The version of HL7's tests that this server passes; clients of HL7's make refuse a server below 1.6
TESTS_PASSED = "1.6.0"
_KINDS = ("CodeSystem", "ValueSet", "ConceptMap", "NamingSystem")
_INTERACTIONS = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type",
)  # fmt: skip
_DEFINITIONS: Json = {
    "type": "OperationDefinition",
    "documentation": "Of the operations of this server; they come with it.",
    "interaction": [{"code": "read"}, {"code": "search-type"}],
    "searchParam": [{"name": "code", "type": "token"}, {"name": "url", "type": "uri"}],
}


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the statements say of this server: version and release date of the software, its base URL."""

    software_version: str
    release_date: str
    base_url: str


def write_capability_statement(facts: ServerFacts, version: FhirVersion) -> Json:
    """GET /metadata."""
    return {
        "resourceType": "CapabilityStatement",
        "id": "termserver",
        "extension": _features(),
        "url": f"{facts.base_url}/metadata",
        "version": facts.software_version,
        "name": "TermserverCapabilities",
        "title": "termserver: terminology server",
        "status": "active",
        "experimental": False,
        "date": facts.release_date,
        "kind": "instance",
        "instantiates": ["http://hl7.org/fhir/CapabilityStatement/terminology-server"],
        "software": {
            "name": "termserver",
            "version": facts.software_version,
            "releaseDate": facts.release_date,
        },
        "implementation": {"description": "termserver", "url": facts.base_url},
        "fhirVersion": version.number,
        "format": ["application/fhir+json", "json", "application/fhir+xml", "xml"],
        "patchFormat": ["application/json-patch+json", "application/fhir+json", "application/fhir+xml"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Reads are open. Writes need a bearer token; published content is immutable by its business "
                "version.",
                "resource": [*(_resource(kind, facts.base_url) for kind in _KINDS), _DEFINITIONS],
                "interaction": [{"code": code} for code in ("batch", "transaction", "history-system")],
                "operation": _operations(None, facts.base_url),
            }
        ],
    }


def _features() -> list[Json]:
    return [
        _feature(_TEST_VERSION, {"valueCode": TESTS_PASSED}),
        _feature(_AS_PARAMETER, {"valueBoolean": True}),
    ]


def _feature(definition: str, value: Json) -> Json:
    return {
        "url": _FEATURE,
        "extension": [{"url": "definition", "valueCanonical": definition}, {"url": "value", **value}],
    }


def _operations(kind: str | None, base_url: str) -> list[Json]:
    return [
        {"name": operation.code, "definition": operation.definition(base_url)}
        for operation in OPERATIONS
        if operation.kind == kind
    ]


def _resource(kind: str, base_url: str) -> Json:
    return {
        "type": kind,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchParam": [{"name": item.name, "type": item.kind} for item in SEARCH_PARAMETERS[kind].values()],
        "operation": _operations(kind, base_url),
    }


def write_versions(default: FhirVersion) -> Json:
    """GET /$versions.

    >>> write_versions(FhirVersion.R4)["parameter"][-1]
    {'name': 'default', 'valueString': '4.0'}
    """
    served = [{"name": "version", "valueString": version.mime_version} for version in FhirVersion]
    return {
        "resourceType": "Parameters",
        "parameter": [*served, {"name": "default", "valueString": default.mime_version}],
    }
