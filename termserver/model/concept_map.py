"""A concept map, R5-shaped, with what R4 says and R5 cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.coding import Coding
from termserver.model.decimals import DecimalText
from termserver.model.relationship import Relationship

DependencyValue = str | bool | int | DecimalText | float | Coding
Other = Mapping[str, object] | None
"""Members of a FHIR element that the house does not read (`id`, extensions), verbatim; None without any."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """dependsOn or product: an attribute and its value.

    Parameters
    ----------
    attribute
        R5: the code declared in additionalAttribute; R4: the property's uri.
    value_set
        Canonical of a value set that holds the value, instead of `value` (R5).
    other
        A Quantity (R5 `valueQuantity`) is here too.
    """

    attribute: str
    value: DependencyValue | None = None
    value_set: str | None = None
    display: str | None = None
    other: Other = None


@dataclass(frozen=True, slots=True)
class MapTarget:
    """ConceptMap.group.element.target.

    Parameters
    ----------
    r4_equivalence
        The code as R4 said it where R5 has none of its own (`equal`, `subsumes`, `specializes`, `inexact`), so that
        R4 → R5 → R4 is identity.
    properties
        R5 target.property: pairs (code, value).
    value_set
        Canonical of a value set that is mapped to, instead of `code`, which is empty then (R5).
    """

    code: str
    relationship: Relationship
    display: str | None = None
    comment: str | None = None
    r4_equivalence: str | None = None
    depends_on: tuple[Dependency, ...] = ()
    products: tuple[Dependency, ...] = ()
    properties: tuple[tuple[str, DependencyValue], ...] = ()
    value_set: str | None = None
    other: Other = None


@dataclass(frozen=True, slots=True)
class MapElement:
    """ConceptMap.group.element: one source code and its targets; `no_map` with its reason in `comment`.

    Parameters
    ----------
    value_set
        Canonical of a value set whose codes are all mapped so, instead of `code`, which is empty then (R5).
    """

    code: str
    display: str | None = None
    targets: tuple[MapTarget, ...] = ()
    no_map: bool = False
    comment: str | None = None
    value_set: str | None = None
    other: Other = None


@dataclass(frozen=True, slots=True)
class Unmapped:
    """ConceptMap.group.unmapped.

    Parameters
    ----------
    mode
        `use-source-code` (R4 `provided`), `fixed`, `other-map`.
    """

    mode: str
    code: str | None = None
    display: str | None = None
    value_set: str | None = None
    relationship: Relationship | None = None
    other_map: str | None = None
    other: Other = None


@dataclass(frozen=True, slots=True)
class MapGroup:
    """ConceptMap.group: systems without `|version`, which stand beside them."""

    source: str
    target: str
    source_version: str | None = None
    target_version: str | None = None
    elements: tuple[MapElement, ...] = ()
    unmapped: Unmapped | None = None
    other: Other = None


@dataclass(frozen=True, slots=True)
class ConceptMap:
    """A published concept map. `other` carries FHIR elements that the house does not read, verbatim."""

    url: str
    version: str
    name: str
    title: str | None = None
    status: str = "active"
    description: str | None = None
    publisher: str | None = None
    date: str | None = None
    copyright: str | None = None
    experimental: bool = False
    source_scope: str | None = None
    target_scope: str | None = None
    groups: tuple[MapGroup, ...] = ()
    other: Mapping[str, object] = field(default_factory=dict)

    @property
    def canonical(self) -> str:
        """`url|version`; the url alone where there is no version."""
        return f"{self.url}|{self.version}" if self.version else self.url
