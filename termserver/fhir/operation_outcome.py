"""OperationOutcome. Source: FHIR R4 and R5 OperationOutcome; HL7's terminology ecosystem IG for tx-issue-type."""

from __future__ import annotations

from collections.abc import Iterable

from termserver.errors import TermserverError
from termserver.fhir.elements import Json
from termserver.model.issue import Issue

_TX_ISSUE = "http://hl7.org/fhir/tools/CodeSystem/tx-issue-type"
_MESSAGE_ID = "http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id"


def write_issue(issue: Issue, *, with_location: bool = True) -> Json:
    """One issue. Both `location` and `expression` are given: R4 clients read the one, R5 clients the other."""
    written: Json = {}
    if issue.message_id:
        written["extension"] = [{"url": _MESSAGE_ID, "valueString": issue.message_id}]
    written["severity"] = issue.severity
    written["code"] = issue.code
    details: Json = {}
    if issue.tx_issue:
        details["coding"] = [{"system": _TX_ISSUE, "code": issue.tx_issue}]
    details["text"] = issue.text
    written["details"] = details
    if issue.diagnostics:
        written["diagnostics"] = issue.diagnostics
    if issue.expression:
        if with_location:
            written["location"] = [issue.expression]
        written["expression"] = [issue.expression]
    return written


def write_outcome(issues: Iterable[Issue], *, with_location: bool = True) -> Json:
    """An OperationOutcome of these issues.

    Parameters
    ----------
    with_location
        False leaves the deprecated `location` out, which repeats `expression`.

    >>> write_outcome([Issue("error", "invalid", "no")])["issue"][0]["details"]
    {'text': 'no'}
    """
    return {
        "resourceType": "OperationOutcome",
        "issue": [write_issue(issue, with_location=with_location) for issue in issues],
    }


def outcome_of_error(error: TermserverError) -> Json:
    """An OperationOutcome that says what an error says."""
    tx_issue = error.tx_issue or ("not-found" if error.issue_code == "not-found" else None)
    issue = Issue(
        "error", error.issue_code, error.message, tx_issue, error.expression, error.message_id, error.diagnostics
    )
    return write_outcome([issue])
