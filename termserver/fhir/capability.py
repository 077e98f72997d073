"""CapabilityStatement: what is true of this server, and no more.

Source: FHIR R4 and R5 CapabilityStatement; the two application features are those that
HL7's validator looks for (terminology ecosystem IG).
"""

from __future__ import annotations

from dataclasses import dataclass

from termserver.fhir.elements import Json
from termserver.fhir.search_parameters import SEARCH_PARAMETERS
from termserver.fhir.versions import FhirVersion

_FEATURE = "http://hl7.org/fhir/uv/application-feature/StructureDefinition/feature"
_TEST_VERSION = "http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version"
_AS_PARAMETER = "http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter"
# The version of HL7's tests that this server passes; clients of HL7's make refuse a server below 1.6
TESTS_PASSED = "1.6.0"
_OPERATIONS = {
    "CodeSystem": ("lookup", "validate-code", "batch-validate-code", "subsumes"),
    "ValueSet": ("expand", "validate-code", "batch-validate-code"),
    "ConceptMap": ("translate",),
    "NamingSystem": ("preferred-id",),
}
_INTERACTIONS = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type",
)  # fmt: skip


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
                "resource": [_resource(kind) for kind in _OPERATIONS],
                "interaction": [{"code": code} for code in ("batch", "transaction", "history-system")],
                "operation": [
                    {
                        "name": "versions",
                        "definition": "http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions",
                    },
                    {"name": "closure", "definition": "http://hl7.org/fhir/OperationDefinition/ConceptMap-closure"},
                ],
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


def _resource(kind: str) -> Json:
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
        "operation": [
            {"name": name, "definition": f"http://hl7.org/fhir/OperationDefinition/{kind}-{name}"}
            for name in _OPERATIONS[kind]
        ],
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
