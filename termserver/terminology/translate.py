"""$translate: every coding, every map that fits, every match; a whole answer.

The rules, with their sources, are in `docs/translate.md`. This file calculates over tables in memory; `service` opens
them. Source: `ConceptMap-operation-translate` of R4 and R5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from termserver.fhir.elements import split_canonical
from termserver.fhir.map_group_writer import unmapped_relationship
from termserver.index.translation_table import GroupTable, TranslationTable
from termserver.model.coding import Coding
from termserver.model.concept_map import MapElement, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.model.requests import TranslateRequest
from termserver.model.results import TranslateMatch, TranslateResult
from termserver.terminology.contained_maps import contained_map
from termserver.terminology.languages import Languages, languages_from_header
from termserver.terminology.map_conditions import Scope, dependencies_allow, property_uris, resolved, scopes_of
from termserver.terminology.map_surroundings import MapSurroundings

NOTHING_FOUND = "No translations found"
_MOST_MAPS_FOLLOWED = 20
_MOST_HINTS = 10


@dataclass(slots=True)
class _Answer:
    """What was found so far.

    Parameters
    ----------
    standing
        Which maps are no active ones.
    messages
        What went wrong on the way, or why a code has no map.
    hints
        Why something was left out: told where nothing was found.
    """

    matches: list[TranslateMatch] = field(default_factory=list)
    standing: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def say(self, message: str) -> None:
        if message not in self.messages:
            self.messages.append(message)

    def hint(self, message: str) -> None:
        if message not in self.hints and len(self.hints) < _MOST_HINTS:
            self.hints.append(message)


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
        _say_status(table, answer)
        scopes = scopes_of(request, table.head, surroundings)
        problem = next((scope.problem for scope in scopes if scope.problem), None)
        if problem:
            answer.hint(problem)
            continue
        walk = _Walk(request, table, *scopes, surroundings, answer, (table.head.canonical,))
        for coding in request.codings:
            walk.back(coding) if request.reverse else walk.forth(coding)
    if request.language:
        answer.matches = _in_language(answer.matches, languages_from_header(request.language), surroundings)
    found = any(_counts(match) for match in answer.matches)
    if not found:
        answer.messages += answer.hints
        if not answer.messages:
            answer.say(NOTHING_FOUND)
    return TranslateResult(found, tuple(answer.matches), "; ".join((*answer.messages, *answer.standing)) or None)


def _say_status(table: TranslationTable, answer: _Answer) -> None:
    """Of a map that a request brings, the client knows the status."""
    head = table.head
    if head.status in ("draft", "retired") and not table.is_brought:
        said = f"The concept map {head.canonical} is {'a draft' if head.status == 'draft' else 'retired'}"
        if said not in answer.standing:
            answer.standing.append(said)


def _counts(match: TranslateMatch) -> bool:
    return match.target is not None and match.relationship not in (None, Relationship.NOT_RELATED)


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


@dataclass(frozen=True, slots=True)
class _Walk:
    """One request through one map; matches and messages go into `answer`.

    Parameters
    ----------
    visited
        The maps that led here through `other-map`, this one included.
    """

    request: TranslateRequest
    table: TranslationTable
    source_scope: Scope
    target_scope: Scope
    surroundings: MapSurroundings
    answer: _Answer
    visited: tuple[str, ...]

    # ------------------------------------------------------------------ source to target

    def forth(self, coding: Coding) -> None:
        """From a source code to its targets."""
        if not self._in_scope(self.source_scope, coding):
            return
        for group_table in fitting_groups(self.request, coding, self.table, self.surroundings):
            elements = [*group_table.elements(coding.code), *self._elements_by_value_set(group_table, coding)]
            if not elements and group_table.group.unmapped is not None:
                self._apply_unmapped(coding, group_table, group_table.group.unmapped)
            for element in elements:
                if element.no_map:
                    self._add_no_map(coding, element)
                for target in element.targets:
                    self._add_targets(target, _source(coding, element), group_table)

    def _in_scope(self, scope: Scope, coding: Coding) -> bool:
        if scope.holds(coding):
            return True
        self.answer.hint(f"The code '{coding.code}' is not in the value set {scope.wanted}")
        return False

    def _elements_by_value_set(self, group_table: GroupTable, coding: Coding) -> Iterator[MapElement]:
        for element in group_table.elements_of_value_sets():
            held = self.surroundings.value_set_holds(element.value_set or "", coding)
            if held is None:
                self._say_unknown(element.value_set)
            elif held:
                yield element

    def _say_unknown(self, value_set: str | None) -> None:
        self.answer.say(f"The value set {value_set}, which {self.table.head.canonical} uses, is not known here")

    def _add_no_map(self, coding: Coding, element: MapElement) -> None:
        reason = f": {element.comment}" if element.comment else ""
        self.answer.say(f"The code '{coding.code}' has no map{reason}")
        origin, source = self.table.head.canonical, _source(coding, element)
        self.answer.matches.append(
            TranslateMatch(
                None, None, origin, source, "unmatched", element.comment, origin_hash=self.table.content_hash
            )
        )

    def _add_targets(self, target: MapTarget, source: Coding, group_table: GroupTable) -> None:
        """One match for a target that is a code, one for each code of a target that is a value set."""
        group = group_table.group
        if not target.value_set:
            code = Coding(group.target, target.code, group.target_version, target.display)
            self._add_match(target, code, source)
            return
        codes = self.surroundings.codes_of_value_set(target.value_set)
        if codes is None:
            self._say_unknown(target.value_set)
        for code in codes or ():
            if self.surroundings.canonical_system(code.system) == self.surroundings.canonical_system(group.target):
                self._add_match(target, code, source)

    def _add_match(self, target: MapTarget, code: Coding, source: Coding) -> None:
        depends_on = resolved(target.depends_on, self.table.head)
        if depends_on and not dependencies_allow(self.request, target.depends_on, depends_on, self.surroundings):
            return
        if not self._in_scope(self.target_scope, code):
            return
        self.answer.matches.append(
            TranslateMatch(
                code,
                target.relationship,
                self.table.head.canonical,
                source,
                target.r4_equivalence,
                target.comment,
                depends_on,
                resolved(target.products, self.table.head),
                property_uris(target, self.table.head),
                self.table.content_hash,
            )
        )

    # ------------------------------------------------------------------ codes that a group does not list

    def _apply_unmapped(self, coding: Coding, group_table: GroupTable, unmapped: Unmapped) -> None:
        if unmapped.mode == "other-map":
            self._follow_other_map(coding, unmapped)
            return
        group = group_table.group
        for supplied in self._supplied(coding, unmapped):
            target = supplied
            if not supplied.system:
                target = replace(supplied, system=group.target, version=group.target_version)
            if self.table.is_brought or (target.display and unmapped.value_set):
                shown = target
            else:
                shown = replace(target, display=self.surroundings.own_display(target) or target.display)
            if self._in_scope(self.target_scope, shown):
                relationship, origin = unmapped_relationship(unmapped), self.table.head.canonical
                self.answer.matches.append(
                    TranslateMatch(shown, relationship, origin, coding, origin_hash=self.table.content_hash)
                )

    def _supplied(self, coding: Coding, unmapped: Unmapped) -> Iterator[Coding]:
        """The codes of the rule; without a system where it is the group's target."""
        if unmapped.mode == "use-source-code":
            yield Coding("", coding.code, None, coding.display)
        elif unmapped.code:
            yield Coding("", unmapped.code, None, unmapped.display)
        elif unmapped.value_set:
            codes = self.surroundings.codes_of_value_set(unmapped.value_set)
            if codes is None:
                self._say_unknown(unmapped.value_set)
            yield from codes or ()

    def _follow_other_map(self, coding: Coding, unmapped: Unmapped) -> None:
        if not unmapped.other_map:
            self.answer.say("An unmapped rule says other-map and names none")
            return
        if unmapped.other_map.startswith("#"):
            table = contained_map(self.table.head, unmapped.other_map)
        else:
            table = self.surroundings.other_map(*split_canonical(unmapped.other_map))
        if table is None:
            self.answer.say(f"The map for unmapped codes, {unmapped.other_map}, is not known here")
            return
        visited = (*self.visited, table.head.canonical)
        if table.head.canonical in self.visited:
            self.answer.say(f"The maps for unmapped codes form a circle: {' → '.join(visited)}")
        elif len(visited) > _MOST_MAPS_FOLLOWED:
            self.answer.say(f"More than {_MOST_MAPS_FOLLOWED} maps for unmapped codes lead from one to the next")
        else:
            _say_status(table, self.answer)
            replace(self, table=table, visited=visited).forth(coding)

    # ------------------------------------------------------------------ target to source

    def back(self, coding: Coding) -> None:
        """From a target code to all its sources."""
        if not self._in_scope(self.target_scope, coding):
            return
        for group_table in fitting_groups(self.request, coding, self.table, self.surroundings):
            group = group_table.group
            elements = [*group_table.sources_of(coding.code), *group_table.elements_to_value_sets()]
            for element in elements:
                for target in element.targets:
                    if not self._leads_to(target, coding):
                        continue
                    display = target.display if target.code else coding.display
                    found = Coding(group.target, coding.code, group.target_version, display)
                    for source in self._sources(element, group_table):
                        if self._in_scope(self.source_scope, source):
                            self._add_match(target, found, source)

    def _leads_to(self, target: MapTarget, coding: Coding) -> bool:
        if target.value_set:
            return bool(self.surroundings.value_set_holds(target.value_set, coding))
        return target.code == coding.code

    def _sources(self, element: MapElement, group_table: GroupTable) -> Iterator[Coding]:
        group = group_table.group
        if element.value_set:
            yield from self.surroundings.codes_of_value_set(element.value_set) or ()
        else:
            yield Coding(group.source, element.code, group.source_version, element.display)


def _source(coding: Coding, element: MapElement) -> Coding:
    return Coding(coding.system, coding.code, coding.version, coding.display or element.display)


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
