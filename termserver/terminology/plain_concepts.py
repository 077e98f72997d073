"""Concepts against which nothing stands, told from the index without reading them whole."""

from __future__ import annotations

import orjson

from termserver.index.builder import OpenIndex
from termserver.model.code_system import CodeSystem, property_codes

_EXTENSIONS = b'"extensions":['


class PlainConcepts:
    """Active concepts that may be selected and have neither a status nor extensions, by code as it is written.

    Of such a concept $validate-code has nothing to say but its display.
    """

    def __init__(self, index: OpenIndex, header: CodeSystem) -> None:
        self._index = index
        # As `store.concept_body` writes them. A JSON string holds no bare quotation mark: a name cannot look like this
        statuses = (b'"code":' + orjson.dumps(code) for code in property_codes(header.properties, "status"))
        self._said = (_EXTENSIONS, *statuses)

    def display_of(self, code: str) -> str | None:
        """The display of a plain concept; None for another one, and for what is no code."""
        table = self._index.table
        ordinal = table.ordinal_of(code)
        if ordinal < 0 or not table.active.item(ordinal) or table.abstract.item(ordinal):
            return None
        body = self._index.bodies.of(ordinal)
        return None if any(mark in body for mark in self._said) else table.display_of(ordinal) or None
