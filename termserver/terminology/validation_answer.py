"""What $validate-code findings have in common: where a coding stands, how displays are compared, one answer for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from termserver.model.issue import Issue
from termserver.model.requests import ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.model.value_set import ValueSet
from termserver.terminology.finding import DisplayRules, Finding, status_of
from termserver.terminology.languages import languages_from_header


def place_of(request: ValidateCodeRequest, number: int) -> str:
    """The FHIRPath of a coding of the request; empty for a bare `code`."""
    return f"CodeableConcept.coding[{number}]" if request.from_concept else request.place


def display_rules(request: ValidateCodeRequest, value_set: ValueSet | None = None) -> DisplayRules:
    """How the request wants displays to be compared.

    The languages are those of `displayLanguage`; else what the value set fixes, the header, the value set's own.
    """
    fixed = dict(value_set.parameters).get("displayLanguage") if value_set else None
    own = value_set.language if value_set else None
    asked = request.language or (fixed if isinstance(fixed, str) else None) or request.header_language or own
    checked = not request.membership_only
    return DisplayRules(languages_from_header(asked), asked, request.lenient_display, checked)


def answer(
    request: ValidateCodeRequest, findings: Sequence[Finding], general: Sequence[Issue], diagnostics: str | None = None
) -> ValidateCodeResult:
    """One answer for all codings: true if one of them is right and nothing is wrong.

    It tells of the coding that decided: the first one that is right, else the first one that is found. Of a
    CodeableConcept without such a coding it tells nothing but the issues.

    Parameters
    ----------
    general
        Issues that are of no coding, first in the answer.
    """
    issues = (*general, *(issue for finding in findings for issue in finding.issues))
    told = [issue.text for issue in general if issue.severity == "error"]
    told += [text for finding in findings for text in finding.told]
    members = sorted((item for item in findings if item.member), key=lambda item: item.has_errors)
    shown = members[0] if members else None if request.from_concept else next(iter(findings), None)
    answered = ValidateCodeResult(
        result=bool(members) and not any(issue.severity == "error" for issue in issues),
        message="; ".join(dict.fromkeys(told)) or None,
        issues=issues,
        causing_systems=_canonicals(finding for finding in findings if finding.missing_is_cause),
        unknown_systems=_canonicals(finding for finding in findings if not finding.missing_is_cause),
        concept=request.concept,
        diagnostics=diagnostics,
    )
    return answered if shown is None else _with_coding(answered, shown)


def _canonicals(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.missing for finding in findings if finding.missing))


def _with_coding(answered: ValidateCodeResult, finding: Finding) -> ValidateCodeResult:
    coding, content, concept = finding.coding, finding.content, finding.concept
    normalized = concept.code if concept and concept.code != coding.code else None
    return replace(
        answered,
        code=coding.code,
        normalized_code=normalized,
        system=coding.system or None,
        version=content.header.version if content else finding.missing_version,
        display=finding.display,
        inactive=finding.standing and concept is not None and not concept.active,
        status=status_of(concept, content.header) if finding.standing and concept and content else None,
    )
