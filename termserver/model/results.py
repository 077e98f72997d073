"""What the terminology engine answers: whole results, issues included; the edge only renders them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from termserver.model.code_system import Concept, ConceptProperty, PropertyValue
from termserver.model.coding import Coding, Designation
from termserver.model.concept_map import Dependency, DependencyValue
from termserver.model.extension import Extension
from termserver.model.issue import Issue
from termserver.model.relationship import Relationship
from termserver.model.value_set import ValueSet


@dataclass(frozen=True, slots=True)
class TranslateMatch:
    """One match of $translate. `source` is the code that was asked for (or, in reverse, found).

    Parameters
    ----------
    origin_map, origin_hash
        `url|version` of the map, and sha256 of its content; empty where it came with the request.
    """

    target: Coding | None
    relationship: Relationship | None
    origin_map: str
    source: Coding
    r4_equivalence: str | None = None
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()
    products: tuple[Dependency, ...] = ()
    properties: tuple[tuple[str, DependencyValue], ...] = ()
    origin_hash: str = ""


@dataclass(frozen=True, slots=True)
class TranslateResult:
    """Answer of $translate: `result` is true only if some match is neither disjoint nor without target."""

    result: bool
    matches: tuple[TranslateMatch, ...] = ()
    message: str | None = None


@dataclass(frozen=True, slots=True)
class LookupProperty:
    """A property in the answer of $lookup.

    Parameters
    ----------
    description
        Display of the concept that a code names, in the same code system.
    code_display
        Display of the property, where its code is a concept of the code system.
    """

    code: str
    value: PropertyValue
    kind: str
    description: str | None = None
    code_display: str | None = None


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Answer of $lookup; `supplements` are the canonicals of those applied."""

    system: str
    version: str
    system_name: str
    concept: Concept
    display: str
    definition: str | None = None
    designations: tuple[Designation, ...] = ()
    properties: tuple[LookupProperty, ...] = ()
    supplements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValidateCodeResult:
    """Answer of $validate-code.

    Parameters
    ----------
    normalized_code
        The code as the code system writes it, where the client wrote it in another case.
    causing_systems, unknown_systems
        `url` or `url|version` of code systems that are not here: the answer would be another if the former were.
    concept
        The CodeableConcept that was asked about, verbatim.
    diagnostics
        How the answer came about, where the client asked for it.
    across_versions
        True if the value set names several versions of a code system.
    """

    result: bool
    code: str | None = None
    system: str | None = None
    version: str | None = None
    display: str | None = None
    message: str | None = None
    issues: tuple[Issue, ...] = ()
    inactive: bool = False
    status: str | None = None
    normalized_code: str | None = None
    causing_systems: tuple[str, ...] = ()
    unknown_systems: tuple[str, ...] = ()
    concept: Mapping[str, object] | None = None
    diagnostics: str | None = None
    across_versions: bool = False


@dataclass(frozen=True, slots=True)
class ExpansionEntry:
    """One concept of an expansion.

    Parameters
    ----------
    version
        Only where concepts of several versions of the code system may occur.
    extensions
        Of the concept, as the code system or the value set has them.
    contains
        The entries nested below it.
    """

    system: str
    code: str
    display: str
    version: str | None = None
    abstract: bool = False
    inactive: bool = False
    designations: tuple[Designation, ...] = ()
    properties: tuple[ConceptProperty, ...] = ()
    extensions: tuple[Extension, ...] = ()
    contains: tuple[ExpansionEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Expansion:
    """Answer of $expand: one page of `total` concepts.

    Parameters
    ----------
    total
        None where nobody can count them: all codes of a system that has a grammar.
    properties
        Pairs (code, URI or None) of the properties that entries have.
    unclosed
        Why there may be more codes than are listed, a sentence each.
    with_definition
        True if the value set's definition goes with it.
    """

    total: int | None
    offset: int
    entries: tuple[ExpansionEntry, ...]
    parameters: tuple[tuple[str, str | int | bool], ...] = ()
    properties: tuple[tuple[str, str | None], ...] = ()
    unclosed: tuple[str, ...] = ()
    with_definition: bool = False
    value_set: ValueSet | None = None
    identifier: str = ""
    timestamp: str = ""


@dataclass(frozen=True, slots=True)
class ClosureResult:
    """Answer of $closure.

    Parameters
    ----------
    pairs
        (concept, one that subsumes it): those that are new.
    unknown
        Concepts that no code system here has.
    """

    name: str
    version: int
    pairs: tuple[tuple[Coding, Coding], ...] = ()
    unknown: tuple[Coding, ...] = ()


@dataclass(frozen=True, slots=True)
class SubsumesResult:
    """Answer of $subsumes: `equivalent`, `subsumes`, `subsumed-by`, `not-subsumed`."""

    outcome: str
