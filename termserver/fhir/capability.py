"""CapabilityStatement and TerminologyCapabilities: what is true of this server, and no more.

Source: FHIR R4 and R5 CapabilityStatement and TerminologyCapabilities; the two application features are those that
HL7's validator looks for (terminology ecosystem IG).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
EXPANSION_PARAMETERS = (
    "activeOnly", "check-system-version", "count", "displayLanguage", "excludeNested", "filter", "force-system-version",
    "includeDefinition", "includeDesignations", "offset", "property", "system-version", "tx-resource", "useSupplement",
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
                    }
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


def write_terminology_capabilities(
    facts: ServerFacts, version: FhirVersion, code_systems: Mapping[str, Sequence[tuple[str, str]]]
) -> Json:
    """GET /metadata?mode=terminology.

    Parameters
    ----------
    code_systems
        Canonical url → pairs (version, content), newest version first.
    """
    listed = []
    for url, versions in code_systems.items():
        system: Json = {"uri": url}
        known = [
            {"code": code, "isDefault": place == 0} if code else {"isDefault": place == 0}
            for place, (code, _) in enumerate(versions)
        ]
        system["version"] = known
        if version.is_r5:
            system["content"] = versions[0][1]
        system["subsumption"] = True
        listed.append(system)
    return {
        "resourceType": "TerminologyCapabilities",
        "id": "termserver",
        "url": f"{facts.base_url}/metadata?mode=terminology",
        "version": facts.software_version,
        "name": "TermserverTerminologyCapabilities",
        "title": "termserver: terminology capabilities",
        "status": "active",
        "experimental": False,
        "date": facts.release_date,
        "kind": "instance",
        "software": {"name": "termserver", "version": facts.software_version},
        "implementation": {"description": "termserver", "url": facts.base_url},
        "lockedDate": False,
        "codeSystem": listed,
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": False,
            "parameter": [{"name": name} for name in EXPANSION_PARAMETERS],
            "textFilter": "Every word of the filter must begin a word of one name of the concept, in any language, "
            "accents and case ignored; the order does not matter.",
        },
        "codeSearch": "all",
        "validateCode": {"translations": True},
        "translation": {"needsMap": False},
        "closure": {"translation": False},
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
