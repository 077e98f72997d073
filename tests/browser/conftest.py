"""A real server process and a real Chromium for the browser tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from termserver.security.sign_in import sign_in
from termserver.store.engine import Database
from tests.browser.seed import PASSWORD, seed_content, seed_people

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_ADDRESS = re.compile(r"(http://[\d.]+:\d+)/")


@contextmanager
def running_server(data: Path) -> Iterator[str]:
    """`termserver serve` on a data folder; yields its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TERMSERVER_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "termserver", "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield _address(process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        found = _ADDRESS.search(line)
        if found:
            return found.group(1)
    raise AssertionError("the server did not start:\n" + "".join(printed))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Database]]:
    """A server with a little ICD-10 and three people, and its database."""
    data = tmp_path_factory.mktemp("served")
    database = Database(f"sqlite:///{data.absolute() / 'termserver.sqlite3'}")
    database.upgrade()
    seed_content(database)
    seed_people(database)
    with running_server(data) as address:
        yield address, database
    database.close()


@pytest.fixture
def address(server: tuple[str, Database]) -> str:
    return server[0]


@pytest.fixture
def served_database(server: tuple[str, Database]) -> Database:
    return server[1]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium where there is one, else Playwright's own.

    Of a module, not of the session: while Playwright is open its event loop runs, and other tests could not run theirs.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_ARGUMENTS)
        yield browser
        browser.close()


SignedIn = Callable[..., Page]


@pytest.fixture
def signed_in(chromium: Browser, server: tuple[str, Database]) -> Iterator[SignedIn]:
    """Open a page as somebody: `signed_in("cia")`, each call a browser of its own."""
    address, database = server
    contexts: list[BrowserContext] = []

    def open_page(login: str, *, theme: str = "light", width: int = 1440, height: int = 900) -> Page:
        context = chromium.new_context(base_url=address, viewport={"width": width, "height": height})
        context.set_default_timeout(10_000)
        contexts.append(context)
        with database.session(write=True) as session:
            done = sign_in(session, login, PASSWORD)
        assert done is not None
        context.add_cookies(
            [
                {"name": "termserver_session", "value": done[1], "url": address},
                {"name": "termserver_theme", "value": theme, "url": address},
            ]
        )
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
