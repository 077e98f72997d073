"""$lookup: parameters in, answer out. Source: `CodeSystem-operation-lookup` of R4 and R5."""

from __future__ import annotations

from termserver.errors import BadInput
from termserver.fhir.coding import write_coding, write_value
from termserver.fhir.elements import Json
from termserver.fhir.parameters import ParameterList, parameter, read_overlay
from termserver.fhir.terminology_parameters import check_date, display_language, named_coding
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupProperty, LookupResult

_KNOWN = frozenset(
    [
        *("code", "system", "version", "coding", "date", "displayLanguage", "property", "useSupplement", "tx-resource"),
        *("cache-id", "diagnostics", "manifest", "no-cache", "uuid", "profile", "profile-url"),
    ]
)


def read_lookup(parameters: ParameterList, version: FhirVersion, *, language: str | None = None) -> LookupRequest:
    """Code + system (+ version), or coding.

    Raises
    ------
    BadInput
        If no code is named, or in two ways, or without its system, or a parameter is unknown.
    """
    parameters.refuse_unknown(_KNOWN, "$lookup")
    check_date(parameters)
    coding = named_coding(parameters, "code", "coding")
    if not coding.system:
        raise BadInput("Parameter 'system': a code needs the system that it is from", expression="system")
    return LookupRequest(
        coding,
        parameters.texts("property"),
        display_language(parameters) or language,
        parameters.texts("useSupplement"),
        read_overlay(parameters, version),
    )


def write_lookup(result: LookupResult) -> Json:
    """The answer; R4 and R5 name what they share alike, and R4 clients pass over what is R5's."""
    concept = result.concept
    written = [
        parameter("name", "String", result.system_name or result.system),
        parameter("version", "String", result.version),
        parameter("display", "String", result.display),
        parameter("code", "Code", concept.code),
        parameter("system", "Uri", result.system),
        parameter("abstract", "Boolean", concept.abstract),
        parameter("definition", "String", result.definition or ""),
    ]
    written += [write_designation(item) for item in result.designations]
    written += [write_property(item) for item in result.properties]
    written += [parameter("used-supplement", "Canonical", canonical) for canonical in result.supplements]
    return {"resourceType": "Parameters", "parameter": [item for item in written if item.get("valueString") != ""]}


def write_designation(designation: Designation) -> Json:
    """The parameter `designation`."""
    parts = []
    if designation.language:
        parts.append(parameter("language", "Code", designation.language))
    if designation.use:
        parts.append(parameter("use", "Coding", write_coding(designation.use)))
    parts.append(parameter("value", "String", designation.value))
    if designation.source:
        parts.append(parameter("source", "Canonical", designation.source))
    return {"name": "designation", "part": parts}


def write_property(item: LookupProperty) -> Json:
    """The parameter `property`."""
    parts = [parameter("code", "Code", item.code)]
    if item.code_display:
        parts.append(parameter("code-display", "String", item.code_display))
    parts.append({"name": "value", **write_value(item.value, item.kind)})
    if item.description:
        parts.append(parameter("description", "String", item.description))
    return {"name": "property", "part": parts}
