"""A value set, R5-shaped: what is included and excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Designation
from termserver.model.extension import Extension


@dataclass(frozen=True, slots=True)
class Filter:
    """ValueSet.compose.include.filter; `value` is empty where the value set gives none."""

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class IncludedConcept:
    """ValueSet.compose.include.concept."""

    code: str
    display: str | None = None
    designations: tuple[Designation, ...] = ()
    extensions: tuple[Extension, ...] = field(default=(), hash=False)


@dataclass(frozen=True, slots=True)
class Include:
    """ValueSet.compose.include or .exclude; empty `concepts` and `filters` mean the whole system.

    Parameters
    ----------
    other
        FHIR elements that the house does not read, verbatim.
    """

    system: str | None = None
    version: str | None = None
    concepts: tuple[IncludedConcept, ...] = ()
    filters: tuple[Filter, ...] = ()
    value_sets: tuple[str, ...] = ()
    other: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Contained:
    """What a value set brings along: pairs (id, resource), named as `#id` inside it."""

    value_sets: tuple[tuple[str, ValueSet], ...] = ()
    code_systems: tuple[tuple[str, CodeSystem, tuple[Concept, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A value set version.

    Parameters
    ----------
    language
        Of the resource, and so of the displays that its author expects.
    supplements
        Canonicals of code system supplements that it needs (extension valueset-supplement).
    parameters
        Expansion parameters that its author fixes, pairs (name, value) (extension valueset-expansion-parameter).
    listed
        Where there is no compose: what the expansion that it came with lists, an include a code system version.
    other
        FHIR elements that the house does not read, or reads into the fields above without taking them away, verbatim.
    """

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
    language: str | None = None
    supplements: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str | int | bool], ...] = ()
    contained: Contained = field(default_factory=Contained)
    listed: tuple[Include, ...] = ()

    @property
    def canonical(self) -> str:
        """`url|version`; the url alone where there is no version."""
        return f"{self.url}|{self.version}" if self.version else self.url
