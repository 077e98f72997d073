"""$subsumes. Source: `CodeSystem-operation-subsumes` of R4 and R5; version rules as in `versions`."""

from __future__ import annotations

from termserver.errors import BadInput, NotFound
from termserver.model.coding import Coding
from termserver.model.requests import SubsumesRequest
from termserver.model.results import SubsumesResult
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.lookup import content_or_error
from termserver.terminology.unknown_code_system import version_refused
from termserver.terminology.versions import rules_of


def subsumes(library: Library, request: SubsumesRequest) -> SubsumesResult:
    """Whether the first code subsumes the second.

    Raises
    ------
    NotFound
        If the code system, its version or one of the codes is not known.
    BadInput
        If a coding is of another code system, or a `check-system-version` refuses the version.
    """
    for name, coding in (("codingA", request.first), ("codingB", request.second)):
        if coding.system and library.canonical_system(coding.system) != library.canonical_system(request.system):
            raise BadInput(
                f"Parameter '{name}': is of the system {coding.system}, not of {request.system}; codes of different systems "
                "cannot be compared",
                expression=name,
            )
    rules = rules_of(request)
    content = content_or_error(library, request.system, rules.version_of_code(request.system, request.version))
    version = content.header.version
    refused = rules.refused_by(request.system, version)
    if refused is not None:
        raise BadInput(
            version_refused(version, request.system, refused),
            issue_code="exception",
            tx_issue="version-error",
            message_id="VALUESET_VERSION_CHECK",
        )
    first, second = _ordinal(content, request.first, "codeA"), _ordinal(content, request.second, "codeB")
    if first == second:
        return SubsumesResult("equivalent")
    if content.hierarchy.subsumes(first, second):
        return SubsumesResult("subsumes")
    if content.hierarchy.subsumes(second, first):
        return SubsumesResult("subsumed-by")
    return SubsumesResult("not-subsumed")


def _ordinal(content: Content, coding: Coding, name: str) -> int:
    ordinal = int(content.ordinals_of([coding.code])[0])
    if ordinal >= 0:
        return ordinal
    concept = content.concept(coding.code)
    if concept is None:
        header = content.header
        raise NotFound(f"Unable to find code '{coding.code}' in {header.url} version {header.version}", expression=name)
    return int(content.ordinals_of([concept.code])[0])
