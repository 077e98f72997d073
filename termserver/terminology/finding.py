"""What $validate-code finds of one coding: its status and its display against the concept, as issues.

The texts are those of HL7's validator, as its terminology tests show them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from termserver.model.code_system import Concept
from termserver.model.coding import Coding
from termserver.model.issue import Issue
from termserver.model.requests import ValidateCodeRequest
from termserver.terminology.content import Content
from termserver.terminology.languages import Languages, language_fits


@dataclass(slots=True)
class Finding:
    """What was found of one coding."""

    coding: Coding
    valid: bool = False
    member: bool = False
    content: Content | None = None
    concept: Concept | None = None
    display: str | None = None
    unknown_system: str | None = None
    issues: list[Issue] = field(default_factory=list)

    def add(self, severity: str, code: str, kind: str, text: str, place: str, message_id: str) -> None:
        """Add an issue; `kind` is its tx-issue-type, `place` its FHIRPath."""
        self.issues.append(Issue(severity, code, text, kind, place or None, message_id))


def under(place: str, element: str) -> str:
    """The FHIRPath of an element of the coding at `place`; a bare `code` has none above it."""
    return f"{place}.{element}" if place else element


def check_case(finding: Finding, concept: Concept, place: str) -> None:
    """Say where the code is right but for its case."""
    if concept.code == finding.coding.code or finding.content is None:
        return
    finding.add(
        "information",
        "business-rule",
        "code-rule",
        f"The code '{finding.coding.code}' differs from the correct code '{concept.code}' by case. Although the code "
        f"system '{finding.content.header.canonical}' is case insensitive, implementers are strongly encouraged to "
        "use the correct case anyway",
        under(place, "code"),
        "CODE_CASE_DIFFERENCE",
    )


def check_status(finding: Finding, concept: Concept, request: ValidateCodeRequest, place: str) -> None:
    """Say where the concept is abstract or inactive; an abstract one is not valid where it may not be chosen."""
    if concept.abstract and not request.abstract_allowed:
        finding.valid = False
        finding.add(
            "error",
            "business-rule",
            "code-rule",
            f"Code '{finding.coding.system}#{concept.code}' is abstract, and not allowed in this context",
            under(place, "code"),
            "ABSTRACT_CODE_NOT_ALLOWED",
        )
    if not concept.active:
        finding.add(
            "warning",
            "business-rule",
            "code-comment",
            f"The concept '{concept.code}' has a status of {_status(concept)} and its use should be reviewed",
            place or "code",
            "INACTIVE_CONCEPT_FOUND",
        )


def _status(concept: Concept) -> str:
    named = next((item.value for item in concept.properties if item.code == "status"), None)
    return f"{named} and inactive" if isinstance(named, str) and named != "inactive" else "inactive"


def check_display(
    finding: Finding,
    concept: Concept,
    system_language: str | None,
    languages: Languages,
    place: str,
    *,
    lenient: bool,
) -> None:
    """Compare the sender's display with the names of the concept in the wanted languages.

    Parameters
    ----------
    lenient
        True makes a wrong display a warning.
    """
    given = finding.coding.display or ""
    names = _valid_names(concept, system_language, languages)
    if any(given.casefold() == name.casefold() for name, _ in names):
        return
    severity = "warning" if lenient else "error"
    if not lenient:
        finding.valid = False
    asked = ", ".join(languages.tags) or "--"
    code = f"{finding.coding.system}#{concept.code}"
    where = under(place, "display")
    if not names:
        finding.add(
            severity,
            "invalid",
            "invalid-display",
            f"Wrong Display Name '{given}' for {code}. There are no valid display names found for language(s) "
            f"'{asked}'. Default display is '{concept.display}'",
            where,
            "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR",
        )
        return
    shown = [f"'{name}'" + (f" ({language})" if language else "") for name, language in names]
    choice = (
        f"display is {shown[0]}" if len(shown) == 1 else f"display is one of {len(shown)} choices: {_either(shown)}"
    )
    spaced = any(_without_spaces(given) == _without_spaces(name) for name, _ in names)
    finding.add(
        severity,
        "invalid",
        "invalid-display",
        f"Wrong {'whitespace in ' if spaced else ''}Display Name '{given}' for {code}. Valid {choice} "
        f"(for the language(s) '{asked}')",
        where,
        "Display_Name_WS_for__should_be_one_of__instead_of"
        if spaced
        else "Display_Name_for__should_be_one_of__instead_of",
    )


def _without_spaces(text: str) -> str:
    return "".join(text.split()).casefold()


def _either(shown: Sequence[str]) -> str:
    return ", ".join(shown[:-1]) + f" or {shown[-1]}"


def _valid_names(concept: Concept, system_language: str | None, languages: Languages) -> list[tuple[str, str | None]]:
    """Names that a sender may use: of the wanted languages, or all where none is asked for."""
    every = [(concept.display, system_language)] if concept.display else []
    every += [(item.value, item.language) for item in concept.designations]
    every = list(dict.fromkeys(every))
    if not languages.tags:
        return every
    return [
        (name, language) for name, language in every if any(language_fits(language, tag) for tag in languages.tags)
    ] or ([] if system_language else every)
