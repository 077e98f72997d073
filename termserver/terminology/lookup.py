"""$lookup: everything about one concept. Source: `CodeSystem-operation-lookup` of R4 and R5."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from termserver.errors import NotFound
from termserver.model.code_system import Concept
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupProperty, LookupResult, OwnLookup
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

_NEIGHBOURS = ("parent", "child")
_OWN_PLACE = {*_NEIGHBOURS, "inactive"}


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
    wanted = _Wanted(request.properties, content)
    names = choose_names(concept, header.language, languages_from_header(request.language))
    own = content.looked_up(concept, wanted.named)
    return LookupResult(
        system=header.url,
        version=header.version,
        system_name=header.name if own is None else own.name,
        concept=concept,
        display=names.shown or concept.display,
        definition=concept.definition if wanted("definition") else None,
        designations=tuple(_wanted_designations(_designations(content, concept, own), wanted)),
        properties=tuple(_properties(concept, content, wanted)) if own is None else own.properties,
        supplements=tuple(_supplements(content)),
    )


class _Wanted:
    """Which properties the client asked for, by code or URI; all where it named none, or `*`."""

    def __init__(self, named: Iterable[str], content: Content) -> None:
        uris = {uri: code for code, uri in property_uris(content).items()}
        self.named = frozenset(uris.get(item, item) for item in named)
        self._every = not self.named or "*" in self.named
        self.languages = [item.removeprefix("lang.") for item in self.named if item.startswith("lang.")]

    def __call__(self, code: str) -> bool:
        return self._every or code in self.named


def _designations(content: Content, concept: Concept, own: OwnLookup | None) -> tuple[Designation, ...]:
    """The display as a designation of its language, then the others; or those of a system with rules of its own."""
    language = content.header.language
    if own is not None:
        return own.designations
    if language and concept.display:
        return (Designation(concept.display, language, PREFERRED_FOR_LANGUAGE), *concept.designations)
    return concept.designations


def _wanted_designations(every: Iterable[Designation], wanted: _Wanted) -> Iterator[Designation]:
    """All of them; with `lang.X` those in X alone."""
    for item in every:
        if wanted("designation") or any(language_fits(item.language, tag) for tag in wanted.languages):
            yield item


def _properties(concept: Concept, content: Content, wanted: _Wanted) -> Iterator[LookupProperty]:
    if wanted("inactive"):
        yield LookupProperty("inactive", not concept.active, "boolean")
    yield from _neighbours(concept, content, wanted)
    shown = [item for item in concept.properties if item.code not in _OWN_PLACE and wanted(item.code)]
    named = [item.code for item in shown]
    named += [str(item.value) for item in shown if item.kind == "code"]
    displays = dict(zip(named, content.table.displays_of(named), strict=True)) if named else {}
    for item in shown:
        description = displays.get(str(item.value)) if item.kind == "code" else None
        yield LookupProperty(item.code, item.value, item.kind, description, displays.get(item.code))


def _neighbours(concept: Concept, content: Content, wanted: _Wanted) -> Iterator[LookupProperty]:
    ordinal = int(content.ordinals_of([concept.code])[0])
    hierarchy, table = content.hierarchy, content.table
    for name, edges in zip(_NEIGHBOURS, (hierarchy.parents, hierarchy.children), strict=True):
        if ordinal >= 0 and wanted(name):
            for other in edges.of(ordinal).tolist():
                yield LookupProperty(name, table.code_of(other), "code", table.display_of(other) or None)


def _supplements(content: Content) -> Iterator[str]:
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
