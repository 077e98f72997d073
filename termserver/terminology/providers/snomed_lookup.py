"""What $lookup shows of a SNOMED CT concept or expression.

Without a wish: attributes, parents, children, effectiveTime, inactive, module. By name or with `*` also the properties
that FHIR defines for SNOMED CT (moduleId, sufficientlyDefined, normalForm, normalFormTerse) and all that is stored.
Source: FHIR R5 "Using SNOMED CT with HL7 Standards".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from termserver.ecl.expressions import ConcreteValue, Expression
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.results import LookupProperty, OwnLookup
from termserver.terminology.content import StoredContent
from termserver.terminology.providers.snomed_normal_form import normal_form, print_normal_form

_SHOWN = {"effectiveTime", "inactive", "module", "parent", "child"}


def look_up(
    edition: StoredContent, concept: Concept, expression: Expression | None, wanted: Collection[str]
) -> OwnLookup:
    """What is shown of a concept.

    Parameters
    ----------
    expression
        What the concept's code is, if it is more than a concept: it shows what its first focus concept shows, with its
        own attributes.
    """
    shown = concept
    own: tuple[ConceptProperty, ...] = ()
    if expression is not None:
        shown = edition.concept(expression.focus[0]) or concept
        own = tuple(_attributes_of(expression))
    properties = tuple(_properties(edition, shown, own, wanted))
    return OwnLookup(edition.header.canonical, concept.designations, properties)


def _attributes_of(expression: Expression) -> Iterator[ConceptProperty]:
    for number, group in enumerate(expression.groups, start=1):
        for name, value in group.attributes:
            of_group = number if group.is_group else 0
            if isinstance(value, ConcreteValue):
                yield ConceptProperty(name, value.text, "string", of_group)
            elif isinstance(value, str):
                yield ConceptProperty(name, value, "code", of_group)


def _properties(
    edition: StoredContent, concept: Concept, own: tuple[ConceptProperty, ...], wanted: Collection[str]
) -> Iterator[LookupProperty]:
    every = "*" in wanted

    def asked(code: str, *, shown: bool) -> bool:
        return every or code in wanted or (shown and not wanted)

    refined = {item.code for item in own}
    inherited = tuple(item for item in concept.properties if item.group is None or item.code not in refined)
    for item in (*inherited, *own):
        if item.group is not None:
            if asked(item.code, shown=True):
                yield _described(edition, item)
        elif item.code == "effectiveTime":
            if asked("effectiveTime", shown=True):
                yield LookupProperty("effectiveTime", _day(str(item.value)), "dateTime")
        elif item.code == "moduleId":
            if asked("module", shown=True):
                yield LookupProperty("module", item.value, "code", _display(edition, str(item.value)))
            if asked("moduleId", shown=False):
                yield LookupProperty("moduleId", item.value, "code", _display(edition, str(item.value)))
        elif item.code not in _SHOWN and asked(item.code, shown=False):
            yield LookupProperty(item.code, item.value, item.kind)
    if asked("inactive", shown=True):
        yield LookupProperty("inactive", not concept.active, "boolean")
    yield from _neighbours(edition, concept, wanted)
    yield from _normal_forms(edition, concept, wanted)


def _neighbours(edition: StoredContent, concept: Concept, wanted: Collection[str]) -> Iterator[LookupProperty]:
    ordinal = edition.table.ordinal_of(concept.code)
    if ordinal < 0:
        return
    for code, edges in (("parent", edition.hierarchy.parents), ("child", edition.hierarchy.children)):
        if not wanted or "*" in wanted or code in wanted:
            for other in edges.of(ordinal).tolist():
                yield LookupProperty(code, edition.table.code_of(other), "code", edition.table.display_of(other))


def _normal_forms(edition: StoredContent, concept: Concept, wanted: Collection[str]) -> Iterator[LookupProperty]:
    for code in ("normalForm", "normalFormTerse"):
        if "*" in wanted or code in wanted:
            form = normal_form(edition, concept)
            yield LookupProperty(code, print_normal_form(edition, form, with_terms=code == "normalForm"), "string")


def _described(edition: StoredContent, item: ConceptProperty) -> LookupProperty:
    description = _display(edition, str(item.value)) if item.kind == "code" else None
    return LookupProperty(item.code, item.value, item.kind, description, _display(edition, item.code))


def _display(edition: StoredContent, code: str) -> str | None:
    return edition.table.displays_of([code])[0]


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
