"""Questions that differ in their codes alone are read once: the rest of the query stands for all of them.

A pipeline asks the same of one code after another. The query is cut at its codes; what is left over is the key of a
question that was read with placeholders in their places. A reader that makes more of a code than a coding (or refuses
the placeholder) is seen by its placeholder being gone or doubled; such questions are read whole, each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar
from urllib.parse import quote, unquote_plus

from termserver.model.coding import Coding
from termserver.model.requests import LookupRequest, SubsumesRequest, ValidateCodeRequest
from termserver.rest.request import read_query

Question = TypeVar("Question", LookupRequest, SubsumesRequest, ValidateCodeRequest)
_VARYING = frozenset((b"code", b"codeA", b"codeB", b"display"))
_PLACEHOLDERS = {name.decode(): f"\u27e6{name.decode()}\u27e7" for name in _VARYING}


def split_query(query: bytes) -> tuple[bytes, dict[str, str]] | None:
    """The query without its codes, and the codes by placeholder; None where it must be read whole.

    >>> rest, codes = split_query(b"system=s&code=A%2B1")
    >>> rest, list(codes.values())
    (b'system=s&code', ['A+1'])
    """
    segments = query.split(b"&")
    values: dict[str, str] = {}
    for place, segment in enumerate(segments):
        name, _, value = segment.partition(b"=")
        if name not in _VARYING:
            continue
        placeholder = _PLACEHOLDERS[name.decode()]
        if not value or placeholder in values:
            return None
        try:
            values[placeholder] = unquote_plus(value.decode("ascii"), errors="strict")
        except UnicodeDecodeError:
            return None
        segments[place] = name
    return b"&".join(segments), values


def pairs_with_placeholders(rest: bytes) -> list[tuple[str, str]]:
    """The pairs of a query that `split_query` cut, with placeholders in the places of its codes."""
    segments = [
        f"{segment.decode()}={quote(_PLACEHOLDERS[segment.decode()])}"
        if segment in _VARYING
        else segment.decode("ascii")
        for segment in rest.split(b"&")
    ]
    return read_query("&".join(segments))


def is_general(question: object, values: Mapping[str, str]) -> bool:
    """True if each placeholder stands in the question exactly once."""
    text = repr(question)
    return all(text.count(placeholder) == 1 for placeholder in values)


def with_codes(question: Question, values: Mapping[str, str]) -> Question:
    """The question with codes in the places of their placeholders."""
    if isinstance(question, LookupRequest):
        return replace(question, coding=_with_codes(question.coding, values))
    if isinstance(question, SubsumesRequest):
        return replace(question, first=_with_codes(question.first, values), second=_with_codes(question.second, values))
    return replace(question, codings=tuple([_with_codes(coding, values) for coding in question.codings]))


def _with_codes(coding: Coding, values: Mapping[str, str]) -> Coding:
    display = coding.display
    return Coding(
        coding.system,
        values.get(coding.code, coding.code),
        coding.version,
        None if display is None else values.get(display, display),
    )
