from pathlib import Path

import pytest

from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.fhir.builders import fill
from tests.unit.rest.client import FhirClient


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> FhirClient:
    """The routes over the sample content; every test runs on both kinds of database."""
    fill(database)
    return FhirClient(database, Settings(data=tmp_path, expansion_limit=100, expansion_page_limit=100, body_limit_mb=1))


@pytest.fixture(scope="module")
def fhir_sqlite(tmp_path_factory: pytest.TempPathFactory) -> FhirClient:
    """As `fhir`, one for a file of tests that only read."""
    folder = tmp_path_factory.mktemp("fhir")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    fill(database)
    return FhirClient(database, Settings(data=folder, expansion_limit=100, expansion_page_limit=100, body_limit_mb=1))
