"""What a file of mappings says of a code or a target that FHIR's ConceptMap has no place for.

What tells something about the meaning (SSSOM's justification, RF2's rule) is a declared property of the target, which
`$translate` answers. What is bookkeeping of the format (OMOP's concept ids and dates, the id of an RF2 member) stands in
extensions of the element or the target: the resource keeps it, and the format can be written again as it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from termserver.model.concept_map import Other

_BASE = "https://termserver.example/property/"


def property_uri(code: str) -> str:
    """The URI of a property, or of an extension, that an imported map carries.

    >>> property_uri("confidence")
    'https://termserver.example/property/confidence'
    """
    return _BASE + code


def with_facts(facts: Iterable[tuple[str, str]]) -> Other:
    """The member `other` of an element or a target that keeps these facts; None without any.

    >>> with_facts([("domain_id", "Condition")])
    {'extension': [{'url': 'https://termserver.example/property/domain_id', 'valueString': 'Condition'}]}
    """
    written = [{"url": property_uri(code), "valueString": text} for code, text in facts if text]
    return {"extension": written} if written else None


def facts_of(other: Other) -> Mapping[str, str]:
    """The facts that `with_facts` kept.

    >>> dict(facts_of(with_facts([("domain_id", "Condition")])))
    {'domain_id': 'Condition'}
    """
    extensions = (other or {}).get("extension")
    found = [item for item in extensions if isinstance(item, dict)] if isinstance(extensions, list) else []
    return {
        str(item["url"]).removeprefix(_BASE): str(item["valueString"])
        for item in found
        if str(item.get("url", "")).startswith(_BASE) and "valueString" in item
    }
