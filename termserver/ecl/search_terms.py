"""Search terms in a constraint: `"heart att"`, `wild:"*itis"`, `("a" match:"b")`."""

from __future__ import annotations

import re

from termserver.ecl.cursor import Cursor
from termserver.ecl.syntax_tree import SearchTerm, SearchTerms

_KINDS = ("match", "wild")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def begins_search_terms(cursor: Cursor) -> bool:
    """True if a search term, or a set of them, begins here."""
    first, second = cursor.token, cursor.ahead()
    if cursor.is_sign("("):
        first, second = second, cursor.ahead(2)
    return first.kind == "string" or (first.text.lower() in _KINDS and second.text == ":")


def parse_search_terms(cursor: Cursor) -> SearchTerms:
    """One typed search term, or several in brackets."""
    if not cursor.skip("("):
        return SearchTerms((_search_term(cursor),))
    terms = [_search_term(cursor)]
    while not cursor.is_sign(")"):
        terms.append(_search_term(cursor))
    cursor.take()
    return SearchTerms(tuple(terms), is_set=True)


def _search_term(cursor: Cursor) -> SearchTerm:
    kind = "match"
    if cursor.is_word(*_KINDS):
        kind = cursor.take().text.lower()
        cursor.need(":")
    token = cursor.token
    text = cursor.need_kind("string", 'a term in quotation marks, match:"…" or wild:"…"')[1:-1]
    if not text.strip():
        cursor.fail_because("an empty search term finds nothing", token)
    return SearchTerm(text, kind)


def plain_text(written: str) -> str:
    r"""The text that was written with escapes.

    >>> plain_text(r"say \"ah\"")
    'say "ah"'
    """
    return _ESCAPED.sub(r"\1", written)
