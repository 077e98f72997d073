"""Answers of $lookup as bytes: the common writer's own output, cut where codes and names stand.

Answers of a code system differ in codes, displays and names; what stands between them is the same in thousands of them.
Templates are made by writing an example with the common writer, so that they cannot differ from it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import orjson

from termserver.fhir.lookup_parameters import write_designation, write_lookup, write_property
from termserver.fhir.primitives import plain_json
from termserver.model.coding import Designation
from termserver.model.results import LookupProperty, LookupResult

# Control characters, which no content of ours holds
MARK = "\x1a0"
DESCRIPTION_MARK = "\x1a1"
_MARK, _DESCRIPTION_MARK = orjson.dumps(MARK), orjson.dumps(DESCRIPTION_MARK)

PropertyPiece = tuple[bytes, bool, bytes]
"""What stands before a code, whether its description belongs to it, and what stands after."""


def _between_code_and_description() -> bytes:
    written = orjson.dumps(write_property(LookupProperty("c", MARK, "code", DESCRIPTION_MARK)))
    return written.split(_MARK)[1].split(_DESCRIPTION_MARK)[0]


BETWEEN = _between_code_and_description()
"""What stands between a property's code and its description."""


def property_piece(item: LookupProperty) -> PropertyPiece:
    """The piece for a property whose value is `MARK`, and whose description, if it has one, is `DESCRIPTION_MARK`.

    Raises
    ------
    ValueError
        If the marks do not stand there once each.
    """
    written = b"," + orjson.dumps(write_property(item), default=plain_json)
    before, after = written.split(_MARK)
    is_described = after.startswith(BETWEEN + _DESCRIPTION_MARK)
    if is_described:
        after = after[len(BETWEEN + _DESCRIPTION_MARK) :]
    if _DESCRIPTION_MARK in before + after:
        raise ValueError("a description stands where none is expected")
    return before, is_described, after


def designation_piece(designation: Designation) -> tuple[bytes, bytes]:
    """What stands before and after the name of designations like this one."""
    written = b"," + orjson.dumps(write_designation(replace(designation, value=MARK)))
    before, after = written.split(_MARK)
    return before, after


@dataclass(frozen=True, slots=True)
class LookupFrame:
    """What stands before and after designations and properties.

    Parameters
    ----------
    head
        Before the display, before the code, after it.
    definition
        Before and after the definition, where the concept has one.
    tail
        The end of the answer.
    """

    head: tuple[bytes, bytes, bytes]
    definition: tuple[bytes, bytes]
    tail: bytes


def lookup_frame(example: LookupResult) -> LookupFrame:
    """The frame of answers like this one, of a concept whose code is `MARK` and whose display is `DESCRIPTION_MARK`.

    Raises
    ------
    ValueError
        If the marks do not stand there once each.
    """
    bare = replace(example, definition=None, designations=(), properties=(), supplements=())
    written = _written(bare)[:-2]
    first, rest = written.split(_DESCRIPTION_MARK)
    second, third = rest.split(_MARK)
    supplements = _written(replace(bare, supplements=example.supplements))
    before, after = _written(replace(bare, definition="\x1a2"))[len(written) : -2].split(orjson.dumps("\x1a2"))
    return LookupFrame((first, second, third), (before, after), supplements[len(written) :])


def _written(result: LookupResult) -> bytes:
    return orjson.dumps(write_lookup(result))
