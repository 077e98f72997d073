"""The cookies of the pages: who is signed in, and how a person likes the pages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from termserver.settings import Settings

SESSION_COOKIE = "termserver_session"
FORM_COOKIE = "termserver_form"
THEMES = ("auto", "light", "dark")
_THEME_COOKIE = "termserver_theme"
_KEYS_COOKIE = "termserver_keys"
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person likes the pages.

    Parameters
    ----------
    theme
        `auto` (as the operating system says), `light` or `dark`.
    keys
        False: single-key shortcuts are off (WCAG 2.1.4).
    """

    theme: str = "auto"
    keys: bool = True


def read_preferences(cookies: Mapping[str, str]) -> Preferences:
    """The preferences of a request; anything unknown is the default.

    >>> read_preferences({"termserver_theme": "dark", "termserver_keys": "off"})
    Preferences(theme='dark', keys=False)
    """
    theme = cookies.get(_THEME_COOKIE, "auto")
    return Preferences(theme if theme in THEMES else "auto", cookies.get(_KEYS_COOKIE) != "off")


def set_preferences(response: Response, preferences: Preferences, settings: Settings) -> None:
    """Keep the preferences for a year."""
    _set(response, _THEME_COOKIE, preferences.theme, settings, max_age_s=_YEAR_S)
    _set(response, _KEYS_COOKIE, "on" if preferences.keys else "off", settings, max_age_s=_YEAR_S)


def set_session(response: Response, token: str, settings: Settings) -> None:
    """Sign the browser in; the cookie of the form before it is no longer needed."""
    _set(response, SESSION_COOKIE, token, settings, max_age_s=settings.session_hours * 3600)
    response.delete_cookie(FORM_COOKIE, path="/")


def clear_session(response: Response) -> None:
    """Sign the browser out."""
    response.delete_cookie(SESSION_COOKIE, path="/")


def new_form_secret() -> str:
    """The secret of a browser that has not signed in yet; its form token is made from it."""
    return secrets.token_urlsafe(24)


def set_form_secret(response: Response, secret: str, settings: Settings) -> None:
    """Keep that secret until the browser closes."""
    _set(response, FORM_COOKIE, secret, settings, max_age_s=None)


def _set(response: Response, name: str, value: str, settings: Settings, *, max_age_s: int | None) -> None:
    response.set_cookie(
        name, value, max_age=max_age_s, path="/", httponly=True, samesite="lax", secure=settings.secure_cookies
    )
