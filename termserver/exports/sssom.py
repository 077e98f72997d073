"""A map as SSSOM TSV with its metadata in front. Source: SSSOM 1.0, https://mapping-commons.github.io/sssom/

A code becomes a CURIE `prefix:code`, the code percent-encoded; each prefix stands for a code system in `curie_map`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version as package_version
from urllib.parse import quote

import orjson
import yaml

from termserver.exports.table_writer import delimited_chunks, one_line
from termserver.model.beyond_fhir import facts_of
from termserver.model.concept_map import ConceptMap
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship
from termserver.model.sssom_prefixes import (
    FURTHER_PREFIXES,
    KNOWN_PREFIXES,
    UNSPECIFIED_LICENCE,
    expansion_of_system,
    prefixes_in,
)

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label", "object_source",
    "mapping_justification", "author_label", "reviewer_label", "mapping_date", "subject_source_version",
    "object_source_version", "comment",
)  # fmt: skip
_FURTHER_SLOTS = (
    "subject_category", "predicate_label", "object_category", "author_id", "reviewer_id", "creator_id", "creator_label",
    "license", "subject_type", "subject_source", "object_type", "mapping_provider", "mapping_source",
    "mapping_cardinality", "mapping_tool", "mapping_tool_version", "publication_date", "confidence", "curation_rule",
    "curation_rule_text", "subject_match_field", "object_match_field", "match_string", "subject_preprocessing",
    "object_preprocessing", "similarity_score", "similarity_measure", "see_also", "issue_tracker_item", "other",
)  # fmt: skip
"""Slots that are written where an imported map had them."""
PREDICATES = {
    Relationship.EQUIVALENT: "skos:exactMatch",
    Relationship.NARROWER: "skos:broadMatch",
    Relationship.BROADER: "skos:narrowMatch",
    Relationship.RELATED_TO: "skos:relatedMatch",
    Relationship.NOT_RELATED: "skos:exactMatch",  # with predicate_modifier Not
}
_SLOTS = frozenset(
    (*_FURTHER_SLOTS, "predicate_id", "mapping_justification", "author_label", "reviewer_label", "mapping_date")
)
_MANUAL = "semapv:ManualMappingCuration"
_REVIEW = "semapv:MappingReview"


def write_sssom(export: MapExport) -> Iterator[bytes]:
    """The mapping set as bytes: decided rows only; a row without a target is `sssom:NoTermFound`.

    Memory: all rows, since the prefixes of their systems stand in front of the table.
    """
    rows = [row for row in export.rows if row.targets or row.no_map_reason is not None]
    prefixes = _prefixes(export, rows)
    further = _further_prefixes(export.concept_map)
    had: set[str] = set()
    used: set[str] = set()
    for row in rows:
        for facts in _facts_of_lines(row):
            had |= facts.keys()
            used |= {prefix for slot, text in facts.items() for prefix in prefixes_in(slot, text)}
    known = {*further, *prefixes.values(), "semapv", "skos", "sssom"}
    declared = {prefix: further[prefix] for prefix in sorted(used & further.keys() - set(prefixes.values()))}
    metadata = yaml.safe_dump(_metadata(export, prefixes, declared), sort_keys=False, allow_unicode=True, width=10_000)
    in_front = "".join(f"#{line}\n" for line in metadata.splitlines())
    columns = (*COLUMNS[:-1], *(slot for slot in _FURTHER_SLOTS if slot in had), COLUMNS[-1])
    lines = (
        tuple(line.get(column, "") for column in columns)
        for row in rows
        for line in _lines(export, row, prefixes, known)
    )
    return delimited_chunks(columns, lines, delimiter="\t", in_front=in_front, quoted=False)


def _facts_of_lines(row: ExportRow) -> list[Mapping[str, str]]:
    """What an imported map says beyond FHIR, of each target; of the code itself where it has none."""
    return [row.kept] if row.no_map_reason is not None else [detail.properties for _, detail in row.detailed_targets]


def _further_prefixes(concept_map: ConceptMap) -> dict[str, str]:
    """Prefixes of people and tools → what they stand for: those of the file that the map was read from, and known ones."""
    kept = facts_of(concept_map.other).get("curie_map")
    try:
        said = orjson.loads(kept) if kept else {}
    except orjson.JSONDecodeError:
        said = {}
    read = {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}
    return FURTHER_PREFIXES | read


def _prefixes(export: MapExport, rows: Sequence[ExportRow]) -> dict[str, str]:
    """Code system → prefix."""
    systems = dict.fromkeys(system for group in export.concept_map.groups for system in (group.source, group.target))
    systems |= dict.fromkeys(target.system for row in rows for target in row.targets)
    found: dict[str, str] = {}
    for system in systems:
        name = KNOWN_PREFIXES.get(system) or _readable_prefix(system) or "codes"
        while name in found.values():
            name += "x"
        found[system] = name
    return found


def _readable_prefix(system: str) -> str:
    last = re.split(r"[/:#]", system.rstrip("/"))[-1]
    return re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-") if re.match(r"[A-Za-z]", last) else ""


def _metadata(export: MapExport, prefixes: dict[str, str], further: dict[str, str]) -> dict[str, object]:
    concept_map = export.concept_map
    metadata: dict[str, object] = {
        "curie_map": {
            **{prefix: expansion_of_system(system) for system, prefix in prefixes.items()},
            "semapv": "https://w3id.org/semapv/vocab/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "sssom": "https://w3id.org/sssom/",
            **further,
        },
        "mapping_set_id": concept_map.url,
        "mapping_set_version": concept_map.version,
        "mapping_set_title": concept_map.title or concept_map.name,
        "license": export.options.licence or _licence_of(concept_map) or UNSPECIFIED_LICENCE,
        "mapping_tool": "termserver",
        "mapping_tool_version": package_version("termserver"),
    }
    if concept_map.date:
        metadata["publication_date"] = concept_map.date[:10]
    if concept_map.description:
        metadata["mapping_set_description"] = one_line(concept_map.description)
    return metadata


def _licence_of(concept_map: ConceptMap) -> str:
    """The copyright, where it is the URL of a licence."""
    said = (concept_map.copyright or "").strip()
    return said if re.fullmatch(r"https?://\S+", said) else ""


def _lines(
    export: MapExport, row: ExportRow, prefixes: dict[str, str], known: Collection[str]
) -> Iterator[dict[str, str]]:
    """Slot → cell, of each line of a row; a CURIE whose prefix is not known would make the file invalid: it is left out."""

    def facts_in(said: Mapping[str, str]) -> dict[str, str]:
        return {slot: text for slot, text in said.items() if slot in _SLOTS and prefixes_in(slot, text) <= set(known)}

    source = export.source_of(row)
    common = {
        "subject_id": f"{prefixes[source]}:{quote(row.source_code, safe='')}",
        "subject_label": row.source_name,
        "subject_source_version": export.version_of(source, as_source=True),
        **_people(row),
    }
    if row.no_map_reason is not None:
        facts = facts_in(row.kept)
        for system in dict.fromkeys(group.target for group in export.concept_map.groups if group.source == source):
            object_slots = {
                "predicate_id": "skos:exactMatch",
                "object_id": "sssom:NoTermFound",
                "object_source": f"{prefixes[system]}:",
                "object_source_version": export.version_of(system),
                "comment": "; ".join(part for part in (row.no_map_reason.value, row.comment) if part),
            }
            yield _flat(common | object_slots | facts)
    for target, detail in row.detailed_targets:
        facts = facts_in(detail.properties)
        yield _flat(common | _object(export, target, prefixes) | {"comment": detail.comment or ""} | facts)


def _object(export: MapExport, target: ChosenTarget, prefixes: dict[str, str]) -> dict[str, str]:
    return {
        "predicate_id": PREDICATES[target.relationship],
        "predicate_modifier": "Not" if target.relationship is Relationship.NOT_RELATED else "",
        "object_id": f"{prefixes[target.system]}:{quote(target.code, safe='')}",
        "object_label": target.display,
        "object_source_version": export.version_of(target.system),
    }


def _flat(cells: dict[str, str]) -> dict[str, str]:
    return {slot: one_line(text) for slot, text in cells.items()}


def _people(row: ExportRow) -> dict[str, str]:
    return {
        "mapping_justification": _REVIEW if row.reviewer or row.status is RowStatus.APPROVED else _MANUAL,
        "author_label": row.decided_by or "",
        "reviewer_label": row.reviewer or "",
        "mapping_date": datetime.fromisoformat(row.decided_at).date().isoformat() if row.decided_at else "",
    }
