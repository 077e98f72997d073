"""$subsumes. Source: `CodeSystem-operation-subsumes` of R4 and R5."""

from __future__ import annotations

from termserver.errors import BadInput, NotFound
from termserver.model.requests import SubsumesRequest
from termserver.model.results import SubsumesResult
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.lookup import content_or_error


def subsumes(library: Library, request: SubsumesRequest) -> SubsumesResult:
    """Whether the first code subsumes the second.

    Raises
    ------
    NotFound
        If the code system or one of the codes is not known.
    """
    for coding in (request.first, request.second):
        if coding.system and library.canonical_system(coding.system) != library.canonical_system(request.system):
            raise BadInput(f"The codings are of different code systems: {coding.system} and {request.system}")
    content = content_or_error(library, request.system, request.version)
    first, second = (_ordinal(content, coding.code) for coding in (request.first, request.second))
    if first == second:
        return SubsumesResult("equivalent")
    if content.hierarchy.subsumes(first, second):
        return SubsumesResult("subsumes")
    if content.hierarchy.subsumes(second, first):
        return SubsumesResult("subsumed-by")
    return SubsumesResult("not-subsumed")


def _ordinal(content: Content, code: str) -> int:
    ordinal = int(content.ordinals_of([code])[0])
    if ordinal < 0:
        concept = content.concept(code)
        if concept is None:
            raise NotFound(f"Unable to find code '{code}' in {content.header.url} version {content.header.version}")
        ordinal = int(content.ordinals_of([concept.code])[0])
    return ordinal
