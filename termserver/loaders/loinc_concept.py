"""Concepts of LOINC, put together from the rows that belong to one code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Coding, Designation

LOINC_URL = "http://loinc.org"
AXES = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP")
_NAME_COLUMNS = ("SHORTNAME", "DisplayName", "CONSUMER_NAME")
_NOT_PROPERTIES = {"LOINC_NUM", "LONG_COMMON_NAME", "DefinitionDescription", *_NAME_COLUMNS, *AXES}
# Part links name two axes differently from the table.
_AXIS_OF_LINK = {"TIME": "TIME_ASPCT", "SCALE": "SCALE_TYP", "METHOD": "METHOD_TYP"}

# FHIR has both for codes that are not to be used any more
_INACTIVE = {"DEPRECATED", "DISCOURAGED", "INACTIVE"}

Fields = Sequence[str]


def term_concept(row: Mapping[str, str], links: Sequence[Fields]) -> Concept:
    """A LOINC term.

    Parameters
    ----------
    row
        Column → value of Loinc.csv.
    links
        (code, `part` | `answer-list` | `group` | `parent` | `consumer-name` | `variant`, …).
    """
    display = row["LONG_COMMON_NAME"] or row.get("SHORTNAME") or row["LOINC_NUM"]
    return Concept(
        code=row["LOINC_NUM"],
        display=display,
        designations=tuple(dict.fromkeys(_designations(row, display, links))),
        properties=tuple(dict.fromkeys(_properties(row, links))),
        parents=_parents(links),
        active=row["STATUS"] not in _INACTIVE,
        definition=row.get("DefinitionDescription") or None,
    )


def part_concept(code: str, rows: Sequence[Fields], links: Sequence[Fields]) -> Concept:
    """A part, or a node of the hierarchy that stands in no part file."""
    own = next((row for row in rows if row[1] == "part"), rows[0])
    return Concept(
        code=code,
        display=own[3] or code,
        designations=_display_name(own),
        properties=(
            *((ConceptProperty("PartTypeName", own[2]),) if own[2] else ()),
            *((ConceptProperty("STATUS", own[4]),) if own[4] else ()),
        ),
        parents=_parents(links),
        active=own[4] not in _INACTIVE,
    )


def _display_name(row: Fields) -> tuple[Designation, ...]:
    name = row[5] if len(row) > 5 else ""
    if not name or name == row[3]:
        return ()
    return (Designation(name, "en", Coding(LOINC_URL, "DisplayName", display="DisplayName")),)


def group_concept(code: str, rows: Sequence[Fields]) -> Concept:
    """A group of terms that can stand for each other in some use."""
    return Concept(code=code, display=rows[0][3] or code, active=rows[0][4].upper() not in _INACTIVE)


def answer_list_concept(code: str, rows: Sequence[Fields], links: Sequence[Fields]) -> Concept:
    """An answer list with its answers, and the terms that use it."""
    answers = dict.fromkeys(row[2] for row in rows if row[2])
    return Concept(
        code=code,
        display=rows[0][3] or code,
        properties=(
            *(ConceptProperty("Answer", answer, "code") for answer in answers),
            *(ConceptProperty("answers-for", link[2], "code") for link in links if link[1] == "answers-for"),
        ),
    )


def answer_concept(code: str, rows: Sequence[Fields]) -> Concept:
    """An answer with the lists it belongs to."""
    lists = dict.fromkeys(row[2] for row in rows if row[2])
    return Concept(
        code=code,
        display=rows[0][3] or code,
        properties=tuple(ConceptProperty("AnswerList", one, "code") for one in lists),
    )


def _parents(links: Sequence[Fields]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(link[2] for link in links if link[1] == "parent"))


def _designations(row: Mapping[str, str], display: str, links: Sequence[Fields]) -> Iterator[Designation]:
    for column in _NAME_COLUMNS:
        if row.get(column) and row[column] != display:
            yield Designation(row[column], "en", Coding(LOINC_URL, column, display=column))
    for link in links:
        if link[1] == "consumer-name" and link[2] != display:
            yield Designation(link[2], "en", Coding(LOINC_URL, "ConsumerName", display="ConsumerName"))
        elif link[1] == "variant":
            yield Designation(link[3], link[2], Coding(LOINC_URL, link[4], display=link[4]))


def _properties(row: Mapping[str, str], links: Sequence[Fields]) -> Iterator[ConceptProperty]:
    linked = [link for link in links if link[1] == "part"]
    parts = {_AXIS_OF_LINK.get(link[2], link[2]): link for link in reversed(linked)}
    for axis in AXES:
        if axis in parts:
            yield ConceptProperty(
                axis, Coding(LOINC_URL, parts[axis][3], display=row[axis] or parts[axis][4]), "Coding"
            )
        elif row[axis]:
            yield ConceptProperty(axis, row[axis])
    for link in linked:
        if _AXIS_OF_LINK.get(link[2], link[2]) not in AXES:
            yield ConceptProperty(link[2], Coding(LOINC_URL, link[3], display=link[4]), "Coding")
    for column, value in row.items():
        if value and column not in _NOT_PROPERTIES and column not in parts:
            yield ConceptProperty(column, value)
    for link in links:
        if link[1] == "answer-list":
            yield ConceptProperty("answer-list", link[2], "code")
        elif link[1] == "group":
            yield ConceptProperty("GROUP", link[2], "code")
