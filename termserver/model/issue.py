"""An issue of an answer: what an OperationOutcome says, before it is JSON."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """OperationOutcome.issue.

    Parameters
    ----------
    severity
        `fatal`, `error`, `warning`, `information`.
    code
        FHIR issue type: `not-found`, `code-invalid`, `invalid`, `business-rule`, …
    text
        For people.
    tx_issue
        Code of http://hl7.org/fhir/tools/CodeSystem/tx-issue-type (`not-in-vs`, `invalid-code`, …), or None.
    expression
        FHIRPath of the element at fault, or None.
    message_id
        Name of the message in the Java validator's catalogue (extension operationoutcome-message-id), or None.
    diagnostics
        More for people, beside `text`.
    """

    severity: str
    code: str
    text: str
    tx_issue: str | None = None
    expression: str | None = None
    message_id: str | None = None
    diagnostics: str | None = None
