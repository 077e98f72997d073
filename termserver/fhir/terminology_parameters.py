"""$subsumes, and what several operations have in common: parameters in, answers out, for every version.

Source: the operation definitions of R4 and R5; HL7's terminology ecosystem IG for the parameters beyond them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from termserver.errors import BadInput, NotSupported
from termserver.fhir.elements import Json, split_canonical
from termserver.fhir.language_tags import check_display_language
from termserver.fhir.parameters import ParameterList, parameter, read_overlay
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.requests import SubsumesRequest
from termserver.model.results import SubsumesResult

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d)?)?)?)?")
_OF_SUBSUMES = (
    *("codeA", "codeB", "system", "version", "codingA", "codingB", "tx-resource", "cache-id", "displayLanguage"),
    *("system-version", "check-system-version", "force-system-version", "default-to-latest-version", "diagnostics"),
)


def named_coding(parameters: ParameterList, code_name: str, coding_name: str) -> Coding:
    """A code with `system` and `version` beside it, or a Coding; exactly one of the two.

    Raises
    ------
    BadInput
        If neither is given, or both.
    """
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


def read_subsumes(parameters: ParameterList, version: FhirVersion) -> SubsumesRequest:
    """$subsumes: codeA, codeB + system, or codingA and codingB.

    Raises
    ------
    BadInput
        If a code is not named, or in two ways, or the codes are of different systems or versions.
    """
    parameters.refuse_unknown(_OF_SUBSUMES, "$subsumes")
    first = named_coding(parameters, "codeA", "codingA")
    second = named_coding(parameters, "codeB", "codingB")
    named, named_version = split_canonical(parameters.text("system") or "")
    system = named or first.system or second.system
    if not system:
        raise BadInput("Parameter 'system': the codes need the system that they are from", expression="system")
    versions = {parameters.text("version") or named_version, first.version, second.version} - {None, ""}
    if len(versions) > 1:
        shown = ", ".join(sorted(item for item in versions if item))
        raise BadInput(f"The codes are of different versions ({shown}); compare them in one", expression="version")
    return SubsumesRequest(
        first,
        second,
        system,
        next(iter(versions), None),
        read_overlay(parameters, version),
        versioned_canonicals(parameters, "system-version"),
        versioned_canonicals(parameters, "check-system-version"),
        versioned_canonicals(parameters, "force-system-version"),
    )


def write_subsumes(result: SubsumesResult) -> Json:
    """The answer of $subsumes."""
    return {"resourceType": "Parameters", "parameter": [parameter("outcome", "Code", result.outcome)]}


def check_date(parameters: ParameterList) -> None:
    """Answers are as of now; the specification wants an error where they cannot be as of the `date` asked for.

    Raises
    ------
    NotSupported
        If an earlier day is asked for.
    """
    day = parameters.text("date")
    if day is None:
        return
    if not _DATE.fullmatch(day):
        raise BadInput(f"Parameter 'date': '{day}' is no date", expression="date")
    asked = day[:10]
    if asked < datetime.now(UTC).date().isoformat()[: len(asked)]:
        raise NotSupported(
            "Parameter 'date': answers are as of now. For content of an earlier day name versions, not a date",
            expression="date",
        )


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
