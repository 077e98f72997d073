"""Which code systems have rules of their own.

Two tables. `_GRAMMARS`: systems that are there without being loaded. `_OWN_RULES`: what is put around a loaded (or
brought) version of a system, for its filters, its expressions, its implicit hierarchies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from termserver.terminology.content import Content
from termserver.terminology.versions import fits

_GRAMMARS: Mapping[str, Callable[[], Content]] = {}
_OWN_RULES: Mapping[str, Callable[[Content], Content]] = {}


def grammar_content(url: str, version: str | None) -> Content | None:
    """The code system with this canonical URL that needs no loading; None if there is none, or not in that version."""
    make = _GRAMMARS.get(url)
    if make is None:
        return None
    content = make()
    return content if version is None or fits(content.header.version, version) else None


def grammar_version(url: str) -> str | None:
    """The version that `grammar_content` has."""
    make = _GRAMMARS.get(url)
    return None if make is None else make().header.version


def grammar_systems() -> tuple[str, ...]:
    """Canonical URLs of the code systems that need no loading."""
    return tuple(_GRAMMARS)


def with_own_rules(content: Content) -> Content:
    """The content with the rules that its code system has besides those of all systems."""
    wrap = _OWN_RULES.get(content.header.url)
    return content if wrap is None else wrap(content)
