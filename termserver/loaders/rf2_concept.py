"""One SNOMED CT concept, put together from the rows that belong to it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from termserver.model.code_system import Concept, ConceptProperty, RefsetMember
from termserver.model.coding import Coding, DescriptionDetails, Designation

SNOMED_URL = "http://snomed.info/sct"
FULLY_SPECIFIED_NAME = "900000000000003001"
SYNONYM = "900000000000013009"
DEFINITION = "900000000000550004"
_DEFINED = "900000000000073002"
_CONCEPT_INACTIVATION = "900000000000489007"
_USES = {
    FULLY_SPECIFIED_NAME: Coding(SNOMED_URL, FULLY_SPECIFIED_NAME, display="Fully specified name"),
    SYNONYM: Coding(SNOMED_URL, SYNONYM, display="Synonym"),
    DEFINITION: Coding(SNOMED_URL, DEFINITION, display="Definition"),
}
_TAG = re.compile(r" \(([^()]+)\)$")


@dataclass(frozen=True, slots=True)
class Rf2Description:
    """A description.

    Parameters
    ----------
    rank
        0 preferred in US English, 1 in British English, 8 in another language reference set, 9 nowhere.
    """

    term: str
    language: str
    kind: str
    rank: int
    active: bool
    details: DescriptionDetails


def concept_from_rows(
    row: Sequence[str],
    descriptions: Sequence[Rf2Description],
    links: Sequence[Sequence[str]],
    members: tuple[RefsetMember, ...] = (),
) -> Concept:
    """Put a concept together.

    Parameters
    ----------
    row
        (code, line, effectiveTime, active, moduleId, definitionStatusId).
    links
        (code, `parent` | `attribute` | `value` | `association` | `member` | `identifier`, type, value, role group).
    """
    code, _, effective_time, active, module, definition_status = row
    in_order = sorted(descriptions, key=lambda one: (one.language != "en", one.language, one.rank, one.kind, one.term))
    ordered = [one for one in in_order if one.active]
    definition = next((one for one in ordered if one.kind == DEFINITION), None)
    properties = (
        *([] if active == "1" else [ConceptProperty("inactive", True, "boolean")]),
        ConceptProperty("effectiveTime", effective_time),
        ConceptProperty("moduleId", module, "code"),
        ConceptProperty("sufficientlyDefined", definition_status == _DEFINED, "boolean"),
        *_semantic_tag(ordered),
        *dict.fromkeys(_linked(links)),
        *_inactivation(members),
    )
    display = _display(ordered) or code
    return Concept(
        code=code,
        display=display,
        designations=_designations(ordered),
        properties=properties,
        parents=tuple(dict.fromkeys(link[3] for link in links if link[1] == "parent")),
        active=active == "1",
        definition=definition.term if definition is not None else None,
        members=members,
        former_designations=_designations([one for one in in_order if not one.active]),
    )


def _designations(descriptions: Sequence[Rf2Description]) -> tuple[Designation, ...]:
    """In the order of their identifiers, which is that of their age; English before other languages."""
    ordered = sorted(
        (one for one in descriptions if one.kind != DEFINITION),
        key=lambda one: (one.language != "en", one.language, one.details.number.zfill(18)),
    )
    return tuple(Designation(one.term, one.language, _USES.get(one.kind), details=one.details) for one in ordered)


def semantic_tag(fully_specified_name: str) -> str | None:
    """The tag at the end of a fully specified name.

    >>> semantic_tag("Myocardial infarction (disorder)"), semantic_tag("No tag")
    ('disorder', None)
    """
    match = _TAG.search(fully_specified_name)
    return match[1] if match else None


def _display(ordered: Sequence[Rf2Description]) -> str | None:
    """The preferred synonym (English before others), else any synonym, else the full name without its tag."""
    synonyms = sorted((one for one in ordered if one.kind == SYNONYM), key=lambda one: (one.language != "en", one.rank))
    if synonyms:
        return synonyms[0].term
    full = next((one for one in ordered if one.kind == FULLY_SPECIFIED_NAME), None)
    return _TAG.sub("", full.term) if full else None


def _semantic_tag(ordered: Sequence[Rf2Description]) -> Iterator[ConceptProperty]:
    for one in ordered:
        if one.kind == FULLY_SPECIFIED_NAME and (tag := semantic_tag(one.term)):
            yield ConceptProperty("semanticTag", tag)
            return


def _inactivation(members: Sequence[RefsetMember]) -> Iterator[ConceptProperty]:
    """Why a concept is inactive: duplicate, ambiguous, outdated…"""
    for member in members:
        if member.active and member.refset == _CONCEPT_INACTIVATION:
            yield from (
                ConceptProperty("inactivationReason", text, "code") for name, text in member.fields if name == "valueId"
            )


def _linked(links: Sequence[Sequence[str]]) -> Iterator[ConceptProperty]:
    for _, sort, kind, value, group in links:
        if sort == "value":
            yield _concrete_value(kind, value, int(group))
        elif sort == "attribute":
            yield ConceptProperty(kind, value, "code", int(group))
        elif sort == "identifier":
            yield ConceptProperty("alternateIdentifier", Coding(kind, value), "Coding")
        elif sort != "parent":
            yield ConceptProperty(kind, value, "code")


def _concrete_value(kind: str, value: str, group: int) -> ConceptProperty:
    """RF2 writes numbers as `#1.5`, texts in quotes, truth values as they are."""
    if value.startswith("#"):
        number = value[1:]
        try:
            whole = "." not in number
            return ConceptProperty(
                kind, int(number) if whole else float(number), "integer" if whole else "decimal", group
            )
        except ValueError:
            return ConceptProperty(kind, number, group=group)
    if value.lower() in ("true", "false"):
        return ConceptProperty(kind, value.lower() == "true", "boolean", group)
    return ConceptProperty(kind, value.strip('"'), group=group)
