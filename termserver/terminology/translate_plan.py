"""$translate compiled: all of a request but its code is worked out once, and holds until content changes.

A plan answers what is plain: elements found in the groups that the request may use, without dependencies, products,
properties, reasons or rules for unmapped codes. For anything else it answers None, and `translate` is asked: both
give the same bytes (`tests/unit/terminology/test_translate_plan.py` compares them over many shapes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from termserver.fhir.match_template import MatchTemplate, answer_frame, match_template
from termserver.fhir.translate_parameters import TranslateStyle
from termserver.index.translation_table import TAGS, GroupTable, Record, TranslationTable
from termserver.model.requests import TranslateRequest
from termserver.terminology.map_surroundings import MapSurroundings
from termserver.terminology.translate import fitting_groups

_DISPLAY = b',"display":'


@dataclass(slots=True)
class _PlannedGroup:
    """A group that the request may use, and its templates by tag, made when first needed."""

    table: GroupTable
    map: TranslationTable
    style: TranslateStyle
    source_version: str | None
    reverse: bool
    templates: dict[int, MatchTemplate] = field(default_factory=dict)

    def template(self, tag: int) -> MatchTemplate:
        found = self.templates.get(tag)
        if found is None:
            relationship, r4_equivalence = TAGS[tag - 1]
            found = self.templates[tag] = match_template(
                self.table.group,
                self.map.head.canonical,
                self.map.content_hash,
                self.style,
                relationship,
                r4_equivalence,
                source_version=self.source_version,
                reverse=self.reverse,
            )
        return found


class TranslatePlan:
    """See the module. Made by `plan_translation`."""

    __slots__ = ("_closing", "_groups", "_opening", "_reverse")

    def __init__(self, groups: tuple[_PlannedGroup, ...], style: TranslateStyle, *, reverse: bool) -> None:
        self._groups = groups
        self._reverse = reverse
        self._opening, self._closing = answer_frame(style)

    def answer(self, code: str) -> bytes | None:
        """The answer's JSON for this code; None if `translate` must be asked."""
        key = orjson.dumps(code)
        matches: list[bytes] = []
        counts = False
        for group in self._groups:
            table = group.table
            records = table.records_to(key) if self._reverse else table.records(key)
            if not records and not self._reverse and table.group.unmapped is not None:
                return None
            for record in records:
                if not record[0]:
                    return None
                counts |= _add_matches(record, key if self._reverse else None, group, matches)
        if not counts:
            return None
        return self._opening + b",".join(matches) + self._closing


def _add_matches(record: Record, target_key: bytes | None, group: _PlannedGroup, matches: list[bytes]) -> bool:
    """Add the record's matches (to one target, or all); True if one makes the answer's result true."""
    counts = False
    source_display = _DISPLAY + record[2] if record[2] else b""
    at = 3
    for tag in record[0]:
        code = record[at]
        if target_key is None or code == target_key:
            display = record[at + 1]
            template = group.templates.get(tag) or group.template(tag)
            counts |= template.counts
            texts = (code, _DISPLAY + display if display else b"", record[1], source_display)
            matches.append(template.filled(texts))
        at += 3
    return counts


def is_plannable(request: TranslateRequest) -> bool:
    """True if nothing in the request, but its maps, speaks against a plan."""
    return not (
        request.language
        or request.dependencies
        or request.source_scope
        or request.target_scope
        or request.inline_map is not None
        or request.overlay
    )


def shape_of(request: TranslateRequest) -> tuple[object, ...]:
    """What else tells one plannable request's plan from another's, beside the system and version of its coding."""
    return (
        request.reverse,
        request.map_url,
        request.map_version,
        request.map_id,
        request.source_systems,
        request.target_systems,
    )


def plan_translation(
    request: TranslateRequest, style: TranslateStyle, tables: Sequence[TranslationTable], surroundings: MapSurroundings
) -> TranslatePlan | None:
    """The plan for all requests that differ from this one in the code alone; None if there can be none.

    Parameters
    ----------
    request
        Has one coding, without a display.
    tables
        The maps that were chosen, in the order of their answers.
    """
    if not is_plannable(request):
        return None
    groups = []
    (coding,) = request.codings
    for table in tables:
        if table.head.status != "active":
            return None
        for group_table in fitting_groups(request, coding, table, surroundings):
            if group_table.elements_to_value_sets() if request.reverse else group_table.elements_of_value_sets():
                return None
            version = group_table.group.source_version if request.reverse else coding.version
            groups.append(_PlannedGroup(group_table, table, style, version, request.reverse))
    return TranslatePlan(tuple(groups), style, reverse=request.reverse)
