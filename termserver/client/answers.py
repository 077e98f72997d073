"""What the server said, as plain data: Parameters, Bundles and OperationOutcomes of R4 and R5 are read here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
_CLOSENESS = {
    "equivalent": 0, "equal": 0,
    "source-is-narrower-than-target": 1, "wider": 1, "subsumes": 1,
    "source-is-broader-than-target": 2, "narrower": 2, "specializes": 2,
    "related-to": 3, "relatedto": 3, "inexact": 3,
}  # fmt: skip


class ClientError(Exception):
    """The server refused, or could not be reached after all tries.

    Parameters
    ----------
    status
        HTTP status; None where no answer came.
    issues
        (severity, code, text) of the OperationOutcome.
    """

    def __init__(
        self, message: str, *, status: int | None = None, issues: tuple[tuple[str, str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.issues = issues


@dataclass(frozen=True, slots=True)
class Match:
    """One match of $translate.

    Parameters
    ----------
    relationship
        As the server's FHIR version says it: R4's equivalence or R5's relationship.
    origin_map
        `url|version` of the map.
    depends_on
        True where the match holds only under a condition that the request did not give.
    """

    relationship: str
    system: str | None
    code: str | None
    display: str | None
    origin_map: str | None
    depends_on: bool = False

    @property
    def is_target(self) -> bool:
        """False for "no map" and "not related"."""
        return self.code is not None and self.relationship in _CLOSENESS


@dataclass(frozen=True, slots=True)
class Translation:
    """The answer of $translate. `result` is the server's word; `message` says why there is nothing."""

    result: bool
    matches: tuple[Match, ...] = ()
    message: str | None = None

    @property
    def best(self) -> Match | None:
        """The closest target without an open condition, the first of equals; None if there is none.

        >>> Translation(True, (Match("wider", "s", "A", None, None), Match("equivalent", "s", "B", None, None))).best.code
        'B'
        """
        usable = [match for match in self.matches if match.is_target and not match.depends_on]
        return min(usable, key=lambda match: _CLOSENESS[match.relationship], default=None)


@dataclass(frozen=True, slots=True)
class Validation:
    """The answer of $validate-code."""

    result: bool
    message: str | None = None
    display: str | None = None


def parts(parameters: Json) -> Iterator[tuple[str, Any]]:
    """(name, value) of each parameter; of one with parts, the parts; of one with a resource, the resource."""
    for item in parameters.get("parameter") or parameters.get("part") or ():
        value = next((item[key] for key in item if key.startswith("value")), None)
        yield item.get("name", ""), item if "part" in item else item.get("resource", value)


def translation_from(parameters: Json) -> Translation:
    """Read the Parameters of $translate.

    >>> translation_from({"parameter": [{"name": "result", "valueBoolean": False}, {"name": "message", "valueString": "no"}]})
    Translation(result=False, matches=(), message='no')
    """
    named = dict(parts(parameters))
    matches = tuple(_match(value) for name, value in parts(parameters) if name == "match")
    return Translation(bool(named.get("result")), matches, named.get("message"))


def _match(parameter: Json) -> Match:
    found = dict(parts(parameter))
    concept = found.get("concept")
    coding = concept if isinstance(concept, dict) and "part" not in concept else {}
    origin = found.get("originMap") or found.get("source")
    return Match(
        str(found.get("relationship") or found.get("equivalence") or ""),
        coding.get("system"),
        coding.get("code"),
        coding.get("display"),
        origin if isinstance(origin, str) else None,
        "dependsOn" in found,
    )


def validation_from(parameters: Json) -> Validation:
    """Read the Parameters of $validate-code."""
    named = dict(parts(parameters))
    return Validation(bool(named.get("result")), named.get("message"), named.get("display"))


def error_from(status: int, body: object, fallback: str) -> ClientError:
    """The error of an answer that is none."""
    issues: tuple[tuple[str, str, str], ...] = ()
    if isinstance(body, Mapping) and body.get("resourceType") == "OperationOutcome":
        issues = tuple(
            (
                str(item.get("severity", "")),
                str(item.get("code", "")),
                str((item.get("details") or {}).get("text") or item.get("diagnostics") or ""),
            )
            for item in body.get("issue", ())
        )
    text = "; ".join(text for _, _, text in issues if text) or fallback
    return ClientError(f"{status}: {text}", status=status, issues=issues)
