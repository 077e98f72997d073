"""$lookup and $subsumes, and what several operations have in common: parameters in, answers out, for every version.

Source: the operation definitions of R4 and R5; HL7's terminology ecosystem IG for the parameters beyond them.
"""

from __future__ import annotations

from termserver.errors import BadInput
from termserver.fhir.coding import write_coding, write_value
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.language_tags import check_display_language
from termserver.fhir.parameters import ParameterList, parameter, read_overlay
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.requests import (
    LookupRequest,
    SubsumesRequest,
)
from termserver.model.results import LookupResult, SubsumesResult

_PREFERRED = Coding(
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra", "preferredForLanguage", None, "Preferred For Language"
)


def _named_coding(parameters: ParameterList, code_name: str, coding_name: str) -> Coding:
    if parameters.has(code_name) and parameters.has(coding_name):
        raise BadInput(f"The code is named in two ways ({code_name}, {coding_name}); give one", expression=coding_name)
    coding = parameters.coding(coding_name)
    if coding is not None:
        return coding
    code = parameters.text(code_name)
    if code is None:
        raise BadInput(f"Parameter '{code_name}': give {code_name} + system, or {coding_name}", expression=code_name)
    url, version = split_canonical(parameters.text("system") or "")
    return Coding(url, code, parameters.text("version") or version)


def read_lookup(parameters: ParameterList, version: FhirVersion, *, language: str | None = None) -> LookupRequest:
    """$lookup: code + system (+ version), or coding."""
    coding = _named_coding(parameters, "code", "coding")
    if not coding.system:
        raise BadInput("Parameter 'system': a code needs the system that it is from", expression="system")
    return LookupRequest(
        coding,
        parameters.texts("property"),
        display_language(parameters) or language,
        parameters.texts("useSupplement"),
        read_overlay(parameters, version),
    )


def write_lookup(result: LookupResult, version: FhirVersion) -> Json:
    """The answer of $lookup."""
    concept = result.concept
    written = [
        parameter("name", "String", result.system_name or result.system),
        parameter("version", "String", result.version),
        parameter("display", "String", result.display),
        parameter("code", "Code", concept.code),
        parameter("system", "Uri", result.system),
        parameter("abstract", "Boolean", concept.abstract),
    ]
    if concept.definition:
        written.append(parameter("definition", "String", concept.definition))
    for designation in result.designations:
        parts = [parameter("language", "Code", designation.language)] if designation.language else []
        use = designation.use or (_PREFERRED if designation.value == concept.display else None)
        if use:
            parts.append(parameter("use", "Coding", write_coding(use)))
        parts.append(parameter("value", "String", designation.value))
        written.append({"name": "designation", "part": parts})
    written.append(_property("inactive", {"valueBoolean": not concept.active}))
    written += [_property("parent", {"valueCode": code}) for code in result.parents]
    written += [_property("child", {"valueCode": code}) for code in result.children]
    written += [_property(item.code, write_value(item.value, item.kind)) for item in result.properties]
    return {"resourceType": "Parameters", "parameter": [item for item in written if item.get("valueString") != ""]}


def _property(code: str, value: Json) -> Json:
    return {"name": "property", "part": [parameter("code", "Code", code), {"name": "value", **value}]}


def read_subsumes(parameters: ParameterList, version: FhirVersion) -> SubsumesRequest:
    """$subsumes: codeA, codeB + system, or codingA and codingB."""
    first = _named_coding(parameters, "codeA", "codingA")
    second = _named_coding(parameters, "codeB", "codingB")
    named, named_version = split_canonical(parameters.text("system") or "")
    system = named or first.system or second.system
    if not system:
        raise BadInput("Parameter 'system': the codes need the system that they are from", expression="system")
    asked = parameters.text("version") or named_version or first.version or second.version
    return SubsumesRequest(first, second, system, asked, read_overlay(parameters, version))


def write_subsumes(result: SubsumesResult) -> Json:
    """The answer of $subsumes."""
    return {"resourceType": "Parameters", "parameter": [parameter("outcome", "Code", result.outcome)]}


def display_language(parameters: ParameterList) -> str | None:
    """`displayLanguage`, if the client gave one.

    Raises
    ------
    BadInput
        If something in it is no language tag.
    """
    value = parameters.text("displayLanguage")
    if value is not None:
        check_display_language(value)
    return value


def versioned_canonicals(parameters: ParameterList, name: str) -> tuple[str, ...]:
    """Canonicals that must name a version."""
    canonicals = parameters.texts(name)
    for canonical in canonicals:
        url, version = split_canonical(canonical)
        if not url or not version:
            raise BadInput(f"Parameter '{name}': '{canonical}' must name a version, as url|version", expression=name)
    return canonicals
