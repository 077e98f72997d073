"""CodeSystem/$validate-code: whether codes are codes of a code system, with all that is to be said of them.

Source: `CodeSystem-operation-validate-code` of R4 and R5; HL7's terminology ecosystem IG (issue types, messages).
"""

from __future__ import annotations

from termserver.fhir.elements import split_canonical
from termserver.model.requests import ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.terminology import messages
from termserver.terminology.coding_checks import (
    add_remarks,
    check_concept,
    check_system,
    in_system,
    say_unknown_code,
    say_unknown_system,
)
from termserver.terminology.content import BroughtContent, Content
from termserver.terminology.finding import Finding
from termserver.terminology.included_version import find_code_system
from termserver.terminology.library import Library
from termserver.terminology.standing import standing_issues
from termserver.terminology.validation_answer import answer, display_rules, place_of
from termserver.terminology.versions import rules_of


def validate_code(library: Library, request: ValidateCodeRequest) -> ValidateCodeResult:
    """Whether codes are codes of a code system; one that is not here is an answer, not an error.

    Raises
    ------
    NotFound
        If an instance or a supplement is named that does not exist.
    """
    library.use_supplements(request.supplements)
    named = _named_content(library, request)
    url, version = split_canonical(request.code_system_url or "")
    if named is not None:
        url = named.header.url
    findings = []
    for number, coding in enumerate(request.codings):
        own = coding if coding.system else in_system(coding, url, version)
        finding = Finding(own, place_of(request, number), member=False)
        findings.append(finding)
        if url and library.canonical_system(own.system) != library.canonical_system(url):
            severity = "information" if request.from_concept else None  # one coding of the system is enough
            finding.add(messages.OTHER_SYSTEM, "system", own.system, url, severity=severity)
        else:
            _check(library, request, finding, named)
    headers = [finding.content.header for finding in findings if finding.content]
    return answer(request, findings, standing_issues([], headers, None))


def _named_content(library: Library, request: ValidateCodeRequest) -> Content | None:
    """The code system that the request brings, or whose id it names."""
    if request.inline_code_system is not None:
        return BroughtContent(*request.inline_code_system)
    if request.code_system_id is not None:
        return library.code_system_by_id(request.code_system_id)
    return None


def _check(library: Library, request: ValidateCodeRequest, finding: Finding, named: Content | None) -> None:
    coding = finding.coding
    if named is None and not check_system(library, finding):
        return
    rules = rules_of(request)
    wanted = rules.version_of_code(coding.system, coding.version)
    content = named or find_code_system(library, coding.system, wanted)
    if content is None:
        say_unknown_system(library, finding, wanted)
        finding.missing_version = wanted
        return
    header = content.header
    refused = rules.refused_by(coding.system, header.version)
    if refused is not None:
        finding.add(messages.VERSION_REFUSED, "version", header.version, coding.system, refused)
    finding.content = content
    concept = content.concept(coding.code)
    finding.member = concept is not None or header.content == "fragment"
    if concept is None:
        say_unknown_code(finding, content)
    else:
        finding.standing = True
        check_concept(finding, content, concept, display_rules(request))
        add_remarks(finding, content)
        if concept.abstract and not request.abstract_allowed:
            finding.add(messages.ABSTRACT_CODE, "code", f"{coding.system}#{concept.code}")
        if request.active_only and not concept.active:
            finding.add(messages.NOT_ACTIVE, "code", coding.code)
