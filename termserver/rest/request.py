"""A FHIR request without HTTP's details: the same for a GET, a POST and an entry of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from termserver.errors import BadInput
from termserver.fhir.elements import Json
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
    """

    method: str
    version: FhirVersion
    path: tuple[str, ...]
    query: Sequence[tuple[str, str]] = ()
    body: object = None
    body_version: FhirVersion = FhirVersion.R4
    language: str | None = None
    base_url: str = ""

    def parameters(self) -> ParameterList:
        """The operation's parameters, from the query or the body."""
        if self.method == "POST":
            return parameters_from_body(self.body if self.body is not None else _EMPTY, self.query)
        return parameters_from_query(self.query)

    def queried(self, name: str) -> str | None:
        """The last value of a query parameter, or None."""
        return next((value for key, value in reversed(self.query) if key == name), None)


_EMPTY: Json = {"resourceType": "Parameters"}


def read_query(text: str) -> list[tuple[str, str]]:
    """A query string as pairs.

    Raises
    ------
    BadInput
        If it is not UTF-8, or has too many parameters.

    >>> read_query("code=A&system=http%3A%2F%2Fa.b")
    [('code', 'A'), ('system', 'http://a.b')]
    """
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except UnicodeDecodeError:
        raise BadInput("The query is not UTF-8") from None
    except ValueError:
        raise BadInput(f"The query has more than {_MOST_PARAMETERS} parameters") from None
