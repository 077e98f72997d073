"""Is this POST from one of our own pages? Two checks: a token only our pages know, and the Origin header."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from termserver.errors import Forbidden

FIELD = "csrf"
HEADER = "x-csrf-token"


def form_token(secret: str) -> str:
    """The token for the forms of a browser; `secret` is its session cookie, or its form cookie before the sign-in.

    Derived, so that nothing need be stored; one-way, so that a page never shows the cookie.

    >>> form_token("a") == form_token("a"), form_token("a") == form_token("b")
    (True, False)
    """
    return hmac.new(secret.encode(), b"termserver form token", hashlib.sha256).hexdigest()


def check_origin(request: Request, public_url: str | None) -> None:
    """Refuse a POST that another site's page sent.

    Raises
    ------
    Forbidden
        If Origin names another host, or Sec-Fetch-Site says `cross-site`.
    """
    origin = request.headers.get("origin")
    allowed = {request.headers.get("host", "")}
    if public_url:
        allowed.add(urlsplit(public_url).netloc)
    if origin is not None and urlsplit(origin).netloc not in allowed:
        raise Forbidden(
            f"The form was sent from {origin[:200]}, which is not this server; open the page here and send it."
        )
    if origin is None and request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("The form was sent from another site; open the page here and send it.")


def check_token(given: str, secret: str | None) -> None:
    """Refuse a POST without the token of this browser.

    Raises
    ------
    Forbidden
        If the token is absent or belongs to another sign-in.
    """
    if secret is None or not hmac.compare_digest(given.encode(), form_token(secret).encode()):
        raise Forbidden("The form is from an earlier sign-in. Load the page again and repeat; nothing was changed.")
