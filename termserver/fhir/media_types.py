"""Content negotiation: which format and FHIR version a client sends and wants.

Source: RFC 9110 section 12 (Accept and its weights); FHIR R4 and R5, RESTful API (`_format`, the fhirVersion parameter).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from termserver.errors import NotAcceptable, UnsupportedMediaType
from termserver.fhir.versions import FhirVersion, version_of_media_type

_JSON_TYPES = {"application/fhir+json", "application/json", "text/json", "application/json+fhir", "json"}
_XML_TYPES = {"application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir", "xml"}
# A browser that asks for a page gets JSON, which it can show
_ANY_TYPES = {"*/*", "application/*", "text/*", "text/html", "html", ""}
_SERVED = "application/fhir+json and application/fhir+xml are served"
_MOST_RANGES = 100


class WireFormat(Enum):
    """How a resource is written."""

    JSON = "json"
    XML = "xml"


@dataclass(frozen=True, slots=True)
class Representation:
    """Format and FHIR version of a body."""

    version: FhirVersion
    format: WireFormat = WireFormat.JSON

    @property
    def content_type(self) -> str:
        """The Content-Type header.

        >>> Representation(FhirVersion.R4, WireFormat.XML).content_type
        'application/fhir+xml; fhirVersion=4.0;charset=UTF-8'
        """
        if self.format is WireFormat.JSON:
            return self.version.content_type
        return self.version.content_type.replace("json", "xml", 1)


def format_of_type(kind: str) -> WireFormat | None:
    """The format that a media type, or a value of `_format`, names; None if it names no FHIR format.

    >>> format_of_type("text/xml").value
    'xml'
    """
    if kind in _JSON_TYPES:
        return WireFormat.JSON
    return WireFormat.XML if kind in _XML_TYPES else None


def answer_representation(
    accept: str, asked_format: str | None, fixed: FhirVersion | None, default: FhirVersion = FhirVersion.R4
) -> Representation:
    """How the answer is written.

    Parameters
    ----------
    accept
        The Accept header; empty if not given.
    asked_format
        The parameter `_format`, which is stronger: `xml`, `text/xml`, `application/fhir+xml; fhirVersion=5.0`, …
    fixed
        The version that the path fixes, or None.

    Raises
    ------
    NotAcceptable
        If everything that is asked for names a version or a format that is not served.

    >>> answer_representation("application/fhir+json;q=0.5, application/fhir+xml", None, None).format.value
    'xml'
    """
    if asked_format:
        # A + in a query string is a blank, unless the client escaped it
        return _first_served([asked_format.strip().replace("fhir ", "fhir+")], fixed, default, "_format")
    return _first_served(_by_weight(accept), fixed, default, "Accept")


def _by_weight(accept: str) -> list[str]:
    """The media ranges of an Accept header, best first; those of weight 0 are left out."""
    weighted: list[tuple[float, int, str]] = []
    for place, media_range in enumerate(accept.split(",")[:_MOST_RANGES]):
        weight = _weight(media_range)
        if weight > 0:
            weighted.append((-weight, place, media_range))
    return [media_range for _, _, media_range in sorted(weighted)]


def _weight(media_range: str) -> float:
    for parameter in media_range.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                weight = float(value.strip())
            except ValueError:
                return 1.0
            return weight if 0 <= weight <= 1 else 1.0
    return 1.0


def _first_served(
    media_types: list[str], fixed: FhirVersion | None, default: FhirVersion, where: str
) -> Representation:
    refusals: list[str] = []
    for media_type in media_types:
        kind = media_type.split(";")[0].strip().lower()
        wire_format = format_of_type(kind)
        if wire_format is None and kind not in _ANY_TYPES:
            refusals.append(f"'{media_type.strip()[:80]}' is no format of this server; {_SERVED}")
            continue
        try:
            asked = version_of_media_type(media_type)
        except KeyError as error:
            refusals.append(f"fhirVersion {str(error.args[0])[:20]} is not served; 4.0, 4.3 and 5.0 are")
            continue
        if fixed is not None and asked is not None and asked is not fixed:
            refusals.append(f"this path answers fhirVersion {fixed.mime_version}; use /{asked.path} for the other")
            continue
        return Representation(fixed or asked or default, wire_format or WireFormat.JSON)
    raise NotAcceptable(f"{where}: " + ("; ".join(refusals[:5]) or f"nothing is acceptable; {_SERVED}"))


def body_representation(content_type: str, fixed: FhirVersion | None, default: FhirVersion) -> Representation:
    """How the body of a request is written.

    Raises
    ------
    UnsupportedMediaType
        If the format is none of FHIR's, the version is not served, or is not the path's.

    >>> body_representation("application/json", None, FhirVersion.R4).version.path
    'r4'
    """
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    wire_format = format_of_type(kind) if kind else WireFormat.JSON
    if wire_format is None or "/" not in (kind or "/"):
        raise UnsupportedMediaType(f"Content-Type '{kind[:80]}' is not read; send application/fhir+json or +xml")
    try:
        named = version_of_media_type(content_type)
    except KeyError as error:
        raise UnsupportedMediaType(
            f"Content-Type: fhirVersion {str(error.args[0])[:20]} is not served; 4.0, 4.3 and 5.0 are"
        ) from None
    if fixed is not None and named is not None and named.is_r5 != fixed.is_r5:
        raise UnsupportedMediaType(f"Content-Type: this path reads fhirVersion {fixed.mime_version}; use /{named.path}")
    return Representation(fixed or named or default, wire_format)
