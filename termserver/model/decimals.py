"""Decimals that keep their digits."""

from __future__ import annotations

from typing import Any


class DecimalText(float):
    """A decimal that remembers how it was written: in FHIR 1.50 says more than 1.5.

    >>> DecimalText("1.50"), DecimalText("1.50").text
    (1.5, '1.50')
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> DecimalText:
        """Of a JSON number or the value of an XML attribute."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """For who reads models from JSON: one of these stays one of these."""
        from pydantic_core import core_schema

        return core_schema.is_instance_schema(cls)
