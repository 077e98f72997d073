"""Out and in again, format by format: what comes back, and what each format cannot hold. Usagi's real files: curation."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.exports.registry import write_map
from termserver.loaders.maps.map_lines import MapHeader
from termserver.loaders.maps.registry import recognise_map
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.map_export import ExportOptions, OmopConcept
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP
from tests.unit.loaders.maps.reading import read_map

LOCAL = "https://example.org/CodeSystem/local"
ICD = "http://hl7.org/fhir/sid/icd-10"
SNOMED = "http://snomed.info/sct"
EQUIVALENT, NARROWER, BROADER = Relationship.EQUIVALENT, Relationship.NARROWER, Relationship.BROADER
RELATED, NOT = Relationship.RELATED_TO, Relationship.NOT_RELATED
HEADER = MapHeader("https://example.org/ConceptMap/m", "1.0", "A map", LOCAL, ICD)
OPTIONS = ExportOptions(
    licence="https://creativecommons.org/publicdomain/zero/1.0/",
    source_vocabulary="LOCAL",
    omop_concepts={
        (ICD, code): OmopConcept(45_000_000 + number, "ICD10", code, f"Concept {code}", "Condition")
        for number, code in enumerate(("I21.9", "I20-I25", "N40", "N85.0", "R07"))
    },
    refset_id="999000041000000102",
    module_id="999000011000000103",
    effective_time="20261122",
)
Said = dict[str, list[tuple[str, Relationship]]]


def the_map(system: str = ICD, *, codes: tuple[str, ...] = ("I21.9", "I20-I25", "N40", "N85.0", "R07")) -> ConceptMap:
    """Every relationship, several targets, no map, and codes and names that a file format may stumble over."""
    first, second, third, fourth, fifth = codes

    def to(code: str, relationship: Relationship) -> MapTarget:
        return MapTarget(code, relationship, f"Concept {code}")

    elements = (
        MapElement("HI", 'Hjärtinfarkt, "akut"', (to(first, EQUIVALENT), to(second, NARROWER))),
        MapElement("a;b|c", "Semikolon; streck | och, komma", (to(third, BROADER), to(fourth, RELATED))),
        MapElement("007", "Nollor fram", (to(fifth, NOT),)),
        MapElement("NONE", "Ingenting", no_map=True),
    )
    return ConceptMap(
        HEADER.url, "1.0", "AMap", "A map", "active", groups=(MapGroup(LOCAL, system, elements=elements),)
    )


def said(concept_map: ConceptMap) -> Said:
    return {
        element.code: sorted((target.code, target.relationship) for target in element.targets)
        for group in concept_map.groups
        for element in group.elements
    }


def round_trip(tmp_path: Path, concept_map: ConceptMap, name: str, file: str, header: MapHeader = HEADER) -> ConceptMap:
    path = tmp_path / file
    path.write_bytes(b"".join(write_map(concept_map, name, options=OPTIONS)))
    return read_map(path, header).concept_map


@pytest.mark.parametrize("name", ["fhir-r4", "fhir-r4b", "fhir-r5"])
def test_fhir_holds_all(tmp_path: Path, name: str) -> None:
    assert round_trip(tmp_path, the_map(), name, "map.json", MapHeader()) == the_map()


@pytest.mark.parametrize(
    ("name", "file", "lost"),
    [
        ("csv", "map.csv", {}),
        ("xlsx", "map.xlsx", {}),
        ("sssom", "map.sssom.tsv", {}),
        ("snap2snomed", "map.csv", {"007": "not-related targets"}),
        ("transcoding", "map.zip", {"NONE": "codes without a target"}),
    ],
)
def test_tables_hold_codes_and_relationships(tmp_path: Path, name: str, file: str, lost: dict[str, str]) -> None:
    back = round_trip(tmp_path, the_map(), name, file)
    wanted = {code: targets for code, targets in said(the_map()).items() if code not in lost}
    found = {code: targets for code, targets in said(back).items() if code not in lost}
    assert found == wanted
    names = {element.code: element.display for group in back.groups for element in group.elements}
    assert all(
        names[element.code] == element.display for element in the_map().groups[0].elements if element.code in wanted
    )
    (group,) = back.groups
    assert (group.source, group.target) == (LOCAL, ICD)


def test_omop_holds_targets_by_concept_id(tmp_path: Path) -> None:
    back = said(round_trip(tmp_path, the_map(), "omop", "stcm.csv"))
    assert back["HI"] == [("45000000", RELATED), ("45000001", RELATED)]  # the strict table has no relationship
    assert back["a;b|c"] == [("45000002", RELATED), ("45000003", RELATED)]
    assert back["NONE"] == []
    assert "007" not in back  # what is not related is no mapping of OMOP's


def test_omop_strict_goes_to_omops_own_system(tmp_path: Path) -> None:
    back = round_trip(tmp_path, the_map(), "omop", "stcm.csv")
    assert {group.target for group in back.groups} == {OMOP}


def test_local_omop_concepts_name_each_other(tmp_path: Path) -> None:
    path = tmp_path / "concepts.zip"
    path.write_bytes(b"".join(write_map(the_map(), "omop-concepts", options=OPTIONS)))
    with zipfile.ZipFile(path) as archive:
        tables = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    relations = [line.split("\t") for line in tables["CONCEPT_RELATIONSHIP.csv"][1:]]
    pairs = {(first, second) for first, second, kind, *_ in relations if kind == "Maps to"}
    assert {(second, first) for first, second, kind, *_ in relations if kind == "Mapped from"} == pairs
    assert {second for _, second in pairs} >= {"45000000", "45000002"}


def test_rf2_holds_targets_in_snomed_ct(tmp_path: Path) -> None:
    codes = ("22298006", "53741008", "72704001", "404684003", "138875005")
    header = replace(HEADER, target_system="")
    back = round_trip(tmp_path, the_map(SNOMED, codes=codes), "rf2-extended", "der2_iRefset_ExtendedMap.txt", header)
    (group,) = back.groups
    assert (group.source, group.target) == (LOCAL, SNOMED)
    assert said(back)["HI"] == [("22298006", EQUIVALENT), ("53741008", NARROWER)]
    assert said(back)["a;b|c"] == [("404684003", RELATED), ("72704001", BROADER)]


@pytest.mark.parametrize(
    ("table", "text", "says"),
    [
        ("transcoding_association.csv", "a,b\n1,2\n", "lacks the column source_concept_id"),
        ("code_system_concept.csv", "id\n1\n", "lacks the column code_system, code"),
    ],
)
def test_a_damaged_transcoding_table_is_named(tmp_path: Path, table: str, text: str, says: str) -> None:
    path = tmp_path / "map.zip"
    path.write_bytes(b"".join(write_map(the_map(), "transcoding", options=OPTIONS)))
    assert recognise_map(path) == "transcoding"
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in content.items():
            archive.writestr(name, text if name == table else body)
    with pytest.raises(BadFile, match=says):
        read_map(path, HEADER)


def test_a_transcoding_row_that_points_nowhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "map.zip"
    path.write_bytes(b"".join(write_map(the_map(), "transcoding", options=OPTIONS)))
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    rows = content["transcoding_association.csv"].rstrip() + "\r\n999,1,equivalent,,VALID,\r\n1,2,sorta,,VALID,\r\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, rows if name == "transcoding_association.csv" else text)
    loaded = read_map(path, HEADER)
    assert [problem.rule for problem in loaded.problems] == ["unknown-concept", "relationship"]
