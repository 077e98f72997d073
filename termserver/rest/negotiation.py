"""Which FHIR version a request speaks and wants. `/r4`, `/r4b`, `/r5` fix it; `/fhir` goes by the MIME parameter."""

from __future__ import annotations

from collections.abc import Sequence

from termserver.errors import NotAcceptable
from termserver.fhir.versions import FhirVersion, answer_version, body_version, version_of_path


def negotiate(
    segment: str, *, accept: str, content_type: str, query: Sequence[tuple[str, str]], has_body: bool
) -> tuple[FhirVersion, FhirVersion]:
    """The versions of the answer and of the body.

    Parameters
    ----------
    segment
        First segment of the path: `r4`, `r4b`, `r5` or `fhir`.
    accept
        The Accept header; the parameter `_format` is stronger.

    Raises
    ------
    NotAcceptable
        406: the answer is wanted in a format or version that is not served.
    UnsupportedMediaType
        415: the body is.
    """
    fixed = version_of_path(segment)
    wanted = next((value for name, value in query if name == "_format"), "") or accept
    if wanted in ("xml", "application/fhir xml"):
        raise NotAcceptable("_format: XML is not written by this server yet; ask for application/fhir+json")
    answer = answer_version(wanted.replace("fhir json", "fhir+json"), fixed)
    if not has_body:
        return answer, answer
    return answer, body_version(content_type, fixed, answer)
