"""One database of each kind for each file of cases, filled once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from termserver.curation.fhir_core import store_enumerations
from termserver.fhir.code_system import read_code_system
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.settings import Settings
from termserver.store.code_systems import add_alias, add_code_system
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from tests.conformance.case_format import CaseFile, read_resources
from tests.unit.rest.writing import WritingClient

Clients = Callable[[str, CaseFile], WritingClient]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Clients]:
    """(kind of database, file) → a client over that file's setup."""
    opened: dict[tuple[str, str], tuple[WritingClient, Database]] = {}
    postgresql: list[str] = []

    def client(kind: str, file: CaseFile) -> WritingClient:
        if (kind, file.name) not in opened:
            folder = tmp_path_factory.mktemp(file.name)
            database = Database(_url(kind, folder, request, postgresql))
            database.upgrade()
            fill(database, file.setup)
            settings = Settings(data=folder, expansion_limit=100, body_limit_mb=1)
            opened[kind, file.name] = WritingClient(database, settings), database
        return opened[kind, file.name][0]

    yield client
    for _, database in opened.values():
        database.close()
    for name in postgresql:
        _run_sql(request.getfixturevalue("postgresql_server"), f"DROP DATABASE {name} WITH (FORCE)")


def fill(database: Database, setup: tuple[str, ...]) -> None:
    """Store the resources that a file of cases asks for."""
    for name in setup:
        if name == "enumerations":
            store_enumerations(database)
            continue
        with database.session(write=True) as session:
            for resource in read_resources(name):
                kind = resource["resourceType"]
                if kind == "CodeSystem":
                    header, concepts = read_code_system(resource, FhirVersion.R5)
                    add_code_system(session, header, concepts)
                elif kind == "ValueSet":
                    add_value_set(session, read_value_set(resource, FhirVersion.R5))
                elif kind == "ConceptMap":
                    add_concept_map(session, read_concept_map(resource, FhirVersion.R5))
                else:
                    add_alias(session, resource["alias"], resource["url"])


def _url(kind: str, folder: Path, request: pytest.FixtureRequest, created: list[str]) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'cases.sqlite3'}"
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template")
    name = f"cases_{uuid.uuid4().hex}"
    _run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    created.append(name)
    return make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)


def _run_sql(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
