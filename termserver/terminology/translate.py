"""$translate: every coding, every map that fits, every match; a whole answer.

The rules, with their sources, are in `docs/fhir.md`. This file calculates over tables in memory; `service` opens
them. Source: `ConceptMap-operation-translate` of R4 and R5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from termserver.fhir.concept_map import declarations_of
from termserver.fhir.elements import split_canonical
from termserver.fhir.map_group_writer import unmapped_relationship
from termserver.index.translation_table import GroupTable, TranslationTable
from termserver.model.coding import Coding
from termserver.model.concept_map import Dependency, DependencyValue, MapElement, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.model.requests import TranslateRequest
from termserver.model.results import TranslateMatch, TranslateResult
from termserver.terminology.languages import Languages, languages_from_header

NOTHING_FOUND = "No translations found"


class MapSurroundings(Protocol):
    """What a translation may ask beyond the tables it is given."""

    def canonical_system(self, url: str) -> str:
        """The canonical URL behind an alias."""
        ...

    def other_map(self, url: str, version: str | None) -> TranslationTable | None:
        """The map that an `other-map` rule names."""
        ...

    def display(self, coding: Coding, languages: Languages) -> str | None:
        """The coding's name in one of the languages, or None."""
        ...

    def codes_of_value_set(self, canonical: str) -> Sequence[Coding] | None:
        """The codes of a value set, or None if it is unknown."""
        ...


@dataclass(slots=True)
class _Answer:
    matches: list[TranslateMatch] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        if message not in self.messages:
            self.messages.append(message)


def translate(
    request: TranslateRequest, tables: Sequence[TranslationTable], surroundings: MapSurroundings
) -> TranslateResult:
    """Translate every coding of the request through every table.

    Parameters
    ----------
    tables
        The maps that were chosen, in the order of their answers.
    """
    answer = _Answer()
    for table in tables:
        head = table.head
        if head.status == "retired":
            answer.say(f"The concept map {head.canonical} is retired")
        if not scopes_fit(request, table):
            answer.say(f"The concept map {head.canonical} is not made for these value sets")
            continue
        for coding in request.codings:
            if request.reverse:
                _translate_back(request, coding, table, surroundings, answer)
            else:
                _translate_one(request, coding, table, surroundings, answer, (head.canonical,))
    if request.language:
        answer.matches = _in_language(answer.matches, languages_from_header(request.language), surroundings)
    found = any(_counts(match) for match in answer.matches)
    if not found and not answer.messages:
        answer.say(NOTHING_FOUND)
    return TranslateResult(found, tuple(answer.matches), "; ".join(answer.messages) or None)


def _counts(match: TranslateMatch) -> bool:
    return (
        match.target is not None
        and match.relationship is not None
        and (match.relationship is not Relationship.NOT_RELATED)
    )


def scopes_fit(request: TranslateRequest, table: TranslationTable) -> bool:
    """A map that declares a value set serves only requests for it; one that declares none serves all."""
    if not request.source_scope and not request.target_scope:
        return True
    for wanted, declared in (
        (request.source_scope, table.head.source_scope),
        (request.target_scope, table.head.target_scope),
    ):
        if not wanted or not declared:
            continue
        (url, version), (own_url, own_version) = split_canonical(wanted), split_canonical(declared)
        if url != own_url or (version and own_version and version != own_version):
            return False
    return True


# ------------------------------------------------------------------ source to target


def _translate_one(
    request: TranslateRequest,
    coding: Coding,
    table: TranslationTable,
    surroundings: MapSurroundings,
    answer: _Answer,
    visited: tuple[str, ...],
) -> None:
    origin = table.head.canonical
    for group_table in fitting_groups(request, coding, table, surroundings):
        group = group_table.group
        elements = group_table.elements(coding.code)
        if not elements:
            if group.unmapped is not None:
                _apply_unmapped(request, coding, table, group_table, surroundings, answer, visited)
            continue
        for element in elements:
            if element.no_map:
                reason = f": {element.comment}" if element.comment else ""
                answer.say(f"The code '{coding.code}' has no map{reason}")
                answer.matches.append(
                    TranslateMatch(None, None, origin, _source(coding, element), "unmatched", element.comment)
                )
                continue
            for target in element.targets:
                depends_on = _resolved(target.depends_on, table) if target.depends_on else ()
                if depends_on and not _dependencies_allow(request, target.depends_on, depends_on, surroundings):
                    continue
                answer.matches.append(_match(target, depends_on, element, coding, table, group_table))


def fitting_groups(
    request: TranslateRequest, coding: Coding, table: TranslationTable, surroundings: MapSurroundings
) -> Iterator[GroupTable]:
    """The groups of a map that may hold the coding, and lead to (in reverse: from) a system that was asked for."""
    others = request.source_systems if request.reverse else request.target_systems
    for group_table in table.groups:
        group = group_table.group
        ends = [(group.source, group.source_version), (group.target, group.target_version)]
        near, far = reversed(ends) if request.reverse else ends
        if not _end_fits(*near, coding.system, coding.version, surroundings):
            continue
        if not others or any(_end_fits(*far, *split_canonical(wanted), surroundings) for wanted in others):
            yield group_table


def _end_fits(
    own: str, own_version: str | None, system: str, version: str | None, surroundings: MapSurroundings
) -> bool:
    if own != system and surroundings.canonical_system(own) != surroundings.canonical_system(system):
        return False
    return not (own_version and version and own_version != version)


def _source(coding: Coding, element: MapElement) -> Coding:
    return Coding(coding.system, coding.code, coding.version, coding.display or element.display)


def _match(
    target: MapTarget,
    depends_on: tuple[Dependency, ...],
    element: MapElement,
    coding: Coding,
    table: TranslationTable,
    group_table: GroupTable,
) -> TranslateMatch:
    group = group_table.group
    return TranslateMatch(
        Coding(group.target, target.code, group.target_version, target.display),
        target.relationship,
        table.head.canonical,
        _source(coding, element),
        target.r4_equivalence,
        target.comment,
        depends_on,
        _resolved(target.products, table) if target.products else (),
        _property_uris(target, table) if target.properties else (),
    )


def _resolved(dependencies: tuple[Dependency, ...], table: TranslationTable) -> tuple[Dependency, ...]:
    """With the attribute's uri in place of the code that the map declares for it."""
    uris = declarations_of(table.head).uri_of_attribute
    return tuple(replace(item, attribute=uris.get(item.attribute, item.attribute)) for item in dependencies)


def _property_uris(target: MapTarget, table: TranslationTable) -> tuple[tuple[str, DependencyValue], ...]:
    declared = table.head.other.get("property")
    uris = {
        item.get("code"): item.get("uri")
        for item in (declared if isinstance(declared, list) else ())
        if isinstance(item, dict)
    }
    return tuple((uris.get(code) or code, value) for code, value in target.properties)


def _dependencies_allow(
    request: TranslateRequest,
    by_code: tuple[Dependency, ...],
    by_uri: tuple[Dependency, ...],
    surroundings: MapSurroundings,
) -> bool:
    """False if a dependency was given with another value; one that was not given stays open, and is shown."""
    for coded, resolved in zip(by_code, by_uri, strict=True):
        given = [
            value
            for attribute, values in request.dependencies
            if attribute in (coded.attribute, resolved.attribute)
            for value in values
        ]
        if given and not any(_same_value(value, resolved, surroundings) for value in given):
            return False
    return True


def _same_value(given: DependencyValue, wanted: Dependency, surroundings: MapSurroundings) -> bool:
    if wanted.value is None and wanted.value_set:
        codes = surroundings.codes_of_value_set(wanted.value_set)
        return codes is None or any(_same_plain(given, code, surroundings) for code in codes)
    return wanted.value is not None and _same_plain(given, wanted.value, surroundings)


def _same_plain(given: DependencyValue, own: DependencyValue, surroundings: MapSurroundings) -> bool:
    if isinstance(given, Coding) and isinstance(own, Coding):
        same_system = (
            not given.system
            or not own.system
            or (surroundings.canonical_system(given.system) == surroundings.canonical_system(own.system))
        )
        return same_system and given.code == own.code
    texts = [value.code if isinstance(value, Coding) else value for value in (given, own)]
    return texts[0] == texts[1] or str(texts[0]).lower() == str(texts[1]).lower()


# ------------------------------------------------------------------ codes that a group does not list


def _apply_unmapped(
    request: TranslateRequest,
    coding: Coding,
    table: TranslationTable,
    group_table: GroupTable,
    surroundings: MapSurroundings,
    answer: _Answer,
    visited: tuple[str, ...],
) -> None:
    group, unmapped = group_table.group, group_table.group.unmapped
    if unmapped is None:
        return
    if unmapped.mode == "other-map":
        _follow_other_map(request, coding, unmapped, surroundings, answer, visited)
        return
    for code, display in _supplied_codes(coding, unmapped, surroundings):
        target = code if isinstance(code, Coding) else Coding(group.target, code, group.target_version, display)
        answer.matches.append(TranslateMatch(target, unmapped_relationship(unmapped), table.head.canonical, coding))


def _supplied_codes(
    coding: Coding, unmapped: Unmapped, surroundings: MapSurroundings
) -> Iterator[tuple[Coding | str, str | None]]:
    if unmapped.mode == "use-source-code":
        yield coding.code, coding.display
    elif unmapped.code:
        yield unmapped.code, unmapped.display
    elif unmapped.value_set:
        for found in surroundings.codes_of_value_set(unmapped.value_set) or ():
            yield found, None


def _follow_other_map(
    request: TranslateRequest,
    coding: Coding,
    unmapped: Unmapped,
    surroundings: MapSurroundings,
    answer: _Answer,
    visited: tuple[str, ...],
) -> None:
    if not unmapped.other_map:
        answer.say("An unmapped rule says other-map and names none")
        return
    table = surroundings.other_map(*split_canonical(unmapped.other_map))
    if table is None:
        answer.say(f"The map for unmapped codes, {unmapped.other_map}, is not known here")
    elif table.head.canonical in visited:
        answer.say(f"The maps for unmapped codes form a circle: {' → '.join((*visited, table.head.canonical))}")
    else:
        _translate_one(request, coding, table, surroundings, answer, (*visited, table.head.canonical))


# ------------------------------------------------------------------ target to source


def _translate_back(
    request: TranslateRequest,
    coding: Coding,
    table: TranslationTable,
    surroundings: MapSurroundings,
    answer: _Answer,
) -> None:
    for group_table in fitting_groups(request, coding, table, surroundings):
        group = group_table.group
        for element in group_table.sources_of(coding.code):
            source = Coding(group.source, element.code, group.source_version, element.display)
            for target in element.targets:
                if target.code != coding.code:
                    continue
                depends_on = _resolved(target.depends_on, table) if target.depends_on else ()
                if depends_on and not _dependencies_allow(request, target.depends_on, depends_on, surroundings):
                    continue
                match = _match(target, depends_on, element, source, table, group_table)
                answer.matches.append(replace(match, source=source))


# ------------------------------------------------------------------ languages


def _in_language(
    matches: list[TranslateMatch], languages: Languages, surroundings: MapSurroundings
) -> list[TranslateMatch]:
    def named(coding: Coding) -> Coding:
        display = surroundings.display(coding, languages)
        return coding if display is None else replace(coding, display=display)

    return [
        replace(match, target=named(match.target) if match.target else None, source=named(match.source))
        for match in matches
    ]
