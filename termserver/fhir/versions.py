"""The FHIR versions served, and how a client names one.

Source: https://hl7.org/fhir/R5/http.html#version-parameter (the fhirVersion MIME parameter).
"""

from __future__ import annotations

from enum import Enum


class FhirVersion(Enum):
    """A FHIR version: its path, its MIME parameter and its full number."""

    R4 = ("r4", "4.0", "4.0.1")
    R4B = ("r4b", "4.3", "4.3.0")
    R5 = ("r5", "5.0", "5.0.0")

    def __init__(self, path: str, mime_version: str, number: str) -> None:
        self.path = path
        self.mime_version = mime_version
        self.number = number
        self.content_type = f"application/fhir+json; fhirVersion={mime_version};charset=UTF-8"
        self.is_r5 = path == "r5"


_BY_PATH = {version.path: version for version in FhirVersion}
_BY_NUMBER = {number: version for version in FhirVersion for number in (version.mime_version, version.number)}


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
