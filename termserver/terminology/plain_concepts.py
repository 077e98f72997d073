"""Concepts against which nothing stands, told from the index without reading them whole."""

from __future__ import annotations

from typing import Any

import orjson

from termserver.model.code_system import Concept, property_codes
from termserver.model.coding import Designation
from termserver.store.concept_body import designation_from_body
from termserver.terminology.languages import Languages, display_in
from termserver.terminology.loaded_concepts import LoadedConcepts

Standing = tuple[bool, bool]
"""Whether a concept is active, and whether it is abstract."""


class PlainConcepts:
    """Concepts that have neither a status that is told nor extensions, by code as it is written.

    What $validate-code has to say of them depends on their standing alone, but for code and display.
    """

    def __init__(self, concepts: LoadedConcepts) -> None:
        self._concepts = concepts
        codes = property_codes(concepts.header.properties, "status")
        self._statuses = {kind for kind, item in enumerate(concepts.index.brief.properties) if item.code in codes}

    def named(self, code: str) -> tuple[str, Standing] | None:
        """The display and the standing of a plain concept; None for another one, and for what is no code."""
        ordinal = self._concepts.ordinal_of(code)
        if ordinal < 0:
            return None
        table, brief = self._concepts.index.table, self._concepts.index.brief
        if brief.extended.item(ordinal):
            return None
        is_active = table.active.item(ordinal)
        if self._statuses and self._has_telling_status(brief.of(ordinal)[1], is_active=is_active):
            return None
        display = table.display_of(ordinal)
        return (display, (is_active, table.abstract.item(ordinal))) if display else None

    def _has_telling_status(self, values: list[Any], *, is_active: bool) -> bool:
        """True if a status is told to the client (`finding.check_standing`): any of an inactive concept, two of others."""
        statuses = [value for kind, value in zip(values[::2], values[1::2], strict=True) if kind in self._statuses]
        table = self._concepts.index.table
        said = [table.code_of(value[0]) if isinstance(value, list) else value for value in statuses]
        return bool(said) if not is_active else any(value in ("deprecated", "withdrawn") for value in said)

    def shown(self, code: str, display: str, languages: Languages) -> str:
        """What a concept with this display is called in the best of the languages that it has a name in."""
        if not languages.tags:
            return display
        index = self._concepts.index
        body = orjson.loads(index.bodies.of(index.table.ordinal_of(code)))
        names: tuple[Designation, ...] = tuple(map(designation_from_body, body.get("designations", ())))
        concept = Concept(code, display, designations=names)
        return display_in(concept, self._concepts.header.language, languages) or display
