"""What a concept has besides its line in the concept table (names, properties, parents, definition), by ordinal.

The store's own text of each concept, one after another in one mapped file: reading a concept takes no SQL, so that the
hot paths need no session, and a hundred servers share one copy in memory.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from termserver.index.cache import open_array, open_bytes
from termserver.index.parts import Part
from termserver.model.code_system import Concept
from termserver.store.concept_body import body_text


class BodyBuilder:
    """Writes each body at once; memory is 8 bytes a concept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / "bodies.json").open("wb")
        self._ends = array("q")

    def add(self, concept: Concept) -> None:
        """Take the next concept."""
        self._file.write(body_text(concept).encode())
        self._ends.append(self._file.tell())

    def finish(self) -> None:
        """Write where each body ends."""
        self._file.close()
        np.save(self._folder / "ends.npy", np.frombuffer(self._ends, dtype=np.int64))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


BODIES = Part("bodies", "1", BodyBuilder)


@dataclass(frozen=True, slots=True)
class ConceptBodies:
    """`text` is all bodies, shape (total,); `ends` where each ends, shape (n,)."""

    text: NDArray[np.uint8]
    ends: NDArray[np.int64]

    def of(self, ordinal: int) -> bytes:
        """The body of one concept, as the store wrote it."""
        start = self.ends.item(ordinal - 1) if ordinal else 0
        return self.text[start : self.ends.item(ordinal)].tobytes()


def open_bodies(folder: Path) -> ConceptBodies:
    """Map the bodies into memory."""
    return ConceptBodies(open_bytes(folder / "bodies.json"), open_array(folder / "ends.npy"))
