"""$validate-code and $batch-validate-code: parameters in, answers out, for every version.

Source: the operation definitions of R4 and R5; HL7's terminology ecosystem IG for the parameters beyond them.
"""

from __future__ import annotations

from collections.abc import Iterable

from termserver.errors import BadInput, NotSupported
from termserver.fhir.code_system import read_code_system
from termserver.fhir.elements import Json, split_canonical, text
from termserver.fhir.operation_outcome import write_outcome
from termserver.fhir.parameters import ParameterList, parameter, parameters_from_body, read_overlay
from termserver.fhir.terminology_parameters import check_date, display_language, versioned_canonicals
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.requests import Overlay, ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.model.value_set import ValueSet

MOST_CODINGS = 200
MOST_VALIDATIONS = 1_000
MOST_CODINGS_OF_BATCH = 5_000
_WITHOUT_LOCATION = ("http://snomed.info/sct", "http://unitsofmeasure.org")
_CODE_NAMES = ("code", "coding", "codeableConcept")
_NO_CODE = "Unable to find code to validate (looked for coding | codeableConcept | code+system | code+inferSystem in parameters"
# Of the operation itself; then what clients send along with it: parameters of expansions, and of their own bookkeeping
_KNOWN = frozenset(
    [
        *("url", "context", "valueSet", "valueSetVersion", "codeSystem", "code", "system", "systemVersion", "version"),
        *("display", "coding", "codeableConcept", "date", "abstract", "displayLanguage", "inferSystem", "activeOnly"),
        *("lenient-display-validation", "valueset-membership-only", "useSupplement", "system-version", "diagnostics"),
        *("check-system-version", "force-system-version", "default-valueset-version", "default-to-latest-version"),
        *("tx-resource", "cache-id", "excludeNested", "includeDesignations", "includeDefinition", "property", "filter"),
        *("designation", "excludeNotForUI", "excludePostCoordinated", "exclude-system", "count", "offset", "manifest"),
        *("limitedExpansion", "incomplete-ok", "allowMaximumSizeExpansion", "limit", "no-cache", "uuid", "profile"),
        *(
            "profile-url",
            "binding-style",
            "mode",
            "valueSetMode",
            "versionsMatch",
            "implySystem",
            "contextDirection",
            "validation",
        ),
    ]
)


def read_validate_code(
    parameters: ParameterList,
    version: FhirVersion,
    *,
    in_value_set: bool,
    resource_id: str | None = None,
    language: str | None = None,
    overlay: Overlay | None = None,
    inline: ValueSet | None = None,
) -> ValidateCodeRequest:
    """$validate-code of a value set, or of a code system, at type or instance level.

    Parameters
    ----------
    language
        The Accept-Language header.
    overlay, inline
        The resources that came with the request, and the value set in `valueSet`, if they are read already.

    Raises
    ------
    BadInput
        If no code is named, or in two ways, or a parameter is unknown or has the wrong type.
    """
    codings, from_concept, place = _codings(parameters, in_value_set=in_value_set)
    parameters.refuse_unknown(_KNOWN, "$validate-code")
    check_date(parameters)
    modes = parameters.texts("mode", "valueSetMode")  # how earlier validators of HL7's say it
    url, pinned = split_canonical(parameters.text("url") or "")
    value_set = parameters.resource("valueSet") if in_value_set else None
    code_system = None if in_value_set else parameters.resource("codeSystem")
    if in_value_set and value_set is None and not url and resource_id is None and parameters.has("context"):
        raise NotSupported(
            "Parameter 'context': not offered here; give the value set as url or valueSet", expression="context"
        )
    return ValidateCodeRequest(
        codings=codings,
        from_concept=from_concept,
        place=place,
        concept=_concept(parameters) if from_concept else None,
        code_system_url=None if in_value_set else parameters.text("url"),
        code_system_id=None if in_value_set else resource_id,
        value_set_url=(url or None) if in_value_set else None,
        value_set_version=pinned or parameters.text("valueSetVersion"),
        value_set_id=resource_id if in_value_set else None,
        inline_value_set=inline if value_set is None or inline else read_value_set(value_set, version),
        inline_code_system=_read_inline(code_system, version) if code_system is not None else None,
        infer_system=parameters.flag("inferSystem", "implySystem"),
        abstract_allowed=parameters.flag("abstract", default=True),
        active_only=parameters.flag("activeOnly"),
        lenient_display=parameters.flag("lenient-display-validation") or "lenient-display-validation" in modes,
        membership_only=parameters.flag("valueset-membership-only") or "CHECK_MEMBERSHIP_ONLY" in modes,
        diagnostics=parameters.flag("diagnostics"),
        language=display_language(parameters),
        header_language=language,
        system_versions=versioned_canonicals(parameters, "system-version"),
        check_system_versions=versioned_canonicals(parameters, "check-system-version"),
        force_system_versions=versioned_canonicals(parameters, "force-system-version"),
        default_value_set_versions=versioned_canonicals(parameters, "default-valueset-version"),
        supplements=parameters.texts("useSupplement"),
        overlay=read_overlay(parameters, version) if overlay is None else overlay,
    )


def _read_inline(resource: Json, version: FhirVersion) -> tuple[CodeSystem, tuple[Concept, ...]]:
    header, concepts = read_code_system(resource, version)
    return header, tuple(concepts)


def _codings(parameters: ParameterList, *, in_value_set: bool) -> tuple[tuple[Coding, ...], bool, str]:
    """The codings to validate, whether they are of a CodeableConcept, and the place of the only one."""
    given = [name for name in _CODE_NAMES if parameters.has(name)]
    if not given:
        raise BadInput(_NO_CODE)
    if len(given) > 1:
        raise BadInput(f"The code is named in {len(given)} ways ({', '.join(given)}); give one", expression=given[1])
    if given[0] == "codeableConcept":
        codings = parameters.codeable_concept("codeableConcept") or ()
        if len(codings) > MOST_CODINGS:
            raise BadInput(
                f"Parameter 'codeableConcept': has {len(codings)} codings; at most {MOST_CODINGS} are validated at once",
                expression="codeableConcept",
            )
        return codings, True, ""
    if given[0] == "coding":
        coding = parameters.coding("coding")
        return ((coding,) if coding else ()), False, "Coding"
    return (_bare_code(parameters, in_value_set=in_value_set),), False, ""


def _bare_code(parameters: ParameterList, *, in_value_set: bool) -> Coding:
    code = parameters.text("code")
    if code is None:
        raise BadInput("Parameter 'code': is empty", expression="code")
    system, pinned = split_canonical(parameters.text("system") or "")
    if in_value_set and not system and not parameters.flag("inferSystem", "implySystem"):
        raise BadInput(_NO_CODE)
    asked = parameters.text("systemVersion") if in_value_set else parameters.text("version", "systemVersion")
    return Coding(system, code, asked or pinned, parameters.text("display"))


def _concept(parameters: ParameterList) -> Json | None:
    """The CodeableConcept as it came."""
    item = parameters.one("codeableConcept")
    if item is None or not isinstance(item.value, dict):
        return None
    text(item.value, "text", "codeableConcept")
    return item.value


def write_validate_code(result: ValidateCodeResult, request: ValidateCodeRequest) -> Json:
    """The answer of $validate-code to a request."""
    written = [parameter("result", "Boolean", result.result)]
    for name, kind, value in (
        ("message", "String", result.message),
        ("code", "Code", result.code),
        ("normalized-code", "Code", result.normalized_code),
        ("system", "Uri", result.system),
        ("version", "String", result.version),
        ("display", "String", result.display),
        ("inactive", "Boolean", result.inactive),
        ("status", "Code", result.status),
        ("diagnostics", "String", result.diagnostics),
    ):
        if value:
            written.append(parameter(name, kind, value))
    written += [parameter("x-caused-by-unknown-system", "Canonical", item) for item in result.causing_systems]
    written += [parameter("x-unknown-system", "Canonical", item) for item in result.unknown_systems]
    if result.concept:
        written.append(parameter("codeableConcept", "CodeableConcept", result.concept))
    if result.issues:
        outcome = write_outcome(result.issues, with_location=_says_location(result, request))
        written.append({"name": "issues", "resource": outcome})
    return {"resourceType": "Parameters", "parameter": written}


def _says_location(result: ValidateCodeResult, request: ValidateCodeRequest) -> bool:
    """Whether issues repeat their `expression` in `location`, which FHIR has deprecated since R4.

    Clients that read `location` are as old as HL7's first tests, which demand it. Those for what came later (value sets
    sent along, value sets across versions of a code system, `abstract=false`, SNOMED CT, UCUM) demand that it is not
    there. The table is in `contributors/conformance.md`.
    """
    later = request.inline_value_set is not None or not request.abstract_allowed or result.across_versions
    return not later and result.system not in _WITHOUT_LOCATION


# ------------------------------------------------------------------ $batch-validate-code


def read_batch_validations(parameters: ParameterList) -> list[ParameterList]:
    """The parameters of each validation of a batch, in order: its own, and those of the batch that it does not give.

    `tx-resource` and `valueSet` of the batch are left out: they are read once, for all.

    Raises
    ------
    BadInput
        If there is none, there are too many, or one is no Parameters resource.
    """
    items = parameters.every("validation")
    if not items:
        raise BadInput(
            "Parameter 'validation': give one Parameters resource for each validation", expression="validation"
        )
    if len(items) > MOST_VALIDATIONS:
        raise BadInput(
            f"Parameter 'validation': there are {len(items)}; at most {MOST_VALIDATIONS} are answered at once",
            expression="validation",
        )
    common = parameters.without("validation", "tx-resource", "valueSet")
    found = []
    for place, item in enumerate(items):
        if item.resource is None:
            raise BadInput("Parameter 'validation': must be a Parameters resource", expression=f"validation[{place}]")
        own = parameters_from_body(item.resource)
        found.append(own.over(common.without(*_CODE_NAMES, "system", "display") if own.has(*_CODE_NAMES) else common))
    return found


def write_batch_validations(answers: Iterable[Json]) -> Json:
    """The answer of $batch-validate-code: an answer or an OperationOutcome for each validation, in order."""
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "validation", "resource": answer} for answer in answers],
    }
