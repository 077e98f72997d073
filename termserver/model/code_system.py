"""A code system version and its concepts, R5-shaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from termserver.model.coding import Coding, Designation
from termserver.model.extension import Extension

PropertyValue = str | int | float | bool | Coding


@dataclass(frozen=True, slots=True)
class ConceptProperty:
    """A property of a concept.

    Parameters
    ----------
    kind
        FHIR's type: code, Coding, string, integer, boolean, dateTime, decimal.
    group
        Role group of an attribute of SNOMED CT, 0 for ungrouped; None for all that is no such attribute.
    """

    code: str
    value: PropertyValue
    kind: str = "string"
    group: int | None = None


@dataclass(frozen=True, slots=True)
class RefsetMember:
    """A row of a SNOMED CT reference set that refers to the concept.

    Parameters
    ----------
    refset
        Identifier of the reference set.
    effective_time
        YYYYMMDD.
    fields
        Pairs (column, text) of the columns that only this kind of reference set has.
    """

    refset: str
    module: str
    effective_time: str
    active: bool = True
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept of a code system.

    Parameters
    ----------
    parents
        Codes of its parents in the same system.
    abstract
        True: may not be selected (FHIR property notSelectable).
    members
        Its rows in reference sets (SNOMED CT).
    former_designations
        Names that the publisher has withdrawn (SNOMED CT).
    """

    code: str
    display: str
    designations: tuple[Designation, ...] = ()
    properties: tuple[ConceptProperty, ...] = ()
    parents: tuple[str, ...] = ()
    active: bool = True
    abstract: bool = False
    definition: str | None = None
    extensions: tuple[Extension, ...] = field(default=(), hash=False)
    members: tuple[RefsetMember, ...] = ()
    former_designations: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """CodeSystem.property: a property that concepts may have."""

    code: str
    kind: str = "string"
    uri: str | None = None
    description: str | None = None


_STANDARD_PROPERTY = "http://hl7.org/fhir/concept-properties#"
USER_ASSIGNED = "user-assigned"
"""True of codes to which users give a meaning, and a name, of their own."""
STANDARD_PROPERTIES = frozenset(
    [
        "inactive",
        "deprecated",
        "deprecationDate",
        "retirementDate",
        "effectiveDate",
        "notSelectable",
        "status",
        "parent",
        "child",
        "partOf",
        "synonym",
        "comment",
        "itemWeight",
        "order",
        "label",
    ]
)
"""Properties that FHIR defines for all code systems: whoever uses them need not declare them."""


def property_codes(definitions: Iterable[PropertyDefinition], standard: str) -> frozenset[str]:
    """The codes by which a code system calls one of FHIR's standard properties (`status`, `parent`, …).

    The declared URI decides. A code system that declares no property of that code may use the standard's own name;
    one that declares the name for something else does not mean the standard property by it.

    >>> sorted(property_codes([PropertyDefinition("ns", "boolean", _STANDARD_PROPERTY + "notSelectable")], "notSelectable"))
    ['notSelectable', 'ns']
    >>> sorted(property_codes([PropertyDefinition("status", "code", "http://a.b#other")], "status"))
    []
    """
    known = tuple(definitions)
    named = {item.code for item in known if item.uri == _STANDARD_PROPERTY + standard}
    if all(item.uri in (None, "", _STANDARD_PROPERTY + standard) for item in known if item.code == standard):
        named.add(standard)
    return frozenset(named)


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """The header of a code system version; concepts travel beside it, as a stream.

    Parameters
    ----------
    content
        `complete`, `fragment`, `example`, `not-present`, `supplement`.
    supplements
        Canonical of the system that a supplement adds to.
    kind
        `concept` hierarchy meaning: `is-a`, `part-of`, `classified-with`, `grouped-by`; None if unknown.
    other
        FHIR elements that the house carries verbatim and does not read (R5 JSON values).
    """

    url: str
    version: str
    name: str
    title: str | None = None
    status: str = "active"
    language: str | None = None
    content: str = "complete"
    supplements: str | None = None
    case_sensitive: bool = True
    hierarchy_meaning: str | None = None
    experimental: bool = False
    publisher: str | None = None
    copyright: str | None = None
    licence: str | None = None
    description: str | None = None
    date: str | None = None
    value_set: str | None = None
    properties: tuple[PropertyDefinition, ...] = ()
    aliases: tuple[str, ...] = ()
    other: Mapping[str, object] = field(default_factory=dict)

    @property
    def canonical(self) -> str:
        """`url|version`; the url alone where there is no version."""
        return f"{self.url}|{self.version}" if self.version else self.url
