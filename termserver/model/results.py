"""What the terminology engine answers: whole results, issues included; the edge only renders them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation
from termserver.model.concept_map import Dependency, DependencyValue
from termserver.model.issue import Issue
from termserver.model.relationship import Relationship


@dataclass(frozen=True, slots=True)
class TranslateMatch:
    """One match of $translate. `source` is the code that was asked for (or, in reverse, found)."""

    target: Coding | None
    relationship: Relationship | None
    origin_map: str
    source: Coding
    r4_equivalence: str | None = None
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()
    products: tuple[Dependency, ...] = ()
    properties: tuple[tuple[str, DependencyValue], ...] = ()


@dataclass(frozen=True, slots=True)
class TranslateResult:
    """Answer of $translate: `result` is true only if some match is neither disjoint nor without target."""

    result: bool
    matches: tuple[TranslateMatch, ...] = ()
    message: str | None = None


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Answer of $lookup."""

    system: str
    version: str
    system_name: str
    concept: Concept
    display: str
    designations: tuple[Designation, ...] = ()
    properties: tuple[ConceptProperty, ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidateCodeResult:
    """Answer of $validate-code."""

    result: bool
    code: str | None = None
    system: str | None = None
    version: str | None = None
    display: str | None = None
    message: str | None = None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpansionEntry:
    """One concept of an expansion."""

    system: str
    code: str
    display: str
    version: str | None = None
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """Answer of $expand: one page of `total` concepts."""

    total: int
    offset: int
    entries: tuple[ExpansionEntry, ...]
    parameters: tuple[tuple[str, str | int | bool], ...] = ()
    other: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubsumesResult:
    """Answer of $subsumes: `equivalent`, `subsumes`, `subsumed-by`, `not-subsumed`."""

    outcome: str
