"""What the terminology engine is asked: one frozen dataclass an operation, the same for every FHIR version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, DependencyValue
from termserver.model.value_set import ValueSet


@dataclass(frozen=True, slots=True)
class Overlay:
    """What came with a request: resources (`tx-resource`) that overlay loaded content for that request alone.

    Parameters
    ----------
    fhir_release
        Number of the FHIR release that the request speaks, such as `4.0.1`: of FHIR's own terminology it sees that.
    """

    code_systems: tuple[tuple[CodeSystem, tuple[Concept, ...]], ...] = ()
    value_sets: tuple[ValueSet, ...] = ()
    concept_maps: tuple[ConceptMap, ...] = ()
    fhir_release: str | None = None

    def __bool__(self) -> bool:
        return bool(self.code_systems or self.value_sets or self.concept_maps)


@dataclass(frozen=True, slots=True)
class TranslateRequest:
    """$translate.

    Parameters
    ----------
    codings
        The codes to translate; in reverse, the target codes whose sources are wanted.
    map_id
        FHIR id of the map, at instance level.
    source_systems, target_systems
        Only groups from (to) these systems; empty means any.
    dependencies
        Pairs (attribute's uri or code, its values): any of the values will do.
    language
        `displayLanguage`, or the Accept-Language header, verbatim.
    """

    codings: tuple[Coding, ...]
    reverse: bool = False
    map_url: str | None = None
    map_version: str | None = None
    map_id: str | None = None
    inline_map: ConceptMap | None = None
    source_scope: str | None = None
    target_scope: str | None = None
    source_systems: tuple[str, ...] = ()
    target_systems: tuple[str, ...] = ()
    dependencies: tuple[tuple[str, tuple[DependencyValue, ...]], ...] = ()
    language: str | None = None
    overlay: Overlay = Overlay()


@dataclass(frozen=True, slots=True)
class LookupRequest:
    """$lookup. `properties`: the ones wanted; empty means all."""

    coding: Coding
    properties: tuple[str, ...] = ()
    language: str | None = None
    supplements: tuple[str, ...] = ()
    overlay: Overlay = Overlay()


@dataclass(frozen=True, slots=True)
class ValidateCodeRequest:
    """$validate-code of a CodeSystem or a ValueSet.

    Parameters
    ----------
    codings
        One of `code`/`coding`, or every coding of a CodeableConcept.
    from_concept
        True if they came as a CodeableConcept: places in issues begin with `CodeableConcept.coding[n]`.
    place
        FHIRPath of the coding in issues, where it was no CodeableConcept: `Coding` or empty for `code`.
    concept
        The CodeableConcept verbatim, which the answer repeats.
    language, header_language
        `displayLanguage` and the Accept-Language header, verbatim.
    """

    codings: tuple[Coding, ...]
    from_concept: bool = False
    place: str = ""
    concept: Mapping[str, object] | None = field(default=None, hash=False)
    code_system_url: str | None = None
    code_system_id: str | None = None
    value_set_url: str | None = None
    value_set_version: str | None = None
    value_set_id: str | None = None
    inline_value_set: ValueSet | None = None
    inline_code_system: tuple[CodeSystem, tuple[Concept, ...]] | None = None
    infer_system: bool = False
    abstract_allowed: bool = True
    active_only: bool = False
    lenient_display: bool = False
    membership_only: bool = False
    diagnostics: bool = False
    language: str | None = None
    header_language: str | None = None
    system_versions: tuple[str, ...] = ()
    check_system_versions: tuple[str, ...] = ()
    force_system_versions: tuple[str, ...] = ()
    default_value_set_versions: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    overlay: Overlay = Overlay()


@dataclass(frozen=True, slots=True)
class ExpandRequest:
    """$expand. `count` None means "as many as the server gives".

    Parameters
    ----------
    designations
        Tokens `system|code` (a use) or `urn:ietf:bcp:47|tag` (a language) of the designations wanted; empty means all.
    properties
        Codes or URIs of the properties wanted; `*` for all.
    language, header_language
        `displayLanguage`, and the Accept-Language header, verbatim.
    echoed
        The parameters that the client gave and that the expansion repeats, `displayLanguage` aside.
    """

    value_set_url: str | None = None
    value_set_version: str | None = None
    value_set_id: str | None = None
    inline_value_set: ValueSet | None = None
    text_filter: str = ""
    offset: int = 0
    count: int | None = None
    include_designations: bool = False
    designations: tuple[str, ...] = ()
    include_definition: bool = False
    exclude_nested: bool = False
    exclude_not_for_ui: bool = False
    active_only: bool = False
    properties: tuple[str, ...] = ()
    language: str | None = None
    header_language: str | None = None
    echoed: tuple[tuple[str, str | int | bool], ...] = ()
    system_versions: tuple[str, ...] = ()
    check_system_versions: tuple[str, ...] = ()
    force_system_versions: tuple[str, ...] = ()
    default_value_set_versions: tuple[str, ...] = ()
    excluded_systems: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    overlay: Overlay = Overlay()


@dataclass(frozen=True, slots=True)
class ClosureRequest:
    """$closure of the closure table `name`: add concepts, repeat what came after version `since`, or, with neither, begin."""

    name: str
    concepts: tuple[Coding, ...] = ()
    since: int | None = None


@dataclass(frozen=True, slots=True)
class SubsumesRequest:
    """$subsumes: does `first` subsume `second`?"""

    first: Coding
    second: Coding
    system: str
    version: str | None = None
    overlay: Overlay = Overlay()
    system_versions: tuple[str, ...] = ()
    check_system_versions: tuple[str, ...] = ()
    force_system_versions: tuple[str, ...] = ()
    default_value_set_versions: tuple[str, ...] = ()
