"""$subsumes. Source: `CodeSystem-operation-subsumes` of R4 and R5; version rules as in `versions`."""

from __future__ import annotations

from termserver.errors import BadInput, NotFound, NotSupported
from termserver.index.hierarchy import Hierarchy
from termserver.model.coding import Coding
from termserver.model.requests import SubsumesRequest
from termserver.model.results import SubsumesResult
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.lookup import content_or_error
from termserver.terminology.unknown_code_system import version_refused
from termserver.terminology.versions import rules_of

OUTCOMES = ("equivalent", "subsumes", "subsumed-by", "not-subsumed")


def subsumes(library: Library, request: SubsumesRequest) -> SubsumesResult:
    """Whether the first code subsumes the second.

    Raises
    ------
    NotFound
        If the code system, its version or one of the codes is not known.
    BadInput
        If a coding is of another code system, or a `check-system-version` refuses the version.
    NotSupported
        If the code system has a grammar and no hierarchy, and the codes are not the same.
    """
    content = content_of_both(library, request)
    first, second = _ordinal(content, request.first, "codeA"), _ordinal(content, request.second, "codeB")
    if content.unclosed is not None and first != second:
        raise NotSupported(
            f"The code system {content.header.canonical} has a grammar and no hierarchy: its codes do not subsume each other"
        )
    return SubsumesResult(outcome_of(content.hierarchy, first, second))


def content_of_both(library: Library, request: SubsumesRequest) -> Content:
    """The code system that both codes are of; says nothing of the codes. Raises as `subsumes`."""
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
    return content


def outcome_of(hierarchy: Hierarchy, first: int, second: int) -> str:
    """One of `OUTCOMES`."""
    if first == second:
        return "equivalent"
    if hierarchy.subsumes(first, second):
        return "subsumes"
    return "subsumed-by" if hierarchy.subsumes(second, first) else "not-subsumed"


def _ordinal(content: Content, coding: Coding, name: str) -> int:
    ordinal = int(content.ordinals_of([coding.code])[0])
    if ordinal >= 0:
        return ordinal
    concept = content.concept(coding.code)
    if concept is None:
        header = content.header
        raise NotFound(f"Unable to find code '{coding.code}' in {header.url} version {header.version}", expression=name)
    return int(content.ordinals_of([concept.code])[0])
