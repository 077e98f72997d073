"""What the extensions of a code system or value set say of its standing; they stay in the model's `other`, verbatim.

Source: FHIR extensions structuredefinition-standards-status and codesystem-supplement-type, CodeSystem.versionAlgorithm[x].
"""

from __future__ import annotations

from collections.abc import Mapping

STANDARDS_STATUS = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"


SUPPLEMENT_TYPE = "http://hl7.org/fhir/StructureDefinition/codesystem-supplement-type"


def is_language_pack(other: Mapping[str, object]) -> bool:
    """True if a supplement says that it holds names in another language, and no more.

    >>> is_language_pack({"extension": [{"url": SUPPLEMENT_TYPE, "valueCode": "lang-pack"}]})
    True
    """
    extensions = other.get("extension")
    return any(
        isinstance(item, dict) and item.get("url") == SUPPLEMENT_TYPE and item.get("valueCode") == "lang-pack"
        for item in (extensions if isinstance(extensions, list) else ())
    )


def standards_status(other: Mapping[str, object]) -> str | None:
    """The standards status of a resource (`deprecated`, `withdrawn`, `draft`, …), or None.

    >>> standards_status({"extension": [{"url": STANDARDS_STATUS, "valueCode": "withdrawn"}]})
    'withdrawn'
    """
    extensions = other.get("extension")
    for item in extensions if isinstance(extensions, list) else ():
        if isinstance(item, dict) and item.get("url") == STANDARDS_STATUS:
            value = item.get("valueCode")
            return value if isinstance(value, str) else None
    return None


def version_algorithm(other: Mapping[str, object]) -> str | None:
    """How versions of the resource compare: `semver`, `integer`, `alpha`, `date`, `natural`; None where it says nothing.

    >>> version_algorithm({"versionAlgorithmCoding": {"code": "semver"}})
    'semver'
    """
    said = other.get("versionAlgorithmString")
    if isinstance(said, str):
        return said
    coding = other.get("versionAlgorithmCoding")
    code = coding.get("code") if isinstance(coding, dict) else None
    return code if isinstance(code, str) else None
