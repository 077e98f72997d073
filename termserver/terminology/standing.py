"""What is said of the code systems and value sets that an answer rests on: withdrawn, deprecated, draft, experimental."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from termserver.fhir.standing import STANDARDS_STATUS, standards_status
from termserver.model.code_system import CodeSystem
from termserver.model.extension import extension_value
from termserver.model.issue import Issue
from termserver.model.value_set import IncludedConcept, ValueSet
from termserver.terminology import messages
from termserver.terminology.concept_status import warning_of
from termserver.terminology.messages import Message

# By the parameter with which an expansion warns of the same
_SAID: Mapping[str, Message] = {
    "warning-deprecated": messages.DEPRECATED,
    "warning-withdrawn": messages.WITHDRAWN,
    "warning-retired": messages.RETIRED,
    "warning-experimental": messages.EXPERIMENTAL,
    "warning-draft": messages.DRAFT,
}
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
    warning = warning_of(
        resource.status,
        resource.experimental,
        resource.other,
        draft_expected=asked is not None and "draft" in (asked.status, standards_status(asked.other)),
        experimental_expected=asked is not None and asked.experimental,
    )
    return None if warning is None else _SAID[warning]


def listed_standing(listed: IncludedConcept) -> str | None:
    """`deprecated` or `withdrawn` where a value set marks a concept that it lists as such."""
    standard = extension_value(listed.extensions, STANDARDS_STATUS)
    if isinstance(standard, str) and standard in ("deprecated", "withdrawn"):
        return standard
    return "deprecated" if extension_value(listed.extensions, _DEPRECATED_IN_VALUE_SET) in (True, "true") else None
