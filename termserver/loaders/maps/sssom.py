"""Read SSSOM TSV. Source: SSSOM 1.0 and 1.1, https://mapping-commons.github.io/sssom/

Metadata stand in `#` lines in front, or in a YAML file beside. CURIEs are resolved through `curie_map`; the built-in
prefixes of the standard need no declaration.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import orjson
import yaml

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import (
    LoadedMap,
    MapHeader,
    MapLine,
    elements_from_lines,
    head_from,
    no_map_comment,
    refuse,
)
from termserver.model.beyond_fhir import with_facts
from termserver.model.concept_map import ConceptMap
from termserver.model.relationship import Relationship
from termserver.model.sssom_prefixes import FURTHER_PREFIXES, UNSPECIFIED_LICENCE, prefixes_in, system_of_expansion

_BUILT_IN = {
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "semapv": "https://w3id.org/semapv/vocab/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "sssom": "https://w3id.org/sssom/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_RELATIONSHIPS = {
    "skos:exactMatch": Relationship.EQUIVALENT,
    "owl:equivalentClass": Relationship.EQUIVALENT,
    "owl:sameAs": Relationship.EQUIVALENT,
    "skos:broadMatch": Relationship.NARROWER,
    "rdfs:subClassOf": Relationship.NARROWER,
    "skos:narrowMatch": Relationship.BROADER,
    "skos:closeMatch": Relationship.RELATED_TO,
    "skos:relatedMatch": Relationship.RELATED_TO,
}
# What the relationship alone would be written as; another predicate is kept
_DEFAULT_PREDICATES = {"skos:exactMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch"}
_REQUIRED = ("subject_id", "predicate_id", "object_id", "mapping_justification")
_READ = {
    "subject_id", "subject_label", "predicate_id", "predicate_modifier", "object_id", "object_label", "object_source",
    "comment", "subject_source_version", "object_source_version",
}  # fmt: skip
NO_TERM_FOUND = "sssom:NoTermFound"
_LONGEST_METADATA = 1_000_000


def is_sssom_file(path: Path) -> bool:
    """Look at the first lines of a file."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            if not line.startswith("#"):
                return {"subject_id", "object_id"} <= set(line.rstrip("\r\n").split("\t"))
    return False


def read_sssom(path: Path, header: MapHeader, *, name: str | None = None) -> LoadedMap:
    """Read a mapping set; slots that FHIR has no place for become properties of the target.

    Raises
    ------
    BadFile
        If the metadata are no YAML, a required column is missing, or a prefix is not declared.
    """
    name = name or path.name
    with path.open(encoding="utf-8-sig", newline="") as file:
        metadata_text, count, first = _metadata_text(file, name=name)
        metadata = _metadata(metadata_text, name=name)
        curies = _Curies(metadata, name=name)
        columns = first.rstrip("\r\n").split("\t")
        missing = [column for column in _REQUIRED if column not in columns]
        if missing:
            raise BadFile(f"the columns {', '.join(missing)} are missing", file=name, line=count + 1)
        head = head_from(
            header,
            name=name,
            title=str(metadata.get("mapping_set_title", "")),
            url=curies.iri_or_none(str(metadata.get("mapping_set_id", ""))) or "",
            version=str(metadata.get("mapping_set_version", "")),
        )
        loaded = LoadedMap(_described(head, metadata))
        rows = csv.reader(file, delimiter="\t")
        lines = _lines(rows, columns, count + 1, curies, metadata, header, loaded)
        elements_from_lines(_noting_prefixes(lines, curies, loaded), loaded)
        kept = with_facts([("curie_map", orjson.dumps(curies.declared).decode())] if curies.declared else [])
        loaded.concept_map = replace(loaded.concept_map, other={**loaded.concept_map.other, **(kept or {})})
    return loaded


def _noting_prefixes(lines: Iterator[MapLine], curies: _Curies, loaded: LoadedMap) -> Iterator[MapLine]:
    """The lines; prefixes of people and tools that nobody declared are said afterwards, and harm nothing."""
    undeclared: dict[str, int] = {}
    for line in lines:
        for slot, cell in line.properties:
            for prefix in prefixes_in(slot, cell) - set(FURTHER_PREFIXES):
                if not curies.knows(prefix):
                    undeclared.setdefault(f"{slot}: the prefix '{prefix[:40]}'", line.line)
        yield line
    loaded.notes += [f"{what} is not declared in curie_map (first in line {line})" for what, line in undeclared.items()]


def _metadata_text(file: Iterator[str], *, name: str) -> tuple[str, int, str]:
    """(YAML text, number of its lines, the line of column names)."""
    lines: list[str] = []
    size = 0
    for line in file:
        if not line.startswith("#"):
            return "".join(lines), len(lines), line
        lines.append(line[1:])
        size += len(line)
        if size > _LONGEST_METADATA:
            raise BadFile("the metadata are longer than 1 MB", file=name, line=len(lines))
    raise BadFile("there is no line of column names", file=name)


def _metadata(text: str, *, name: str) -> dict[str, object]:
    try:
        # A common indent of one blank comes from "# key: value"
        read = yaml.safe_load("\n".join(line[1:] if text.startswith(" ") else line for line in text.splitlines()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise BadFile(
            f"the metadata in front are no YAML: {getattr(error, 'problem', error)}", file=name, line=line
        ) from None
    return read if isinstance(read, dict) else {}


def _described(head: ConceptMap, metadata: dict[str, object]) -> ConceptMap:
    """The map with what the metadata say of it."""
    licence, description, published = (
        str(metadata.get(slot) or "") or None for slot in ("license", "mapping_set_description", "publication_date")
    )
    licence = None if licence == UNSPECIFIED_LICENCE else licence
    is_date = published is not None and re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", published)
    return replace(head, copyright=licence, description=description, date=published if is_date else None)


class _Curies:
    """CURIEs of the file: prefix → what it stands for."""

    def __init__(self, metadata: dict[str, object], *, name: str) -> None:
        said = metadata.get("curie_map")
        self.declared = {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}
        self._expansions = _BUILT_IN | self.declared
        self._name = name

    def knows(self, prefix: str) -> bool:
        """True for a prefix of the standard, and one that the file declares."""
        return prefix in self._expansions

    def iri_or_none(self, text: str) -> str | None:
        """The IRI of an IRI or a CURIE; None where it is neither."""
        if "://" in text or text.startswith("urn:"):
            return text
        prefix, mark, local = text.partition(":")
        return self._expansions[prefix] + local if mark and prefix in self._expansions else None

    def coding(self, curie: str, *, line: int, column: str) -> tuple[str, str]:
        """(code system, code) of a CURIE."""
        prefix, mark, local = curie.partition(":")
        if not mark or prefix not in self._expansions:
            raise BadFile(
                f"the prefix '{prefix[:60]}' is not declared in curie_map; declared are: "
                f"{', '.join(sorted(set(self._expansions) - set(_BUILT_IN)))}",
                file=self._name,
                line=line,
                column=column,
            )
        return system_of_expansion(self._expansions[prefix]), unquote(local)


def _lines(
    rows: Iterator[list[str]],
    columns: list[str],
    header_line: int,
    curies: _Curies,
    metadata: dict[str, object],
    header: MapHeader,
    loaded: LoadedMap,
) -> Iterator[MapLine]:
    versions = (str(metadata.get("subject_source_version", "")), str(metadata.get("object_source_version", "")))
    for number, cells in enumerate(rows, start=header_line + 1):
        if not any(cells):
            continue
        row = dict(zip(columns, cells, strict=False))
        relationship = _RELATIONSHIPS.get(row.get("predicate_id", ""))
        if relationship is None:
            text = f"the predicate '{row.get('predicate_id', '')}' is none that a ConceptMap can say"
            refuse(loaded, number, "predicate_id", row.get("subject_id"), "predicate", text)
            continue
        system, code = curies.coding(row["subject_id"], line=number, column="subject_id")
        if row["object_id"] == NO_TERM_FOUND:
            source = row.get("object_source") or f"{metadata.get('object_source', '')}"
            target = curies.coding(source, line=number, column="object_source")[0] if source else header.target_system
            target_code = ""
        else:
            target, target_code = curies.coding(row["object_id"], line=number, column="object_id")
        source_version = row.get("subject_source_version") or versions[0]
        target_version = row.get("object_source_version") or versions[1]
        predicate = row["predicate_id"]
        kept = () if predicate in _DEFAULT_PREDICATES else (("predicate_id", predicate),)
        yield MapLine(
            number,
            f"{system}|{source_version}" if source_version else system,
            code,
            f"{target}|{target_version}" if target_version else target,
            target_code,
            row.get("subject_label") or None,
            row.get("object_label") or None,
            Relationship.NOT_RELATED if row.get("predicate_modifier") == "Not" else relationship,
            no_map_comment(row.get("comment", "")) if not target_code else row.get("comment") or None,
            (*kept, *((column, row[column]) for column in columns if column not in _READ and row.get(column))),
        )
