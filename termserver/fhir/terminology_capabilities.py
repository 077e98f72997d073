"""TerminologyCapabilities: the code systems at hand, and what the operations can do with them.

Source: FHIR R4 and R5 TerminologyCapabilities; HL7's terminology ecosystem IG for the parameters of $expand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from termserver.fhir.capability import ServerFacts
from termserver.fhir.elements import Json, without_empty
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem

EXPANSION_PARAMETERS = (
    "activeOnly", "check-system-version", "count", "date", "default-valueset-version", "designation", "displayLanguage",
    "exclude-system", "excludeNested", "excludeNotForUI", "excludePostCoordinated", "filter", "force-system-version",
    "includeDefinition", "includeDesignations", "offset", "property", "system-version", "tx-resource", "url",
    "useSupplement", "valueSet", "valueSetVersion",
)  # fmt: skip
_HIERARCHY_OPERATORS = ("is-a", "descendent-of", "is-not-a", "generalizes")
_R5_HIERARCHY_OPERATORS = ("child-of", "descendent-leaf")
_VALUE_OPERATORS = ("=", "in", "not-in", "regex", "exists")


def write_terminology_capabilities(
    facts: ServerFacts, version: FhirVersion, code_systems: Mapping[str, Sequence[CodeSystem]]
) -> Json:
    """GET /metadata?mode=terminology.

    Parameters
    ----------
    code_systems
        Canonical url → headers, the default version first.
    """
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
        "codeSystem": [_write_system(url, versions, version) for url, versions in code_systems.items()],
        "expansion": {
            "hierarchical": True,
            "paging": True,
            "incomplete": False,
            "parameter": [{"name": name} for name in EXPANSION_PARAMETERS],
            "textFilter": "Every word of the filter must begin a word of one name of the concept, in any language, "
            "accents and case ignored; the order does not matter.",
        },
        "codeSearch": "all",
        "validateCode": {"translations": True},
        "translation": {"needsMap": True},
        "closure": {"translation": False},
    }


def _write_system(url: str, versions: Sequence[CodeSystem], version: FhirVersion) -> Json:
    written: Json = {
        "uri": url,
        "version": [_write_version(header, version, is_default=place == 0) for place, header in enumerate(versions)],
        "subsumption": True,
    }
    if version.is_r5:
        written["content"] = versions[0].content
    return written


def _write_version(header: CodeSystem, version: FhirVersion, *, is_default: bool) -> Json:
    properties = [item.code for item in header.properties]
    operators = _HIERARCHY_OPERATORS + (_R5_HIERARCHY_OPERATORS if version.is_r5 else ())
    filters: list[Json] = [{"code": "concept", "op": [*operators, *_VALUE_OPERATORS]}]
    filters += [{"code": code, "op": list(_VALUE_OPERATORS)} for code in properties]
    return without_empty(
        {
            "code": header.version,
            "isDefault": is_default,
            "language": [header.language] if header.language else [],
            "filter": filters,
            "property": properties,
        }
    )
