"""What stands against a concept, a code system or a value set: retired, deprecated, withdrawn, draft, experimental.

Source: FHIR R5 CodeSystem (standard concept properties), extension structuredefinition-standards-status; HL7's
terminology ecosystem IG for the parameters `warning-…` of an expansion.
"""

from __future__ import annotations

from collections.abc import Mapping

from termserver.fhir.standing import standards_status
from termserver.model.code_system import CodeSystem, Concept, property_codes
from termserver.model.extension import extension_value

STANDARDS_STATUS = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"


def concept_status(concept: Concept, header: CodeSystem) -> str | None:
    """The status of a concept, as its code system words it; `inactive` where it only says that; None if it is active.

    >>> concept_status(Concept("A", "a", active=False), CodeSystem("http://a.b", "1", "A"))
    'inactive'
    """
    codes = property_codes(header.properties, "status")
    values = (item.value for item in concept.properties if item.code in codes)
    said = next(values, None) or extension_value(concept.extensions, STANDARDS_STATUS)
    if isinstance(said, str) and said:
        return None if said.lower() == "active" else said
    return None if concept.active else "inactive"


def warning_of(
    status: str, experimental: bool, other: Mapping[str, object], *, draft_expected: bool, experimental_expected: bool
) -> str | None:
    """The expansion parameter that warns of a code system or value set; None if nothing stands against it.

    Parameters
    ----------
    other
        Its verbatim elements, for the standards status.
    draft_expected, experimental_expected
        True if the value set that uses it is a draft (experimental) itself.

    >>> warning_of("retired", False, {}, draft_expected=False, experimental_expected=False)
    'warning-retired'
    """
    standards = standards_status(other)
    if standards in ("deprecated", "withdrawn"):
        return f"warning-{standards}"
    if status == "retired":
        return "warning-retired"
    if experimental and not experimental_expected:
        return "warning-experimental"
    if "draft" in (status, standards) and not draft_expected:
        return "warning-draft"
    return None
