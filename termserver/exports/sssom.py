"""A map as SSSOM TSV with its metadata in front. Source: SSSOM 1.0, https://mapping-commons.github.io/sssom/

A code becomes a CURIE `prefix:code`, the code percent-encoded; each prefix stands for a code system in `curie_map`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version as package_version
from urllib.parse import quote

import yaml

from termserver.exports.table_writer import delimited_chunks, one_line
from termserver.model.decision import ChosenTarget, RowStatus
from termserver.model.export_row import ExportRow
from termserver.model.map_export import MapExport
from termserver.model.relationship import Relationship
from termserver.model.sssom_prefixes import KNOWN_PREFIXES, expansion_of_system

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label", "object_source",
    "mapping_justification", "author_label", "reviewer_label", "mapping_date", "subject_source_version",
    "object_source_version", "comment",
)  # fmt: skip
_PREDICATES = {
    Relationship.EQUIVALENT: "skos:exactMatch",
    Relationship.NARROWER: "skos:broadMatch",
    Relationship.BROADER: "skos:narrowMatch",
    Relationship.RELATED_TO: "skos:relatedMatch",
    Relationship.NOT_RELATED: "skos:exactMatch",  # with predicate_modifier Not
}
_UNSPECIFIED_LICENCE = "https://w3id.org/sssom/license/unspecified"
_MANUAL = "semapv:ManualMappingCuration"
_REVIEW = "semapv:MappingReview"


def write_sssom(export: MapExport) -> Iterator[bytes]:
    """The mapping set as bytes: decided rows only; a row without a target is `sssom:NoTermFound`.

    Memory: all rows, since the prefixes of their systems stand in front of the table.
    """
    rows = [row for row in export.rows if row.targets or row.no_map_reason is not None]
    prefixes = _prefixes(export, rows)
    metadata = yaml.safe_dump(_metadata(export, prefixes), sort_keys=False, allow_unicode=True, width=10_000)
    in_front = "".join(f"#{line}\n" for line in metadata.splitlines())
    return delimited_chunks(COLUMNS, _lines(export, rows, prefixes), delimiter="\t", in_front=in_front, quoted=False)


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


def _metadata(export: MapExport, prefixes: dict[str, str]) -> dict[str, object]:
    concept_map = export.concept_map
    metadata: dict[str, object] = {
        "curie_map": {
            **{prefix: expansion_of_system(system) for system, prefix in prefixes.items()},
            "semapv": "https://w3id.org/semapv/vocab/",
            "skos": "http://www.w3.org/2004/02/skos/core#",
            "sssom": "https://w3id.org/sssom/",
        },
        "mapping_set_id": concept_map.url,
        "mapping_set_version": concept_map.version,
        "mapping_set_title": concept_map.title or concept_map.name,
        "license": export.options.licence or _UNSPECIFIED_LICENCE,
        "mapping_tool": "termserver",
        "mapping_tool_version": package_version("termserver"),
    }
    if concept_map.date:
        metadata["publication_date"] = concept_map.date[:10]
    if concept_map.description:
        metadata["mapping_set_description"] = one_line(concept_map.description)
    return metadata


def _lines(export: MapExport, rows: Sequence[ExportRow], prefixes: dict[str, str]) -> Iterator[tuple[str, ...]]:
    groups = export.concept_map.groups
    if not groups:
        return
    source = groups[0].source
    versions = {group.target: group.target_version for group in groups}
    source_version = groups[0].source_version
    for row in rows:
        subject = f"{prefixes[source]}:{quote(row.source_code, safe='')}"
        common = _common(row)
        if row.no_map_reason is not None:
            for system in dict.fromkeys(group.target for group in groups):
                yield (
                    subject, one_line(row.source_name), "skos:exactMatch", "", "sssom:NoTermFound", "",
                    f"{prefixes[system]}:", *common, source_version or "", versions.get(system) or "",
                    one_line("; ".join(part for part in (row.no_map_reason.value, row.comment) if part)),
                )  # fmt: skip
        for target in row.targets:
            yield (
                subject, one_line(row.source_name), _PREDICATES[target.relationship], _modifier(target),
                f"{prefixes[target.system]}:{quote(target.code, safe='')}", one_line(target.display), "",
                *common, source_version or "", versions.get(target.system) or "", one_line(row.comment or ""),
            )  # fmt: skip


def _common(row: ExportRow) -> tuple[str, str, str, str]:
    justification = _REVIEW if row.reviewer or row.status is RowStatus.APPROVED else _MANUAL
    date = datetime.fromisoformat(row.decided_at).date().isoformat() if row.decided_at else ""
    return justification, one_line(row.decided_by or ""), one_line(row.reviewer or ""), date


def _modifier(target: ChosenTarget) -> str:
    return "Not" if target.relationship is Relationship.NOT_RELATED else ""
