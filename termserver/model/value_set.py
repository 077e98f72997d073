"""A value set, R5-shaped: what is included and excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.coding import Designation


@dataclass(frozen=True, slots=True)
class Filter:
    """ValueSet.compose.include.filter."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class IncludedConcept:
    """ValueSet.compose.include.concept."""

    code: str
    display: str | None = None
    designations: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """ValueSet.compose.include or .exclude; empty `concepts` and `filters` mean the whole system."""

    system: str | None = None
    version: str | None = None
    concepts: tuple[IncludedConcept, ...] = ()
    filters: tuple[Filter, ...] = ()
    value_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A value set version. `other` carries FHIR elements that the house does not read, verbatim."""

    url: str
    version: str
    name: str
    title: str | None = None
    status: str = "active"
    description: str | None = None
    experimental: bool = False
    inactive: bool | None = None
    includes: tuple[Include, ...] = ()
    excludes: tuple[Include, ...] = ()
    other: Mapping[str, object] = field(default_factory=dict)

    @property
    def canonical(self) -> str:
        """`url|version`; the url alone where there is no version."""
        return f"{self.url}|{self.version}" if self.version else self.url
