"""Translation tables as files: written once for a map's content and its systems' displays, mapped by every process.

Each buffer of a group is a file of its own (`0-records.bin`, `0-starts.bin`, …), in the machine's byte order. Pages
are read when they are asked for, and processes share them.
"""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from pathlib import Path

from termserver.index.code_index import CodeIndex
from termserver.index.translation_table import GroupTable, TranslationTable
from termserver.model.concept_map import ConceptMap, MapGroup

TABLE_FORMAT = "translation-2"
"""Part of the folder's name: a program that writes other files looks for other folders."""


def save_table(folder: Path, table: TranslationTable) -> None:
    """Write a table's groups into the folder."""
    for place, group in enumerate(table.groups):
        for name, buffer in group.buffers.items():
            (folder / f"{place}-{name}.bin").write_bytes(buffer)


def open_table(folder: Path, head: ConceptMap, content_hash: str) -> TranslationTable:
    """Map a table into memory.

    Parameters
    ----------
    head
        The map that the table was made of; its groups need no elements.
    """
    return TranslationTable(head, tuple(_open_group(folder, *item) for item in enumerate(head.groups)), content_hash)


def _open_group(folder: Path, place: int, group: MapGroup) -> GroupTable:
    def numbers(name: str, kind: str) -> memoryview:
        return memoryview(_mapped(folder / f"{place}-{name}.bin")).cast("B").cast(kind)  # type: ignore[call-overload,no-any-return]

    return GroupTable(
        group,
        _mapped(folder / f"{place}-records.bin"),
        numbers("starts", "Q"),
        CodeIndex(numbers("forward_starts", "I"), numbers("forward_places", "I")),
        CodeIndex(numbers("reverse_starts", "I"), numbers("reverse_places", "I")),
    )


def _mapped(path: Path) -> bytes | mmap:
    if path.stat().st_size == 0:  # an empty file cannot be mapped
        return b""
    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ)
