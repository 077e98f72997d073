"""The messages of $validate-code, one table: id, severity, issue codes and text.

Clients tell answers apart by these and compare the texts literally: they are those of HL7's validator (the ids are its
catalogue's), as its terminology tests show them.
"""

from __future__ import annotations

from dataclasses import dataclass

from termserver.model.issue import Issue


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Parameters
    ----------
    severity, code
        Of the OperationOutcome issue.
    kind
        Code of HL7's tx-issue-type.
    template
        Text with `{0}`, `{1}`, … for what it is about.
    told
        True: the text is repeated in the answer's `message`.
    """

    message_id: str
    severity: str
    code: str
    kind: str
    template: str
    told: bool = True

    def issue(self, place: str | None, *values: object, severity: str | None = None) -> Issue:
        """The issue that says it of `values`, at a FHIRPath."""
        text = self.template.format(*values)
        return Issue(severity or self.severity, self.code, text, self.kind, place or None, self.message_id)


def _unknown(message_id: str, template: str) -> Message:
    return Message(message_id, "error", "not-found", "not-found", template)


def _mismatch(message_id: str, severity: str, template: str) -> Message:
    return Message(message_id, severity, "invalid", "vs-invalid", template, told=severity == "error")


def _standing(message_id: str, word: str) -> Message:
    template = f"Reference to {word} {{0}} {{1}}"
    return Message(message_id, "information", "business-rule", "status-check", template, told=False)


def _display(message_id: str, severity: str, template: str) -> Message:
    return Message(message_id, severity, "invalid", "invalid-display", template)


# ------------------------------------------------------------------ the code system and its version

UNKNOWN_CODE_SYSTEM = _unknown(
    "UNKNOWN_CODESYSTEM", "A definition for CodeSystem '{0}' could not be found, so the code cannot be validated"
)
UNKNOWN_VERSION = _unknown(
    "UNKNOWN_CODESYSTEM_VERSION",
    "A definition for CodeSystem '{0}' version '{1}' could not be found, so the code cannot be validated. "
    "Valid versions: {2}",
)
UNKNOWN_VERSION_OF_UNKNOWN = _unknown(
    "UNKNOWN_CODESYSTEM_VERSION_NONE",
    "A definition for CodeSystem '{0}' version '{1}' could not be found, so the code cannot be validated. "
    "No versions of this code system are known",
)
UNKNOWN_VALUE_SET = _unknown("Unable_to_resolve_value_Set_", "A definition for the value Set '{0}' could not be found")
OTHER_VERSION = _mismatch(
    "VALUESET_VALUE_MISMATCH",
    "error",
    "The code system '{0}' version '{1}' in the ValueSet include is different to the one in the value ('{2}')",
)
OTHER_VERSION_BY_PARAMETER = _mismatch(
    "VALUESET_VALUE_MISMATCH_CHANGED",
    "error",
    "The code system '{0}' version '{1}' resulting from the version '{2}' in the ValueSet include is different to the "
    "one in the value ('{3}')",
)
OTHER_VERSION_BY_DEFAULT = _mismatch(
    "VALUESET_VALUE_MISMATCH_DEFAULT",
    "warning",
    "The code system '{0}' version '{1}' for the versionless include in the ValueSet include is different to the one "
    "in the value ('{2}')",
)
VERSION_REFUSED = Message(
    "VALUESET_VERSION_CHECK",
    "error",
    "exception",
    "version-error",
    "The version '{0}' is not allowed for system '{1}': required to be '{2}' by a version-check parameter",
)
RELATIVE_SYSTEM = Message(
    "Terminology_TX_System_Relative",
    "error",
    "invalid",
    "invalid-data",
    "Coding.system must be an absolute reference, not a local reference",
)
SYSTEM_IS_VALUE_SET = Message(
    "Terminology_TX_System_ValueSet2",
    "error",
    "invalid",
    "invalid-data",
    "The Coding references a value set, not a code system ('{0}')",
)
SYSTEM_IS_SUPPLEMENT = Message(
    "CODESYSTEM_CS_NO_SUPPLEMENT",
    "error",
    "invalid",
    "invalid-data",
    "CodeSystem {0} is a supplement, so can't be used as a value in Coding.system",
)
NO_SYSTEM = Message(
    "Coding_has_no_system__cannot_validate",
    "warning",
    "invalid",
    "invalid-data",
    "Coding has no system. A code with no system has no defined meaning, and it cannot be validated. "
    "A system should be provided",
)
OTHER_SYSTEM = Message(
    "CODESYSTEM_DIFFERENT_SYSTEM",
    "error",
    "invalid",
    "invalid-data",
    "The code is of the system '{0}', not of the code system '{1}' that it is validated against",
)
NO_SYSTEM_FITS = Message(
    "UNABLE_TO_INFER_CODESYSTEM",
    "error",
    "not-found",
    "cannot-infer",
    "The System URI could not be determined for the code '{0}' in the ValueSet '{1}'",
)
SEVERAL_SYSTEMS_FIT = Message(
    "Unable_to_resolve_system__value_set_has_multiple_matches",
    "error",
    "not-found",
    "cannot-infer",
    "The System URI could not be determined for the code '{0}' in the ValueSet '{1}': value set expansion has multiple "
    "matches: [{2}]",
)

# ------------------------------------------------------------------ the code

UNKNOWN_CODE = Message(
    "Unknown_Code_in_Version", "error", "code-invalid", "invalid-code", "Unknown code '{0}' in the CodeSystem '{1}' version '{2}'"
)  # fmt: skip
UNKNOWN_CODE_IN_EDITION = Message(
    "Unknown_Code_in_Version",
    "error",
    "code-invalid",
    "invalid-code",
    "Unknown code '{0}' in the CodeSystem '{1}' version '{2}' ({3})",
)
UNKNOWN_CODE_NO_VERSION = Message(
    "Unknown_Code_in", "error", "code-invalid", "invalid-code", "Unknown code '{0}' in the CodeSystem '{1}'"
)
UNKNOWN_CODE_IN_FRAGMENT = Message(
    "UNKNOWN_CODE_IN_FRAGMENT",
    "warning",
    "code-invalid",
    "invalid-code",
    "Unknown Code '{0}' in the CodeSystem '{1}' version '{2}' - note that the code system is labeled as a fragment, so "
    "the code may be valid in some other fragment",
    told=False,
)
NOT_IN_VALUE_SET = Message(
    "None_of_the_provided_codes_are_in_the_value_set_one",
    "error",
    "code-invalid",
    "not-in-vs",
    "The provided code '{0}' was not found in the value set '{1}'",
)
THIS_CODE_NOT_IN_VALUE_SET = Message(
    NOT_IN_VALUE_SET.message_id,
    "information",
    "code-invalid",
    "this-code-not-in-vs",
    NOT_IN_VALUE_SET.template,
    told=False,
)
NO_CODING_IN_VALUE_SET = Message(
    "TX_GENERAL_CC_ERROR_MESSAGE",
    "error",
    "code-invalid",
    "not-in-vs",
    "No valid coding was found for the value set '{0}'",
)
OTHER_CASE = Message(
    "CODE_CASE_DIFFERENCE",
    "information",
    "business-rule",
    "code-rule",
    "The code '{0}' differs from the correct code '{1}' by case. Although the code system '{2}' is case insensitive, "
    "implementers are strongly encouraged to use the correct case anyway",
    told=False,
)
ABSTRACT_CODE = Message(
    "ABSTRACT_CODE_NOT_ALLOWED",
    "error",
    "business-rule",
    "code-rule",
    "Code '{0}' is abstract, and not allowed in this context",
)
NOT_ACTIVE = Message(
    "STATUS_CODE_WARNING_CODE", "error", "business-rule", "code-rule", "The concept '{0}' is valid but is not active"
)
INACTIVE_CONCEPT = Message(
    "INACTIVE_CONCEPT_FOUND",
    "warning",
    "business-rule",
    "code-comment",
    "The concept '{0}' has a status of {1} and its use should be reviewed",
)
DEPRECATED_CONCEPT = Message(
    "DEPRECATED_CONCEPT_FOUND",
    "warning",
    "business-rule",
    "code-comment",
    "The concept '{0}' is {1} and its use should be reviewed",
)
DEPRECATED_IN_VALUE_SET = Message(
    "CONCEPT_DEPRECATED_IN_VALUESET",
    "warning",
    "business-rule",
    "code-comment",
    "The presence of the concept '{0}' in the system '{1}' in the value set {2} is marked with a status of {3} and its "
    "use should be reviewed",
    told=False,
)

# ------------------------------------------------------------------ its display

WRONG_DISPLAY = _display(
    "Display_Name_for__should_be_one_of__instead_of",
    "error",
    "Wrong Display Name '{0}' for {1}. Valid {2} (for the language(s) '{3}')",
)
WRONG_WHITESPACE = _display(
    "Display_Name_WS_for__should_be_one_of__instead_of",
    "error",
    "Wrong whitespace in Display Name '{0}' for {1}. Valid {2} (for the language(s) '{3}')",
)
NO_DISPLAY_IN_LANGUAGE = _display(
    "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR",
    "error",
    "Wrong Display Name '{0}' for {1}. There are no valid display names found for language(s) '{3}'. Default display "
    "is '{2}'",
)
DISPLAY_OF_DEFAULT_LANGUAGE = _display(
    "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK",
    "information",
    "There are no valid display names found for the code {1} for language(s) '{3}'. The display is '{0}' which is a "
    "valid display for the default language",
)
OWN_DISPLAY = _display(
    "Display_Name_Not_Fixed_use_Supplement",
    "information",
    "The display name '{0}' is not a known display name for {1}. Known {2} (for the language(s) '{3}'). "
    "Use a supplement to define displays for user assigned codes",
)
WITHDRAWN_DISPLAY = Message(
    "INACTIVE_DISPLAY_FOUND",
    "warning",
    "invalid",
    "display-comment",
    "'{0}' is no longer considered a correct display for code '{1}' (status = {2}). The correct display is one of {3}",
)

# ------------------------------------------------------------------ the standing of what was used

DEPRECATED = _standing("MSG_DEPRECATED", "deprecated")
WITHDRAWN = _standing("MSG_WITHDRAWN", "withdrawn")
RETIRED = _standing("MSG_RETIRED", "retired")
EXPERIMENTAL = _standing("MSG_EXPERIMENTAL", "experimental")
DRAFT = _standing("MSG_DRAFT", "draft")
