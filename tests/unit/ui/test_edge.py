"""What every page does before its own work: who asks, is the form ours, how an error looks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.applications import Starlette

from termserver.model.person import Role
from termserver.store.engine import Database
from termserver.ui.routes import build_routes
from tests import builders
from tests.unit.ui.conftest import Client, Visitor

Visit = Callable[..., Visitor]


def test_the_start_page_leads_to_the_first_start_then_to_the_sign_in(visit: Visit, sqlite_database: Database) -> None:
    nobody = visit()
    assert nobody.get("/").headers["location"] == "/setup"
    assert nobody.get("/sign-in").headers["location"] == "/setup"
    with sqlite_database.session(write=True) as session:
        builders.person(session, "anna", Role.ADMINISTRATOR)
    assert nobody.get("/").headers["location"] == "/sign-in"


def test_the_first_start_makes_an_administrator_once(visit: Visit) -> None:
    nobody = visit()
    form = {"name": "Anna", "login": "anna", "password": "correct horse", "password_again": "correct horse"}
    assert "The two passwords differ" in nobody.post("/setup", {**form, "password_again": "other"}).text
    assert nobody.post("/setup", form).headers["location"] == "/projects"
    assert "administrator" in nobody.get("/people").text
    assert visit().get("/setup").status_code == 404
    assert visit().post("/setup", {**form, "login": "eve"}).status_code == 404


def test_a_page_asks_to_sign_in_and_comes_back(visit: Visit) -> None:
    answer = visit().get("/projects/some-list")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/projects/some-list")
    part = visit().get("/jobs/1", **{"hx-request": "true", "hx-current-url": "http://termserver.test/projects/x?a=1"})
    assert (part.status_code, part.headers["hx-redirect"]) == (204, "/sign-in?next=/projects/x")


@pytest.mark.parametrize(
    "wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_sign_in_leads_only_to_this_server(visit: Visit, sqlite_database: Database, wanted: str) -> None:
    with sqlite_database.session(write=True) as session:
        builders.person(session, "anna", Role.MAPPER)
    form = {"login": "anna", "password": "correct horse battery", "next": wanted}
    assert visit().post("/sign-in", form).headers["location"] == "/projects"


def test_a_wrong_password_says_nothing_about_the_login_and_is_throttled(
    visit: Visit, sqlite_database: Database
) -> None:
    with sqlite_database.session(write=True) as session:
        builders.person(session, "anna", Role.MAPPER)
    nobody = visit()
    known = nobody.post("/sign-in", {"login": "anna", "password": "wrong"})
    unknown = nobody.post("/sign-in", {"login": "nobody", "password": "wrong"})
    assert (known.status_code, unknown.status_code) == (401, 401)
    assert "do not fit together" in known.text
    assert "do not fit together" in unknown.text
    for _ in range(5):
        last = nobody.post("/sign-in", {"login": "anna", "password": "wrong"})
    assert last.status_code == 429
    assert "Too many failed sign-ins" in last.text


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(visit: Visit, sqlite_database: Database) -> None:
    with sqlite_database.session(write=True) as session:
        builders.person(session, "anna", Role.MAPPER)
    answer = visit().post("/sign-in", {"login": "anna", "password": "correct horse battery"})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("termserver_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_signing_out_ends_the_session_in_the_database(visit: Visit) -> None:
    anna = visit("anna")
    token = anna.client.cookies["termserver_session"]
    assert anna.post("/sign-out").status_code == 303
    other = visit()
    other.client.cookies.set("termserver_session", token)
    assert other.get("/projects").status_code == 303


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"csrf": "0" * 64}, {}),
        ({"csrf": ""}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"origin": "null"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_a_form_from_elsewhere_changes_nothing(visit: Visit, data: dict[str, object], headers: dict[str, str]) -> None:
    anna = visit("anna", Role.ADMINISTRATOR)
    form = {"name": "Eve", "login": "eve", "password": "correct horse", "role": "administrator", **data}
    answer = anna.post("/people", form, **headers)
    assert answer.status_code == 403
    assert "<code>eve</code>" not in anna.get("/people").text


def test_a_form_of_this_server_is_taken_also_behind_its_public_url(
    sqlite_database: Database, settings_of_pages: object, visit: Visit
) -> None:
    anna = visit("anna", Role.ADMINISTRATOR)
    form = {"name": "Bo", "login": "bo", "password": "correct horse", "role": "mapper"}
    assert anna.post("/people", form, origin="http://termserver.test").status_code == 200
    assert "bo" in anna.get("/people").text


def test_every_page_carries_the_strict_headers(visit: Visit) -> None:
    for url in ("/sign-in", "/no-such-page-here", "/docs/terminologists", "/projects"):
        answer = visit("p" + str(abs(hash(url)))).get(url)
        if answer.status_code == 404 and "content-security-policy" not in answer.headers:
            continue  # not ours: the application's own 404
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"


def test_no_page_holds_inline_script_or_style(visit: Visit) -> None:
    anna = visit("anna", Role.ADMINISTRATOR)
    for url in ("/projects", "/upload", "/people", "/account", "/docs/terminologists"):
        text = anna.get(url).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert text.count("<script") == text.count("<script src=") == 2


def test_an_error_nobody_foresaw_is_a_page_without_a_trace(
    visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from termserver.ui import pages_people

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(pages_people.people, "list_people", fail)
    answer = visit("anna", Role.ADMINISTRATOR).get("/people")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text
    assert "The server has a problem" in answer.text
    assert "secret detail" in caplog.text


def test_an_error_is_a_part_for_the_script_and_a_page_for_the_browser(visit: Visit) -> None:
    anna = visit("anna")
    page, part = anna.get("/projects/none"), anna.get("/projects/none", **{"hx-request": "true"})
    assert page.status_code == part.status_code == 404
    assert "<html" in page.text
    assert "<html" not in part.text
    assert "No project &#39;none&#39;" in part.text


def test_preferences_are_kept_in_cookies_and_drawn_by_the_server(visit: Visit) -> None:
    anna = visit("anna")
    answer = anna.post("/preferences", {"theme": "dark", "next": "/projects"})
    assert answer.headers["location"] == "/projects"
    assert 'data-theme="dark"' in anna.get("/projects").text
    anna.post("/preferences", {"keys": "off", "next": "//evil.example"})
    text = anna.get("/projects").text
    assert 'data-theme="dark"' in text
    assert 'data-keys="off"' in text


def test_static_files_are_kept_by_their_hash(visit: Visit) -> None:
    nobody = visit()
    assert "immutable" in nobody.get("/static/termserver.css?v=abc").headers["cache-control"]
    assert "immutable" not in nobody.get("/static/termserver.css").headers["cache-control"]
    assert nobody.get("/static/../routes.py").status_code == 404


def test_the_routes_make_their_own_engines_where_nobody_gives_any(
    sqlite_database: Database, settings_of_pages: object
) -> None:
    from termserver.settings import Settings

    assert isinstance(settings_of_pages, Settings)
    routes = build_routes(sqlite_database, settings_of_pages)
    assert Client(Starlette(routes=routes)).get("/docs").status_code == 303
