"""Synthetic content for the tests of $validate-code, stored or brought, and a short way to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.coding import Coding, Designation
from termserver.model.extension import Extension
from termserver.model.requests import Overlay, ValidateCodeRequest
from termserver.model.results import ValidateCodeResult
from termserver.model.value_set import Filter, Include, IncludedConcept, ValueSet
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from termserver.terminology.service import Terminology

BASE = "http://a.example/"
VERSIONED = BASE + "versioned"
ANIMALS = BASE + "animals"
PART = BASE + "part"
CASELESS = BASE + "caseless"
DRAFT = BASE + "draft"
NAMELESS = BASE + "nameless"
BY_NAME = BASE + "by-name"
_STANDING = "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"
_MARKED = (Extension("http://hl7.org/fhir/StructureDefinition/valueset-deprecated", "Boolean", True),)


def _animals() -> tuple[CodeSystem, tuple[Concept, ...]]:
    header = CodeSystem(
        ANIMALS,
        "2",
        "Animals",
        language="en",
        hierarchy_meaning="is-a",
        properties=(PropertyDefinition("status", "code", "http://hl7.org/fhir/concept-properties#status"),),
    )
    retired = (ConceptProperty("status", "retired", "code"),)
    deprecated = (ConceptProperty("status", "deprecated", "code"),)
    return header, (
        Concept("animal", "Animal", abstract=True),
        Concept("dog", "Dog", (Designation("Hund", "sv"), Designation("Koer", "et")), parents=("animal",)),
        Concept("cat", "Cat", (Designation("Pussy cat", "en"), Designation("Katt", "sv")), parents=("animal",)),
        Concept("dodo", "Dodo", properties=retired, parents=("animal",), active=False),
        Concept("auk", "Great auk", parents=("animal",), active=False),
        Concept("unicorn", "Unicorn", properties=deprecated, parents=("animal",)),
        Concept("rock", "Rock"),
    )


CODE_SYSTEMS: tuple[tuple[CodeSystem, tuple[Concept, ...]], ...] = (
    _animals(),
    *(
        (CodeSystem(VERSIONED, version, "Versioned", language="en"), (Concept("A", f"A of {version}"), *more))
        for version, more in (("1.0.0", (Concept("OLD", "Old"),)), ("1.2.0", (Concept("NEW", "New"),)))
    ),
    (CodeSystem(PART, "1", "Part", content="fragment"), (Concept("known", "Known"),)),
    (CodeSystem(CASELESS, "1", "Caseless", case_sensitive=False), (Concept("Abc", "Letters"),)),
    (CodeSystem(DRAFT, "1", "Draft", status="draft"), (Concept("A", "A"),)),
    (CodeSystem(BY_NAME, "1", "ByName", content="not-present"), ()),
    (CodeSystem(NAMELESS, "", "NoVersion"), (Concept("A", "Anything", (Designation("Mitä vain", "fi"),)),)),
)


def _value_set(name: str, *includes: Include, **more: Any) -> ValueSet:
    return ValueSet(f"{BASE}vs/{name}", "7", name.title(), includes=includes, **more)


def _codes(*codes: str) -> tuple[IncludedConcept, ...]:
    return tuple(IncludedConcept(code) for code in codes)


VALUE_SETS = (
    _value_set("animals", Include(ANIMALS)),
    _value_set("pets", Include(ANIMALS, concepts=_codes("dog", "cat", "dodo"))),
    _value_set("below", Include(ANIMALS, filters=(Filter("concept", "descendent-of", "animal"),))),
    _value_set("active", Include(ANIMALS), inactive=False),
    _value_set("no-cats", Include(ANIMALS), excludes=(Include(ANIMALS, concepts=_codes("cat", "dodo")),)),
    _value_set("imported", Include(value_sets=(f"{BASE}vs/pets", f"{BASE}vs/below"))),
    _value_set("broken-import", Include(value_sets=(f"{BASE}vs/nobody",))),
    _value_set("round", Include(value_sets=(f"{BASE}vs/round-2",))),
    _value_set("round-2", Include(ANIMALS), excludes=(Include(value_sets=(f"{BASE}vs/round",)),)),
    _value_set("unknown-system", Include(BASE + "nobody")),
    _value_set("part", Include(PART)),
    _value_set("part-listed", Include(PART, concepts=_codes("known", "elsewhere"))),
    _value_set("part-filtered", Include(PART, filters=(Filter("concept", "is-a", "known"),))),
    _value_set("caseless", Include(CASELESS)),
    _value_set("draft", Include(DRAFT)),
    _value_set("expected-draft", Include(DRAFT), status="draft"),
    _value_set("withdrawn", Include(ANIMALS), other={"extension": [{"url": _STANDING, "valueCode": "withdrawn"}]}),
    _value_set("of-withdrawn", Include(value_sets=(f"{BASE}vs/withdrawn",))),
    _value_set("nameless", Include(NAMELESS)),
    _value_set("by-name", Include(BY_NAME)),
    _value_set(
        "named",
        Include(ANIMALS, concepts=(IncludedConcept("dog", "Doggy"), IncludedConcept("cat", extensions=_MARKED))),
        language="en",
    ),
    _value_set("swedish", Include(ANIMALS), language="sv"),
    _value_set("two-systems", Include(ANIMALS), Include(NAMELESS), Include(DRAFT)),
    _value_set("both-versions", Include(VERSIONED, "1.0.0"), Include(VERSIONED, "1.2.0")),
    _value_set("new-in-1.2", Include(VERSIONED, "1.2.0"), excludes=(Include(VERSIONED, "1.0.0"),)),
    _value_set(
        "both-but-old-A",
        Include(VERSIONED, "1.0.0"),
        Include(VERSIONED, "1.2.0"),
        excludes=(Include(VERSIONED, "1.0.0", _codes("A")),),
    ),
    ValueSet(BASE + "vs/editions", "1", "Editions1", includes=(Include(ANIMALS, concepts=_codes("dog")),)),
    ValueSet(BASE + "vs/editions", "2", "Editions2", includes=(Include(ANIMALS, concepts=_codes("cat")),)),
    _value_set("of-editions", Include(value_sets=(f"{BASE}vs/editions",))),
    _value_set("of-edition-1", Include(value_sets=(f"{BASE}vs/editions|1",))),
)

Ask = Callable[..., ValidateCodeResult]


def ask_stored(database: Database, settings: Settings) -> Ask:
    """Ask about the content in a database."""
    with database.session() as session:
        for header, concepts in CODE_SYSTEMS:
            add_code_system(session, header, concepts)
        for value_set in VALUE_SETS:
            add_value_set(session, value_set)
        session.commit()
    return _asking(Terminology(database, settings), Overlay())


def ask_brought(database: Database, settings: Settings) -> Ask:
    """Ask about the same content, brought by the request."""
    return _asking(Terminology(database, settings), Overlay(CODE_SYSTEMS, VALUE_SETS))


def _asking(terminology: Terminology, overlay: Overlay) -> Ask:
    def ask(value_set: str | ValueSet | None, *codings: Coding, **more: Any) -> ValidateCodeResult:
        request = ValidateCodeRequest(
            codings,
            place=more.pop("place", "Coding"),
            value_set_url=f"{BASE}vs/{value_set}" if isinstance(value_set, str) else None,
            inline_value_set=value_set if isinstance(value_set, ValueSet) else None,
            overlay=overlay,
            **more,
        )
        if value_set is None:
            return terminology.validate_code(request)
        return terminology.validate_code_in_value_set(request)

    return ask


def said(result: ValidateCodeResult) -> list[str]:
    """The issues in short: severity, message id and place, sorted."""
    return sorted(
        f"{issue.severity} {issue.message_id}" + (f" @{issue.expression}" if issue.expression else "")
        for issue in result.issues
    )
