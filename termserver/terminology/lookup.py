"""$lookup: everything about one concept. Source: `CodeSystem-operation-lookup` of R4 and R5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from termserver.errors import NotFound
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupResult
from termserver.terminology.content import Content, SupplementedContent
from termserver.terminology.expansion_entry import property_uris
from termserver.terminology.languages import (
    PREFERRED_FOR_LANGUAGE,
    choose_names,
    language_fits,
    languages_from_header,
)
from termserver.terminology.library import Library
from termserver.terminology.unknown_code_system import version_list


def lookup(library: Library, request: LookupRequest) -> LookupResult:
    """Look one code up.

    Raises
    ------
    NotFound
        If the code system, its version or the code is not known: $lookup answers for what exists.
    """
    library.use_supplements(request.supplements)
    content = content_or_error(library, request.coding.system, request.coding.version)
    header = content.header
    concept = content.concept(request.coding.code)
    if concept is None:
        where = f"{header.url} version {header.version}" if header.version else header.url
        raise NotFound(f"Unable to find code '{request.coding.code}' in {where}", expression="code")
    wanted = WantedProperties(request.properties, content)
    names = choose_names(concept, header.language, languages_from_header(request.language))
    form = content.lookup_form(wanted.named)
    every = designations_shown(concept, header) if form.names_display else concept.designations
    return LookupResult(
        system=header.url,
        version=header.version,
        system_name=form.name,
        concept=concept,
        display=names.shown or concept.display,
        definition=concept.definition if wanted("definition") else None,
        designations=tuple(item for item in every if wanted.has_designation(item.language)),
        properties=tuple(form.properties(content.as_looked_up(concept), content.table, content.hierarchy)),
        supplements=tuple(supplements_used(content)),
    )


class WantedProperties:
    """Which properties the client asked for, by code or URI; all where it named none, or `*`."""

    def __init__(self, named: Iterable[str], content: Content) -> None:
        uris = {uri: code for code, uri in property_uris(content).items()}
        self.named = frozenset(uris.get(item, item) for item in named)
        self._every = not self.named or "*" in self.named
        self._languages = [item.removeprefix("lang.") for item in self.named if item.startswith("lang.")]

    def __call__(self, code: str) -> bool:
        """True if a property is wanted."""
        return self._every or code in self.named

    def has_designation(self, language: str | None) -> bool:
        """True if a designation in a language is wanted: with `lang.X` those in X are."""
        return self("designation") or any(language_fits(language, tag) for tag in self._languages)


def designations_shown(concept: Concept, header: CodeSystem) -> tuple[Designation, ...]:
    """The display as a designation of its language, then the others."""
    if header.language and concept.display:
        return (Designation(concept.display, header.language, PREFERRED_FOR_LANGUAGE), *concept.designations)
    return concept.designations


def supplements_used(content: Content) -> Iterator[str]:
    """The canonicals of the supplements that add to a code system."""
    if isinstance(content, SupplementedContent):
        yield from (supplement.header.canonical for supplement in content.supplements)


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
            f"Valid versions: {version_list(versions)}",
            expression="version",
        )
    raise NotFound(f"A definition for CodeSystem '{system}' could not be found", expression="system")
