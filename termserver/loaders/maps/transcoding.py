"""The tables that MyHealth@EU's terminology services exchange, read as a map: the mirror of `exports.transcoding`.

Source: eHDSI Central Terminology Services, data model (CodeSystemConcept, Designation, TranscodingAssociation).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.archive import check_archive, is_zip
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, MapLine, elements_from_lines, head_from, refuse
from termserver.model.relationship import Relationship

_TRANSCODINGS = "transcoding_association.csv"
_CONCEPTS = "code_system_concept.csv"
_DESIGNATIONS = "designation.csv"
_IN_FORCE = "VALID"


def is_transcoding_file(path: Path) -> bool:
    """True for a zip that holds the three tables."""
    if not is_zip(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return {_TRANSCODINGS, _CONCEPTS, _DESIGNATIONS} <= set(archive.namelist())
    except zipfile.BadZipFile:
        return False


def read_transcoding(path: Path, header: MapHeader, *, name: str) -> LoadedMap:
    """Read the transcodings in force (status VALID); a source code without one is not in the map.

    Raises
    ------
    BadFile
        If a table lacks a column, or the archive is damaged or would be too large.
    """
    check_archive(path, name=name)
    with zipfile.ZipFile(path) as archive:
        concepts = {row["id"]: row for row in _rows(archive, _CONCEPTS, ("id", "code_system", "code"), name)}
        names = {
            row["concept_id"]: row["designation"]
            for row in _rows(archive, _DESIGNATIONS, ("concept_id", "designation", "preferred"), name)
            if row["preferred"] == "true"
        }
        wanted = ("source_concept_id", "target_concept_id", "relationship", "status")
        loaded = LoadedMap(head_from(header, name=name))
        lines = _lines(_rows(archive, _TRANSCODINGS, wanted, name), concepts, names, loaded)
        elements_from_lines(lines, loaded)
    return loaded


def _rows(archive: zipfile.ZipFile, table: str, columns: tuple[str, ...], name: str) -> Iterator[Mapping[str, str]]:
    with archive.open(table) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text, restval="")
        try:
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise BadFile(f"{table} lacks the column {', '.join(missing)}", file=name)
            yield from reader
        except UnicodeDecodeError:
            raise BadFile(f"{table} is not UTF-8; save it anew as UTF-8", file=name) from None


def _lines(
    rows: Iterator[Mapping[str, str]],
    concepts: Mapping[str, Mapping[str, str]],
    names: Mapping[str, str],
    loaded: LoadedMap,
) -> Iterator[MapLine]:
    for line, row in enumerate(rows, start=2):
        if row["status"] != _IN_FORCE:
            continue
        source, target = concepts.get(row["source_concept_id"]), concepts.get(row["target_concept_id"])
        if source is None or target is None:
            refuse(loaded, line, None, None, "unknown-concept", f"a concept of this row is not in {_CONCEPTS}")
            continue
        try:
            relationship = Relationship(row["relationship"] or "related-to")
        except ValueError:
            text = f"the relationship '{row['relationship'][:40]}' is none of {', '.join(Relationship)}"
            refuse(loaded, line, "relationship", source["code"], "relationship", text)
            continue
        yield MapLine(
            line,
            _system(source),
            source["code"],
            _system(target),
            target["code"],
            names.get(source["id"]),
            names.get(target["id"]),
            relationship,
            kept=tuple((column, row[column]) for column in ("quality", "status_date") if row.get(column)),
        )


def _system(concept: Mapping[str, str]) -> str:
    version = concept.get("code_system_version")
    return f"{concept['code_system']}|{version}" if version else concept["code_system"]
