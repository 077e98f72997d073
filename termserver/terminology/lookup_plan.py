"""Answers to $lookup of one code after another, put together from ready pieces.

A plan stands for a request without its code, at one catalogue revision. It says the same as `lookup`: what is shown of a
concept is said by the code system's `LookupForm`, how it is written by the common writer; the plan only remembers what
both made of a kind of property or designation. It gives None for what it is not sure of.
"""

from __future__ import annotations

from typing import Any

import orjson

from termserver.fhir.lookup_parameters import write_property
from termserver.fhir.lookup_template import (
    DESCRIPTION_MARK,
    MARK,
    PropertyPiece,
    described,
    designation_piece,
    lookup_frame,
    property_piece,
)
from termserver.index.brief_concepts import property_of
from termserver.model.code_system import Concept
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupProperty, LookupResult
from termserver.store.concept_body import designation_from_body
from termserver.terminology.content import Content
from termserver.terminology.languages import best_name, languages_from_header
from termserver.terminology.loaded_concepts import LoadedConcepts
from termserver.terminology.lookup import WantedProperties, designations_shown, supplements_used
from termserver.terminology.lookup_form import neighbours_of
from termserver.terminology.map_access import NeedsStoreError

_MOST_REMEMBERED = 4_096
_MOST_NEIGHBOURS = 1_000


class LookupPlan:
    """See the module; an answer that takes long raises `NeedsStoreError`, since a thread can give it as well.

    Raises
    ------
    ValueError
        If the answers to this request cannot be put together from pieces.
    """

    def __init__(self, request: LookupRequest, content: Content, concepts: LoadedConcepts) -> None:
        header = content.header
        wanted = WantedProperties(request.properties, content)
        self._form = form = content.lookup_form(wanted.named)
        if form.derived is not None:
            raise ValueError("what is derived from a concept is not in its pieces")
        self._concepts, self._index = concepts, concepts.index
        self._wanted = wanted
        self._language, self._languages = header.language, languages_from_header(request.language)
        self._has_definition = wanted("definition")
        supplements = tuple(supplements_used(content))
        self._frames = [
            lookup_frame(
                LookupResult(
                    header.url,
                    header.version,
                    form.name,
                    Concept(MARK, "", abstract=abstract),
                    DESCRIPTION_MARK,
                    supplements=supplements,
                )
            )
            for abstract in (False, True)
        ]
        self._inactive = [_written(LookupProperty("inactive", inactive, "boolean")) for inactive in (False, True)]
        self._neighbours = [
            (name, property_piece(LookupProperty(name, MARK, "code", DESCRIPTION_MARK))) for name in form.neighbours
        ]
        self._own_name = self._piece_of_display(Concept(MARK, MARK), content) if form.names_display else None
        self._designations = [
            designation_piece(one) if wanted.has_designation(one.language) else None
            for one in concepts.index.brief.designations
        ]
        self._properties: list[tuple[PropertyPiece, ...] | None] = [None] * len(concepts.index.brief.properties)
        self._waiting = {kind for kind, one in enumerate(concepts.index.brief.properties) if one.kind == "code"}
        self._values: dict[object, bytes] = {}

    def _piece_of_display(self, example: Concept, content: Content) -> tuple[bytes, bytes] | None:
        """The piece for the display as a designation; None if it is not shown as one."""
        shown = [
            one for one in designations_shown(example, content.header) if self._wanted.has_designation(one.language)
        ]
        return designation_piece(shown[0]) if shown else None

    def answer(self, code: str) -> bytes | None:
        """The answer's JSON; None if the engine must be asked."""
        ordinal = self._concepts.ordinal_of(code)
        if ordinal < 0:
            return None
        table, brief = self._index.table, self._index.brief
        written, _, name = brief.label(ordinal).partition(b"\n")
        if not name:
            return None
        names, values, definition = brief.of(ordinal)
        frame = self._frames[table.abstract.item(ordinal)]
        first, second, third = frame.head
        shown = orjson.dumps(self._shown(table.display_of(ordinal), ordinal)) if self._languages.tags else name
        pieces = [first, shown, second, written, third]
        if definition and self._has_definition:
            before, after = frame.definition
            pieces += (before, orjson.dumps(definition), after)
        if self._own_name is not None:
            pieces += (self._own_name[0], name, self._own_name[1])
        for kind, value in zip(names[::2], names[1::2], strict=True):
            if (piece := self._designations[kind]) is not None:
                pieces += (piece[0], orjson.dumps(value), piece[1])
        if self._form.stored_first:
            self._add_properties(pieces, values)
        if self._form.inactive:
            pieces.append(self._inactive[not table.active.item(ordinal)])
        self._add_neighbours(pieces, ordinal)
        if not self._form.stored_first:
            self._add_properties(pieces, values)
        pieces.append(frame.tail)
        return b"".join(pieces)

    def _shown(self, display: str, ordinal: int) -> str:
        """The name to show, in the languages wanted."""
        body = orjson.loads(self._index.bodies.of(ordinal))
        others = [designation_from_body(item) for item in body.get("designations", ())]
        found = best_name(Designation(display, self._language), others, self._languages)
        return (found.value if found is not None else "") or display

    def _add_neighbours(self, pieces: list[bytes], ordinal: int) -> None:
        for name, (before, _, after) in self._neighbours:
            others = neighbours_of(self._index.hierarchy, ordinal, name)
            if len(others) > _MOST_NEIGHBOURS:
                raise NeedsStoreError("an answer that takes long is not for the event loop")
            label = self._index.brief.label
            for other in others:
                pieces += (before, described(label(other)), after)

    def _add_properties(self, pieces: list[bytes], values: list[Any]) -> None:
        templates, label = self._properties, self._index.brief.label
        for kind, value in zip(values[::2], values[1::2], strict=True):
            if type(value) is not list:
                pieces.append(self._value(kind, value))
                continue
            if kind in self._waiting:
                self._learn(kind, value)
            template = templates[kind]
            if template is None:
                pieces.append(self._written_by_form(kind, value))
                continue
            written = label(value[0])
            for before, is_described, after in template:
                pieces += (before, described(written) if is_described else written.partition(b"\n")[0], after)

    def _display_of(self, code: str) -> str | None:
        return self._index.table.displays_of([code])[0]

    def _learn(self, kind: int, value: list[int]) -> None:
        """Make the pieces of properties that differ from this one in the value alone, unless more depends on the value."""
        self._waiting.discard(kind)

        def describe(code: str) -> str | None:
            return DESCRIPTION_MARK if code == MARK else self._display_of(code)

        example = property_of(self._index.brief.properties[kind], MARK, self._index.table)
        try:
            found = tuple(map(property_piece, self._form.of_property(example, describe)))
        except ValueError:
            return
        written = self._index.brief.label(value[0])
        filled = [
            before + (described(written) if is_described else written.partition(b"\n")[0]) + after
            for before, is_described, after in found
        ]
        if b"".join(filled) == self._written_by_form(kind, value):
            self._properties[kind] = found

    def _value(self, kind: int, value: Any) -> bytes:
        """A property that is no code; few values of a property are asked for again and again."""
        if isinstance(value, dict):
            return self._written_by_form(kind, value)
        key = (kind, type(value), value)
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= _MOST_REMEMBERED:
                self._values.clear()
            found = self._values[key] = self._written_by_form(kind, value)
        return found

    def _written_by_form(self, kind: int, value: Any) -> bytes:
        item = property_of(self._index.brief.properties[kind], value, self._index.table)
        return b"".join(map(_written, self._form.of_property(item, self._display_of)))


def _written(item: LookupProperty) -> bytes:
    return b"," + orjson.dumps(write_property(item))
