"""A FHIR request without HTTP's details: the same for a GET, a POST and an entry of a Bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import parse_qsl

from termserver.errors import BadInput
from termserver.fhir.elements import Json
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.parameters import ParameterList, parameters_from_body, parameters_from_query
from termserver.fhir.versions import FhirVersion

_MOST_PARAMETERS = 500


@dataclass(frozen=True, slots=True)
class FhirRequest:
    """What is asked.

    Parameters
    ----------
    version
        Of the answer; `body_version` of what was sent.
    path
        Segments below the base: `("ConceptMap", "$translate")`.
    language
        The Accept-Language header, or None.
    base_url
        Absolute URL of the base, without final slash, for links.
    headers
        By lower-case name.
    large_body
        A body too large for memory, and how it is written; `body` is then None.
    format
        Of the answer.
    """

    method: str
    version: FhirVersion
    path: tuple[str, ...]
    query: Sequence[tuple[str, str]] = ()
    body: object = None
    body_version: FhirVersion = FhirVersion.R4
    language: str | None = None
    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    large_body: tuple[IO[bytes], Representation] | None = None
    format: WireFormat = WireFormat.JSON

    @property
    def representation(self) -> Representation:
        """How the answer is written."""
        return Representation(self.version, self.format)

    def parameters(self, *, alone: tuple[str, str] | None = None) -> ParameterList:
        """The operation's parameters, from the query or the body.

        Parameters
        ----------
        alone
            Type and name of the one parameter that is a resource, which may be the body by itself.
        """
        if self.method == "POST":
            return parameters_from_body(self.body if self.body is not None else _EMPTY, self.query, alone=alone)
        return parameters_from_query(self.query)

    def queried(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        return next((value for key, value in reversed(self.query) if key == name), None)

    def preferred(self, name: str) -> str | None:
        """What the Prefer header says of `return` or `handling` (RFC 7240), or None.

        >>> FhirRequest("GET", FhirVersion.R4, (), headers={"prefer": "return=minimal"}).preferred("return")
        'minimal'
        """
        for part in self.headers.get("prefer", "").replace(";", ",").split(","):
            key, _, value = part.partition("=")
            if key.strip().lower() == name:
                return value.strip().strip('"')
        return None


_EMPTY: Json = {"resourceType": "Parameters"}


def read_query(text: str) -> list[tuple[str, str]]:
    """A query string as pairs.

    Raises
    ------
    BadInput
        If it is not UTF-8, has too many parameters, or a control character.

    >>> read_query("code=A&system=http%3A%2F%2Fa.b")
    [('code', 'A'), ('system', 'http://a.b')]
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise BadInput("The query is not UTF-8") from None
    except ValueError:
        raise BadInput(f"The query has more than {_MOST_PARAMETERS} parameters") from None
    for name, value in pairs:
        if "\x00" in name or "\x00" in value:
            raise BadInput("The query holds a NUL character", expression=name.replace("\x00", "") or None)
    return pairs
