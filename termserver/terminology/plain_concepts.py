"""Concepts against which nothing stands, told from the index without reading them whole."""

from __future__ import annotations

import orjson

from termserver.index.brief_concepts import ABSTRACT, ACTIVE, EXTENDED, TAB, values_of
from termserver.model.code_system import Concept, property_codes
from termserver.model.coding import Designation
from termserver.store.concept_body import designation_from_body
from termserver.terminology.languages import Languages, display_in
from termserver.terminology.loaded_concepts import LoadedConcepts

Standing = tuple[bool, bool]
"""Whether a concept is active, and whether it is abstract."""
PlainConcept = tuple[int, bytes, bytes, Standing]
"""Ordinal, code and display as JSON, standing."""
_STANDINGS = tuple((bool(flags & ACTIVE), bool(flags & ABSTRACT)) for flags in range(EXTENDED))


class PlainConcepts:
    """Concepts that have neither a status that is told nor extensions, by code as it is written.

    What $validate-code has to say of them depends on their standing alone, but for code and display.
    """

    def __init__(self, concepts: LoadedConcepts) -> None:
        self._concepts = concepts
        self._brief = concepts.index.brief
        codes = property_codes(concepts.header.properties, "status")
        self._statuses = {kind for kind, item in enumerate(concepts.index.brief.properties) if item.code in codes}

    def named(self, code: str) -> PlainConcept | None:
        """The plain concept with this code; None for another one, and for what is no code."""
        ordinal = self._concepts.ordinal_of(code)
        if ordinal < 0:
            return None
        brief = self._brief
        flags = brief.flags[ordinal]
        if flags & EXTENDED or (self._statuses and self._has_telling_status(ordinal, is_active=bool(flags & ACTIVE))):
            return None
        written, _, display = brief.label(ordinal).partition(TAB)
        return (ordinal, written, display, _STANDINGS[flags]) if display else None

    def _has_telling_status(self, ordinal: int, *, is_active: bool) -> bool:
        """True if a status is told to the client (`finding.check_standing`): any of an inactive concept, two of others."""
        said = [value for kind, value in values_of(self._brief.lines(ordinal)) if kind in self._statuses]
        return bool(said) if not is_active else any(value in ("deprecated", "withdrawn") for value in said)

    def shown(self, concept: PlainConcept, languages: Languages) -> bytes:
        """What a concept is called in the best of the languages that it has a name in; JSON."""
        ordinal, _, display, _ = concept
        if not languages.tags:
            return display
        index = self._concepts.index
        body = orjson.loads(index.bodies.of(ordinal))
        names: tuple[Designation, ...] = tuple(map(designation_from_body, body.get("designations", ())))
        own = Concept("", orjson.loads(display), designations=names)
        found = display_in(own, self._concepts.header.language, languages)
        return orjson.dumps(found) if found else display
