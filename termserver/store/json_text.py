"""Dataclasses of `model` as JSON text in a column, and back."""

from __future__ import annotations

import json
import re
import zlib
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from termserver.fhir.primitives import plain_json
from termserver.model.decimals import DecimalText

T = TypeVar("T")
# A number that a float would write in another way: 1.50, 1e2, more digits than a float has
_EXACT = re.compile(r"[:\[,]-?[0-9]+(?:\.[0-9]*0|\.[0-9]{16,}|(?:\.[0-9]+)?[eE][+-]?[0-9]+|[0-9]{18,})[,}\]]")


def to_text(value: object) -> str:
    """JSON text of a dataclass, or of a tuple or mapping of them; decimals keep their digits.

    >>> from termserver.model.coding import Coding
    >>> to_text(Coding("http://loinc.org", "718-7"))
    '{"system":"http://loinc.org","code":"718-7","version":null,"display":null}'
    """
    return orjson.dumps(value, default=plain_json).decode()


def from_text(kind: type[T], text: str | bytes) -> T:
    """The dataclass (or tuple of them) that `to_text` wrote; decimals keep their digits.

    >>> from termserver.model.coding import Coding
    >>> from_text(Coding, '{"system":"s","code":"c"}').code
    'c'
    >>> from_text(dict[str, object], '{"weight":1.50}')["weight"].text
    '1.50'
    """
    whole = text if isinstance(text, str) else text.decode()
    if _EXACT.search(whole) is not None:
        return _adapter(kind).validate_python(exact_json(whole))  # type: ignore[no-any-return,arg-type]
    return _adapter(kind).validate_json(text)  # type: ignore[no-any-return,arg-type]


def exact_json(text: str | bytes) -> Any:
    """A JSON value of which decimals remember how they were written.

    >>> exact_json("[1.50]")[0].text
    '1.50'
    """
    return json.loads(text, parse_float=DecimalText)


def loads_exactly(text: bytes) -> Any:
    """A JSON value of which decimals remember how they were written, quickly where there are none.

    >>> loads_exactly(b"[1.50]")[0].text, loads_exactly(b"[1.5]")
    ('1.50', [1.5])
    """
    return exact_json(text) if _EXACT.search(text.decode()) is not None else orjson.loads(text)


def to_packed(value: object) -> bytes:
    """As `to_text`, compressed: for evidence, which is large and seldom read."""
    return zlib.compress(orjson.dumps(value), 1)


def from_packed(kind: type[T], packed: bytes) -> T:
    """The value that `to_packed` wrote."""
    return from_text(kind, zlib.decompress(packed))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
