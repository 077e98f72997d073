"""What most questions want of a concept, in a sixth of its body's bytes: names, properties, definition.

Languages and uses of names, codes and types of properties are few in a code system: they are kept once, as kinds, and a
concept's record has their numbers. It is JSON, `[[kind, name, …], [kind, value, …], definition]`. Details of descriptions,
extensions and reference sets are in the body alone. A value of kind `code` that is a code of the same code system is
there as `[ordinal]`: its code and display are found without looking it up. Beside it stand code and display as two lines of
JSON, side by side in memory, for those who show a concept as somebody's parent or value.
"""

from __future__ import annotations

from array import array
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from termserver.index.cache import open_array, open_bytes
from termserver.index.code_index import CodeIndexDraft
from termserver.index.concept_table import ConceptTable
from termserver.index.parts import Part
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation

_FIRST_DRAFT = "draft.json"
Record = tuple[list[Any], list[Any], str | None]
"""Names after their kinds, values after theirs, the definition."""


class BriefBuilder:
    """Writes each record at once, and again when all codes are known; memory is 25 bytes a concept, codes and kinds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / _FIRST_DRAFT).open("wb")
        self._codes: list[bytes] = []
        self._places = CodeIndexDraft()
        self._ends = array("q")
        self._labels = (folder / "labels.json").open("wb")
        self._label_ends = array("q")
        self._extended = bytearray()
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
        self._file.write(orjson.dumps((names, values, concept.definition)))
        self._ends.append(self._file.tell())
        self._codes.append(concept.code.encode())
        self._places.add(self._codes[-1], len(self._codes) - 1)
        self._labels.write(orjson.dumps(concept.code))
        if concept.display:
            self._labels.write(b"\n" + orjson.dumps(concept.display))
        self._label_ends.append(self._labels.tell())
        self._extended.append(bool(concept.extensions or any(name.extensions for name in concept.designations)))

    def finish(self) -> None:
        """Write where each record ends, and the kinds."""
        self.close()
        np.save(self._folder / "ends.npy", np.frombuffer(self._write_with_ordinals(), dtype=np.int64))
        np.save(self._folder / "label_ends.npy", np.frombuffer(self._label_ends, dtype=np.int64))
        np.save(self._folder / "extended.npy", np.frombuffer(bytes(self._extended), dtype=np.bool_))
        kinds = {
            "designations": [
                (language, None if use is None else asdict(use), source) for language, use, source in self._designations
            ],
            "properties": list(self._properties),
        }
        (self._folder / "kinds.json").write_bytes(orjson.dumps(kinds))

    def _write_with_ordinals(self) -> array[int]:
        """Write the records anew, codes as ordinals; returns where each ends."""
        coded = {number for number, (_, kind, _) in enumerate(self._properties) if kind == "code"}
        places, codes = self._places.finished(), self._codes
        ends = array("q")
        draft = self._folder / _FIRST_DRAFT
        with draft.open("rb") as before, (self._folder / "records.json").open("wb") as after:
            start = 0
            for end in self._ends:
                names, values, definition = orjson.loads(before.read(end - start))
                for place in range(0, len(values), 2):
                    value = values[place + 1]
                    if values[place] in coded and type(value) is str:
                        code = value.encode()
                        found = next((one for one in places.places_of(code) if codes[one] == code), None)
                        values[place + 1] = value if found is None else [found]
                after.write(orjson.dumps((names, values, definition)))
                ends.append(after.tell())
                start = end
        draft.unlink()
        return ends

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._labels.close()


BRIEF = Part("brief", "2", BriefBuilder)


@dataclass(frozen=True, slots=True)
class BriefConcepts:
    """See the module.

    Parameters
    ----------
    designations, properties
        The kinds, by their numbers: examples without a name, without a value (and, for attributes of SNOMED CT, of group 0).
    records, ends
        All records one after another; where each ends, 64-bit, by ordinal.
    labels, label_ends
        The same of codes and displays.
    extended
        Shape (n,): True if the concept or one of its names has extensions.
    """

    designations: tuple[Designation, ...]
    properties: tuple[ConceptProperty, ...]
    records: memoryview
    ends: memoryview
    labels: memoryview
    label_ends: memoryview
    extended: NDArray[np.bool_]

    def of(self, ordinal: int) -> Record:
        """The record of one concept."""
        record: Record = orjson.loads(self.records[self.ends[ordinal - 1] if ordinal else 0 : self.ends[ordinal]])
        return record

    def label(self, ordinal: int) -> bytes:
        """Code and display of one concept as two lines of JSON; one line where it has no display."""
        return self.labels[self.label_ends[ordinal - 1] if ordinal else 0 : self.label_ends[ordinal]].tobytes()


def property_of(kind: ConceptProperty, value: Any, table: ConceptTable) -> ConceptProperty:
    """A property of a kind, with a value as a record has it."""
    if isinstance(value, list):
        value = table.code_of(value[0])
    elif isinstance(value, dict):
        value = Coding(**value)
    return ConceptProperty(kind.code, value, kind.kind, kind.group)


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
        open_bytes(folder / "records.json").data,
        open_array(folder / "ends.npy").data,
        open_bytes(folder / "labels.json").data,
        open_array(folder / "label_ends.npy").data,
        open_array(folder / "extended.npy"),
    )
