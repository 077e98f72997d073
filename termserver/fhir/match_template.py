"""Answers of $translate as bytes: the common writer's own output, cut where code and display stand.

A pipeline's answers differ in codes and displays alone. A template is made by writing one example with the common
writer, so that it cannot differ from it; filling it in copies JSON texts that are kept ready.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter

import orjson

from termserver.fhir.translate_parameters import TranslateStyle, write_translate
from termserver.model.coding import Coding
from termserver.model.concept_map import MapGroup
from termserver.model.relationship import Relationship
from termserver.model.results import TranslateMatch, TranslateResult

Texts = tuple[bytes, bytes, bytes, bytes]
"""JSON text of target code, of `,"display":…` of the target or nothing, and the same of the source."""

# A control character, which no content of ours holds, and the slot's place in Texts
_MARKS = ("\x1a0", "\x1a1", "\x1a2", "\x1a3")
_SLOT = re.compile(rb'(?:,"display":)?"\\u001a([0-3])"')
_MATCH = b'{"name":"match"'


@dataclass(frozen=True, slots=True)
class MatchTemplate:
    """One match, with slots for codes and displays.

    Parameters
    ----------
    counts
        True if such a match makes the answer's `result` true.
    """

    pattern: bytes
    chosen: Callable[[Texts], tuple[bytes, ...]]
    counts: bool

    def filled(self, texts: Texts) -> bytes:
        """The match with these codes and displays."""
        return self.pattern % self.chosen(texts)


def match_template(
    group: MapGroup,
    origin_map: str,
    origin_hash: str,
    style: TranslateStyle,
    relationship: Relationship,
    r4_equivalence: str | None,
    *,
    source_version: str | None,
    reverse: bool,
) -> MatchTemplate:
    """The template of the plain matches of a group that say the same.

    Parameters
    ----------
    source_version
        Of the source coding in the answer.
    """
    target = Coding(group.target, _MARKS[0], group.target_version, _MARKS[1])
    source = Coding(group.source, _MARKS[2], source_version, _MARKS[3])
    example = TranslateMatch(target, relationship, origin_map, source, r4_equivalence, origin_hash=origin_hash)
    written = _written(example, style, reverse=reverse)
    begin = written.index(_MATCH)
    pieces = _SLOT.split(written[begin:-2].replace(b"%", b"%%"))
    places = [int(mark) for mark in pieces[1::2]]
    return MatchTemplate(b"%b".join(pieces[::2]), _chooser(places), relationship is not Relationship.NOT_RELATED)


def answer_frame(style: TranslateStyle) -> tuple[bytes, bytes]:
    """What stands before and after the matches of an answer that found some."""
    target = Coding("s", "c")
    written = _written(TranslateMatch(target, Relationship.EQUIVALENT, "m", target), style, reverse=False)
    return written[: written.index(_MATCH)], written[-2:]


def _written(example: TranslateMatch, style: TranslateStyle, *, reverse: bool) -> bytes:
    return orjson.dumps(write_translate(TranslateResult(True, (example,)), style, reverse=reverse))


def _chooser(places: list[int]) -> Callable[[Texts], tuple[bytes, ...]]:
    if len(places) == 1:
        place = places[0]
        return lambda texts: (texts[place],)
    return itemgetter(*places)
