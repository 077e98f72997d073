"""Dataclasses of `model` as JSON text in a column, and back."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

T = TypeVar("T")


def to_text(value: object) -> str:
    """JSON text of a dataclass, or of a tuple or mapping of them.

    >>> from termserver.model.coding import Coding
    >>> to_text(Coding("http://loinc.org", "718-7"))
    '{"system":"http://loinc.org","code":"718-7","version":null,"display":null}'
    """
    return orjson.dumps(value, default=float).decode()


def from_text(kind: type[T], text: str | bytes) -> T:
    """The dataclass (or tuple of them) that `to_text` wrote.

    >>> from termserver.model.coding import Coding
    >>> from_text(Coding, '{"system":"s","code":"c"}').code
    'c'
    """
    return _adapter(kind).validate_json(text)  # type: ignore[no-any-return,arg-type]


def to_packed(value: object) -> bytes:
    """As `to_text`, compressed: for evidence, which is large and seldom read."""
    return zlib.compress(orjson.dumps(value), 1)


def from_packed(kind: type[T], packed: bytes) -> T:
    """The value that `to_packed` wrote."""
    return from_text(kind, zlib.decompress(packed))


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
