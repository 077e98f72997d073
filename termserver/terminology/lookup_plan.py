"""Answers to $lookup of one code after another, put together from ready pieces.

A plan stands for a request without its code, at one catalogue revision. It says the same as `lookup`: what is shown of a
concept is said by the code system's `LookupForm`, how it is written by the common writer; the plan only remembers what
both made of a kind of property or designation. It gives None for what it is not sure of.
"""

from __future__ import annotations

import orjson

from termserver.fhir.lookup_template import (
    DESCRIPTION_MARK,
    MARK,
    designation_piece,
    lookup_frame,
    property_piece,
)
from termserver.index.brief_concepts import (
    ABSTRACT,
    ACTIVE,
    CODE,
    DEFINITION,
    DISPLAY,
    FIRST_NAME,
    NAME_KINDS,
    VALUE_KINDS,
    kinds_of,
)
from termserver.model.code_system import Concept
from termserver.model.coding import Designation
from termserver.model.requests import LookupRequest
from termserver.model.results import LookupProperty, LookupResult
from termserver.store.concept_body import designation_from_body
from termserver.terminology.content import Content
from termserver.terminology.languages import best_name, languages_from_header
from termserver.terminology.loaded_concepts import LoadedConcepts
from termserver.terminology.lookup import WantedProperties, designations_shown, supplements_used
from termserver.terminology.lookup_pieces import NamePieces, ValuePieces, joined, written_property
from termserver.terminology.map_access import NeedsStoreError

_NO_NAME, _NO_DEFINITION = b'""', (b"", b'""')
_MOST_CHILDREN = 1_000


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
        self._inactive = [
            written_property(LookupProperty("inactive", inactive, "boolean")) for inactive in (False, True)
        ]
        self._neighbours = [
            (name, property_piece(LookupProperty(name, MARK, "code", DESCRIPTION_MARK))) for name in form.neighbours
        ]
        self._own_name = self._piece_of_display(Concept(MARK, MARK), content) if form.names_display else None
        self._names = NamePieces(
            designation_piece(one) if wanted.has_designation(one.language) else None
            for one in concepts.index.brief.designations
        )
        self._values = ValuePieces(form, concepts.index)
        children = concepts.index.hierarchy.children
        self._edges = children.starts.data, children.neighbours.data

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
        brief = self._index.brief
        lines = brief.lines(ordinal)
        name = lines[DISPLAY]
        if name == _NO_NAME:
            return None
        flags = brief.flags[ordinal]
        frame = self._frames[bool(flags & ABSTRACT)]
        first, second, third = frame.head
        shown = orjson.dumps(self._shown(orjson.loads(name), ordinal)) if self._languages.tags else name
        pieces = [first, shown, second, lines[CODE], third]
        if lines[DEFINITION] not in _NO_DEFINITION and self._has_definition:
            before, after = frame.definition
            pieces += (before, lines[DEFINITION], after)
        if self._own_name is not None:
            pieces += (self._own_name[0], name, self._own_name[1])
        names, values = kinds_of(lines[NAME_KINDS]), kinds_of(lines[VALUE_KINDS])
        first_value = FIRST_NAME + len(names)
        first_parent = first_value + len(values)
        self._names.add(pieces, names, lines[FIRST_NAME:first_value])
        if self._form.stored_first:
            self._values.add(pieces, values, lines[first_value:first_parent])
        if self._form.inactive:
            pieces.append(self._inactive[not flags & ACTIVE])
        for neighbour, (before, _, behind) in self._neighbours:
            others = lines[first_parent:] if neighbour == "parent" else self._children(ordinal)
            if others:
                pieces += (before, (behind + before).join(others), behind)
        if not self._form.stored_first:
            self._values.add(pieces, values, lines[first_value:first_parent])
        pieces.append(frame.tail)
        return joined(pieces)

    def _shown(self, display: str, ordinal: int) -> str:
        """The name to show, in the languages wanted."""
        body = orjson.loads(self._index.bodies.of(ordinal))
        others = [designation_from_body(item) for item in body.get("designations", ())]
        found = best_name(Designation(display, self._language), others, self._languages)
        return (found.value if found is not None else "") or display

    def _children(self, ordinal: int) -> list[bytes]:
        """The labels of a concept's children, in the order of `neighbours_of`."""
        starts, children = self._edges
        first, end = starts[ordinal], starts[ordinal + 1]
        if end - first > _MOST_CHILDREN:
            raise NeedsStoreError("an answer that takes long is not for the event loop")
        label = self._index.brief.label
        return [label(other) for other in children[first:end]]
