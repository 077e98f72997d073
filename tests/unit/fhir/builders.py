"""Small synthetic content for the tests of FHIR, terminology and rest: an ICD-like target, a local list, maps."""

from __future__ import annotations

from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.coding import Coding, Designation
from termserver.model.concept_map import ConceptMap, Dependency, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.model.value_set import Filter, Include, IncludedConcept, ValueSet
from termserver.store.code_systems import add_code_system
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set

LOCAL = "http://hospital.example/local-diagnoses"
ICD = "http://hl7.org/fhir/sid/icd-10"
LAB = "http://example.org/lab"
MAP = "http://hospital.example/ConceptMap/local-to-icd"
MAP_LAB = "http://hospital.example/ConceptMap/local-to-lab"
SEX = "http://example.org/attributes/sex"
VALUE_SET = "http://example.org/ValueSet/infarction"

ICD_CONCEPTS = (
    Concept("I20-I25", "Ischaemic heart diseases", abstract=True),
    Concept(
        "I21",
        "Acute myocardial infarction",
        (Designation("Akut hjärtinfarkt", "sv"), Designation("Akutt hjerteinfarkt", "nb")),
        (ConceptProperty("kind", "category", "code"),),
        ("I20-I25",),
    ),
    Concept(
        "I21.9",
        "Acute myocardial infarction, unspecified",
        (Designation("Akut hjärtinfarkt, ospecificerad", "sv"),),
        (ConceptProperty("kind", "subcategory", "code"),),
        ("I21",),
    ),
    Concept("I22", "Subsequent myocardial infarction", parents=("I20-I25",)),
    Concept("I24.9", "Acute ischaemic heart disease, unspecified", parents=("I20-I25",), active=False),
    Concept("N40", "Hyperplasia of prostate"),
    Concept("N85.0", "Endometrial glandular hyperplasia"),
)


def icd() -> CodeSystem:
    """The target's header."""
    return CodeSystem(
        ICD,
        "2019",
        "ICD10",
        "ICD-10 (sample)",
        language="en",
        hierarchy_meaning="is-a",
        value_set="http://hl7.org/fhir/sid/icd-10/vs",
        properties=(PropertyDefinition("kind", "code"),),
        aliases=("urn:oid:2.16.840.1.113883.6.3",),
    )


def local_concepts() -> tuple[Concept, ...]:
    """The local list."""
    terms = {"HI": "Hjärtinf", "HIU": "Hjärtinf UNS", "HYP": "Hyperplasi", "MISC": "Övrigt", "NEW": "Ny kod"}
    return tuple(Concept(code, term) for code, term in terms.items())


def example_map(version: str = "1.0", status: str = "active") -> ConceptMap:
    """A map with every kind of element."""
    element = (
        MapElement(
            "HI", "Hjärtinf", (MapTarget("I21", Relationship.EQUIVALENT, "from the map", r4_equivalence="equal"),)
        ),
        MapElement(
            "HIU",
            None,
            (
                MapTarget("I21.9", Relationship.EQUIVALENT),
                MapTarget("I21", Relationship.NARROWER, properties=(("priority", "1"),)),
                MapTarget("I22", Relationship.NOT_RELATED),
            ),
        ),
        MapElement(
            "HYP",
            None,
            (
                MapTarget(
                    "N40",
                    Relationship.BROADER,
                    depends_on=(Dependency("sex", Coding("http://hl7.org/fhir/administrative-gender", "male")),),
                ),
                MapTarget(
                    "N85.0",
                    Relationship.BROADER,
                    depends_on=(Dependency("sex", Coding("http://hl7.org/fhir/administrative-gender", "female")),),
                ),
            ),
        ),
        MapElement("MISC", None, no_map=True, comment="too vague"),
    )
    return ConceptMap(
        MAP,
        version,
        "LocalToIcd",
        "Local diagnoses to ICD-10",
        status,
        groups=(MapGroup(LOCAL, ICD, None, "2019", element),),
        other={
            "additionalAttribute": [{"code": "sex", "uri": SEX, "type": "Coding"}],
            "property": [{"code": "priority", "uri": "http://example.org/priority", "type": "string"}],
        },
    )


def lab_map() -> ConceptMap:
    """A second map from the same source, with a fixed code for what it does not list."""
    group = MapGroup(
        LOCAL,
        LAB,
        elements=(MapElement("HI", None, (MapTarget("TNT", Relationship.RELATED_TO, "Troponin T"),)),),
        unmapped=Unmapped("fixed", "NONE", "No test", relationship=Relationship.RELATED_TO),
    )
    return ConceptMap(MAP_LAB, "1.0", "LocalToLab", groups=(group,))


def value_set() -> ValueSet:
    """Infarctions: a filter, an enumeration and an exclusion."""
    return ValueSet(
        VALUE_SET,
        "1.0",
        "Infarction",
        includes=(
            Include(ICD, None, filters=(Filter("concept", "is-a", "I21"),)),
            Include(ICD, None, (IncludedConcept("I22", "Another infarction"), IncludedConcept("I24.9"))),
        ),
        excludes=(Include(ICD, None, (IncludedConcept("I21"),)),),
    )


def fill(database: Database) -> None:
    """Store all of the above."""
    with database.session(write=True) as session:
        add_code_system(session, icd(), ICD_CONCEPTS)
        add_code_system(session, CodeSystem(LOCAL, "2026", "LocalDiagnoses", language="sv"), local_concepts())
        add_value_set(session, value_set())
        add_concept_map(session, example_map())
        add_concept_map(session, lab_map())
