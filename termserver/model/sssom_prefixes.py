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
_EXPANSIONS = {
    "http://snomed.info/sct": "http://snomed.info/id/",
    "http://loinc.org": "https://loinc.org/",
    "https://fhir-terminology.ohdsi.org": "https://athena.ohdsi.org/search-terms/terms/",
}
_SYSTEMS = {expansion: system for system, expansion in _EXPANSIONS.items()}


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
