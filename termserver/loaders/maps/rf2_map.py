"""Read an RF2 map reference set, simple or extended. Source: SNOMED International, Release File Specification 5.2.3.

SNOMED CT is the source and the map's other system the target, as in the maps to ICD-10 and ICD-O; where the correlation
is one of the set "map source to target" (1193546000), mapTarget is the source and SNOMED CT the target.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from stdnum import verhoeff

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, MapLine, elements_from_lines, head_from, refuse
from termserver.model.relationship import Relationship
from termserver.model.rf2_correlation import FROM_SNOMED, TO_SNOMED

SNOMED_CT = "http://snomed.info/sct"
_COMMON = ("id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId")
_TARGETS = {
    "447562003": "http://hl7.org/fhir/sid/icd-10",
    "446608001": "http://terminology.hl7.org/CodeSystem/icd-o-3",
    "6011000124106": "http://hl7.org/fhir/sid/icd-10-cm",
    "450993002": "http://hl7.org/fhir/sid/icpc-2",
    "900000000000497000": "http://read.info/ctv3",
}
_PROPERTIES = ("mapGroup", "mapPriority", "mapRule", "mapAdvice", "mapCategoryId")
_KEPT = ("id", "effectiveTime", "moduleId", "refsetId", "correlationId")


def is_rf2_map_file(path: Path) -> bool:
    """Look at the first line of a file."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        columns = file.readline().rstrip("\r\n").split("\t")
    return tuple(columns[:6]) == _COMMON and "mapTarget" in columns


def read_rf2_map(path: Path, header: MapHeader, *, name: str | None = None) -> LoadedMap:
    """Read the active members of a map reference set; the newest state of each.

    Raises
    ------
    BadFile
        If columns are missing, or nothing says which system mapTarget belongs to.
    """
    name = name or path.name
    loaded = LoadedMap(head_from(header, name=name))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = next(rows, [])
        if tuple(columns[:6]) != _COMMON or "mapTarget" not in columns:
            raise BadFile("these are not the columns of a map reference set", file=name, line=1)
        newest: dict[str, tuple[int, dict[str, str]]] = {}
        for number, cells in enumerate(rows, start=2):
            if len(cells) != len(columns):
                text = f"the line has {len(cells)} cells, {len(columns)} are named"
                refuse(loaded, number, None, None, "ragged-row", text)
                continue
            row = dict(zip(columns, cells, strict=True))
            before = newest.get(row["id"])
            if before is None or before[1]["effectiveTime"] <= row["effectiveTime"]:
                newest[row["id"]] = (number, row)
    active = [(number, row) for number, row in newest.values() if row["active"] == "1"]
    elements_from_lines(_lines(active, header, loaded, name=name), loaded)
    return loaded


def _lines(
    rows: Sequence[tuple[int, dict[str, str]]], header: MapHeader, loaded: LoadedMap, *, name: str
) -> Iterator[MapLine]:
    local_first = bool(header.source_system) and SNOMED_CT not in header.source_system
    to_snomed = [local_first or row.get("correlationId", "") in TO_SNOMED for _, row in rows]
    sources = [
        row["mapTarget"].strip() if turned else row["referencedComponentId"]
        for (_, row), turned in zip(rows, to_snomed, strict=True)
    ]
    together = _said_together(zip(sources, (row for _, row in rows), strict=True))
    for (number, row), turned, source in zip(rows, to_snomed, sources, strict=True):
        concept, code = row["referencedComponentId"], row["mapTarget"].strip()
        if not re.fullmatch(r"\d{6,18}", concept) or not verhoeff.is_valid(concept):
            text = f"'{concept[:30]}' fails its check digit; was the file opened in a spreadsheet?"
            refuse(loaded, number, "referencedComponentId", concept[:30], "check-digit", text)
            continue
        if turned and not code:
            refuse(loaded, number, "mapTarget", concept, "empty-code", "the source code (mapTarget) is empty")
            continue
        systems = _systems(row, header, number, turned=turned, name=name)
        relationship = (TO_SNOMED if turned else FROM_SNOMED).get(row.get("correlationId", ""), Relationship.RELATED_TO)
        properties = [(column, row[column]) for column in _PROPERTIES if row.get(column)]
        if source in together:
            properties.append(("combination", "and"))
        yield MapLine(
            number,
            systems[0],
            source,
            systems[1],
            concept if turned else code,
            relationship=relationship,
            comment=row.get("mapAdvice") or None if not code else None,
            properties=tuple(properties),
            kept=tuple((column, row[column]) for column in _KEPT if row.get(column)),
        )


def _said_together(members: Iterable[tuple[str, Mapping[str, str]]]) -> set[str]:
    """Source codes whose members are each a group of their own: groups together say the code (AND)."""
    groups: dict[str, list[str]] = {}
    for source, row in members:
        if row.get("mapGroup"):
            groups.setdefault(source, []).append(row["mapGroup"])
    return {source for source, found in groups.items() if len(found) > 1 and len(set(found)) == len(found)}


def _systems(row: Mapping[str, str], header: MapHeader, number: int, *, turned: bool, name: str) -> tuple[str, str]:
    """(source, target) of a member; `turned` where mapTarget is the source code."""
    if turned:
        if not header.source_system:
            raise BadFile("name the code system of mapTarget (--source-system)", file=name, line=number)
        return header.source_system, header.target_system or SNOMED_CT
    target = header.target_system or _TARGETS.get(row["refsetId"], "")
    if not target:
        raise BadFile(
            f"name the code system of mapTarget (--target-system); the reference set {row['refsetId']} is not known here",
            file=name,
            line=number,
        )
    return header.source_system or SNOMED_CT, target
