"""$validate-code for code systems and value sets: the answer with its issues, in the Java validator's words.

Clients compare the texts literally; they are those of HL7's validator, as its terminology tests show them.
Source: `CodeSystem-operation-validate-code` and `ValueSet-operation-validate-code` of R4 and R5; HL7's terminology
ecosystem IG (issue types, `message` = the error texts joined by "; ").
"""

from __future__ import annotations

from collections.abc import Sequence

from termserver.errors import BadInput
from termserver.fhir.elements import split_canonical
from termserver.model.coding import Coding
from termserver.model.issue import Issue
from termserver.model.requests import ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.model.value_set import ValueSet
from termserver.terminology.content import BroughtContent, Content
from termserver.terminology.finding import Finding, check_case, check_display, check_status, under
from termserver.terminology.languages import display_in, languages_from_header
from termserver.terminology.library import Library
from termserver.terminology.membership import holds, versions_named
from termserver.terminology.selection import find_value_set, select_value_set
from termserver.terminology.versions import VersionRules, rules_of

# Besides errors, what the validator repeats in `message`
_IN_MESSAGE = {"invalid-display", "code-comment", "invalid-data"}


def validate_code(library: Library, request: ValidateCodeRequest) -> ValidateCodeResult:
    """Whether codes are codes of a code system.

    Raises
    ------
    BadInput
        If no code system is named.
    NotFound
        If an instance is named that does not exist.
    """
    library.check_supplements(request.supplements)
    content = _named_content(library, request)
    url, url_version = split_canonical(request.code_system_url or "")
    findings = []
    for place, coding in enumerate(request.codings):
        if not coding.system:
            system = content.header.url if content is not None else url
            coding = Coding(system, coding.code, coding.version or url_version, coding.display)
        if not coding.system:
            raise BadInput("No code system to validate against: give url, or a system with the code", expression="url")
        findings.append(_check(library, request, coding, _place(request, place), content))
    return _result(request, findings, ())


def _named_content(library: Library, request: ValidateCodeRequest) -> Content | None:
    """The code system that the request names; one that is not known is an answer, not an error."""
    if request.inline_code_system is not None:
        return BroughtContent(*request.inline_code_system)
    if request.code_system_id is not None:
        return library.code_system_by_id(request.code_system_id)
    if request.code_system_url is None:
        return None
    url, version = split_canonical(request.code_system_url)
    coding_version = next((coding.version for coding in request.codings if coding.version), None)
    return library.code_system(url, version or coding_version)


def validate_code_in_value_set(library: Library, request: ValidateCodeRequest) -> ValidateCodeResult:
    """Whether codes are in a value set.

    Raises
    ------
    NotFound
        If the value set is not known.
    """
    library.check_supplements(request.supplements)
    value_set = _named_value_set(library, request)
    rules = rules_of(request)
    findings = []
    for number, coding in enumerate(request.codings):
        place = _place(request, number)
        if not coding.system and request.infer_system:
            coding = _inferred(library, value_set, coding, rules)
        findings.append(_check_in(library, request, value_set, coding, place, rules))
    extra: tuple[Issue, ...] = ()
    if request.from_concept and not any(finding.member for finding in findings):
        text = f"No valid coding was found for the value set '{value_set.canonical}'"
        extra = (Issue("error", "code-invalid", text, "not-in-vs", None, "TX_GENERAL_CC_ERROR_MESSAGE"),)
    return _result(request, findings, extra)


def _named_value_set(library: Library, request: ValidateCodeRequest) -> ValueSet:
    if request.inline_value_set is not None:
        return request.inline_value_set
    if request.value_set_id is not None:
        return library.value_set_by_id(request.value_set_id)
    if request.value_set_url is None:
        raise BadInput("No value set to validate against: give url, valueSet, or the id in the path", expression="url")
    return find_value_set(library, request.value_set_url, request.value_set_version)


def _place(request: ValidateCodeRequest, number: int) -> str:
    return f"CodeableConcept.coding[{number}]" if request.from_concept else request.place


def _inferred(library: Library, value_set: ValueSet, coding: Coding, rules: VersionRules) -> Coding:
    """The coding with the one system of the value set that has its code; unchanged if there is none, or several."""
    systems = {
        part.content.header.url
        for part in select_value_set(library, value_set, rules).parts
        if (ordinal := int(part.content.ordinals_of([coding.code])[0])) >= 0 and ordinal in part.ordinals
    }
    return Coding(systems.pop(), coding.code, coding.version, coding.display) if len(systems) == 1 else coding


def _check_in(
    library: Library,
    request: ValidateCodeRequest,
    value_set: ValueSet,
    coding: Coding,
    place: str,
    rules: VersionRules,
) -> Finding:
    if not coding.system:
        finding = Finding(coding)
        if request.infer_system:
            finding.add(
                "error",
                "not-found",
                "cannot-infer",
                f"The System URI could not be determined for the code '{coding.code}' in the ValueSet "
                f"'{value_set.canonical}'",
                "code",
                "UNABLE_TO_INFER_CODESYSTEM",
            )
        else:
            finding.add(
                "warning",
                "invalid",
                "invalid-data",
                "Coding has no system. A code with no system has no defined meaning, and it cannot be validated. "
                "A system should be provided",
                place,
                "Coding_has_no_system__cannot_validate",
            )
        _say_not_in(finding, request, value_set, place)
        return finding
    finding = _check(library, request, coding, place, _meant_content(library, value_set, coding, rules))
    inside = (
        finding.content is not None
        and finding.concept is not None
        and holds(library, value_set, finding.content, finding.concept.code, rules)
    )
    if inside and request.active_only and finding.concept is not None and not finding.concept.active:
        inside = False
        finding.add(
            "error",
            "business-rule",
            "code-rule",
            f"The concept '{coding.code}' is valid but is not active",
            under(place, "code"),
            "STATUS_CODE_WARNING_CODE",
        )
    finding.member = inside
    if not inside:
        _say_not_in(finding, request, value_set, place)
    return finding


def _meant_content(library: Library, value_set: ValueSet, coding: Coding, rules: VersionRules) -> Content | None:
    """For a coding without a version: the version that the value set names, of several the first that has the code."""
    if coding.version or rules.version_for(coding.system, None):
        return None
    contents = [
        content
        for version in versions_named(library, value_set, coding.system)
        if (content := library.code_system(coding.system, version)) is not None
    ]
    having = [item for item in contents if holds(library, value_set, item, coding.code, rules)]
    found = having or contents
    return found[0] if found else None


def _say_not_in(finding: Finding, request: ValidateCodeRequest, value_set: ValueSet, place: str) -> None:
    finding.valid = False
    coding = finding.coding
    version = f"|{coding.version}" if coding.version else ""
    display = f" ('{coding.display}')" if coding.display else ""
    text = (
        f"The provided code '{coding.system}{version}#{coding.code}{display}' was not found in the value set "
        f"'{value_set.canonical}'"
    )
    severity, kind = ("information", "this-code-not-in-vs") if request.from_concept else ("error", "not-in-vs")
    issue = Issue(
        severity,
        "code-invalid",
        text,
        kind,
        under(place, "code"),
        "None_of_the_provided_codes_are_in_the_value_set_one",
    )
    finding.issues.insert(0, issue)


def _check(
    library: Library, request: ValidateCodeRequest, coding: Coding, place: str, content: Content | None
) -> Finding:
    """Everything but membership: system, code, display, status."""
    finding = Finding(coding)
    if content is None:
        wanted = rules_of(request).version_of_code(coding.system, coding.version)
        content = library.code_system(coding.system, wanted)
        if content is None:
            _say_unknown_system(finding, library, wanted, place)
            return finding
    finding.content = content
    concept = content.concept(coding.code)
    header = content.header
    if concept is None:
        if header.content == "fragment":
            finding.valid = True
            finding.add(
                "warning",
                "code-invalid",
                "invalid-code",
                f"Unknown Code '{coding.code}' in the CodeSystem '{header.url}' version '{header.version}' - note that "
                "the code system is labeled as a fragment, so the code may be valid in some other fragment",
                under(place, "code"),
                "UNKNOWN_CODE_IN_FRAGMENT",
            )
            return finding
        finding.add(
            "error",
            "code-invalid",
            "invalid-code",
            f"Unknown code '{coding.code}' in the CodeSystem '{header.url}' version '{header.version}'",
            under(place, "code"),
            "Unknown_Code_in_Version",
        )
        return finding
    finding.concept = concept
    finding.valid = True
    languages = languages_from_header(request.language)
    finding.display = display_in(concept, header.language, languages) or concept.display
    check_case(finding, concept, place)
    check_status(finding, concept, request, place)
    if coding.display and not request.membership_only:
        check_display(finding, concept, header.language, languages, place, lenient=request.lenient_display)
    return finding


def _say_unknown_system(finding: Finding, library: Library, wanted: str | None, place: str) -> None:
    system = finding.coding.system
    versions = sorted(library.code_system_versions(system))
    where = under(place, "system")
    if versions:
        finding.unknown_system = f"{system}|{wanted}"
        text = (
            f"A definition for CodeSystem '{system}' version '{wanted}' could not be found, so the code cannot be "
            f"validated. Valid versions: {' or '.join(versions)}"
        )
        finding.add("error", "not-found", "not-found", text, where, "UNKNOWN_CODESYSTEM_VERSION")
        return
    finding.unknown_system = system
    text = f"A definition for CodeSystem '{system}' could not be found, so the code cannot be validated"
    finding.add("error", "not-found", "not-found", text, where, "UNKNOWN_CODESYSTEM")


def _result(request: ValidateCodeRequest, findings: Sequence[Finding], extra: tuple[Issue, ...]) -> ValidateCodeResult:
    """One answer for all codings: valid if one is, told of the first valid one, or of the last."""
    valid = [finding for finding in findings if finding.valid]
    result = bool(valid) and not any(
        issue.severity == "error" and issue.tx_issue == "invalid-display" for item in findings for issue in item.issues
    )
    told = valid[0] if valid else next((item for item in findings if item.concept), findings[0])
    issues = (*extra, *(issue for finding in findings for issue in finding.issues))
    told_of = [issue.text for issue in issues if issue.severity == "error" or issue.tx_issue in _IN_MESSAGE]
    unknown = next((item.unknown_system for item in findings if item.unknown_system), None)
    header = told.content.header if told.content else None
    return ValidateCodeResult(
        result=result,
        code=told.concept.code if told.concept and not request.from_concept else told.coding.code,
        system=told.coding.system or None,
        version=header.version if header else None,
        display=told.display,
        message="; ".join(told_of) or None,
        issues=issues,
        inactive=told.concept is not None and not told.concept.active,
        unknown_system=unknown,
        unknown_system_is_cause=unknown is not None,
        codings=request.codings if request.from_concept else (),
    )
