"""CURIE prefixes of well-known code systems in SSSOM, and what they stand for.

Reader and writer of SSSOM share them, so that a file that was written is read back as the same code systems.
"""

from __future__ import annotations

KNOWN_PREFIXES = {
    "http://snomed.info/sct": "SCTID",
    "http://loinc.org": "LOINC",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "https://fhir-terminology.ohdsi.org": "OMOP",
    "http://www.whocc.no/atc": "ATC",
    "http://hl7.org/fhir/sid/icpc-2": "ICPC2",
    "http://unitsofmeasure.org": "UCUM",
}
FURTHER_PREFIXES = {
    "orcid": "https://orcid.org/",
    "ror": "https://ror.org/",
    "wikidata": "http://www.wikidata.org/entity/",
}
"""Prefixes of people, institutions and tools that files use without saying what they stand for."""
ENTITY_SLOTS = frozenset(
    [
        "author_id", "reviewer_id", "creator_id", "subject_source", "mapping_source", "curation_rule", "mapping_justification",
        "subject_match_field", "object_match_field", "subject_preprocessing", "object_preprocessing", "issue_tracker_item",
    ]
)  # fmt: skip
"""Slots whose values, several joined by `|`, are CURIEs, beside subject, predicate and object."""
UNSPECIFIED_LICENCE = "https://w3id.org/sssom/license/unspecified"
_EXPANSIONS = {
    "http://snomed.info/sct": "http://snomed.info/id/",
    "http://loinc.org": "https://loinc.org/",
    "https://fhir-terminology.ohdsi.org": "https://athena.ohdsi.org/search-terms/terms/",
}
_SYSTEMS = {expansion: system for system, expansion in _EXPANSIONS.items()}


def prefixes_in(slot: str, cell: str) -> set[str]:
    """The prefixes that a cell uses.

    >>> sorted(prefixes_in("author_id", "orcid:0000-0001-2345-6789|ror:05wg1m734")), prefixes_in("comment", "a:b")
    (['orcid', 'ror'], set())
    """
    if slot not in ENTITY_SLOTS:
        return set()
    return {part.partition(":")[0] for part in cell.split("|") if ":" in part}


def expansion_of_system(system: str) -> str:
    """What stands before a code in the code's IRI.

    >>> expansion_of_system("http://snomed.info/sct"), expansion_of_system("urn:oid:1.2")
    ('http://snomed.info/id/', 'urn:oid:1.2#')
    """
    return _EXPANSIONS.get(system) or (f"{system}#" if system.startswith("urn:") else f"{system.rstrip('/')}/")


def system_of_expansion(expansion: str) -> str:
    """The code system whose codes begin with this IRI.

    >>> system_of_expansion("https://loinc.org/"), system_of_expansion("https://example.org/list/")
    ('http://loinc.org', 'https://example.org/list')
    """
    return _SYSTEMS.get(expansion) or expansion.rstrip("#/")
