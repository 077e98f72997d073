"""Sign in, sign out, the first start, and how a person likes the pages."""

from __future__ import annotations

from starlette.responses import HTMLResponse, RedirectResponse, Response

from termserver.curation import people
from termserver.errors import BadInput, Conflict, NotFound, NotSignedIn
from termserver.model.person import Role
from termserver.security import sign_in
from termserver.ui import cookies
from termserver.ui.edge import Call, local_path


def start_page(call: Call) -> Response:
    """`/`: on to the projects, the sign-in or the first start."""
    if call.person is not None:
        return call.redirect("/projects")
    return call.redirect("/sign-in" if people.any_person(call.session) else "/setup")


def sign_in_form(call: Call) -> Response:
    """The sign-in page."""
    if not people.any_person(call.session):
        return call.redirect("/setup")
    if call.person is not None:
        return call.redirect("/projects")
    return _sign_in_page(call, "", "", 200)


def sign_in_person(call: Call) -> Response:
    """Check login and password; a new session each time, so that nobody can plant one."""
    login = call.field("login")
    password = call.form.get("password")
    try:
        signed_in = sign_in.sign_in(
            call.session, login, password if isinstance(password, str) else "", hours=call.settings.session_hours
        )
    except NotSignedIn as error:
        return _sign_in_page(call, login, error.message, 429)
    if signed_in is None:
        return _sign_in_page(call, login, "Login and password do not fit together.", 401)
    _, token = signed_in
    return _signed_in(call, token, local_path(call.field("next")) or "/projects")


def sign_out_person(call: Call) -> Response:
    """End the session, here and in the database."""
    token = call.request.cookies.get(cookies.SESSION_COOKIE)
    if token:
        sign_in.sign_out(call.session, token)
    response = RedirectResponse("/sign-in", status_code=303)
    cookies.clear_session(response)
    return response


def setup_form(call: Call) -> Response:
    """The first start; gone once somebody can sign in."""
    _require_nobody(call)
    return _setup_page(call, "", 200)


def create_administrator(call: Call) -> Response:
    """Create the first person and sign them in."""
    _require_nobody(call)
    password = call.form.get("password")
    password = password if isinstance(password, str) else ""
    if password != call.form.get("password_again"):
        return _setup_page(call, "The two passwords differ.", 400)
    try:
        people.create_person(
            call.session,
            None,
            login=call.field("login"),
            name=call.field("name"),
            password=password,
            role=Role.ADMINISTRATOR,
        )
    except (BadInput, Conflict) as error:
        return _setup_page(call, error.message, error.http_status)
    signed_in = sign_in.sign_in(call.session, call.field("login"), password, hours=call.settings.session_hours)
    if signed_in is None:
        return call.redirect("/sign-in")
    return _signed_in(call, signed_in[1], "/projects")


def set_preferences(call: Call) -> Response:
    """Theme and keys, kept in cookies so that the server draws the page right at once."""
    theme, keys = call.field("theme"), call.field("keys")
    chosen = cookies.Preferences(
        theme if theme in cookies.THEMES else call.preferences.theme,
        keys == "on" if keys in {"on", "off"} else call.preferences.keys,
    )
    response = RedirectResponse(local_path(call.field("next")) or "/", status_code=303)
    cookies.set_preferences(response, chosen, call.settings)
    return response


def _require_nobody(call: Call) -> None:
    if people.any_person(call.session):
        raise NotFound("This server already has its administrator. Sign in; the administrator makes further logins.")


def _sign_in_page(call: Call, login: str, message: str, status: int) -> HTMLResponse:
    wanted = local_path(call.query("next") or call.field("next")) or ""
    return call.render("sign_in.html", status, login=login, message=message, next=wanted)


def _setup_page(call: Call, message: str, status: int) -> HTMLResponse:
    return call.render("setup.html", status, login=call.field("login"), name=call.field("name"), message=message)


def _signed_in(call: Call, token: str, url: str) -> Response:
    response = RedirectResponse(url, status_code=303)
    cookies.set_session(response, token, call.settings)
    return response
