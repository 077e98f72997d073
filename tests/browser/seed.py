"""Synthetic content, people and projects for the browser tests; the codes are real, the lists are ours."""

from __future__ import annotations

from itertools import count

from termserver.curation import people, upload
from termserver.jobs import queue as jobs
from termserver.loaders.source import LoadedList
from termserver.model.candidate import Candidate, Evidence, Signal, Suggestions
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.coding import Designation
from termserver.model.person import Role
from termserver.model.project import Project
from termserver.model.relationship import Relationship
from termserver.model.source_list import SourceList, SourceRow
from termserver.store import projects as project_store
from termserver.store.candidates import replace_candidates
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.people import find_person
from termserver.store.rows import RowFilter, list_rows

PASSWORD = "correct horse battery staple"
ICD = "http://hl7.org/fhir/sid/icd-10"
LABS = "https://termserver.example/CodeSystem/labs"
PEOPLE = (("anna", "Anna Lind", Role.ADMINISTRATOR), ("bo", "Bo Ek", Role.PUBLISHER), ("cia", "Cia Holm", Role.MAPPER))
TERMS = (
    ("D1", "Akut hjärtinfarkt UNS", 9000, "I21.9"),
    ("D2", "Förmaksflimmer", 7000, "I48.9"),
    ("D3", "Hjärtsvikt UNS", 5000, "I50.9"),
    ("D4", "Högt blodtryck", 4000, "I10"),
    ("D5", "Lungemboli", 900, "I26.9"),
    ("D6", "Åderbråck ben", 400, "I83.9"),
)
_NUMBERS = count(1)


def _category(code: str, display: str, swedish: str, parent: str) -> Concept:
    return Concept(code, display, parents=(parent,), designations=(Designation(swedish, "sv"),))


CONCEPTS = (
    Concept(
        "IX",
        "Diseases of the circulatory system",
        abstract=True,
        properties=(ConceptProperty("kind", "chapter", "code"),),
    ),
    _category("I10", "Essential (primary) hypertension", "Essentiell hypertoni (högt blodtryck)", "IX"),
    _category("I21", "Acute myocardial infarction", "Akut hjärtinfarkt", "IX"),
    _category("I21.0", "Acute transmural myocardial infarction of anterior wall", "Akut framväggsinfarkt", "I21"),
    _category("I21.9", "Acute myocardial infarction, unspecified", "Akut hjärtinfarkt, ospecificerad", "I21"),
    _category("I26", "Pulmonary embolism", "Lungemboli", "IX"),
    _category("I26.9", "Pulmonary embolism without acute cor pulmonale", "Lungemboli utan akut cor pulmonale", "I26"),
    _category("I48", "Atrial fibrillation and flutter", "Förmaksflimmer och förmaksfladder", "IX"),
    _category("I48.9", "Atrial fibrillation, unspecified", "Förmaksflimmer, ospecificerat", "I48"),
    _category("I50", "Heart failure", "Hjärtinsufficiens", "IX"),
    _category("I50.9", "Heart failure, unspecified", "Hjärtsvikt, ospecificerad", "I50"),
    _category("I83", "Varicose veins of lower extremities", "Åderbråck i benen", "IX"),
    _category("I83.9", "Varicose veins without ulcer", "Åderbråck utan bensår", "I83"),
)
DISPLAYS = {concept.code: concept for concept in CONCEPTS}


def seed_content(database: Database) -> None:
    """A little ICD-10 with Swedish names, and a second system for projects with two targets."""
    with database.session(write=True) as session:
        add_code_system(session, CodeSystem(ICD, "2019", "ICD10", title="ICD-10", language="en"), CONCEPTS)
        tests = (Concept("L1", "Troponin T"), Concept("L2", "Creatinine"), Concept("L3", "Sodium"))
        add_code_system(session, CodeSystem(LABS, "1", "Labs", title="Laboratory tests", language="en"), tests)


def seed_people(database: Database) -> None:
    """An administrator, a publisher and a mapper."""
    with database.session(write=True) as session:
        for login, name, role in PEOPLE:
            people.create_person(session, None, login=login, name=name, password=PASSWORD, role=role)


def seed_project(
    database: Database,
    *,
    targets: tuple[str, ...] = (ICD,),
    rows: int = len(TERMS),
    with_candidates: bool = True,
    remarks: tuple[str, ...] = (),
) -> Project:
    """A project with candidates made by hand, so that each test knows them; the engine does not run on it."""
    number = next(_NUMBERS)
    url = f"https://termserver.example/CodeSystem/list-{number}"
    source_rows = [
        SourceRow(
            line=at + 2,
            code=code if at < len(TERMS) else f"{code}-{at}",
            term=term if at < len(TERMS) else f"{term} {at}",
            language="sv",
            frequency=max(1, frequency - at),
            context={"clinic": "medicine"},
        )
        for at in range(rows)
        for code, term, frequency, _ in [TERMS[at % len(TERMS)]]
    ]
    header = SourceList(name="list", title=f"Diagnoses {number}", url=url, version="1", language="sv")
    with database.session(write=True) as session:
        project = upload.create_project(
            session,
            find_person(session, "anna"),
            LoadedList(header, iter(source_rows)),
            title=header.title,
            source_url=url,
            version="1",
            language="sv",
            country="SE",
            target_systems=targets,
        )
        for job in jobs.list_jobs(session, project.id):
            jobs.cancel(session, job.id)
        rights = {code: right for code, _, _, right in TERMS}
        for row in list_rows(session, project.id, RowFilter(order="line"), limit=500) if with_candidates else ():
            sets = {ICD: _suggestions(row.term, rights[row.code.split("-")[0]], remarks)}
            if LABS in targets:
                sets[LABS] = Suggestions((Candidate(LABS, "L1", "Troponin T", 1, 0.4, 0.4),), 0.5, "by hand")
            replace_candidates(session, {row.id: sets})
        project_store.set_suggested(session, project.id, rows)
        return project_store.read_project(session, project.id)


def _suggestions(term: str, right: str, remarks: tuple[str, ...]) -> Suggestions:
    codes = [right, *(code for code in ("I21", "I48", "I50", "I10") if code != right)]
    found = tuple(_candidate(term, code, rank, remarks) for rank, code in enumerate(codes[:4], start=1))
    return Suggestions(found, 0.05, "by hand", remarks)


def _candidate(term: str, code: str, rank: int, remarks: tuple[str, ...]) -> Candidate:
    concept = DISPLAYS[code]
    probability = (0.93, 0.041, 0.02, 0.0004)[rank - 1]
    word = term.split()[0]
    return Candidate(
        ICD,
        code,
        concept.display,
        rank,
        probability,
        probability,
        Relationship.EQUIVALENT if rank == 1 else Relationship.NARROWER,
        Evidence(
            signals=(Signal("words", 0.8, 0.6), Signal("meaning", 0.7, 0.4)),
            matched_designation=concept.designations[0],
            matched_words=((word, word),),
            agreements=("kind category",) if rank == 1 else (),
            conflicts=() if rank == 1 else ("course any ≠ acute",),
            warnings=remarks if rank == 1 else ("category: a finer code exists",) if rank == 2 else (),
            sources=("n-gram", "own model"),
        ),
    )
