"""Concept maps that exist by their URL alone: SNOMED CT's historical associations, `http://snomed.info/sct?fhir_cm=REFSET`.

What became of a retired concept: `SAME AS`, `REPLACED BY`, `POSSIBLY EQUIVALENT TO` and their like, as the release's
association reference sets have it. Only the codes that are asked for are read, so that a map of any size costs nothing.

Source: FHIR R4 and R5, "Using SNOMED CT with HL7 Standards", implicit concept maps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from termserver.errors import NotFound, NotSupported
from termserver.model.code_system import Concept
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.providers.snomed_editions import SNOMED_URL

_URL = re.compile(r"(http://snomed\.info/x?sct(?:/\d+(?:/version/\d{8})?)?)\?fhir_cm=(\d{6,18})")
_ASSOCIATIONS = "900000000000522004"  # Historical association reference set
_TARGET = "targetComponentId"
_RELATED = (Relationship.RELATED_TO, "inexact")
# As FHIR's table has them: relationship, and R4's word for it
_MEANINGS: Mapping[str, tuple[Relationship, str | None]] = {
    "900000000000527005": (Relationship.EQUIVALENT, "equal"),  # SAME AS
    "900000000000526001": (Relationship.EQUIVALENT, None),  # REPLACED BY
    "900000000000523009": _RELATED,  # POSSIBLY EQUIVALENT TO
    "900000000000530003": _RELATED,  # ALTERNATIVE
}


def is_implicit_map(url: str) -> bool:
    """True if the URL is of the form of such a map.

    >>> is_implicit_map("http://snomed.info/sct?fhir_cm=900000000000526001")
    True
    """
    return _URL.fullmatch(url) is not None


def implicit_map(
    library: Library, url: str, version: str | None, codings: Iterable[Coding], *, reverse: bool
) -> ConceptMap:
    """The part of an implicit map that is of these codes.

    Parameters
    ----------
    version
        Of SNOMED CT, where the URL names none.

    Raises
    ------
    NotFound
        If the edition or the reference set is not here.
    NotSupported
        If it is asked in reverse.
    """
    matched = _URL.fullmatch(url)
    if matched is None:
        raise NotFound(f"There is no concept map with the url {url}", expression="url")
    edition, refset = matched.groups()
    content = library.code_system(SNOMED_URL, version or (edition if edition != SNOMED_URL else None))
    if content is None or not _is_association(content, refset):
        raise NotFound(f"There is no concept map with the url {url}", expression="url")
    if reverse:
        raise NotSupported(f"The implicit concept map {url} is not served in reverse", expression="url")
    release = content.header.version
    elements = tuple(_elements(content, refset, codings))
    group = MapGroup(SNOMED_URL, SNOMED_URL, release, release, elements)
    name = content.concept(refset)
    return ConceptMap(url, release, f"SnomedAssociation{refset}", name.display if name else None, groups=(group,))


def _is_association(content: Content, refset: str) -> bool:
    ordinals = content.ordinals_of([_ASSOCIATIONS, refset])
    above, own = int(ordinals[0]), int(ordinals[1])
    return refset in _MEANINGS or (above >= 0 and own >= 0 and content.hierarchy.subsumes(above, own))


def _elements(content: Content, refset: str, codings: Iterable[Coding]) -> Iterator[MapElement]:
    relationship, r4_equivalence = _MEANINGS.get(refset, _RELATED)
    for code in dict.fromkeys(coding.code for coding in codings):
        concept = content.concept(code)
        codes = list(_targets(concept, refset)) if concept else []
        known = content.concepts(codes)
        names = [known[target].display if target in known else None for target in codes]
        targets = [
            MapTarget(target, relationship, name, r4_equivalence=r4_equivalence)
            for target, name in zip(codes, names, strict=True)
        ]
        if concept is not None and targets:
            yield MapElement(code, concept.display, tuple(targets))


def _targets(concept: Concept, refset: str) -> Iterator[str]:
    for member in concept.members:
        target = dict(member.fields).get(_TARGET)
        if member.refset == refset and member.active and target:
            yield target
