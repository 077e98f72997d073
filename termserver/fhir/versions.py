"""The FHIR versions served, and how a client names one.

Source: https://hl7.org/fhir/R5/http.html#version-parameter (the fhirVersion MIME parameter).
"""

from __future__ import annotations

from enum import Enum

from termserver.errors import NotAcceptable, UnsupportedMediaType


class FhirVersion(Enum):
    """A FHIR version: its path, its MIME parameter and its full number."""

    R4 = ("r4", "4.0", "4.0.1")
    R4B = ("r4b", "4.3", "4.3.0")
    R5 = ("r5", "5.0", "5.0.0")

    def __init__(self, path: str, mime_version: str, number: str) -> None:
        self.path = path
        self.mime_version = mime_version
        self.number = number
        self.content_type = f"application/fhir+json; fhirVersion={mime_version}; charset=utf-8"
        self.is_r5 = path == "r5"


_BY_PATH = {version.path: version for version in FhirVersion}
_BY_NUMBER = {number: version for version in FhirVersion for number in (version.mime_version, version.number)}
_JSON_TYPES = {"application/fhir+json", "application/json", "text/json", "application/json+fhir"}
_ANY_TYPES = {"*/*", "application/*", ""}
_XML_TYPES = {"application/fhir+xml", "application/xml", "text/xml"}


def version_of_path(segment: str) -> FhirVersion | None:
    """The version that a first path segment fixes; None for `fhir`, which negotiates.

    >>> version_of_path("r5")
    <FhirVersion.R5: ('r5', '5.0', '5.0.0')>
    """
    return _BY_PATH.get(segment)


def version_of_media_type(media_type: str) -> FhirVersion | None:
    """The version in one media type's fhirVersion parameter, or None without one.

    Raises
    ------
    KeyError
        If the parameter names a version that is not served.

    >>> version_of_media_type("application/fhir+json; fhirVersion=4.3").path
    'r4b'
    """
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "fhirversion":
            return _BY_NUMBER[value.strip().strip('"')]
    return None


def answer_version(accept: str, fixed: FhirVersion | None, default: FhirVersion = FhirVersion.R4) -> FhirVersion:
    """The version of the answer.

    Parameters
    ----------
    accept
        The Accept header (or the `_format` parameter); empty if not given.
    fixed
        The version that the path fixes, or None.

    Raises
    ------
    NotAcceptable
        If every media type in it names a version or a format that is not served.

    >>> answer_version("application/fhir+json; fhirVersion=5.0", None).path
    'r5'
    """
    refusals: list[str] = []
    for media_type in accept.split(","):
        kind = media_type.split(";")[0].strip().lower()
        if kind not in _JSON_TYPES and kind not in _ANY_TYPES and kind not in ("json", "text/html", "text/*"):
            refusals.append(f"'{media_type.strip()}' is no format of this server, which answers application/fhir+json")
            continue
        try:
            asked = version_of_media_type(media_type)
        except KeyError as error:
            refusals.append(f"fhirVersion {error.args[0]} is not served; 4.0, 4.3 and 5.0 are")
            continue
        if fixed is not None and asked is not None and asked is not fixed:
            refusals.append(f"this path answers fhirVersion {fixed.mime_version}; use /{asked.path} for the other")
            continue
        return fixed or asked or default
    raise NotAcceptable("Accept: " + "; ".join(refusals))


def body_version(content_type: str, fixed: FhirVersion | None, default: FhirVersion) -> FhirVersion:
    """The version of a request's body, by its Content-Type.

    Raises
    ------
    UnsupportedMediaType
        If the format is not JSON, or the version is not served, or not the path's.

    >>> body_version("application/json", None, FhirVersion.R4).path
    'r4'
    """
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind in _XML_TYPES:
        raise UnsupportedMediaType("Content-Type: XML is not read by this server yet; send application/fhir+json")
    if kind and kind not in _JSON_TYPES:
        raise UnsupportedMediaType(f"Content-Type '{kind}' is not read; send application/fhir+json")
    try:
        named = version_of_media_type(content_type)
    except KeyError as error:
        raise UnsupportedMediaType(
            f"Content-Type: fhirVersion {error.args[0]} is not served; 4.0, 4.3 and 5.0 are"
        ) from None
    if fixed is not None and named is not None and named.is_r5 != fixed.is_r5:
        raise UnsupportedMediaType(f"Content-Type: this path reads fhirVersion {fixed.mime_version}; use /{named.path}")
    return fixed or named or default
