"""Maps that a map contains: what `otherMap: "#id"` names. Source: FHIR, contained resources."""

from __future__ import annotations

from dataclasses import replace

from termserver.errors import BadInput
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.search_parameters import values_at
from termserver.fhir.versions import FhirVersion
from termserver.index.translation_table import TranslationTable, table_from_map
from termserver.model.concept_map import ConceptMap


def contained_map(head: ConceptMap, reference: str) -> TranslationTable | None:
    """The contained map that `#id` names; None if there is none, or it cannot be read.

    Its own `#id`s name what the containing map contains. One without a url is known by the containing map's and its id.
    """
    contained = head.other.get("contained")
    for item in contained if isinstance(contained, list) else ():
        if not isinstance(item, dict) or item.get("resourceType") != "ConceptMap" or f"#{item.get('id')}" != reference:
            continue
        named = {
            "url": f"{head.url.partition('#')[0]}{reference}",
            "version": head.version,
            "status": head.status,
            **item,
        }
        try:
            found = read_concept_map(named, _version_of(item))
        except BadInput:
            return None
        return table_from_map(replace(found, other={**found.other, "contained": contained}))
    return None


def _version_of(item: dict[str, object]) -> FhirVersion:
    """The version that a map is written in: R5 says a relationship where R4 says an equivalence."""
    return FhirVersion.R4 if values_at(item, "group.element.target.equivalence") else FhirVersion.R5
