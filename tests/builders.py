"""Small synthetic content and projects for tests."""

from __future__ import annotations

from termserver.curation.people import create_person
from termserver.curation.upload import create_project
from termserver.loaders.source import LoadedList
from termserver.model.candidate import Candidate, Suggestions
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.coding import Designation
from termserver.model.person import Person, Role
from termserver.model.project import Project
from termserver.model.source_list import SourceList, SourceRow
from termserver.store.candidates import replace_candidates
from termserver.store.code_systems import StoredCodeSystem, add_code_system
from termserver.store.engine import Session
from termserver.store.rows import RowFilter, list_rows

ICD = "http://hl7.org/fhir/sid/icd-10"

CONCEPTS = (
    Concept("IX", "Diseases of the circulatory system", properties=(ConceptProperty("kind", "chapter", "code"),)),
    Concept(
        "I21", "Acute myocardial infarction", parents=("IX",), designations=(Designation("Akut hjärtinfarkt", "sv"),)
    ),
    Concept("I21.9", "Acute myocardial infarction, unspecified", parents=("I21",)),
    Concept("I48", "Atrial fibrillation and flutter", parents=("IX",)),
    Concept("I48.9", "Atrial fibrillation and atrial flutter, unspecified", parents=("I48",)),
    Concept("I99", "Old code", parents=("IX",), active=False),
)


def icd(session: Session, version: str = "2019") -> StoredCodeSystem:
    """A handful of ICD-10."""
    header = CodeSystem(
        ICD, version, "ICD10", title="ICD-10", language="en", aliases=("urn:oid:2.16.840.1.113883.6.3",)
    )
    return add_code_system(session, header, CONCEPTS)


def person(session: Session, login: str, role: Role) -> Person:
    """Somebody with a password that nobody needs."""
    return create_person(session, None, login=login, name=login.title(), password="correct horse battery", role=role)


def source_rows(count: int = 3) -> list[SourceRow]:
    """Rows D1, D2, … with falling frequency."""
    terms = ("Akut hjärtinfarkt UNS", "Förmaksflimmer", "Uteblivet besök")
    return [
        SourceRow(
            line=n + 2,
            code=f"D{n + 1}",
            term=terms[n] if n < len(terms) else f"Term {n + 1}",
            language="sv",
            frequency=1000 // (n + 1),
            context={"clinic": "medicine"},
        )
        for n in range(count)
    ]


def project(session: Session, actor: Person | None = None, rows: list[SourceRow] | None = None) -> Project:
    """A project on the handful of ICD-10, which must be stored."""
    header = SourceList(name="demo", title="Diagnoses", url="https://example.org/CodeSystem/d", version="1")
    return create_project(
        session,
        actor,
        LoadedList(header, iter(source_rows() if rows is None else rows)),
        title="Diagnoses",
        source_url="https://example.org/CodeSystem/d",
        version="1",
        language="sv",
        country="SE",
        target_systems=[ICD],
    )


def row_ids(session: Session, of: Project) -> list[int]:
    """Numbers of the project's rows in the file's order."""
    return [row.id for row in list_rows(session, of.id, RowFilter(order="line"), limit=500)]


def suggest_by_hand(session: Session, row_id: int, *codes: tuple[str, str, float]) -> None:
    """Store candidates (code, display, probability) for a row."""
    found = tuple(
        Candidate(ICD, code, display, rank, probability, probability)
        for rank, (code, display, probability) in enumerate(codes, start=1)
    )
    replace_candidates(session, {row_id: {ICD: Suggestions(found, 0.1, "test engine")}})
