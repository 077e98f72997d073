"""What each page gets, and how an error becomes a page.

A page is a plain function `Call -> Response`. `endpoint` reads the form (bounded), checks that it is ours, opens the
session (which commits once, when the page is done), finds the person, and runs the page in the thread pool.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from termserver.errors import BadInput, NotSignedIn, TermserverError, TooLarge
from termserver.model.person import Person
from termserver.security import sign_in
from termserver.security.bounded_body import bounded_receive
from termserver.settings import Settings
from termserver.ui import cookies, csrf, words
from termserver.ui.headers import add_security_headers
from termserver.ui.templating import environment

if TYPE_CHECKING:
    from termserver.curation.engines import Engines
    from termserver.store.engine import Database, Session

_logger = logging.getLogger(__name__)
_FORM_LIMIT_BYTES = 2_000_000
"""Largest form without a file."""
_MULTIPART_OVERHEAD_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Edge:
    """What all pages of a process share."""

    database: Database
    settings: Settings
    engines: Engines


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a page sees it."""

    edge: Edge
    request: Request
    session: Session
    person: Person | None
    form: FormData
    form_secret: str

    @property
    def actor(self) -> Person:
        """The person who asks.

        Raises
        ------
        NotSignedIn
            If nobody is signed in.
        """
        if self.person is None:
            raise NotSignedIn("Sign in to see this page.")
        return self.person

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return self.edge.settings

    @property
    def is_htmx(self) -> bool:
        """True: the page's script asks for a part of the page."""
        return is_htmx(self.request)

    @property
    def preferences(self) -> cookies.Preferences:
        """How the person likes the pages."""
        return cookies.read_preferences(self.request.cookies)

    def path_text(self, name: str) -> str:
        """A part of the URL's path."""
        return str(self.request.path_params[name])

    def path_number(self, name: str) -> int:
        """A number in the URL's path."""
        return int(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the URL, without blanks around it."""
        return self.request.query_params.get(name, default).strip()

    def field(self, name: str, default: str = "") -> str:
        """A form field, without blanks around it."""
        value = self.form.get(name, default)
        return value.strip() if isinstance(value, str) else default

    def fields(self, name: str) -> list[str]:
        """All values of a form field that may come more than once."""
        return [value.strip() for value in self.form.getlist(name) if isinstance(value, str)]

    def number_field(self, name: str) -> int:
        """A whole number in the form.

        Raises
        ------
        BadInput
            If it is absent or no whole number.
        """
        value = self.field(name)
        if not value.lstrip("-").isdecimal() or len(value) > 18:
            raise BadInput(f"The field '{name}' must be a whole number; got '{value[:50]}'.")
        return int(value)

    def file_field(self, name: str) -> UploadFile | None:
        """An uploaded file, or None where none was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None

    def render(self, template: str, status: int = 200, /, **data: object) -> HTMLResponse:
        """A page or a part of one."""
        return HTMLResponse(_render(self.request, self.person, self.form_secret, template, data), status_code=status)

    def redirect(self, url: str) -> Response:
        """Go on to another page, whether the browser or the page's script asks."""
        return redirect(self.request, url)


Page = Callable[[Call], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def is_htmx(request: Request) -> bool:
    """True: htmx asks, and not to restore its history (then the whole page is wanted)."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-history-restore-request") != "true"


def redirect(request: Request, url: str) -> Response:
    """A redirect that a browser and htmx both follow as a new page."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": url})
    return RedirectResponse(url, status_code=303)


def endpoint(edge: Edge, page: Page, *, takes_file: bool = False, writes: bool | None = None) -> Endpoint:
    """The Starlette endpoint of a page.

    Parameters
    ----------
    takes_file
        True: the form may hold a file, up to the upload limit.
    writes
        True: the page changes the database. By default each POST does.
    """

    async def answer(request: Request) -> Response:
        form_secret, is_new = _form_secret(request)
        try:
            form = await _read_form(request, edge.settings, takes_file=takes_file)
        except TermserverError as error:
            response = error_page(request, None, form_secret, error)
        else:
            try:
                response = await run_in_threadpool(_answer, edge, page, request, form, form_secret, writes)
            finally:
                await form.close()
        if is_new:
            cookies.set_form_secret(response, form_secret, edge.settings)
        add_security_headers(response)
        return response

    return answer


def _answer(
    edge: Edge, page: Page, request: Request, form: FormData, form_secret: str, writes: bool | None
) -> Response:
    person: Person | None = None
    writes = request.method == "POST" if writes is None else writes
    try:
        if request.method == "POST":
            csrf.check_origin(request, edge.settings.public_url)
            token = request.headers.get(csrf.HEADER) or form.get(csrf.FIELD)
            csrf.check_token(token if isinstance(token, str) else "", form_secret)
        with edge.database.session(write=writes) as session:
            token = request.cookies.get(cookies.SESSION_COOKIE)
            person = sign_in.person_for_token(session, token) if token else None
            return page(Call(edge, request, session, person, form, form_secret))
    except TermserverError as error:
        if error.http_status >= 500:
            _logger.exception("%s %s", request.method, request.url.path)
        return error_page(request, person, form_secret, error)
    except Exception:
        _logger.exception("%s %s", request.method, request.url.path)
        return error_page(
            request,
            person,
            form_secret,
            TermserverError("The page could not be made. Nothing was changed; the server's log says more."),
        )


def error_page(request: Request, person: Person | None, form_secret: str, error: TermserverError) -> Response:
    """An error as a page, as a part of a page for htmx, or as the sign-in page."""
    if isinstance(error, NotSignedIn) and request.url.path != "/sign-in":
        wanted = _page_of(request)
        return redirect(request, "/sign-in" + (f"?next={quote(wanted)}" if wanted not in {"", "/"} else ""))
    template = "error_part.html" if is_htmx(request) else "error.html"
    data = {"message": error.message, "status": error.http_status}
    return HTMLResponse(_render(request, person, form_secret, template, data), status_code=error.http_status)


def _page_of(request: Request) -> str:
    """The path of the page that the person sees: what they want to come back to after the sign-in."""
    if is_htmx(request):
        return local_path(urlsplit(request.headers.get("hx-current-url", "")).path) or ""
    return request.url.path if request.method == "GET" else ""


def _render(
    request: Request, person: Person | None, form_secret: str, template: str, data: Mapping[str, object]
) -> str:
    return (
        environment()
        .get_template(template)
        .render(
            {
                "person": person,
                "preferences": cookies.read_preferences(request.cookies),
                "csrf_token": csrf.form_token(form_secret),
                "here": request.url.path,
                "here_with_query": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
                "language_names": words.LANGUAGES,
                **data,
            }
        )
    )


def _form_secret(request: Request) -> tuple[str, bool]:
    secret = request.cookies.get(cookies.SESSION_COOKIE) or request.cookies.get(cookies.FORM_COOKIE)
    return (secret, False) if secret else (cookies.new_form_secret(), True)


async def _read_form(request: Request, settings: Settings, *, takes_file: bool) -> FormData:
    """The form of a POST; a file in it goes to disk as it comes.

    Raises
    ------
    TooLarge
        As soon as more arrives than the bound allows.
    BadInput
        If the body is no form.
    """
    if request.method != "POST":
        return FormData()
    limit = _FORM_LIMIT_BYTES
    if takes_file:
        limit = settings.upload_limit_mb * 1_000_000 + _MULTIPART_OVERHEAD_BYTES
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        raise _too_large(settings, takes_file=takes_file)
    bounded = Request(
        request.scope, bounded_receive(request.receive, limit, _too_large(settings, takes_file=takes_file))
    )
    try:
        return await bounded.form(max_files=1, max_fields=5000)
    except HTTPException as error:
        raise BadInput(f"The form could not be read: {error.detail}") from None


def _too_large(settings: Settings, *, takes_file: bool) -> TooLarge:
    if takes_file:
        return TooLarge(
            f"The file is larger than {settings.upload_limit_mb} MB, which is the bound of this server "
            "(setting upload_limit_mb). Nothing was stored. Split the list, or ask the administrator to raise the bound."
        )
    return TooLarge("The form is larger than 2 MB. Nothing was changed.")


def local_path(text: str) -> str | None:
    """The text, if it is a path on this server; None if it could lead elsewhere.

    >>> local_path("/projects?x=1"), local_path("//evil.example"), local_path("https://evil.example"), local_path("")
    ('/projects?x=1', None, None, None)
    """
    is_local = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_local else None
