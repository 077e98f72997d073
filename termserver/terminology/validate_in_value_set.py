"""ValueSet/$validate-code: whether codes are in a value set, with all that is to be said of them.

A coding is read by every include of its system (`included_version`); the reading that fits best decides: without an
error before one with, then one by which the value set holds the code, then one by which the display is right, then the
newest version.

Source: `ValueSet-operation-validate-code` of R4 and R5; HL7's terminology ecosystem IG (issue types, messages).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from termserver.errors import BadInput, NotFound
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.issue import Issue
from termserver.model.requests import ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology import messages
from termserver.terminology.coding_checks import (
    check_concept,
    check_system,
    has_right_display,
    in_system,
    say_unknown_code,
    say_unknown_system,
)
from termserver.terminology.finding import DisplayRules, Finding, Name, name_of
from termserver.terminology.included_systems import Composition, composition_of
from termserver.terminology.included_version import Reading, find_code_system, read_coding
from termserver.terminology.library import Library
from termserver.terminology.membership import CodeQuestion
from termserver.terminology.providers.grammar import GrammarContent
from termserver.terminology.selection import find_value_set
from termserver.terminology.standing import listed_standing, standing_issues
from termserver.terminology.validation_answer import answer, display_rules, place_of
from termserver.terminology.versions import rules_of


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all codings of a request are checked against."""

    library: Library
    request: ValidateCodeRequest
    value_set: ValueSet
    composition: Composition
    displays: DisplayRules

    @property
    def shown(self) -> str:
        """The value set as a message names it."""
        return self.value_set.canonical or "(unidentified)"


def validate_code_in_value_set(library: Library, request: ValidateCodeRequest) -> ValidateCodeResult:
    """Whether codes are in a value set.

    Raises
    ------
    NotFound
        If the value set, or a supplement that it or the request needs, is not here.
    NotSupported
        If value sets import each other in a circle.
    """
    value_set = _named_value_set(library, request)
    library.use_supplements((*request.supplements, *value_set.supplements))
    try:
        composition = composition_of(library, value_set, rules_of(request))
    except NotFound as error:
        return _without_import(request, error)
    for imported in composition.value_sets.values():
        library.use_supplements(imported.supplements)
    asked = _Asked(library, request, value_set, composition, display_rules(request, value_set))
    findings = [_check(asked, coding, place_of(request, number)) for number, coding in enumerate(request.codings)]
    if any(finding.member for finding in findings):
        _soften(findings)
    general = _general(asked, findings)
    answered = answer(request, findings, general, _diagnostics(asked, findings) if request.diagnostics else None)
    return replace(answered, across_versions=True) if answered.issues and composition.crosses_versions else answered


def _diagnostics(asked: _Asked, findings: Sequence[Finding]) -> str:
    """What the answer rests on: the value sets and the code system versions that were asked."""
    lines = [f"Value set {item.canonical or '(unidentified)'}" for item in asked.composition.value_sets.values()]
    for item in asked.composition.includes:
        wanted = item.wanted
        version = f"version {wanted.version} by {wanted.origin.value}" if wanted.version else "the newest version"
        lines.append(f"Includes {item.system}, {version}")
    used = [finding.content.header.canonical for finding in findings if finding.content]
    return "\n".join(dict.fromkeys([*lines, *(f"Code system {canonical}" for canonical in used)]))


def _named_value_set(library: Library, request: ValidateCodeRequest) -> ValueSet:
    if request.inline_value_set is not None:
        return request.inline_value_set
    if request.value_set_id is not None:
        return library.value_set_by_id(request.value_set_id)
    if request.value_set_url is None:
        raise BadInput("No value set to validate against: give url, valueSet, or the id in the path", expression="url")
    return find_value_set(library, request.value_set_url, request.value_set_version)


def _without_import(request: ValidateCodeRequest, error: NotFound) -> ValidateCodeResult:
    """The answer where the value set imports one that is not here: nothing can be said of any code."""
    findings = [Finding(coding, place_of(request, number)) for number, coding in enumerate(request.codings)]
    issue = Issue("error", "not-found", error.message, "not-found", None, error.message_id)
    return answer(request, findings, [issue])


def _general(asked: _Asked, findings: Sequence[Finding]) -> list[Issue]:
    """Issues that are of no one coding."""
    headers: list[CodeSystem] = [finding.content.header for finding in findings if finding.content and finding.included]
    issues = standing_issues(asked.composition.value_sets.values(), headers, asked.value_set)
    if asked.request.from_concept and all(finding.member is False for finding in findings):
        issues.insert(0, messages.NO_CODING_IN_VALUE_SET.issue(None, asked.shown))
    return issues


def _soften(findings: Sequence[Finding]) -> None:
    """Where one coding is in the value set, a further one of a system that is not here is no more than a warning."""
    for finding in findings:
        if finding.missing and not finding.missing_is_cause:
            finding.told = []
            finding.issues = [
                replace(issue, severity="warning") if issue.code == "not-found" else issue for issue in finding.issues
            ]


def _check(asked: _Asked, coding: Coding, place: str) -> Finding:
    finding = Finding(coding, place, member=False)
    if not coding.system and asked.request.infer_system and not _infer_system(asked, finding):
        _say_not_in(asked, finding)
        return finding
    if not asked.composition.of_system(asked.library, finding.coding.system):
        _check_outside(asked, finding)
        _say_not_in(asked, finding)
        return finding
    _check_inside(asked, finding)
    if finding.member is False:
        _say_not_in(asked, finding)
    return finding


def _infer_system(asked: _Asked, finding: Finding) -> bool:
    """Give the coding the one system of the value set that has its code; False, said as an issue, if it is not one."""
    systems = []
    for system in dict.fromkeys(item.system for item in asked.composition.includes):
        best = _best_reading(asked, in_system(finding.coding, system, None))
        if best.held:
            systems.append(system)
    if len(systems) == 1:
        finding.coding = in_system(finding.coding, systems[0], None)
    elif systems:
        finding.add(messages.SEVERAL_SYSTEMS_FIT, "code", finding.coding.code, asked.shown, ", ".join(systems))
    else:
        finding.add(messages.NO_SYSTEM_FITS, "code", finding.coding.code, asked.shown)
    return len(systems) == 1


def _say_not_in(asked: _Asked, finding: Finding) -> None:
    coding = finding.coding
    version = f"|{coding.version}" if coding.version else ""
    display = f" ('{coding.display}')" if coding.display else ""
    message = messages.THIS_CODE_NOT_IN_VALUE_SET if asked.request.from_concept else messages.NOT_IN_VALUE_SET
    finding.told += _reasons(asked, finding)
    finding.add(message, "code", f"{coding.system}{version}#{coding.code}{display}", asked.shown)


def _reasons(asked: _Asked, finding: Finding) -> list[str]:
    """Why the filters of the value set do not select a code, where its system can tell; said beside the issue."""
    content = finding.content
    if not isinstance(content, GrammarContent):
        return []
    includes = asked.composition.of_system(asked.library, finding.coding.system)
    rules = [rule for item in includes for rule in item.include.filters]
    reasons = [content.why_not_selected(rule, finding.coding.code) for rule in rules]
    return [reason for reason in reasons if reason is not None]


# ------------------------------------------------------------------ a system that the value set does not include


def _check_outside(asked: _Asked, finding: Finding) -> None:
    """Say whether the code is one at all."""
    coding = finding.coding
    if asked.request.membership_only and coding.system:
        return
    if not check_system(asked.library, finding):
        return
    wanted = asked.composition.rules.version_of_code(coding.system, coding.version)
    content = find_code_system(asked.library, coding.system, wanted)
    if content is None:
        say_unknown_system(asked.library, finding, wanted)
        finding.missing_is_cause = False
        return
    finding.content = content
    concept = content.concept(coding.code)
    if concept is None:
        say_unknown_code(finding, content)
    else:
        check_concept(finding, content, concept, asked.displays)


# ------------------------------------------------------------------ a system that the value set includes


@dataclass(frozen=True, slots=True)
class _Judged:
    """A reading of a coding, and whether by it the value set holds the code, which it may list.

    Parameters
    ----------
    included
        An include selects the code, though an exclude may take it out.
    """

    reading: Reading
    concept: Concept | None = None
    included: bool = False
    held: bool = False
    display_is_right: bool = False
    listings: tuple[tuple[IncludedConcept, ValueSet], ...] = ()

    @property
    def merit(self) -> tuple[bool, bool, bool, object]:
        """Sorts readings, the best last."""
        return not self.reading.wrong, self.held, self.display_is_right, self.reading.newness


def _best_reading(asked: _Asked, coding: Coding) -> _Judged:
    included = asked.composition.of_system(asked.library, coding.system)
    every = dict.fromkeys(item.wanted for item in included)
    judged = [
        _judge(asked, coding, read_coding(asked.library, asked.composition.rules, coding, item)) for item in every
    ]
    return max(judged, key=lambda item: item.merit)


def _judge(asked: _Asked, coding: Coding, reading: Reading) -> _Judged:
    content = reading.content
    if content is None:
        return _Judged(reading)
    concept = content.concept(coding.code)
    if concept is None and content.header.content != "fragment":
        return _Judged(reading)
    question = CodeQuestion(asked.library, asked.composition, content, coding.code, concept)
    held = question.in_value_set(asked.value_set, inactive_too=True)
    if concept is None:
        return _Judged(reading, None, held, held)
    listings = tuple(asked.composition.listings(asked.library, content, concept.code))
    right = has_right_display(coding, content, concept, asked.displays, _names(listings))
    included = held or question.is_included(asked.value_set)
    return _Judged(reading, concept, included, held, right, listings)


def _names(listings: Sequence[tuple[IncludedConcept, ValueSet]]) -> list[Name]:
    """The names that value sets give a concept."""
    named = [Name(listed.display, owner.language) for listed, owner in listings if listed.display]
    return named + [name_of(item) for listed, _ in listings for item in listed.designations]


def _check_inside(asked: _Asked, finding: Finding) -> None:
    judged = _best_reading(asked, finding.coding)
    reading = judged.reading
    for message, element, values in reading.said:
        finding.add(message, element, *values)
    finding.missing = reading.unknown
    if reading.content is None:
        finding.member = None
        _tell_of_other_version(asked, finding)
        return
    finding.content = reading.content
    finding.included = True
    finding.member = judged.held
    if judged.concept is None:
        if not asked.request.membership_only or judged.held:
            say_unknown_code(finding, reading.content)
        return
    finding.standing = judged.included
    check_concept(finding, reading.content, judged.concept, asked.displays, _names(judged.listings))
    if judged.held:
        _check_use(asked, finding, judged)


def _check_use(asked: _Asked, finding: Finding, judged: _Judged) -> None:
    """Say where the value set holds a concept that it, or the request, does not want to be used."""
    concept = judged.concept
    if concept is None:
        return
    for listed, owner in judged.listings:
        standing = listed_standing(listed)
        if standing is not None:
            values = (concept.code, finding.coding.system, owner.canonical, standing)
            finding.add(messages.DEPRECATED_IN_VALUE_SET, "code", *values)
    if concept.abstract and not asked.request.abstract_allowed:
        finding.member = False
        finding.add(messages.ABSTRACT_CODE, "code", f"{finding.coding.system}#{concept.code}")
    if not concept.active and (asked.request.active_only or asked.value_set.inactive is False):
        finding.member = False
        finding.add(messages.NOT_ACTIVE, "code", finding.coding.code)


def _tell_of_other_version(asked: _Asked, finding: Finding) -> None:
    """Where the version meant is not here: what the code is in the version that is."""
    coding = finding.coding
    wanted = asked.composition.rules.version_of_code(coding.system, coding.version)
    content = find_code_system(asked.library, coding.system, wanted)
    concept = content.concept(coding.code) if content else None
    if content is not None and concept is not None:
        finding.content, finding.concept, finding.display = content, concept, concept.display or None
