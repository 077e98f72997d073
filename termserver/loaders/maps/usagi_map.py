"""Read what a Usagi save file decided as a map, to be served at once; `termserver load` makes a project of it instead.

A code counts as decided where all its lines are APPROVED or IGNORED. Several approved lines say the code together; none, or
concept 0, is "no map". What Finnish files say of the local concept (`ADD_INFO:sourceConceptId` and the like) is kept, so that the
export as OMOP's local concepts has the site's own ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, MapLine, elements_from_lines, head_from
from termserver.loaders.usagi import read_usagi
from termserver.model.source_list import SourceRow
from termserver.model.usagi_line import OMOP, UsagiLine

_DECIDED = {"APPROVED", "IGNORED"}
_SOURCE_KEPT = {
    "ADD_INFO:sourceConceptId": "concept_id",
    "ADD_INFO:sourceConceptClass": "concept_class_id",
    "ADD_INFO:sourceDomain": "domain_id",
    "ADD_INFO:sourceValidStartDate": "valid_start_date",
    "ADD_INFO:sourceValidEndDate": "valid_end_date",
}


def read_usagi_map(path: Path, header: MapHeader, *, name: str) -> LoadedMap:
    """The decided codes of a save file. Memory: its lines.

    Raises
    ------
    BadFile
        If the file is damaged, or the caller does not name the code system of the source codes.
    """
    loaded = LoadedMap(head_from(header, name=name))
    read = read_usagi(path, name=name)
    rows = list(read.rows)
    loaded.problems += [problem for problem in read.problems if problem.severity == "error"]
    loaded.counts.refused = loaded.counts.rows = len(loaded.problems)
    if not header.source_system:
        raise BadFile("nothing names the source system; name it (--source-system URL)", file=name)
    decided = [(row, own) for row in rows if (own := _decided_lines(row, read.usagi_lines.get(row.line, ())))]
    if len(decided) < len(rows):
        loaded.notes.append(
            f"{len(rows) - len(decided):,} codes are not decided (neither APPROVED nor IGNORED): left out"
        )
    elements_from_lines(_lines(decided, header), loaded)
    return loaded


def _decided_lines(row: SourceRow, lines: Sequence[UsagiLine]) -> list[UsagiLine]:
    """The lines of a decided row; none where it is open. Lines of the same code with another name do not count."""
    named = lines[0].cells.get("sourceName") if lines else None
    own = [line for line in lines if line.cells.get("sourceName") == named]
    return own if all(line.status in _DECIDED for line in own) else []


def _lines(decided: Sequence[tuple[SourceRow, list[UsagiLine]]], header: MapHeader) -> Iterator[MapLine]:
    for row, own in decided:
        term = own[0].cells.get("sourceName", row.term)  # as it stands in the file, double blanks too
        targets = {line.concept_id: line for line in own if line.concept_id and line.status == "APPROVED"}
        kept = tuple((code, text) for column, code in _SOURCE_KEPT.items() if (text := own[0].cells.get(column)))
        if not targets:
            comment = own[0].cells.get("comment") or None
            yield MapLine(
                own[0].line, header.source_system, row.code, OMOP, "", term, comment=comment, source_kept=kept
            )
        for concept_id, line in targets.items():
            kind = line.omop_relationship
            properties = [] if kind == "Maps to" else [("relationship_id", kind)]
            if len(targets) > 1:
                properties.append(("combination", "and"))
            domain = line.cells.get("domainId", "")
            yield MapLine(
                line.line,
                header.source_system,
                row.code,
                OMOP,
                str(concept_id),
                term,
                line.cells.get("conceptName") or None,
                line.relationship,
                line.cells.get("comment") or None,
                tuple(properties),
                (("target_domain_id", domain),) if domain else (),
                kept,
            )
