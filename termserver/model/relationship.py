"""Relationship codes of a map: R5 inside, R4's equivalence at the edge.

Source: FHIR R4 valueset-concept-map-equivalence and R5 valueset-concept-map-relationship.
"""

from __future__ import annotations

from enum import StrEnum


class Relationship(StrEnum):
    """R5 ConceptMap.group.element.target.relationship, read from source to target."""

    RELATED_TO = "related-to"
    EQUIVALENT = "equivalent"
    NARROWER = "source-is-narrower-than-target"
    BROADER = "source-is-broader-than-target"
    NOT_RELATED = "not-related-to"

    @property
    def sign(self) -> str:
        """The sign the review UI shows and its key: `=`, `<` (source narrower), `>`, `~`, `≠`."""
        return {
            "related-to": "~",
            "equivalent": "=",
            "source-is-narrower-than-target": "<",
            "source-is-broader-than-target": ">",
            "not-related-to": "≠",
        }[self.value]


_FROM_R4 = {
    "equal": Relationship.EQUIVALENT,
    "equivalent": Relationship.EQUIVALENT,
    "wider": Relationship.NARROWER,  # R4: the *target* is wider
    "subsumes": Relationship.NARROWER,
    "narrower": Relationship.BROADER,
    "specializes": Relationship.BROADER,
    "relatedto": Relationship.RELATED_TO,
    "inexact": Relationship.RELATED_TO,
    "disjoint": Relationship.NOT_RELATED,
}
_TO_R4 = {
    Relationship.EQUIVALENT: "equivalent",
    Relationship.NARROWER: "wider",
    Relationship.BROADER: "narrower",
    Relationship.RELATED_TO: "relatedto",
    Relationship.NOT_RELATED: "disjoint",
}
_INVERSE = {Relationship.NARROWER: Relationship.BROADER, Relationship.BROADER: Relationship.NARROWER}
CLOSENESS = {
    Relationship.EQUIVALENT: 0,
    Relationship.NARROWER: 1,
    Relationship.BROADER: 2,
    Relationship.RELATED_TO: 3,
}
"""How close a target is, the closest first, where one of several is to be taken; what is not related has no place."""
R4_EQUIVALENCES = (*_FROM_R4, "unmatched")


def relationship_from_r4_equivalence(equivalence: str) -> Relationship | None:
    """R5's relationship for R4's equivalence; None for `unmatched`, which R5 says as element.noMap.

    Raises
    ------
    KeyError
        If the code is none of R4's.

    >>> relationship_from_r4_equivalence("wider")
    <Relationship.NARROWER: 'source-is-narrower-than-target'>
    """
    return None if equivalence == "unmatched" else _FROM_R4[equivalence]


def r4_equivalence_from_relationship(relationship: Relationship) -> str:
    """R4's equivalence for R5's relationship.

    >>> r4_equivalence_from_relationship(Relationship.BROADER)
    'narrower'
    """
    return _TO_R4[relationship]


def inverse(relationship: Relationship) -> Relationship:
    """The same relationship read from target to source.

    >>> inverse(inverse(Relationship.NARROWER)) is Relationship.NARROWER
    True
    """
    return _INVERSE.get(relationship, relationship)
