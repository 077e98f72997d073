"""OMOP's concept_relationship as a map: what counts, what is left out and said, what is refused with its place."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.loaders.maps.registry import recognise_map
from termserver.model.concept_map import MapElement
from termserver.model.usagi_line import OMOP
from tests.unit.loaders.maps.reading import read_map

LOCAL = "https://example.org/CodeSystem/diagnoses"
SNOMED = "http://snomed.info/sct"
HEADER = MapHeader("https://example.org/ConceptMap/m", "1", vocabularies={"EX_DIAG": LOCAL})
CONCEPTS = """\
concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason
4329847\tMyocardial infarction\tCondition\tSNOMED\tDisorder\tS\t22298006\t20020131\t20991231\t
38004456\tInternal Medicine\tProvider\tNUCC\tSpecialty\tS\t207R00000X\t19700101\t20991231\t
2000000001\tHjärtinf\tCondition\tEX_DIAG\tDiagnosis\t\tHI\t20240101\t20991231\t
2000000002\tMedicin\tProvider\tEX_DIAG\tClinic\t\tMED\t20240101\t20991231\t
2000000003\tÖvrigt\tMetadata\tEX_DIAG\tDiagnosis\t\tMISC\t20240101\t20991231\t
"""
RELATIONS = """\
concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason
2000000001\t4329847\tMaps to\t20240101\t20991231\t
4329847\t2000000001\tMapped from\t20240101\t20991231\t
2000000002\t38004456\tMaps to\t20240101\t20991231\t
38004456\t2000000002\tMapped from\t20240101\t20991231\t
"""


def tables(folder: Path, concepts: str = CONCEPTS, relations: str = RELATIONS, **more: str) -> Path:
    path = folder / "omop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("release/CONCEPT.csv", concepts)
        archive.writestr("release/CONCEPT_RELATIONSHIP.csv", relations)
        for name, text in more.items():
            archive.writestr(f"{name}.csv", text)
    return path


def elements(loaded: LoadedMap) -> dict[str, MapElement]:
    return {element.code: element for group in loaded.concept_map.groups for element in group.elements}


def test_targets_have_the_codes_of_their_vocabularies(tmp_path: Path) -> None:
    path = tables(tmp_path, VOCABULARY="vocabulary_id\n")
    assert recognise_map(path) == "omop-concepts"
    loaded = read_map(path, HEADER)
    groups = {(group.source, group.target): group.elements for group in loaded.concept_map.groups}
    assert set(groups) == {(LOCAL, SNOMED), (LOCAL, OMOP)}
    (infarction,) = groups[LOCAL, SNOMED]
    assert (infarction.display, infarction.targets[0].code, infarction.targets[0].display) == (
        "Hjärtinf",
        "22298006",
        "Myocardial infarction",
    )
    medicine, other = groups[LOCAL, OMOP]  # NUCC is not known in FHIR: the concept id stands for the concept
    assert (medicine.targets[0].code, medicine.targets[0].display) == ("38004456", "Internal Medicine")
    assert (other.code, other.no_map) == ("MISC", True)
    assert (loaded.problems, loaded.notes) == ([], [])


def test_concept_ids_are_kept_where_asked(tmp_path: Path) -> None:
    loaded = read_map(tables(tmp_path), replace(HEADER, target_system=OMOP))
    assert elements(loaded)["HI"].targets[0].code == "4329847"
    with pytest.raises(BadFile, match=r"targets' code systems follow from their vocabularies"):
        read_map(tables(tmp_path), replace(HEADER, target_system=SNOMED))


def test_the_vocabularies_may_lie_in_another_file(tmp_path: Path) -> None:
    local = "\n".join(line for line in CONCEPTS.splitlines() if line[0] in "c2") + "\n"
    path = tables(tmp_path, local)
    assert elements(read_map(path, HEADER))["HI"].targets[0].code == "4329847"
    athena = tmp_path / "CONCEPT.csv"
    athena.write_text(CONCEPTS)
    assert elements(read_map(path, HEADER, omop_concepts=athena))["HI"].targets[0].code == "22298006"


def test_files_with_commas_and_quotes_are_read_too(tmp_path: Path) -> None:
    text = CONCEPTS.replace("Hjärtinf\t", '"Hjärtinf, akut ""A"""\t').replace("\t", ",")
    loaded = read_map(tables(tmp_path, text, RELATIONS.replace("\t", ",")), HEADER)
    assert elements(loaded)["HI"].display == 'Hjärtinf, akut "A"'


def test_several_targets_say_the_code_together(tmp_path: Path) -> None:
    more = "2000000001\t4267416\tMaps to value\t20240101\t20991231\t\n"
    loaded = read_map(tables(tmp_path, relations=RELATIONS + more), HEADER)
    found = [
        target
        for group in loaded.concept_map.groups
        for item in group.elements
        if item.code == "HI"
        for target in item.targets
    ]
    assert [(target.code, dict(target.properties)) for target in found] == [
        ("22298006", {"combination": "and"}),
        ("4267416", {"relationship_id": "Maps to value", "combination": "and"}),
    ]


def test_what_is_no_mapping_in_force_is_left_out_and_said(tmp_path: Path) -> None:
    more = (
        "2000000001\t2000000002\tIs a\t20240101\t20991231\t\n"
        "2000000002\t2000000001\tSubsumes\t20240101\t20991231\t\n"
        "2000000003\t4329847\tMaps to\t20240101\t20250101\tD\n"
        "2000000003\t2000000003\tMaps to\t20240101\t20991231\t\n"
        "2000000003\t0\tMaps to\t20240101\t20991231\t\n"
        "4329847\t4329847\tMaps to\t20020131\t20991231\t\n"
    )
    loaded = read_map(tables(tmp_path, relations=RELATIONS + more), HEADER)
    assert elements(loaded)["MISC"].no_map
    assert loaded.notes == [
        "1 lines of CONCEPT_RELATIONSHIP.csv say 'Is a', which is no mapping: left out",
        "1 lines of CONCEPT_RELATIONSHIP.csv say 'Subsumes', which is no mapping: left out",
        "1 lines of CONCEPT_RELATIONSHIP.csv are not in force (invalid_reason D): left out",
        "1 lines of CONCEPT_RELATIONSHIP.csv map a local standard concept to itself: left out",
        "1 lines of CONCEPT_RELATIONSHIP.csv map to 0, which is no target (noMap)",
        "1 lines of CONCEPT_RELATIONSHIP.csv are between concepts that are not local: left out",
    ]


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("2000000001\tx7\tMaps to\t\t\t", "concept_id_2", "'x7' is no concept id"),
        ("2000000009\t4329847\tMaps to\t\t\t", "concept_id_1", "2000000009 is not in CONCEPT.csv"),
        ("2000000003\t4329847\tMaps to\t2024-13-01\t\t", "valid_start_date", "'2024-13-01' is no date"),
        ("2000000003\t4329847\tMaps to\t\t\tX", "invalid_reason", "neither D"),
        ("4329847\t2000000003\tMapped from\t\t\t", "relationship_id", "which no line says to map to 4329847"),
    ],
)
def test_a_line_that_contradicts_is_refused_with_its_place(tmp_path: Path, line: str, column: str, says: str) -> None:
    loaded = read_map(tables(tmp_path, relations=f"{RELATIONS}{line}\n"), HEADER)
    (problem,) = loaded.problems
    assert (problem.line, problem.column) == (6, column)
    assert says in problem.message


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        (("2000000004", "EX_DIAG", "X" * 51, ""), "concept_code", "51 characters; OMOP allows 50"),
        (("2000000004", "EX_DIAG", "", ""), "concept_code", "the code is empty"),
        (("2000000004", "", "A", ""), "vocabulary_id", "the vocabulary is empty"),
        (("2000000001", "EX_DIAG", "A", ""), "concept_id", "stands in line 4 already"),
        (("2000000004", "EX_DIAG", "HI", ""), "concept_code", "stands in line 4 already"),
        (("2000000004", "EX_DIAG", "A", "2024-02-30"), "valid_start_date", "is no date"),
    ],
)
def test_a_local_concept_that_cannot_be_is_refused(
    tmp_path: Path, cells: tuple[str, str, str, str], column: str, says: str
) -> None:
    number, vocabulary, code, start = cells
    line = f"{number}\tName\tCondition\t{vocabulary}\tDiagnosis\t\t{code}\t{start}\t20991231\t\n"
    (problem,) = read_map(tables(tmp_path, CONCEPTS + line), HEADER).problems
    assert (problem.line, problem.column) == (7, column)
    assert says in problem.message


@pytest.mark.parametrize(
    ("concepts", "relations", "says"),
    [
        (
            CONCEPTS.replace("vocabulary_id", "vocab"),
            RELATIONS,
            "release/CONCEPT.csv line 1: the columns vocabulary_id are missing",
        ),
        (CONCEPTS, RELATIONS + "1\t2\n", "CONCEPT_RELATIONSHIP.csv line 6: the line has 2 cells, 6 are named"),
        (CONCEPTS.replace("2000000", "1000000"), RELATIONS, "no concept in CONCEPT.csv is local"),
        (
            CONCEPTS.replace("EX_DIAG", "OTHER"),
            RELATIONS,
            r"line 4: nothing says which code system the vocabulary 'OTHER'",
        ),
    ],
)
def test_tables_that_cannot_be_read_are_refused(tmp_path: Path, concepts: str, relations: str, says: str) -> None:
    with pytest.raises(BadFile, match=says):
        read_map(tables(tmp_path, concepts, relations), HEADER)


def test_a_file_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "omop.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("CONCEPT.csv", CONCEPTS.encode("cp1252"))
        archive.writestr("CONCEPT_RELATIONSHIP.csv", RELATIONS)
    with pytest.raises(BadFile, match=r"CONCEPT.csv line \d+: it is not UTF-8"):
        read_map(path, HEADER)


def test_an_archive_with_two_tables_of_a_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"the archive holds 2 CONCEPT.csv; one is needed"):
        read_map(tables(tmp_path, **{"old/CONCEPT": CONCEPTS}), HEADER)


def test_a_table_alone_asks_for_the_other(tmp_path: Path) -> None:
    path = tmp_path / "CONCEPT_RELATIONSHIP.csv"
    path.write_text(RELATIONS)
    assert recognise_map(path) == "omop-concepts"
    with pytest.raises(BadFile, match=r"there is no CONCEPT.csv beside it; or send both in one zip"):
        read_map(path, HEADER)


def test_one_system_is_not_taken_for_two_vocabularies(tmp_path: Path) -> None:
    concepts = CONCEPTS.replace("EX_DIAG\tClinic", "EX_CLINIC\tClinic")
    header = replace(HEADER, vocabularies={}, source_system=LOCAL)
    with pytest.raises(BadFile, match=r"'EX_DIAG' and 'EX_CLINIC' cannot both be"):
        read_map(tables(tmp_path, concepts), header)
    groups = read_map(tables(tmp_path), header).concept_map.groups
    assert {group.source for group in groups} == {LOCAL}


# ------------------------------------------------------------------ source_to_concept_map

STCM = """\
source_code,source_concept_id,source_vocabulary_id,source_code_description,target_concept_id,target_vocabulary_id,valid_start_date,valid_end_date,invalid_reason
HI,0,EX_DIAG,Hjärtinf,4329847,SNOMED,2024-01-01,2099-12-31,
HI,0,EX_DIAG,Hjärtinf,1,SNOMED,2024-01-01,2024-12-31,D
HB,0,EX_LAB,Hemoglobin,3000963,LOINC,2024-01-01,2099-12-31,
"""


def test_source_to_concept_map_holds_several_vocabularies(tmp_path: Path) -> None:
    path = tmp_path / "stcm.csv"
    path.write_text(STCM)
    lab = "https://example.org/CodeSystem/lab"
    loaded = read_map(path, replace(HEADER, vocabularies={"EX_DIAG": LOCAL, "EX_LAB": lab}))
    assert [(group.source, [element.code for element in group.elements]) for group in loaded.concept_map.groups] == [
        (LOCAL, ["HI"]),
        (lab, ["HB"]),
    ]
    assert [target.code for target in elements(loaded)["HI"].targets] == ["4329847"]
    assert loaded.notes == ["1 lines are not in force (invalid_reason): left out"]
    with pytest.raises(BadFile, match=r"line 4: .*'EX_DIAG' and 'EX_LAB' cannot both be"):
        read_map(path, replace(HEADER, vocabularies={}, source_system=LOCAL))
