"""ValueSet/$compare: parameters in, the answer out.

In: `thisUrl`, `thisVersion`, `thisValueSet` (or the instance of the path), `otherUrl`, `otherVersion`, `otherValueSet`,
`diagnostics`, the version parameters of $expand, `tx-resource`. Out: `result`, `message`, `performed-expansion`, and with
`diagnostics` the codes that differ. Source: HL7's terminology ecosystem tests, suites `compare` and `related2`.
"""

from __future__ import annotations

from termserver.errors import BadInput
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.parameters import ParameterList, parameter, read_overlay
from termserver.fhir.terminology_parameters import versioned_canonicals
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.value_set_comparison import CompareRequest, ValueSetComparison, ValueSetReference

# Of the operation itself; then what clients send along with it, of their own bookkeeping
_KNOWN = frozenset(
    [
        *("thisUrl", "thisVersion", "thisValueSet", "otherUrl", "otherVersion", "otherValueSet", "diagnostics"),
        *("system-version", "check-system-version", "force-system-version", "default-valueset-version", "tx-resource"),
        *(
            "cache-id",
            "uuid",
            "no-cache",
            "profile",
            "profile-url",
            "mode",
            "default-to-latest-version",
            "displayLanguage",
        ),
        *("limit", "manifest"),
    ]
)


def read_compare(parameters: ParameterList, version: FhirVersion, *, resource_id: str | None = None) -> CompareRequest:
    """$compare, at type or instance level.

    Raises
    ------
    BadInput
        If one of the value sets is named in several ways or none, or a parameter is unknown or wrong.
    """
    parameters.refuse_unknown(_KNOWN, "$compare")
    return CompareRequest(
        this=_reference(parameters, version, "this", resource_id),
        other=_reference(parameters, version, "other", None),
        diagnostics=parameters.flag("diagnostics"),
        system_versions=versioned_canonicals(parameters, "system-version"),
        check_system_versions=versioned_canonicals(parameters, "check-system-version"),
        force_system_versions=versioned_canonicals(parameters, "force-system-version"),
        default_value_set_versions=versioned_canonicals(parameters, "default-valueset-version"),
        overlay=read_overlay(parameters, version),
    )


def _reference(
    parameters: ParameterList, version: FhirVersion, which: str, resource_id: str | None
) -> ValueSetReference:
    by_url, by_value = f"{which}Url", f"{which}ValueSet"
    given = [name for name in (by_url, by_value) if parameters.has(name)]
    if resource_id is not None and given:
        raise BadInput(f"Parameter '{given[0]}': the path names the value set already", expression=given[0])
    if resource_id is not None:
        return ValueSetReference(fhir_id=resource_id)
    if len(given) != 1:
        said = "are both given" if given else "are missing"
        raise BadInput(f"Parameters '{by_url}' and '{by_value}' {said}; give one", expression=by_url)
    inline = parameters.resource(by_value)
    if inline is not None:
        return ValueSetReference(inline=read_value_set(inline, version))
    url, pinned = split_canonical(parameters.text(by_url) or "")
    if not url:
        raise BadInput(f"Parameter '{by_url}': is empty", expression=by_url)
    return ValueSetReference(url, pinned or parameters.text(f"{which}Version"))


def write_comparison(found: ValueSetComparison) -> Json:
    """The answer of $compare."""
    written = [
        parameter("result", "Code", found.relation.value),
        parameter("message", "String", found.message),
        parameter("performed-expansion", "Boolean", found.expanded),
    ]
    for name, codes in (("common-codes", found.common), ("missing-codes", found.missing), ("extra-codes", found.extra)):
        if codes:
            written.append(parameter(name, "String", ",".join(codes)))
    return {"resourceType": "Parameters", "parameter": written}
