"""The names and properties of one concept after another as pieces of an answer to $lookup.

What stands around a name or a value is the same for all of its kind: names of one language and use, values of one property.
It is learnt from the common form and writer; a record's lines are put between, without reading them.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from termserver.fhir.lookup_parameters import write_property
from termserver.fhir.lookup_template import BETWEEN, DESCRIPTION_MARK, MARK, property_piece
from termserver.fhir.primitives import plain_json
from termserver.index.brief_concepts import TAB, property_of
from termserver.index.builder import OpenIndex
from termserver.model.code_system import ConceptProperty
from termserver.model.results import LookupProperty
from termserver.terminology.lookup_form import LookupForm

Sides = tuple[bytes, bytes]
"""What stands before something, and what stands behind it."""
_MOST_REMEMBERED = 512
_MARK = orjson.dumps(MARK)


class NamePieces:
    """Designations, by their kinds."""

    def __init__(self, sides: Iterable[Sides | None]) -> None:
        """`sides` by the number of the kind; None for names that are not shown."""
        self._sides = {b"%d" % kind: one for kind, one in enumerate(sides)}

    def add(self, pieces: list[bytes], kinds: list[bytes], lines: list[bytes]) -> None:
        """Add the pieces of names of these kinds."""
        known = self._sides
        for kind, line in zip(kinds, lines, strict=True):
            sides = known[kind]
            if sides is not None:
                pieces += (sides[0], line, sides[1])


class ValuePieces:
    """Stored properties, by their kinds. A tab is left between a code and its description; see `joined`."""

    def __init__(self, form: LookupForm, index: OpenIndex) -> None:
        self._form, self._table, self._kinds = form, index.table, index.brief.properties
        self._sides: dict[bytes, Sides] = {}
        # Of kinds whose values do not stand in the answer as they are: what was written for a line
        self._written: dict[bytes, dict[bytes, bytes]] = {}

    def add(self, pieces: list[bytes], kinds: list[bytes], lines: list[bytes]) -> None:
        """Add the pieces of values of these kinds."""
        known, written = self._sides, self._written
        for kind, line in zip(kinds, lines, strict=True):
            sides = known.get(kind)
            if sides is not None:
                pieces += (sides[0], line, sides[1])
                continue
            try:
                pieces.append(written[kind][line])
            except KeyError:
                pieces.append(self._apart(kind, line))

    def _apart(self, kind: bytes, line: bytes) -> bytes:
        """A value that is new; few values of a property are asked for again and again."""
        if kind not in self._written:
            self._written[kind] = {}
            sides = self._learnt(kind, line)
            if sides is not None:
                self._sides[kind] = sides
        written = self._written[kind]
        if len(written) >= _MOST_REMEMBERED:
            written.clear()
        found = written[line] = self._by_form(kind, line)
        return found

    def _learnt(self, kind: bytes, line: bytes) -> Sides | None:
        """What stands around codes of a kind, from an example; None where this one is not written so."""
        if not kind.endswith(b"+"):
            return None

        def describe(code: str) -> str | None:
            return DESCRIPTION_MARK if code == MARK else self._display_of(code)

        try:
            found = [property_piece(item) for item in self._form.of_property(self._property(kind, _MARK), describe)]
        except ValueError:
            return None
        if len(found) != 1 or not found[0][1]:
            return None
        [(before, _, behind)] = found
        return (before, behind) if joined([before, line, behind]) == self._by_form(kind, line) else None

    def _property(self, kind: bytes, line: bytes) -> ConceptProperty:
        return property_of(self._kinds[int(kind.rstrip(b"+"))], line)

    def _by_form(self, kind: bytes, line: bytes) -> bytes:
        return b"".join(map(written_property, self._form.of_property(self._property(kind, line), self._display_of)))

    def _display_of(self, code: str) -> str | None:
        return self._table.displays_of([code])[0]


def joined(pieces: Iterable[bytes]) -> bytes:
    """The pieces as one text; what stood on a line behind a code becomes its description."""
    return b"".join(pieces).replace(TAB, BETWEEN)


def written_property(item: LookupProperty) -> bytes:
    """A property as one of several."""
    return b"," + orjson.dumps(write_property(item), default=plain_json)
