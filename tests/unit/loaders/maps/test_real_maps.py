"""Real maps out in every format and in again, compared cell by cell; what a format cannot hold is listed here, and no more.

Usagi's Finnish save files, human-made gold maps, a Norwegian table of replaced codes, HL7's ConceptMaps: where they are
(TERMSERVER_DATA_SOURCES), else skipped. Usagi's own cells: curation/test_usagi_decisions; synthetic files: test_golden_both_ways.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from termserver.errors import BadInput
from termserver.exports.registry import FORMATS, write_map
from termserver.loaders.maps.map_lines import MapHeader
from termserver.model.concept_map import ConceptMap
from termserver.model.map_export import ExportOptions, OmopConcept
from termserver.model.omop import VOCABULARIES
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP
from tests.unit.loaders.maps.reading import read_map

SNOMED = "http://snomed.info/sct"
SOURCE = "https://example.org/CodeSystem/source"
HEADER = MapHeader("https://example.org/ConceptMap/real", "1", "A real map", SOURCE)
EDITIONS = replace(HEADER, source_system="http://nlk.example|old", target_system="http://nlk.example|new")
FOLDERS = ("raw/usagi-fi/*.csv", "gold/*.csv", "code_systems/nlk-no/nlk_replacements.tsv")
HL7_MAPS = "../tx-ecosystem/tests/translate/ConceptMap-*.json"

Fact = tuple[str, ...]
FIELDS = (
    "source system", "source version", "code", "display", "target system", "target version", "target", "target display",
    "relationship", "R4 word", "comment", "properties", "kept",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Format:
    """What a format cannot hold of these maps.

    Parameters
    ----------
    lost
        Fields of `FIELDS`.
    one_line
        True where line breaks and runs of blanks become one blank.
    target
        The only target system that it holds; empty: any.
    drops
        Kinds of lines that it leaves out: `no-map`, `not-related`.
    one_name
        True where a target code has one name, the first.
    """

    file: str
    lost: tuple[str, ...] = ()
    one_line: bool = False
    target: str = ""
    drops: tuple[str, ...] = ()
    one_name: bool = False


_BEYOND_TABLES = ("R4 word", "kept")
HELD = {
    "fhir-r4": Format("map.json"),
    "fhir-r4b": Format("map.json"),
    "fhir-r5": Format("map.json"),
    "csv": Format("map.csv", ("R4 word", "kept", "relationship_id")),
    "xlsx": Format("map.xlsx", ("R4 word", "kept", "relationship_id")),
    "sssom": Format("map.sssom.tsv", ("R4 word", "kept", "properties"), one_line=True),
    "snap2snomed": Format(
        "map.csv", ("source version", "target version", "R4 word", "kept", "properties"), drops=("not-related",)
    ),
    "transcoding": Format("map.zip", ("R4 word", "comment", "kept", "properties"), drops=("no-map",), one_name=True),
    "omop-extended": Format(
        "map.csv", ("source version", "target version", "R4 word", "kept", "relationship_id"), drops=("not-related",)
    ),
    # by concept id alone: names and closeness are the vocabularies', several targets are always said together
    "omop": Format(
        "map.csv",
        ("target display", "relationship", "R4 word", "comment", "properties", "kept"),
        target=OMOP,
        drops=("not-related",),
    ),
    "omop-concepts": Format(
        "map.zip",
        ("target display", "relationship", "R4 word", "comment", "combination", "kept"),
        one_line=True,
        target=OMOP,
        drops=("not-related",),
    ),
    "usagi": Format("map.usagi.csv", ("R4 word", "kept", "properties"), target=OMOP),
    "rf2-simple": Format(
        "map.txt",
        ("display", "target display", "relationship", "R4 word", "comment", "properties", "kept"),
        target=SNOMED,
        drops=("not-related", "no-map"),
    ),
    "rf2-extended": Format(
        "map.txt",
        ("display", "target display", "R4 word", "comment", "properties", "kept"),
        target=SNOMED,
        drops=("no-map",),
    ),
}


def test_every_format_is_here() -> None:
    assert set(HELD) == set(FORMATS) - {"parquet"}  # which is for joins: bulk/test_translate


@cache
def real_maps(folder: Path) -> dict[str, ConceptMap]:
    found = {}
    for path in [item for pattern in FOLDERS for item in sorted(folder.glob(pattern))]:
        loaded = read_map(path, EDITIONS if "replacements" in path.name else HEADER)
        assert not loaded.problems, path
        found[path.name] = loaded.concept_map
    for path in sorted(folder.resolve().glob(HL7_MAPS)):
        found[path.name] = read_map(path, MapHeader()).concept_map
    return found


@cache
def options(folder: Path) -> ExportOptions:
    with (folder / "targets" / "omop_concepts.csv").open(encoding="utf-8") as file:
        names = {row["code"]: row["display"] for row in csv.DictReader(file)}
    known = {
        (OMOP, target.code): OmopConcept(int(target.code), "SNOMED", target.code, names.get(target.code, ""))
        for concept_map in real_maps(folder).values()
        for group in concept_map.groups
        if group.target == OMOP
        for element in group.elements
        for target in element.targets
    }
    return ExportOptions(
        source_vocabulary="SOURCE",
        omop_concepts=known,
        refset_id="999000041000000102",
        module_id="999000011000000103",
        effective_time="20261122",
    )


def facts(concept_map: ConceptMap, held: Format) -> list[Fact]:
    """What a map says, a line a target, without what the format cannot hold."""
    lines = sorted(_facts(concept_map, held))
    assert lines
    return lines


def _facts(concept_map: ConceptMap, held: Format) -> Iterator[Fact]:
    names: dict[tuple[str, str], str] = {}
    for group in concept_map.groups:
        systems = (group.source, group.source_version or "", group.target, group.target_version or "")
        for element in group.elements:
            ends = (systems[0], systems[1], element.code, element.display or "", systems[2], systems[3])
            if not element.targets and "no-map" not in held.drops:
                yield _held((*ends, "", "", "no map", "", element.comment or "", "", ""), held)
            for target in element.targets:
                if target.relationship is Relationship.NOT_RELATED and "not-related" in held.drops:
                    continue
                properties = [item for item in target.properties if item[0] not in held.lost]
                display = target.display or ""
                if held.one_name:
                    display = names.setdefault((group.target, target.code), display)
                said = (target.code, display, target.relationship.value, target.r4_equivalence or "")
                yield _held(
                    (*ends, *said, target.comment or "", repr(properties), repr((element.other, target.other))), held
                )


def _held(fact: Fact, held: Format) -> Fact:
    kept = ["" if field in held.lost else cell for field, cell in zip(FIELDS, fact, strict=True)]
    return tuple(" ".join(cell.split()) if held.one_line else cell for cell in kept)


def shortened(concept_map: ConceptMap) -> ConceptMap:
    """Without the codes whose term is too long for OMOP."""
    groups = (
        replace(group, elements=tuple(item for item in group.elements if len(item.display or "") <= 255))
        for group in concept_map.groups
    )
    return replace(concept_map, groups=tuple(groups))


def back(concept_map: ConceptMap, name: str, folder: Path, tmp_path: Path) -> ConceptMap:
    path = tmp_path / HELD[name].file
    if name.startswith("fhir"):
        path.write_bytes(b"".join(write_map(concept_map, name, options=options(folder))))
        return read_map(path, MapHeader()).concept_map
    # no other format holds what the map as a whole says: status, publisher, scopes, rules for unmapped codes
    concept_map = replace(concept_map, status="active")
    path.write_bytes(b"".join(write_map(concept_map, name, options=options(folder))))
    group = concept_map.groups[0]
    header = replace(HEADER, source_system=group.source)
    if name == "snap2snomed":  # no column says it
        header = replace(header, target_system=group.target)
    loaded = read_map(path, header)
    assert not loaded.problems, (name, loaded.problems[:3])
    return loaded.concept_map


@pytest.mark.parametrize("name", HELD)
def test_real_maps_come_back_from_a_format(data_sources: Path, tmp_path: Path, name: str) -> None:
    held = HELD[name]
    compared = 0
    for file, concept_map in real_maps(data_sources).items():
        targets = {group.target for group in concept_map.groups}
        if held.target and targets != {held.target}:
            continue
        if name == "snap2snomed" and len(targets) > 1:
            continue  # its table has one target system
        if name.startswith("omop") and shortened(concept_map) != concept_map:
            with pytest.raises(BadInput, match=r"The source term of '\w+' has \d+ characters; OMOP allows 255"):
                back(concept_map, name, data_sources, tmp_path)
            concept_map = shortened(concept_map)
        read = back(concept_map, name, data_sources, tmp_path)
        if name.startswith("fhir"):
            assert read == concept_map, file
        assert facts(read, held) == facts(concept_map, held), file
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("name", ["omop", "omop-concepts"])
def test_targets_without_a_concept_id_are_refused_and_named(data_sources: Path, name: str) -> None:
    gold = shortened(real_maps(data_sources)["et_lab__loinc.csv"])
    with pytest.raises(BadInput, match=r"No OMOP concept and vocabulary is known for http://loinc.org\|"):
        b"".join(write_map(gold, name, options=options(data_sources)))


def test_targets_of_real_maps_come_back_by_their_own_codes(data_sources: Path, tmp_path: Path) -> None:
    """OMOP's local concepts with CONCEPT.csv of the vocabularies at hand: codes of LOINC, not concept ids."""
    gold = shortened(real_maps(data_sources)["et_lab__loinc.csv"])
    codes = sorted({target.code for element in gold.groups[0].elements for target in element.targets})
    known = {
        ("http://loinc.org", code): OmopConcept(3_000_000 + number, "LOINC", code, "", "Measurement")
        for number, code in enumerate(codes)
    }
    lines = ["concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_code"]
    lines += [
        f"{concept.concept_id}\t\tMeasurement\t{VOCABULARIES[system]}\t{code}"
        for (system, code), concept in known.items()
    ]
    (tmp_path / "CONCEPT.csv").write_text("\n".join(lines) + "\n")
    path = tmp_path / "map.zip"
    path.write_bytes(
        b"".join(write_map(gold, "omop-concepts", options=replace(options(data_sources), omop_concepts=known)))
    )
    read = read_map(path, HEADER, omop_concepts=tmp_path / "CONCEPT.csv").concept_map
    lost = ("target display", "relationship", "combination", "kept")
    assert facts(read, Format("", lost, one_line=True)) == facts(gold, Format("", lost, one_line=True))


def test_the_sites_own_concept_ids_come_out(data_sources: Path, tmp_path: Path) -> None:
    """Finnish save files name the local concept; as OMOP's tables they have those ids, classes and dates."""
    concept_map = real_maps(data_sources)["MEDSPECfi.usagi.csv"]
    again = back(concept_map, "omop-concepts", data_sources, tmp_path)

    def of(one: ConceptMap) -> dict[str, object]:
        return {element.code: _ids(element.other) for element in one.groups[0].elements}

    assert of(again) == of(concept_map)


def _ids(other: object) -> set[tuple[str, str]]:
    extensions = other["extension"] if isinstance(other, dict) else []
    wanted = ("concept_id", "concept_class_id", "domain_id", "valid_start_date", "valid_end_date")
    named = ((item["url"].rsplit("/", 1)[1], item["valueString"]) for item in extensions)
    return {(name, text) for name, text in named if name in wanted}
