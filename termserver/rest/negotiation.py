"""Which FHIR version and format a request speaks and wants.

`/r4`, `/r4b`, `/r5` fix the version; `/fhir` goes by the MIME parameter. The rules are in `fhir.media_types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from termserver.errors import TermserverError
from termserver.fhir.media_types import Representation, WireFormat, answer_representation, body_representation
from termserver.fhir.versions import FhirVersion, version_of_path

FORM = "application/x-www-form-urlencoded"
JSON_PATCH = "application/json-patch+json"
_UNVERSIONED = (FORM, JSON_PATCH)


def negotiate_answer(segment: str, headers: Mapping[str, str], query: Sequence[tuple[str, str]]) -> Representation:
    """How the answer is written.

    Parameters
    ----------
    segment
        First segment of the path: `r4`, `r4b`, `r5` or `fhir`.

    Raises
    ------
    NotAcceptable
        406: it is wanted in a format or version that is not served.
    """
    asked_format = next((value for name, value in query if name == "_format"), None)
    fixed = version_of_path(segment)
    # Where the client names no version for the answer, it gets the one that it speaks itself
    default = FhirVersion.R4 if fixed else _sent_version(headers)
    return answer_representation(headers.get("accept", ""), asked_format, fixed, default)


def _sent_version(headers: Mapping[str, str]) -> FhirVersion:
    try:
        return body_representation(headers.get("content-type", ""), None, FhirVersion.R4).version
    except TermserverError:
        return FhirVersion.R4


def negotiate_body(segment: str, headers: Mapping[str, str], answer: Representation) -> Representation:
    """How the body is written; a form or a JSON Patch has no version of its own.

    Raises
    ------
    UnsupportedMediaType
        415: in a format or version that is not read.
    """
    content_type = headers.get("content-type", "")
    if media_type(content_type) in _UNVERSIONED:
        return Representation(answer.version, WireFormat.JSON)
    return body_representation(content_type, version_of_path(segment), answer.version)


def media_type(content_type: str) -> str:
    """The type without its parameters.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return content_type.partition(";")[0].strip().lower()


def representation_for_error(
    segment: str, headers: Mapping[str, str], query: Sequence[tuple[str, str]]
) -> Representation:
    """How an error is written; never itself an error."""
    try:
        return negotiate_answer(segment, headers, query)
    except TermserverError:
        return Representation(version_of_path(segment) or FhirVersion.R4)


@lru_cache(maxsize=512)
def accepts(version: FhirVersion, accept: bytes) -> bool:
    """True if an Accept header lets the version that stands in the path be the answer, as JSON."""
    try:
        return answer_representation(accept.decode("latin-1"), None, None, version) == Representation(version)
    except TermserverError:
        return False
