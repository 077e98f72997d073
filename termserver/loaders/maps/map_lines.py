"""One line of a map's file, and how the lines of one source code become one element."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from termserver.errors import BadFile
from termserver.loaders.source import ReadCounts
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.relationship import Relationship
from termserver.model.source_list import RowProblem
from termserver.store.element_rows import RowFile


@dataclass(frozen=True, slots=True)
class MapLine:
    """One mapping of a file.

    Parameters
    ----------
    line
        In the file, from 1.
    target_code
        Empty where the file says that there is no target.
    relationship
        Source to target; RELATED_TO where the file does not say (FHIR: the exact relationship is not known).
    properties
        What the format says beyond FHIR: pairs (code, text).
    """

    line: int
    source_system: str
    source_code: str
    target_system: str
    target_code: str
    source_display: str | None = None
    target_display: str | None = None
    relationship: Relationship = Relationship.RELATED_TO
    comment: str | None = None
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MapHeader:
    """What a map is called, and the systems that its file does not name. Empty fields take the file's word.

    Parameters
    ----------
    source_system, target_system
        Canonical URLs, `|version` allowed.
    """

    url: str = ""
    version: str = ""
    title: str = ""
    source_system: str = ""
    target_system: str = ""


@dataclass(slots=True)
class LoadedMap:
    """A concept map, and the problems met on the way.

    Parameters
    ----------
    rows
        The elements, where they were too many for memory; the groups of `concept_map` have none then. Who reads the map
        closes them.
    """

    concept_map: ConceptMap
    problems: list[RowProblem] = field(default_factory=list)
    counts: ReadCounts = field(default_factory=ReadCounts)
    rows: RowFile | None = None


def elements_from_lines(lines: Iterable[MapLine], loaded: LoadedMap) -> None:
    """Put lines into the map's groups: a group a pair of systems, an element a source code, in the order of the file.

    A line that says again what an earlier one said counts as merged; one that maps a code to itself in the same system
    is refused. Memory: all lines.
    """
    groups: dict[tuple[str, str], dict[str, list[MapLine]]] = {}
    seen: set[tuple[str, str, str, str]] = set()
    for line in lines:
        loaded.counts.rows += 1
        key = (line.source_system, line.source_code, line.target_system, line.target_code)
        if key in seen:
            loaded.counts.merged += 1
            continue
        if (line.source_system, line.source_code) == (line.target_system, line.target_code):
            _refuse(loaded, line, "maps-to-itself", f"the code '{line.source_code}' is mapped to itself")
            continue
        seen.add(key)
        of_code = groups.setdefault((line.source_system, line.target_system), {}).setdefault(line.source_code, [])
        of_code.append(line)
    declared: dict[str, None] = {}
    built = []
    for (source, target), by_code in groups.items():
        (source_url, source_version), (target_url, target_version) = _split(source), _split(target)
        elements = tuple(_element(found) for found in by_code.values())
        built.append(MapGroup(source_url, target_url, source_version, target_version, elements))
        for found in by_code.values():
            declared |= dict.fromkeys(code for line in found for code, _ in line.properties)
    other = dict(loaded.concept_map.other)
    if declared:
        other["property"] = [{"code": code, "uri": property_uri(code), "type": "string"} for code in declared]
    loaded.concept_map = replace(loaded.concept_map, groups=tuple(built), other=other)


def property_uri(code: str) -> str:
    """The URI of a property that an imported map carries.

    >>> property_uri("confidence")
    'https://termserver.example/property/confidence'
    """
    return f"https://termserver.example/property/{code}"


def _split(canonical: str) -> tuple[str, str | None]:
    url, _, version = canonical.partition("|")
    return url, version or None


def _element(lines: list[MapLine]) -> MapElement:
    display = next((line.source_display for line in lines if line.source_display), None)
    targets = [line for line in lines if line.target_code]
    if not targets:
        comment = next((line.comment for line in lines if line.comment), None)
        return MapElement(lines[0].source_code, display, no_map=True, comment=comment)
    return MapElement(
        lines[0].source_code,
        display,
        tuple(
            MapTarget(
                line.target_code,
                line.relationship,
                line.target_display or None,
                line.comment,
                properties=line.properties,
            )
            for line in targets
        ),
    )


def _refuse(loaded: LoadedMap, line: MapLine, rule: str, message: str) -> None:
    loaded.counts.refused += 1
    loaded.problems.append(RowProblem(line.line, None, line.source_code, "error", rule, message))


def refuse(loaded: LoadedMap, line: int, column: str | None, code: str | None, rule: str, message: str) -> None:
    """Note a line that is left out, and count it."""
    loaded.counts.rows += 1
    loaded.counts.refused += 1
    loaded.problems.append(RowProblem(line, column, code, "error", rule, message))


def head_from(header: MapHeader, *, name: str, title: str = "", url: str = "", version: str = "") -> ConceptMap:
    """The map without groups; what the caller named is stronger than what the file says.

    Raises
    ------
    BadFile
        If neither names the map's URL.
    """
    chosen = header.url or url
    if not chosen:
        raise BadFile("the file does not say which canonical URL the map has; name it (--url)", file=name)
    shown = header.title or title or name
    words = "".join(word[:1].upper() + word[1:] for word in "".join(c if c.isalnum() else " " for c in shown).split())
    computer_name = words if words[:1].isalpha() else f"Map{words}"
    return ConceptMap(chosen, header.version or version or "1", computer_name[:255], shown, status="active")
