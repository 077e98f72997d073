"""One concept in an expansion: its name, designations, properties and extensions.

Source: FHIR R5 ValueSet.expansion.contains; HL7's terminology ecosystem tests for the extensions that travel with a
concept and for those that become properties.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.coding import Designation
from termserver.model.extension import Extension, extension_value
from termserver.model.requests import ExpandRequest
from termserver.model.results import ExpansionEntry
from termserver.model.value_set import IncludedConcept
from termserver.terminology.concept_status import concept_status
from termserver.terminology.content import Content, SupplementedContent
from termserver.terminology.languages import Languages, choose_names
from termserver.terminology.selection_parts import Part

LANGUAGE_SYSTEM = "urn:ietf:bcp:47"
_STANDARD = "http://hl7.org/fhir/concept-properties#"
_URIS = {
    code: _STANDARD + code
    for code in ("definition", "status", "label", "order", "parent", "child", "inactive", "notSelectable")
} | {"weight": _STANDARD + "itemWeight"}
_EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
# Extensions that become properties: the value set's before the code system's
_TO_PROPERTY = (
    ("label", "string", ("valueset-label", "codesystem-label")),
    ("order", "decimal", ("valueset-conceptOrder", "codesystem-conceptOrder")),
    ("weight", "decimal", ("itemWeight", "itemWeight")),
)
_FROM_CONCEPT = {_EXTENSION + name for name in ("rendering-style", "rendering-xhtml", "codesystem-alternate")}
_FROM_VALUE_SET = {
    _EXTENSION + name
    for name in (
        "rendering-style",
        "rendering-xhtml",
        "valueset-deprecated",
        "valueset-concept-definition",
        "structuredefinition-standards-status",
    )
}


@dataclass(frozen=True, slots=True)
class EntryWriter:
    """Makes entries of a part's concepts."""

    request: ExpandRequest
    languages: Languages
    part: Part
    with_version: bool

    def entry(self, concept: Concept) -> ExpansionEntry:
        """The entry of a concept."""
        concept = self.part.content.as_expanded(concept)
        header = self.part.content.header
        listed = self.part.listed.get(concept.code)
        names = choose_names(concept, header.language, self.languages, listed)
        wanted = self.request.include_designations or self.request.designations
        return ExpansionEntry(
            system=header.url,
            code=concept.code,
            display=names.shown,
            version=header.version or None if self.with_version else None,
            abstract=concept.abstract,
            inactive=not concept.active,
            designations=_designations(names.others, names.shown, self.request.designations) if wanted else (),
            properties=tuple(self._properties(concept, listed)),
            extensions=_extensions(concept, listed),
        )

    def _properties(self, concept: Concept, listed: IncludedConcept | None) -> Iterable[ConceptProperty]:
        content = self.part.content
        found = dict.fromkeys(_asked_properties(concept, content, self.request.properties))
        status = concept_status(concept, content.header)
        if status is not None:
            found[ConceptProperty("status", status, "code")] = None
        for code, kind, (of_value_set, of_concept) in _TO_PROPERTY:
            value = extension_value(listed.extensions, _EXTENSION + of_value_set) if listed else None
            if value is None:
                value = extension_value(concept.extensions, _EXTENSION + of_concept)
            if isinstance(value, str | int | float):
                found[ConceptProperty(code, value, kind)] = None
        return found


def _designations(others: Sequence[Designation], shown: str, tokens: Sequence[str]) -> tuple[Designation, ...]:
    return tuple(
        item for item in others if (item.value != shown or item.language or item.use) and _is_wanted(item, tokens)
    )


def _is_wanted(designation: Designation, tokens: Sequence[str]) -> bool:
    """True if no token is given, or one names the designation's language or use."""
    if not tokens:
        return True
    for token in tokens:
        system, _, code = token.rpartition("|")
        if system in (LANGUAGE_SYSTEM, "") and (designation.language or "").lower() == code.lower():
            return True
        use = designation.use
        if use is not None and use.code == code and (not system or use.system == system):
            return True
    return False


def _asked_properties(concept: Concept, content: Content, asked: Sequence[str]) -> Iterable[ConceptProperty]:
    if not asked:
        return
    wanted = set(asked)
    uris = {uri: code for code, uri in property_uris(content).items()}
    wanted |= {uris[uri] for uri in asked if uri in uris}
    if "definition" in wanted and concept.definition:
        yield ConceptProperty("definition", concept.definition, "string")
    if wanted & {"parent", "child"}:
        yield from _neighbours(concept, content, wanted)
    if "inactive" in wanted:
        yield ConceptProperty("inactive", not concept.active, "boolean")
    for item in concept.properties:
        if item.code not in ("parent", "child", "inactive") and (item.code in wanted or "*" in wanted):
            yield item


def _neighbours(concept: Concept, content: Content, wanted: set[str]) -> Iterable[ConceptProperty]:
    ordinal = content.table.ordinal_of(concept.code)
    if ordinal < 0:
        return
    for name, edges in (("parent", content.hierarchy.parents), ("child", content.hierarchy.children)):
        if name in wanted:
            for other in edges.of(ordinal).tolist():
                yield ConceptProperty(name, content.table.code_of(other), "code")


def _extensions(concept: Concept, listed: IncludedConcept | None) -> tuple[Extension, ...]:
    of_value_set = [item for item in listed.extensions if item.url in _FROM_VALUE_SET] if listed else []
    said = {item.url for item in of_value_set}
    return (
        *(item for item in concept.extensions if item.url in _FROM_CONCEPT and item.url not in said),
        *of_value_set,
    )


def property_uris(content: Content) -> dict[str, str]:
    """The URIs of the properties that entries of a code system may have, by code."""
    declared = [item for header in _headers(content) for item in header.properties]
    return {item.code: item.uri for item in reversed(declared) if item.uri} | _URIS


def _headers(content: Content) -> Iterable[CodeSystem]:
    yield content.header
    if isinstance(content, SupplementedContent):
        yield from (supplement.header for supplement in content.supplements)
