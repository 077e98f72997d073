"""What most questions want of a concept: names, properties, definition, ready to be put into an answer.

Languages and uses of names, codes and types of properties are few in a code system: they are kept once, as kinds, and a
concept's record has their numbers. A record is lines, each of them JSON but the first two: the kinds of its names, the kinds of
its values, code, display, definition (an empty line for none), the names, the values, the parents. A value of kind `code` that
is a code of the same code system, and has a display, is followed by it on the same line: code, tab, display (a "label"); parents
are labels. So an answer is made of what is read from one place, and of nothing that must be read as JSON and written again.
Details of descriptions, extensions and reference sets are in the body alone. Beside it stand all labels, side by side in
memory, for those who show a concept as somebody's child.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson

from termserver.fhir.primitives import plain_json
from termserver.index.cache import FileText, open_array, open_text
from termserver.index.code_index import CodeIndex, CodeIndexDraft
from termserver.index.parts import Part
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation
from termserver.store.json_text import exact_json

_FIRST_DRAFT = "draft.json"
NAME_KINDS, VALUE_KINDS, CODE, DISPLAY, DEFINITION, FIRST_NAME = range(6)
"""The lines of a record."""
TAB = b"\t"
ACTIVE, ABSTRACT, EXTENDED = 1, 2, 4


class BriefBuilder:
    """Writes a draft of each record at once, the record when all codes are known; memory is 25 bytes a concept and codes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / _FIRST_DRAFT).open("wb")
        self._codes: list[bytes] = []
        self._places = CodeIndexDraft()
        self._starts = array("q", (0,))
        self._labels = (folder / "labels.json").open("wb")
        self._label_starts = array("q", (0,))
        self._flags = bytearray()
        self._designations: dict[tuple[str | None, Coding | None, str | None], int] = {}
        self._properties: dict[tuple[str, str, bool], int] = {}

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        names: list[object] = []
        for name in concept.designations:
            kind = (name.language, name.use, name.source)
            names += (self._designations.setdefault(kind, len(self._designations)), name.value)
        values: list[object] = []
        for item in concept.properties:
            kind_of_item = (item.code, item.kind, item.group is not None)
            values += (self._properties.setdefault(kind_of_item, len(self._properties)), item.value)
        self._file.write(orjson.dumps((names, values, concept.definition, concept.parents), default=plain_json))
        self._starts.append(self._file.tell())
        self._codes.append(concept.code.encode())
        self._places.add(self._codes[-1], len(self._codes) - 1)
        self._labels.write(orjson.dumps(concept.code))
        if concept.display:
            self._labels.write(TAB + orjson.dumps(concept.display))
        self._label_starts.append(self._labels.tell())
        is_extended = bool(concept.extensions or any(name.extensions for name in concept.designations))
        self._flags.append(ACTIVE * concept.active | ABSTRACT * concept.abstract | EXTENDED * is_extended)

    def finish(self) -> None:
        """Write the records, where each starts, and the kinds."""
        self.close()
        np.save(self._folder / "label_starts.npy", np.frombuffer(self._label_starts, dtype=np.int64))
        np.save(self._folder / "starts.npy", np.frombuffer(self._write_records(), dtype=np.int64))
        np.save(self._folder / "flags.npy", np.frombuffer(bytes(self._flags), dtype=np.uint8))
        kinds = {
            "designations": [
                (language, None if use is None else asdict(use), source) for language, use, source in self._designations
            ],
            "properties": list(self._properties),
        }
        (self._folder / "kinds.json").write_bytes(orjson.dumps(kinds))

    def _write_records(self) -> array[int]:
        """Write the records, now that each code's display is known; returns where each starts, and the end of the last."""
        # Decimals keep their digits: 1.50 says more than 1.5
        read = exact_json if any(kind == "decimal" for _, kind, _ in self._properties) else orjson.loads
        coded = {number for number, (_, kind, _) in enumerate(self._properties) if kind == "code"}
        written = open_text(self._folder / "labels.json")
        labels = _Labels(self._codes, self._places.finished(), written, self._label_starts)
        starts = array("q", (0,))
        draft = self._folder / _FIRST_DRAFT
        with draft.open("rb") as before, (self._folder / "records.txt").open("wb") as after:
            for ordinal, (start, end) in enumerate(pairwise(self._starts)):
                names, values, definition, parents = read(before.read(end - start))
                code, _, display = labels.at(ordinal).partition(TAB)
                kinds, lines = [], []
                for kind, value in zip(values[::2], values[1::2], strict=True):
                    label = labels.of(value) if kind in coded and type(value) is str else b""
                    kinds.append(f"{kind}+" if TAB in label else f"{kind}")
                    lines.append(label if TAB in label else orjson.dumps(value, default=plain_json))
                head = (
                    ",".join(map(str, names[::2])).encode(),
                    ",".join(kinds).encode(),
                    code,
                    display or b'""',
                    orjson.dumps(definition) if definition else b"",
                )
                known = filter(None, map(labels.of, parents))
                after.write(b"\n".join((*head, *map(orjson.dumps, names[1::2]), *lines, *known)))
                starts.append(after.tell())
        draft.unlink()
        return starts

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._labels.close()


class _Labels:
    """Codes with their displays, while records are written."""

    def __init__(self, codes: list[bytes], places: CodeIndex, labels: FileText, starts: array[int]) -> None:
        self._codes, self._places, self._labels, self._starts = codes, places, labels, starts

    def at(self, ordinal: int) -> bytes:
        """The label of a concept."""
        return self._labels[self._starts[ordinal] : self._starts[ordinal + 1]]

    def of(self, code: str) -> bytes:
        """The label of a code; nothing if it is none of the code system's."""
        key = code.encode()
        found = next((one for one in self._places.places_of(key) if self._codes[one] == key), None)
        return b"" if found is None else self.at(found)


BRIEF = Part("brief", "3", BriefBuilder)


@dataclass(frozen=True, slots=True)
class BriefConcepts:
    """See the module.

    Parameters
    ----------
    designations, properties
        The kinds, by their numbers: examples without a name, without a value (and, for attributes of SNOMED CT, of group 0).
    records, starts
        All records one after another; where each starts, 64-bit, by ordinal, and where the last one ends.
    labels, label_starts
        The same of labels.
    flags
        A byte a concept: `ACTIVE`, `ABSTRACT`; `EXTENDED` if the concept or one of its names has extensions.
    """

    designations: tuple[Designation, ...]
    properties: tuple[ConceptProperty, ...]
    records: FileText
    starts: memoryview
    labels: FileText
    label_starts: memoryview
    flags: memoryview

    def lines(self, ordinal: int) -> list[bytes]:
        """The record of one concept."""
        return self.records[self.starts[ordinal] : self.starts[ordinal + 1]].split(b"\n")

    def label(self, ordinal: int) -> bytes:
        """Code, tab and display of one concept, both JSON; the code alone where it has no display."""
        return self.labels[self.label_starts[ordinal] : self.label_starts[ordinal + 1]]


def values_of(lines: list[bytes]) -> Iterator[tuple[int, object]]:
    r"""The values of a record, after their kinds.

    >>> list(values_of([b"0,0", b"2+,5", b'"A"', b'"a"', b"", b'"x"', b'"y"', b'"B"\t"b"', b"1.5", b'"P"']))
    [(2, 'B'), (5, 1.5)]
    """
    first = FIRST_NAME + len(kinds_of(lines[NAME_KINDS]))
    kinds = kinds_of(lines[VALUE_KINDS])
    for kind, line in zip(kinds, lines[first : first + len(kinds)], strict=True):
        yield int(kind.rstrip(b"+")), orjson.loads(line.partition(TAB)[0])


def kinds_of(line: bytes) -> list[bytes]:
    """The kinds in one of a record's first two lines; `+` is behind those of labels."""
    return line.split(b",") if line else []


def property_of(kind: ConceptProperty, line: bytes) -> ConceptProperty:
    """A property of a kind, with the value of a record's line."""
    written = line.partition(TAB)[0]
    value = exact_json(written) if kind.kind == "decimal" else orjson.loads(written)
    return ConceptProperty(kind.code, Coding(**value) if isinstance(value, dict) else value, kind.kind, kind.group)


def open_brief(folder: Path) -> BriefConcepts:
    """Map the records into memory."""
    kinds = orjson.loads((folder / "kinds.json").read_bytes())
    designations = tuple(
        Designation("", language, None if use is None else Coding(**use), source)
        for language, use, source in kinds["designations"]
    )
    properties = tuple(
        ConceptProperty(code, "", kind, 0 if is_grouped else None) for code, kind, is_grouped in kinds["properties"]
    )
    return BriefConcepts(
        designations,
        properties,
        open_text(folder / "records.txt"),
        open_array(folder / "starts.npy").data,
        open_text(folder / "labels.json"),
        open_array(folder / "label_starts.npy").data,
        open_array(folder / "flags.npy").data,
    )
