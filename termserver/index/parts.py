"""What a part of the index is: files of one content version, written in one pass over its concepts.

All parts of a content version are built in the same pass, so that a release is read once. A new part is a builder, a
line in `builder.PARTS` and a way to open its files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from termserver.model.code_system import Concept


class PartBuilder(Protocol):
    """Takes the concepts one by one, in their publisher's order; then writes what is still in memory."""

    def add(self, concept: Concept) -> None:
        """Take the next concept; its ordinal is the number of those before."""
        ...

    def finish(self) -> None:
        """Write the files; no concept comes after."""
        ...

    def close(self) -> None:
        """Let go of open files and memory; after `finish`, or instead where building failed."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the index.

    Parameters
    ----------
    format
        Part of the folder's name: a program that writes other files looks for other folders.
    builder
        Makes a builder that writes into an empty folder.
    """

    name: str
    format: str
    builder: Callable[[Path], PartBuilder]
