"""Find the parent of a code from its shape: ICD-10's ranges and dots, or the longest shorter code that begins it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection

_RANGE = re.compile(r"^([A-Z]\d[\dA-Z])-([A-Z]\d[\dA-Z])$")


class IcdBlocks:
    """Blocks of ICD-10 (`A00-A09`), to find the narrowest that holds a category.

    >>> blocks = IcdBlocks({"A00-B99", "A00-A09", "A15-A19"})
    >>> blocks.around("A00"), blocks.around("A15-A19"), blocks.around("Z99")
    ('A00-A09', 'A00-B99', None)
    """

    def __init__(self, codes: Collection[str]) -> None:
        matches = (match for code in codes if (match := _RANGE.match(code)))
        # By start, wide before narrow: the last one that still holds a category is the narrowest.
        self._blocks = sorted(
            ((match[1], match[2], match[0]) for match in matches), key=lambda one: (one[0], _descending(one[1]))
        )
        self._starts = [start for start, _, _ in self._blocks]

    def around(self, code: str) -> str | None:
        """The narrowest block around a category or around another block; None where there is none."""
        match = _RANGE.match(code)
        start, end = (match[1], match[2]) if match else (code[:3], code[:3])
        for place in range(bisect_right(self._starts, start) - 1, -1, -1):
            _, block_end, block = self._blocks[place]
            if block_end >= end and block != code:
                return block
        return None


def parent_in_icd_10(code: str, codes: Collection[str], blocks: IcdBlocks) -> str | None:
    """Parent of an ICD-10 code: A18.4C → A18.4 → A18 → its block; steps over levels that are not in the list.

    >>> codes = {"A00-A09", "A00", "A00.0"}
    >>> parent_in_icd_10("A00.0", codes, IcdBlocks(codes)), parent_in_icd_10("A00", codes, IcdBlocks(codes))
    ('A00', 'A00-A09')
    """
    if len(code) > 3 and "-" not in code:
        for length in range(len(code) - 1, 2, -1):
            shorter = code[:length].rstrip(".+*")
            if shorter in codes and shorter != code:
                return shorter
    return blocks.around(code)


def parent_by_prefix(code: str, codes: Collection[str], parent_prefix: str = "") -> str | None:
    """The longest shorter code that begins this one.

    >>> parent_by_prefix("AAB10", {"A", "AA", "AAB"}), parent_by_prefix("Q", {"A"})
    ('AAB', None)
    """
    for length in range(len(code) - 1, 0, -1):
        shorter = parent_prefix + code[:length].rstrip("-. ")
        if shorter in codes:
            return shorter
    return None


def _descending(code: str) -> tuple[int, ...]:
    return tuple(-ord(character) for character in code)
