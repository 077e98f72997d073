"""$lookup, $validate-code, $subsumes and $expand: parameters in, answers out, for every version.

Source: the operation definitions of R4 and R5; HL7's terminology ecosystem IG for the parameters beyond them.
"""

from __future__ import annotations

from termserver.errors import BadInput
from termserver.fhir.code_system import read_code_system
from termserver.fhir.coding import write_coding, write_value
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.language_tags import check_display_language
from termserver.fhir.operation_outcome import write_outcome
from termserver.fhir.parameters import ParameterList, parameter, read_overlay
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.requests import (
    LookupRequest,
    SubsumesRequest,
    ValidateCodeRequest,
)
from termserver.model.results import LookupResult, SubsumesResult, ValidateCodeResult

_ECHOED_FLAGS = ("excludeNested", "activeOnly", "includeDesignations", "includeDefinition")
_ECHOED_NUMBERS = ("offset", "count")
_ECHOED_CANONICALS = ("system-version", "check-system-version", "force-system-version")
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


# ------------------------------------------------------------------ $validate-code


def read_validate_code(
    parameters: ParameterList,
    version: FhirVersion,
    *,
    in_value_set: bool,
    resource_id: str | None = None,
    language: str | None = None,
) -> ValidateCodeRequest:
    """$validate-code of a value set, or of a code system, at type or instance level.

    Raises
    ------
    BadInput
        If no code is named, or in two ways.
    """
    codings, from_concept, place = _codings_to_validate(parameters, in_value_set=in_value_set)
    inline_value_set = parameters.resource("valueSet")
    inline_code_system = None if in_value_set else parameters.resource("codeSystem")
    url = parameters.text("url")
    url_given, pinned = split_canonical(url or "")
    code_system = None
    if inline_code_system is not None:
        header, concepts = read_code_system(inline_code_system, version)
        code_system = (header, tuple(concepts))
    return ValidateCodeRequest(
        codings=codings,
        from_concept=from_concept,
        place=place,
        code_system_url=None if in_value_set else url,
        code_system_id=None if in_value_set else resource_id,
        value_set_url=(url_given or None) if in_value_set else None,
        value_set_version=pinned or parameters.text("valueSetVersion"),
        value_set_id=resource_id if in_value_set else None,
        inline_value_set=read_value_set(inline_value_set, version) if inline_value_set and in_value_set else None,
        inline_code_system=code_system,
        infer_system=parameters.flag("inferSystem"),
        abstract_allowed=parameters.flag("abstract", default=True),
        active_only=parameters.flag("activeOnly"),
        lenient_display=parameters.flag("lenient-display-validation"),
        membership_only=parameters.flag("valueset-membership-only"),
        language=display_language(parameters) or language,
        system_versions=versioned_canonicals(parameters, "system-version"),
        check_system_versions=versioned_canonicals(parameters, "check-system-version"),
        force_system_versions=versioned_canonicals(parameters, "force-system-version"),
        default_value_set_versions=versioned_canonicals(parameters, "default-valueset-version"),
        supplements=parameters.texts("useSupplement"),
        overlay=read_overlay(parameters, version),
    )


def _codings_to_validate(parameters: ParameterList, *, in_value_set: bool) -> tuple[tuple[Coding, ...], bool, str]:
    given = [name for name in ("code", "coding", "codeableConcept") if parameters.has(name)]
    if not given:
        raise BadInput(
            "Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in "
            "parameters",
            expression="code",
        )
    if len(given) > 1:
        raise BadInput(f"The code is named in {len(given)} ways ({', '.join(given)}); give one", expression=given[1])
    if given[0] == "codeableConcept":
        return parameters.codeable_concept("codeableConcept") or (), True, ""
    if given[0] == "coding":
        coding = parameters.coding("coding")
        return ((coding,) if coding else ()), False, "Coding"
    code = parameters.text("code")
    if code is None:
        raise BadInput("Parameter 'code' is empty", expression="code")
    url, pinned = split_canonical(parameters.text("system") or "")
    asked = parameters.text("systemVersion") if in_value_set else parameters.text("version")
    return (Coding(url, code, asked or pinned, parameters.text("display")),), False, ""


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


def write_validate_code(result: ValidateCodeResult) -> Json:
    """The answer of $validate-code."""
    written = [parameter("result", "Boolean", result.result)]
    if result.message:
        written.append(parameter("message", "String", result.message))
    if result.code:
        written.append(parameter("code", "Code", result.code))
    if result.system:
        written.append(parameter("system", "Uri", result.system))
    if result.version:
        written.append(parameter("version", "String", result.version))
    if result.display:
        written.append(parameter("display", "String", result.display))
    if result.inactive:
        written.append(parameter("inactive", "Boolean", True))
    if result.unknown_system:
        name = "x-caused-by-unknown-system" if result.unknown_system_is_cause else "x-unknown-system"
        written.append(parameter(name, "Canonical", result.unknown_system))
    if result.codings:
        concept = {"coding": [write_coding(coding) for coding in result.codings]}
        written.append(parameter("codeableConcept", "CodeableConcept", concept))
    if result.issues:
        written.append({"name": "issues", "resource": write_outcome(result.issues)})
    return {"resourceType": "Parameters", "parameter": written}
