"""One line of a map's file, and how the lines of one source code become one element."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from termserver.errors import BadFile, BadInput
from termserver.loaders.source import ReadCounts
from termserver.model.beyond_fhir import property_uri, with_facts
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.decision import NoMapReason
from termserver.model.relationship import Relationship
from termserver.model.source_list import RowProblem
from termserver.store.element_rows import RowFile

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s|]{1,2000}")
_VERSION = re.compile(r"[^\s|]{1,100}")
_IN_MEMORY = 20_000
"""Lines beyond which the elements of a map go to a file."""


@dataclass(frozen=True, slots=True)
class MapLine:
    """One mapping of a file.

    Parameters
    ----------
    line
        In the file, from 1.
    target_code
        Empty where the file says that there is no target.
    target_system
        Empty, without a target, where the file means every system that it maps to.
    relationship
        Source to target; RELATED_TO where the file does not say (FHIR: the exact relationship is not known).
    properties
        What the format says of the mapping's meaning beyond FHIR: pairs (code, text); declared, and answered by $translate.
    kept
        Bookkeeping of the format, kept with the target (without one: with the source code) so that it can be written again.
    source_kept
        The same of the source code; that of its first line counts.
    r4_equivalence
        As `model.concept_map.MapTarget` has it.
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
    kept: tuple[tuple[str, str], ...] = ()
    source_kept: tuple[tuple[str, str], ...] = ()
    r4_equivalence: str | None = None


@dataclass(frozen=True, slots=True)
class MapHeader:
    """What a map is called, and the systems that its file does not name. Empty fields take the file's word.

    Parameters
    ----------
    source_system, target_system
        Canonical URLs, `|version` allowed.
    vocabularies
        OMOP's vocabulary_id → canonical URL, for those that are not known here.
    """

    url: str = ""
    version: str = ""
    title: str = ""
    source_system: str = ""
    target_system: str = ""
    vocabularies: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class LoadedMap:
    """A concept map, and the problems met on the way.

    Parameters
    ----------
    rows
        The elements, where they were too many for memory; the groups of `concept_map` have none then. Who reads the map
        closes them.
    notes
        What the file says and the map does not hold, in words; no reason to refuse it.
    """

    concept_map: ConceptMap
    problems: list[RowProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    counts: ReadCounts = field(default_factory=ReadCounts)
    rows: RowFile | None = None


def elements_from_lines(lines: Iterable[MapLine], loaded: LoadedMap) -> None:
    """Put lines into the map's groups: a group a pair of systems, an element a source code, in the order of the file.

    A line that says again what an earlier one said counts as merged; one that maps a code to itself in the same system
    is refused. Memory: all lines; the elements of a large map go to `loaded.rows`, which who reads the map closes.

    Raises
    ------
    BadFile
        If nothing says where codes without a target were to be mapped.
    """
    groups: dict[tuple[str, str], dict[str, list[MapLine]]] = {}
    seen: set[tuple[object, ...]] = set()
    for line in _with_target_systems(lines, loaded):
        said = (line.relationship, line.properties) if line.target_code else ()
        key = (line.source_system, line.source_code, line.target_system, line.target_code, *said)
        if key in seen:
            loaded.counts.merged += 1
            continue
        if (line.source_system, line.source_code) == (line.target_system, line.target_code):
            _refuse(loaded, line, "maps-to-itself", f"the code '{line.source_code}' is mapped to itself")
            continue
        seen.add(key)
        of_code = groups.setdefault((line.source_system, line.target_system), {}).setdefault(line.source_code, [])
        of_code.append(line)
    declared = dict.fromkeys(
        code
        for by_code in groups.values()
        for found in by_code.values()
        for line in found
        for code, _ in line.properties
    )
    built = _groups(groups, loaded)
    other = dict(loaded.concept_map.other)
    if declared:
        other["property"] = [{"code": code, "uri": property_uri(code), "type": "string"} for code in declared]
    loaded.concept_map = replace(loaded.concept_map, groups=tuple(built), other=other)


def _groups(groups: dict[tuple[str, str], dict[str, list[MapLine]]], loaded: LoadedMap) -> list[MapGroup]:
    """The groups of the map; elements of a large one go to a file while their lines are let go."""
    if loaded.counts.rows > _IN_MEMORY:
        loaded.rows = RowFile()
    built = []
    for index, ((source, target), by_code) in enumerate(groups.items()):
        (source_url, source_version), (target_url, target_version) = _split(source), _split(target)
        elements: list[MapElement] = []
        for code in list(by_code):
            element = _element(by_code.pop(code))
            if loaded.rows is None:
                elements.append(element)
            else:
                loaded.rows.add(index, element)
        built.append(MapGroup(source_url, target_url, source_version, target_version, tuple(elements)))
    return built


def _with_target_systems(lines: Iterable[MapLine], loaded: LoadedMap) -> Iterator[MapLine]:
    """The lines, counted; one without target and system once for each system that its source system is mapped to."""
    read = list(lines)
    loaded.counts.rows += len(read)
    targets: dict[str, dict[str, None]] = {}
    for line in read:
        if line.target_system:
            targets.setdefault(line.source_system, {})[line.target_system] = None
    for line in read:
        if line.target_system:
            yield line
            continue
        if line.source_system not in targets:
            what = f"nothing names the system that '{line.source_code[:40]}' has no target in; name it (--target-system URL)"
            raise BadFile(what, file=loaded.concept_map.title or "the file", line=line.line)
        for system in targets[line.source_system]:
            yield replace(line, target_system=system)


def no_map_comment(text: str, reason: str = "") -> str | None:
    """Why a code has no target, as the map's comment; that there is none needs no words.

    Parameters
    ----------
    reason
        Where the table has it in a column of its own.

    >>> no_map_comment("no-target; too old"), no_map_comment("", "too-vague"), no_map_comment("no-target")
    ('too old', 'too-vague', None)
    """
    given = reason if reason in set(NoMapReason) else ""
    parts = [part for part in (given, *text.split("; ", 1)) if part and part != NoMapReason.NO_TARGET]
    return "; ".join(dict.fromkeys(parts)) or None


def _split(canonical: str) -> tuple[str, str | None]:
    url, _, version = canonical.partition("|")
    return url, version or None


def _element(lines: list[MapLine]) -> MapElement:
    first = lines[0]
    display = next((line.source_display for line in lines if line.source_display), None)
    targets = [line for line in lines if line.target_code]
    if not targets:
        comment = next((line.comment for line in lines if line.comment), None)
        said = (*first.source_kept, *first.properties, *first.kept)
        return MapElement(first.source_code, display, no_map=True, comment=comment, other=with_facts(said))
    found = tuple(
        MapTarget(
            line.target_code,
            line.relationship,
            line.target_display or None,
            line.comment,
            line.r4_equivalence,
            properties=line.properties,
            other=with_facts(line.kept),
        )
        for line in targets
    )
    return MapElement(first.source_code, display, found, other=with_facts(first.source_kept))


def _refuse(loaded: LoadedMap, line: MapLine, rule: str, message: str) -> None:
    loaded.counts.refused += 1
    loaded.problems.append(RowProblem(line.line, None, line.source_code, "error", rule, message))


def refuse(loaded: LoadedMap, line: int, column: str | None, code: str | None, rule: str, message: str) -> None:
    """Note a line that is left out, and count it."""
    loaded.counts.rows += 1
    loaded.counts.refused += 1
    loaded.problems.append(RowProblem(line, column, code, "error", rule, message))


def check_header(header: MapHeader) -> None:
    """Refuse what a map cannot be called.

    Raises
    ------
    BadInput
        If a URL is none, or the version could not be pinned by `url|version`.

    >>> check_header(MapHeader("https://example.org/ConceptMap/m", "2026.1", source_system="urn:oid:1.2.3|7"))
    """
    canonicals = (header.source_system, header.target_system, *header.vocabularies.values())
    for what, url in (("url", header.url), *(("code system", item.partition("|")[0]) for item in canonicals)):
        if url and not _URI.fullmatch(url):
            raise BadInput(f"The {what} '{url[:80]}' is no absolute URL (http://…, urn:…), without blanks and |")
    if header.version and not _VERSION.fullmatch(header.version):
        raise BadInput(f"The version '{header.version[:80]}' of a map is 1 to 100 characters without blanks and |")


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
