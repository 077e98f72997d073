"""Read OMOP's concept_relationship with local concepts as a map. Source: OMOP CDM 5.4, CONCEPT and CONCEPT_RELATIONSHIP.

A local concept (id above 2,000,000,000) is a source code; what it "Maps to" are its targets, those that it "Maps to value",
"… unit", … too, told apart by the property `relationship_id`. Several targets say the code together, as in all of OMOP. A
local concept that maps to nothing has no standard concept: `noMap`. Ids, dates and domains are kept, so that the tables can
be written again as they were.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, MapLine, elements_from_lines, head_from, refuse
from termserver.loaders.maps.omop_tables import CONCEPT, CONCEPT_RELATIONSHIP, OmopTables, open_tables
from termserver.loaders.maps.omop_vocabularies import VocabularySystems
from termserver.model.omop import LONGEST_CODE, MIRRORS, is_local
from termserver.model.usagi_line import OMOP

_SOURCE_KEPT = (
    "concept_id", "vocabulary_id", "domain_id", "concept_class_id", "standard_concept", "valid_start_date",
    "valid_end_date", "invalid_reason",
)  # fmt: skip
_CONCEPT_OPTIONAL = _SOURCE_KEPT[2:]
_NAMING = ("concept_id", "concept_name", "vocabulary_id", "concept_code", "domain_id")
_DATES = ("valid_start_date", "valid_end_date")
_MAPS_TO = "Maps to"
_MAPPED_FROM = re.compile(r"mapped from", re.IGNORECASE)


@dataclass(slots=True)
class _Source:
    """A local concept: its cells by column, what it maps to, and what the targets call that where `MIRRORS` does not say."""

    line: int
    cells: Mapping[str, str]
    relations: list[_Relation] = field(default_factory=list)
    mirrors: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Relation:
    line: int
    target: str
    kind: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class _Target:
    system: str
    code: str
    display: str
    vocabulary: str = ""
    domain: str = ""


def read_omop_map(path: Path, header: MapHeader, *, name: str, further_concepts: Path | None = None) -> LoadedMap:
    """Read the mappings in force of the local concepts. Memory: the local concepts with their mappings.

    Parameters
    ----------
    further_concepts
        Athena's CONCEPT.csv, so that targets get the codes of their own vocabularies; without, concept ids.

    Raises
    ------
    BadFile
        If a table or a column is missing, a line cannot be read, there is no local concept, or nothing says what a
        vocabulary is called in FHIR.
    """
    tables = open_tables(path, name=name, further_concepts=further_concepts)
    loaded = LoadedMap(head_from(header, name=name))
    systems = VocabularySystems(header, name=name)
    sources = _local_concepts(tables, loaded)
    if not sources:
        raise BadFile("no concept in CONCEPT.csv is local (an id above 2,000,000,000)", file=name)
    _add_relations(tables, sources, loaded)
    targets = _targets(tables, sources, systems)
    elements_from_lines(_lines(sources, targets, systems), loaded)
    return loaded


# ------------------------------------------------------------------ CONCEPT


def _local_concepts(tables: OmopTables, loaded: LoadedMap) -> dict[str, _Source]:
    """concept_id → local concept, in the file's order."""
    columns = ("concept_id", "concept_name", "vocabulary_id", "concept_code")
    found: dict[str, _Source] = {}
    codes: dict[tuple[str, str], int] = {}
    for line, read in tables.rows(CONCEPT, columns, _CONCEPT_OPTIONAL):
        if not is_local(read[0]):
            continue
        cells = dict(zip((*columns, *_CONCEPT_OPTIONAL), read, strict=True))
        key = (cells["vocabulary_id"], cells["concept_code"])
        wrong = _wrong_concept(cells)
        if wrong is None and cells["concept_id"] in found:
            wrong = "concept_id", f"the id stands in line {found[cells['concept_id']].line} already"
        if wrong is None and key in codes:
            wrong = "concept_code", f"the code stands in line {codes[key]} already, in the same vocabulary"
        if wrong is not None:
            column, what = wrong
            text = f"CONCEPT.csv: {what}"
            refuse(loaded, line, column, cells["concept_code"][:80] or None, "concept", text)
            continue
        codes[key] = line
        found[cells["concept_id"]] = _Source(line, cells)
    return found


def _wrong_concept(cells: Mapping[str, str]) -> tuple[str, str] | None:
    """(column, what is wrong there) of a local concept; None where all is well."""
    if not cells["concept_code"].strip():
        return "concept_code", "the code is empty"
    if len(cells["concept_code"]) > LONGEST_CODE:
        return "concept_code", f"the code has {len(cells['concept_code'])} characters; OMOP allows {LONGEST_CODE}"
    if not cells["vocabulary_id"].strip():
        return "vocabulary_id", "the vocabulary is empty"
    return _wrong_dates(cells)


def _wrong_dates(cells: Mapping[str, str]) -> tuple[str, str] | None:
    for column in _DATES:
        text = cells[column]
        try:
            if text:
                date.fromisoformat(text)
        except ValueError:
            return column, f"'{text[:30]}' is no date; write YYYY-MM-DD or YYYYMMDD"
    if cells["invalid_reason"] not in ("", "D", "U"):
        return (
            "invalid_reason",
            f"'{cells['invalid_reason'][:30]}' is neither D (deleted) nor U (replaced by an update)",
        )
    return None


# ------------------------------------------------------------------ CONCEPT_RELATIONSHIP


def _add_relations(tables: OmopTables, sources: Mapping[str, _Source], loaded: LoadedMap) -> None:
    """Give each local concept what it maps to; refuse what contradicts itself, name what is left out."""
    columns, optional = ("concept_id_1", "concept_id_2", "relationship_id"), (*_DATES, "invalid_reason")
    left_out: Counter[str] = Counter()
    mirrors: list[tuple[int, str, str, str]] = []
    for line, cells in tables.rows(CONCEPT_RELATIONSHIP, columns, optional):
        first, second, kind, start, end, _ = cells
        wrong = _wrong_relation(cells, sources)
        reason = _why_left_out(cells, sources)
        if wrong is not None:
            refuse(loaded, line, wrong[0], None, "relationship", f"CONCEPT_RELATIONSHIP.csv: {wrong[1]}")
        elif reason:
            left_out[reason] += 1
        elif first in sources and kind.startswith(_MAPS_TO):
            sources[first].relations.append(_Relation(line, second, kind, start, end))
        else:
            mirrors.append((line, first, second, kind))
    for line, first, second, kind in mirrors:
        if not _is_mirrored(sources[second], first, kind):
            text = f"CONCEPT_RELATIONSHIP.csv: {first} is '{kind[:40]}' {second}, which no line says to map to {first}"
            refuse(loaded, line, "relationship_id", None, "mirror", text)
    loaded.notes += [f"{count:,} lines of CONCEPT_RELATIONSHIP.csv {reason}" for reason, count in left_out.items()]


def _is_mirrored(source: _Source, target: str, kind: str) -> bool:
    """True if the local concept says the mapping as well; what the mirror of a rare one is called is kept."""
    for relation in source.relations:
        if relation.target == target and MIRRORS.get(relation.kind, kind) == kind:
            if relation.kind not in MIRRORS:
                source.mirrors[target, relation.kind] = kind
            return True
    return False


def _wrong_relation(cells: tuple[str, ...], sources: Mapping[str, _Source]) -> tuple[str, str] | None:
    """(column, what is wrong there) of a line that concerns local concepts; None where all is well."""
    first, second, _, start, end, invalid = cells
    for column, number in (("concept_id_1", first), ("concept_id_2", second)):
        if not number.isascii() or not number.isdecimal():
            return column, f"'{number[:30]}' is no concept id"
        if is_local(number) and number not in sources:
            return column, f"the local concept {number[:20]} is not in CONCEPT.csv, or was refused there"
    if first not in sources and second not in sources:
        return None
    return _wrong_dates({"valid_start_date": start, "valid_end_date": end, "invalid_reason": invalid})


def _why_left_out(cells: tuple[str, ...], sources: Mapping[str, _Source]) -> str:
    """Why a line is not in the map, to be counted; empty for a mapping in force, and for its mirror."""
    first, second, kind, _, _, invalid = cells
    if first not in sources and second not in sources:
        return "are between concepts that are not local: left out"
    is_mapping = first in sources and kind.startswith(_MAPS_TO)
    if not is_mapping and not (second in sources and _MAPPED_FROM.search(kind)):
        return f"say '{kind[:40]}', which is no mapping: left out"
    if invalid:
        return f"are not in force (invalid_reason {invalid}): left out"
    if first == second:
        return "map a local standard concept to itself: left out"
    return "map to 0, which is no target (noMap)" if "0" in (first, second) else ""


# ------------------------------------------------------------------ targets


def _targets(tables: OmopTables, sources: Mapping[str, _Source], systems: VocabularySystems) -> dict[str, _Target]:
    """concept_id → what the map says: a code of a code system that FHIR knows, else the concept id itself."""
    wanted = {relation.target for source in sources.values() for relation in source.relations}
    found: dict[str, _Target] = {}
    for number, display, vocabulary, code, domain in tables.every_concept(_NAMING):
        if number in wanted and number not in found:
            system = systems.of_target(vocabulary)
            own = (system, code) if system else (OMOP, number)
            found[number] = _Target(*own, display, vocabulary, domain)
    return {number: found.get(number) or _Target(OMOP, number, "") for number in wanted}


def _lines(
    sources: Mapping[str, _Source], targets: Mapping[str, _Target], systems: VocabularySystems
) -> Iterator[MapLine]:
    used = {target.system for target in targets.values()}
    nowhere = used.pop() if len(used) == 1 else OMOP
    for source in sources.values():
        cells = source.cells
        system = systems.of_source(cells["vocabulary_id"], line=source.line)
        display = cells["concept_name"] or None
        kept = tuple((column, cells[column]) for column in _SOURCE_KEPT)
        if not source.relations:
            yield MapLine(source.line, system, cells["concept_code"], nowhere, "", display, source_kept=kept)
        for relation in source.relations:
            target = targets[relation.target]
            properties = [] if relation.kind == _MAPS_TO else [("relationship_id", relation.kind)]
            if len(source.relations) > 1:
                properties.append(("combination", "and"))
            yield MapLine(
                relation.line,
                system,
                cells["concept_code"],
                target.system,
                target.code,
                display,
                target.display or None,
                properties=tuple(properties),
                kept=(
                    ("target_concept_id", relation.target),
                    ("target_vocabulary_id", target.vocabulary),
                    ("target_domain_id", target.domain),
                    ("valid_start_date", relation.start),
                    ("valid_end_date", relation.end),
                    ("reverse_relationship_id", source.mirrors.get((relation.target, relation.kind), "")),
                ),
                source_kept=kept,
            )
