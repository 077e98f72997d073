"""$lookup: everything about one concept. Source: `CodeSystem-operation-lookup` of R4 and R5."""

from __future__ import annotations

from termserver.errors import NotFound
from termserver.model.code_system import ConceptProperty
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupResult
from termserver.terminology.content import Content
from termserver.terminology.languages import display_in, language_fits, languages_from_header
from termserver.terminology.library import Library

_ALWAYS = {"display", "definition", "designation", "parent", "child", "inactive", "name", "version", "system", "code"}


def lookup(library: Library, request: LookupRequest) -> LookupResult:
    """Look one code up.

    Raises
    ------
    NotFound
        If the code system, its version or the code is not known: $lookup answers for what exists.
    """
    library.check_supplements(request.supplements)
    content = content_or_error(library, request.coding.system, request.coding.version)
    header = content.header
    concept = content.concept(request.coding.code)
    if concept is None:
        raise NotFound(
            f"Unable to find code '{request.coding.code}' in {header.url} version {header.version}", expression="code"
        )
    languages = languages_from_header(request.language)
    ordinal = int(content.ordinals_of([concept.code])[0])
    codes = content.table.code_of
    wanted = set(request.properties)
    every = not wanted or "*" in wanted
    designations = concept.designations
    if header.language and concept.display:
        designations = (Designation(concept.display, header.language), *designations)
    if not every and "designation" not in wanted and not _languages_named(wanted):
        designations = ()
    elif _languages_named(wanted) and "designation" not in wanted and not every:
        designations = tuple(
            item for item in designations if any(language_fits(item.language, tag) for tag in _languages_named(wanted))
        )
    return LookupResult(
        system=header.url,
        version=header.version,
        system_name=header.name,
        concept=concept,
        display=display_in(concept, header.language, languages) or concept.display,
        designations=designations,
        properties=_properties(concept.properties, wanted, every=every),
        children=tuple(codes(item) for item in content.hierarchy.children.of(ordinal).tolist())
        if every or "child" in wanted
        else (),
        parents=tuple(codes(item) for item in content.hierarchy.parents.of(ordinal).tolist())
        if every or "parent" in wanted
        else (),
        language=header.language,
    )


def _languages_named(wanted: set[str]) -> list[str]:
    return [item.removeprefix("lang.") for item in wanted if item.startswith("lang.")]


def _properties(
    properties: tuple[ConceptProperty, ...], wanted: set[str], *, every: bool
) -> tuple[ConceptProperty, ...]:
    hidden = {"parent", "child", "inactive"}
    return tuple(item for item in properties if item.code not in hidden and (every or item.code in wanted))


def content_or_error(library: Library, system: str, version: str | None) -> Content:
    """The code system.

    Raises
    ------
    NotFound
        Naming the versions that are here, if it is the version that is not.
    """
    content = library.code_system(system, version)
    if content is not None:
        return content
    versions = library.code_system_versions(system)
    if versions:
        raise NotFound(
            f"A definition for CodeSystem '{system}' version '{version}' could not be found. "
            f"Valid versions: {' or '.join(versions)}",
            expression="version",
        )
    raise NotFound(f"A definition for CodeSystem '{system}' could not be found", expression="system")
