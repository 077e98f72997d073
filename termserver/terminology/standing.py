"""What is said of the code systems and value sets that an answer rests on: withdrawn, deprecated, draft, experimental."""

from __future__ import annotations

from collections.abc import Iterable

from termserver.fhir.standing import STANDARDS_STATUS, standards_status
from termserver.model.code_system import CodeSystem
from termserver.model.extension import extension_value
from termserver.model.issue import Issue
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology import messages
from termserver.terminology.messages import Message

_DEPRECATED_IN_VALUE_SET = "http://hl7.org/fhir/StructureDefinition/valueset-deprecated"


def standing_issues(
    value_sets: Iterable[ValueSet], code_systems: Iterable[CodeSystem], asked: ValueSet | None
) -> list[Issue]:
    """An issue for each resource of a doubtful standing.

    Parameters
    ----------
    asked
        The value set that was asked about: what rests on drafts and experiments is no news in a draft or experiment.
    """
    said = [(_message(item, asked), "ValueSet", item.canonical) for item in value_sets]
    said += [(_message(item, asked), "CodeSystem", item.canonical) for item in code_systems]
    issues = [message.issue(None, kind, canonical) for message, kind, canonical in said if message]
    return list(dict.fromkeys(issues))


def _message(resource: ValueSet | CodeSystem, asked: ValueSet | None) -> Message | None:
    """The gravest thing to say."""
    standard = standards_status(resource.other)
    if standard == "deprecated":
        return messages.DEPRECATED
    if standard == "withdrawn":
        return messages.WITHDRAWN
    if resource.status == "retired":
        return messages.RETIRED
    if resource.experimental and not (asked and asked.experimental):
        return messages.EXPERIMENTAL
    if _is_draft(resource, standard) and not (asked and _is_draft(asked, standards_status(asked.other))):
        return messages.DRAFT
    return None


def _is_draft(resource: ValueSet | CodeSystem, standard: str | None) -> bool:
    return resource.status == "draft" or standard == "draft"


def listed_standing(listed: IncludedConcept) -> str | None:
    """`deprecated` or `withdrawn` where a value set marks a concept that it lists as such."""
    standard = extension_value(listed.extensions, STANDARDS_STATUS)
    if isinstance(standard, str) and standard in ("deprecated", "withdrawn"):
        return standard
    return "deprecated" if extension_value(listed.extensions, _DEPRECATED_IN_VALUE_SET) in (True, "true") else None
