"""What $lookup shows of a SNOMED CT concept or expression.

Without a wish: attributes, parents, children, effectiveTime, inactive, module. By name or with `*` also the properties
that FHIR defines for SNOMED CT (moduleId, sufficientlyDefined, normalForm, normalFormTerse) and all that is stored.
Source: FHIR R5 "Using SNOMED CT with HL7 Standards".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from termserver.ecl.expressions import ConcreteValue, Expression
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.results import LookupProperty
from termserver.terminology.content import StoredContent
from termserver.terminology.lookup_form import NEIGHBOURS, Describe, LookupForm
from termserver.terminology.providers.snomed_normal_form import normal_form, print_normal_form

_SHOWN = {"effectiveTime", "inactive", "module", *NEIGHBOURS}
_NORMAL_FORMS = ("normalForm", "normalFormTerse")


def snomed_form(edition: StoredContent, wanted: Collection[str]) -> LookupForm:
    """What is shown of the concepts of an edition."""

    def asked(code: str, *, shown: bool) -> bool:
        return "*" in wanted or code in wanted or (shown and not wanted)

    def of_property(item: ConceptProperty, describe: Describe) -> Iterator[LookupProperty]:
        return _shown(item, describe, asked)

    forms = [code for code in _NORMAL_FORMS if asked(code, shown=False)]

    def derived(concept: Concept) -> Iterator[LookupProperty]:
        stored = edition.concept(concept.code) or concept
        for code in forms:
            text = print_normal_form(edition, normal_form(edition, stored), with_terms=code == "normalForm")
            yield LookupProperty(code, text, "string")

    return LookupForm(
        edition.header.canonical,
        of_property,
        asked("inactive", shown=True),
        tuple(name for name in NEIGHBOURS if asked(name, shown=True)),
        stored_first=True,
        names_display=False,
        derived=derived if forms else None,
    )


def _shown(item: ConceptProperty, describe: Describe, asked: Callable[..., bool]) -> Iterator[LookupProperty]:
    if item.group is not None:
        if asked(item.code, shown=True):
            description = describe(str(item.value)) if item.kind == "code" else None
            yield LookupProperty(item.code, item.value, item.kind, description, describe(item.code))
    elif item.code == "effectiveTime":
        if asked("effectiveTime", shown=True):
            yield LookupProperty("effectiveTime", _day(str(item.value)), "dateTime")
    elif item.code == "moduleId":
        for name in ("module", "moduleId"):
            if asked(name, shown=name == "module"):
                yield LookupProperty(name, item.value, "code", describe(str(item.value)))
    elif item.code not in _SHOWN and asked(item.code, shown=False):
        yield LookupProperty(item.code, item.value, item.kind)


def with_focus(focus: Concept, expression: Expression) -> Concept:
    """What is shown of an expression: what its first focus concept shows, with the expression's own attributes."""
    own = tuple(_attributes_of(expression))
    refined = {item.code for item in own}
    inherited = tuple(item for item in focus.properties if item.group is None or item.code not in refined)
    return replace(focus, properties=(*inherited, *own))


def _attributes_of(expression: Expression) -> Iterator[ConceptProperty]:
    for number, group in enumerate(expression.groups, start=1):
        for name, value in group.attributes:
            of_group = number if group.is_group else 0
            if isinstance(value, ConcreteValue):
                yield ConceptProperty(name, value.text, "string", of_group)
            elif isinstance(value, str):
                yield ConceptProperty(name, value, "code", of_group)


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
