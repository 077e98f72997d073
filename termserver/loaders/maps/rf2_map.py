"""Read an RF2 map reference set, simple or extended. Source: SNOMED International, Release File Specification 5.2.3.

SNOMED CT is the source and the map's other system the target, as in the maps to ICD-10 and ICD-O; where the correlation
is one of the set "map source to target" (1193546000), mapTarget is the source and SNOMED CT the target.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from stdnum import verhoeff

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, MapLine, elements_from_lines, head_from, refuse
from termserver.model.relationship import Relationship

SNOMED_CT = "http://snomed.info/sct"
_COMMON = ("id", "effectiveTime", "active", "moduleId", "refsetId", "referencedComponentId")
_TO_SNOMED = {
    "1193548004": Relationship.EQUIVALENT,
    "1193549007": Relationship.NARROWER,
    "1193547009": Relationship.BROADER,
    "1193550007": Relationship.RELATED_TO,
    "1193551006": Relationship.NOT_RELATED,
    "1193552004": Relationship.RELATED_TO,
}
_FROM_SNOMED = {
    "447557004": Relationship.EQUIVALENT,
    "447558009": Relationship.NARROWER,
    "447559001": Relationship.BROADER,
    "447560006": Relationship.RELATED_TO,
    "447561005": Relationship.RELATED_TO,
    "447556008": Relationship.NOT_RELATED,
}
_TARGETS = {
    "447562003": "http://hl7.org/fhir/sid/icd-10",
    "446608001": "http://terminology.hl7.org/CodeSystem/icd-o-3",
    "6011000124106": "http://hl7.org/fhir/sid/icd-10-cm",
    "450993002": "http://hl7.org/fhir/sid/icpc-2",
    "900000000000497000": "http://read.info/ctv3",
}
_PROPERTIES = ("mapGroup", "mapPriority", "mapRule", "mapAdvice", "mapCategoryId")


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
    active = ((number, row) for number, row in newest.values() if row["active"] == "1")
    elements_from_lines(_lines(active, header, loaded, name=name), loaded)
    return loaded


def _lines(
    rows: Iterator[tuple[int, dict[str, str]]], header: MapHeader, loaded: LoadedMap, *, name: str
) -> Iterator[MapLine]:
    for number, row in rows:
        concept, code = row["referencedComponentId"], row["mapTarget"].strip()
        if not re.fullmatch(r"\d{6,18}", concept) or not verhoeff.is_valid(concept):
            text = f"'{concept[:30]}' fails its check digit; was the file opened in a spreadsheet?"
            refuse(loaded, number, "referencedComponentId", concept[:30], "check-digit", text)
            continue
        correlation = row.get("correlationId", "")
        properties = tuple((column, row[column]) for column in _PROPERTIES if row.get(column))
        if correlation in _TO_SNOMED or (SNOMED_CT in header.target_system and header.source_system):
            source = header.source_system
            if not source:
                raise BadFile("name the code system of mapTarget (--source-system)", file=name, line=number)
            relationship = _TO_SNOMED.get(correlation, Relationship.RELATED_TO)
            target = header.target_system or SNOMED_CT
            yield MapLine(number, source, code, target, concept, relationship=relationship, properties=properties)
            continue
        target = header.target_system or _TARGETS.get(row["refsetId"], "")
        if not target:
            raise BadFile(
                f"name the code system of mapTarget (--target-system); the reference set {row['refsetId']} is not known here",
                file=name,
                line=number,
            )
        yield MapLine(
            number,
            header.source_system or SNOMED_CT,
            concept,
            target,
            code,
            relationship=_FROM_SNOMED.get(correlation, Relationship.RELATED_TO),
            comment=row.get("mapAdvice") or None if not code else None,
            properties=properties,
        )
