"""What readers and writers of OMOP's tables share. Source: OMOP CDM 5.4; OHDSI's VOCABULARY and RELATIONSHIP tables."""

from __future__ import annotations

FIRST_LOCAL_CONCEPT_ID = 2_000_000_001
"""Local concepts have this id or a higher one."""
LONGEST_CODE = 50
LONGEST_NAME = 255
LONGEST_VOCABULARY = 20
VOCABULARIES = {
    "http://snomed.info/sct": "SNOMED",
    "http://loinc.org": "LOINC",
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://terminology.hl7.org/CodeSystem/icd-o-3": "ICDO3",
    "http://www.whocc.no/atc": "ATC",
    "http://unitsofmeasure.org": "UCUM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://hl7.org/fhir/sid/cvx": "CVX",
    "http://hl7.org/fhir/sid/ndc": "NDC",
}
"""Canonical URL of a code system → OMOP's vocabulary_id."""
SYSTEMS = {vocabulary: system for system, vocabulary in VOCABULARIES.items()}
MIRRORS = {"Maps to": "Mapped from", "Maps to value": "Value mapped from"}
"""What a local concept says of its target → what the target says of it. Others ("Maps to unit") have no mirror here."""


def is_local(concept_id: str) -> bool:
    """True for the id of a local concept.

    >>> is_local("2000000001"), is_local("4329847"), is_local("x")
    (True, False, False)
    """
    return concept_id.isascii() and concept_id.isdecimal() and int(concept_id[:19]) >= FIRST_LOCAL_CONCEPT_ID
