"""The pages over a small database, without a browser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from termserver.model.person import Role
from termserver.security.sign_in import sign_in
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.ui.routes import build_routes
from tests import builders

PASSWORD = "correct horse battery"
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Client:
    """A synchronous client of the application that keeps its cookies."""

    def __init__(self, application: Starlette) -> None:
        self.application = application
        self.cookies = httpx.Cookies()

    def get(self, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request("GET", url, options))

    def post(self, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request("POST", url, options))

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.application)
        base_url = "http://termserver.test"
        async with httpx.AsyncClient(transport=transport, base_url=base_url, cookies=self.cookies) as client:
            response = await client.request(method, url, **options)
            self.cookies = client.cookies
            return response


class Visitor:
    """Somebody with a browser: keeps cookies and sends the token of the forms."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get(self, url: str, **headers: str) -> httpx.Response:
        return self.client.get(url, headers=headers, follow_redirects=False)

    def token(self, url: str = "/docs/terminologists") -> str:
        found = _TOKEN.search(self.client.get(url).text)
        assert found is not None
        return found.group(1)

    def post(self, url: str, data: dict[str, object] | None = None, **headers: str) -> httpx.Response:
        return self.client.post(
            url, data={"csrf": self.token(), **(data or {})}, headers=headers, follow_redirects=False
        )


@pytest.fixture
def settings_of_pages(settings: Settings) -> Settings:
    return settings.model_copy(update={"upload_limit_mb": 1})


@pytest.fixture
def application(sqlite_database: Database, settings_of_pages: Settings) -> Starlette:
    return Starlette(routes=build_routes(sqlite_database, settings_of_pages))


@pytest.fixture
def visit(application: Starlette, sqlite_database: Database) -> Callable[..., Visitor]:
    """`visit()` as nobody, `visit("cia", Role.MAPPER)` as somebody."""

    def open_browser(login: str | None = None, role: Role = Role.MAPPER) -> Visitor:
        client = Client(application)
        if login is not None:
            with sqlite_database.session(write=True) as session:
                builders.person(session, login, role)
                done = sign_in(session, login, PASSWORD)
            assert done is not None
            client.cookies.set("termserver_session", done[1])
        return Visitor(client)

    return open_browser
