"""Logins and roles, for the administrator."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from termserver.curation import people
from termserver.errors import BadInput, Conflict
from termserver.model.person import Role
from termserver.security import sign_in
from termserver.security.roles import Permission, require
from termserver.ui import cookies
from termserver.ui.edge import Call

_EMPTY = {"name": "", "login": "", "role": Role.MAPPER.value}


def people_page(call: Call) -> Response:
    """All logins, and a form for a new one."""
    require(call.session, call.actor, Permission.MANAGE_PEOPLE)
    return _page(call, "", "ok", _EMPTY)


def create_person(call: Call) -> Response:
    """Make a login."""
    given = {"name": call.field("name"), "login": call.field("login"), "role": call.field("role")}
    password = call.form.get("password")
    try:
        person = people.create_person(
            call.session,
            call.actor,
            login=given["login"],
            name=given["name"],
            password=password if isinstance(password, str) else "",
            role=read_role(given["role"]),
        )
    except (BadInput, Conflict) as error:
        return _page(call, error.message, "bad", given, error.http_status)
    return _page(call, f"{person.name} can sign in as '{person.login}'.", "ok", _EMPTY)


def change_person(call: Call) -> Response:
    """Change the role of a login, close it or open it again."""
    login = call.path_text("login")
    try:
        people.change_person(
            call.session, call.actor, login, role=read_role(call.field("role")), active=call.field("active") == "1"
        )
    except Conflict as error:
        return _page(call, error.message, "bad", _EMPTY, error.http_status)
    return _page(call, f"'{login}' is changed.", "ok", _EMPTY)


def account_page(call: Call) -> Response:
    """One's own account."""
    _ = call.actor  # nobody else has one
    return call.render("account.html", message="", message_kind="ok")


def change_own_password(call: Call) -> Response:
    """Change one's own password; the other sign-ins of the person end, this one is renewed."""
    old, new, again = (call.form.get(name) for name in ("old", "new", "again"))
    if not (isinstance(old, str) and isinstance(new, str)) or new != again:
        return call.render("account.html", 400, message="The two new passwords differ.", message_kind="bad")
    try:
        people.change_password(call.session, call.actor, old=old, new=new)
    except BadInput as error:
        return call.render("account.html", 400, message=error.message, message_kind="bad")
    signed_in = sign_in.sign_in(call.session, call.actor.login, new, hours=call.settings.session_hours)
    response = call.redirect("/projects" if signed_in else "/sign-in")
    if signed_in:
        cookies.set_session(response, signed_in[1], call.settings)
    return response


def read_role(text: str) -> Role:
    """A role from a form.

    Raises
    ------
    BadInput
        If there is no such role.

    >>> read_role("mapper")
    <Role.MAPPER: 'mapper'>
    """
    try:
        return Role(text)
    except ValueError:
        raise BadInput(f"No role '{text[:40]}'; the roles are {', '.join(role.value for role in Role)}.") from None


def _page(call: Call, message: str, kind: str, form: dict[str, str], status: int = 200) -> HTMLResponse:
    return call.render(
        "people.html",
        status,
        people=people.list_people(call.session, call.actor),
        roles=list(Role),
        message=message,
        message_kind=kind,
        form=form,
    )
