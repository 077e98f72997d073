"""What RF2's correlation says in FHIR's words, in both directions; readers and writers share it.

Source: SNOMED CT, 1193546000 |Map source to map target correlation| (local code to SNOMED CT) and 447247004 |Map correlation|
(SNOMED CT to another system).
"""

from __future__ import annotations

from termserver.model.relationship import Relationship

TO_SNOMED = {
    "1193548004": Relationship.EQUIVALENT,
    "1193549007": Relationship.NARROWER,
    "1193547009": Relationship.BROADER,
    "1193550007": Relationship.RELATED_TO,
    "1193551006": Relationship.NOT_RELATED,
    "1193552004": Relationship.RELATED_TO,
}
"""Correlation → relationship; the first of several for one relationship is the one that is written."""
FROM_SNOMED = {
    "447557004": Relationship.EQUIVALENT,
    "447558009": Relationship.NARROWER,
    "447559001": Relationship.BROADER,
    "447560006": Relationship.RELATED_TO,
    "447561005": Relationship.RELATED_TO,
    "447556008": Relationship.NOT_RELATED,
}


def correlation_of(relationship: Relationship, *, to_snomed: bool) -> str:
    """The correlation that says a relationship.

    >>> correlation_of(Relationship.EQUIVALENT, to_snomed=True)
    '1193548004'
    """
    table = TO_SNOMED if to_snomed else FROM_SNOMED
    return next(code for code, said in table.items() if said is relationship)
