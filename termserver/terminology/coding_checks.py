"""One coding against a code system version: system, code, standing, display. What is wrong becomes issues."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from termserver.model.code_system import Concept
from termserver.model.coding import Coding
from termserver.terminology import messages
from termserver.terminology.content import Content
from termserver.terminology.finding import (
    DisplayRules,
    Finding,
    Name,
    check_case,
    check_display,
    check_standing,
    display_is_right,
    names_of,
    under,
)
from termserver.terminology.included_version import unknown_system
from termserver.terminology.languages import display_in
from termserver.terminology.library import Library
from termserver.terminology.providers.snomed_editions import SNOMED_URL, edition_name

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


def check_system(library: Library, finding: Finding) -> bool:
    """Say what is wrong with the coding's system as such; False if nothing more can be said of it."""
    coding = finding.coding
    if not coding.system:
        finding.add(messages.NO_SYSTEM, "")
        return False
    if not _ABSOLUTE.match(coding.system):
        finding.add(messages.RELATIVE_SYSTEM, "system")
        return True
    supplement = library.supplement(coding.system)
    if supplement is not None:
        finding.add(messages.SYSTEM_IS_SUPPLEMENT, "system", supplement.canonical)
        return False
    if library.value_set(coding.system) is not None and not library.code_system_versions(coding.system):
        finding.add(messages.SYSTEM_IS_VALUE_SET, "system", coding.system)
        return False
    return True


def say_unknown_system(library: Library, finding: Finding, version: str | None) -> None:
    """Say that the coding's system is not here, in this version."""
    message, values, finding.missing = unknown_system(library, finding.coding.system, version)
    finding.add(message, "system", *values)


def say_unknown_code(finding: Finding, content: Content) -> None:
    """Say that a code system version does not have the code; a fragment of it may lack what another one has."""
    coding, header = finding.coding, content.header
    if header.content == "fragment":
        finding.add(messages.UNKNOWN_CODE_IN_FRAGMENT, "code", coding.code, header.url, header.version)
    elif header.url == SNOMED_URL:
        edition = edition_name(header.version)
        finding.add(messages.UNKNOWN_CODE_IN_EDITION, "code", coding.code, header.url, header.version, edition)
    elif header.version:
        finding.add(messages.UNKNOWN_CODE, "code", coding.code, header.url, header.version)
    else:
        finding.add(messages.UNKNOWN_CODE_NO_VERSION, "code", coding.code, header.url)
    add_remarks(finding, content)


def add_remarks(finding: Finding, content: Content) -> None:
    """Add what a code system with a grammar says of the code itself."""
    for issue in content.remarks(finding.coding.code):
        finding.issues.append(replace(issue, expression=under(finding.place, issue.expression or "")))


def check_concept(
    finding: Finding,
    content: Content,
    concept: Concept,
    displays: DisplayRules,
    own_names: Sequence[Name] = (),
) -> None:
    """Say what is to be said of a concept that was found.

    Parameters
    ----------
    own_names
        Names that a value set gives the concept.
    """
    finding.content, finding.concept = content, concept
    language = content.header.language
    finding.display = display_in(concept, language, displays.languages) or concept.display or None
    check_case(finding, content, concept)
    if finding.standing:
        check_standing(finding, concept, content.header)
    if finding.coding.display and displays.checked:
        check_display(finding, concept, names_of(concept, language, own_names), language, displays)


def has_right_display(
    coding: Coding, content: Content, concept: Concept, displays: DisplayRules, own_names: Sequence[Name] = ()
) -> bool:
    """True if the coding has no display, or one that the concept may have."""
    if not coding.display:
        return True
    names = names_of(concept, content.header.language, own_names)
    return display_is_right(coding.display, names, displays.languages)


def in_system(coding: Coding, system: str, version: str | None) -> Coding:
    """The coding with a system, and a version if it has none."""
    return replace(coding, system=system, version=coding.version or version)
