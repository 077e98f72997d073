import shutil
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.rf2 import find_rf2_files, read_rf2
from termserver.model.code_system import Concept
from termserver.model.coding import Coding

# A tiny synthetic release: invented identifiers and names, no content of SNOMED CT.
US, GB, SV = "900000000000509007", "900000000000508004", "46011000052107"
PREFERRED, ACCEPTABLE = "900000000000548007", "900000000000549004"
FSN, SYNONYM, DEFINITION = "900000000000003001", "900000000000013009", "900000000000550004"
IS_A, INFERRED = "116680003", "900000000000011006"
CORE = "900000000000207008"


def write_release(folder: Path) -> Path:
    """Write the release; returns its folder."""
    root = folder / "SnomedCT_Test"
    terminology, refset = root / "Snapshot" / "Terminology", root / "Snapshot" / "Refset"
    for place in (terminology, refset):
        place.mkdir(parents=True)
    _write(
        terminology / "sct2_Concept_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId definitionStatusId",
        [
            ("100", "20260101", "1", CORE, "900000000000074008"),
            ("101", "20250101", "1", CORE, "900000000000073002"),
            ("102", "20240101", "0", CORE, "900000000000074008"),
        ],
    )
    _write(
        terminology / "sct2_Description_Snapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
        [
            ("1", "20260101", "1", CORE, "100", "en", FSN, "Made-up thing (finding)", "x"),
            ("2", "20260101", "1", CORE, "100", "en", SYNONYM, "Made-up thing", "x"),
            ("3", "20260101", "1", CORE, "101", "en", FSN, "Colour of thing (disorder)", "x"),
            ("4", "20260101", "1", CORE, "101", "en", SYNONYM, "Thing colour, British", "x"),
            ("5", "20260101", "1", CORE, "101", "en", SYNONYM, "Thing color, American", "x"),
            ("6", "20260101", "0", CORE, "101", "en", SYNONYM, "Withdrawn name", "x"),
            ("7", "20260101", "1", CORE, "101", "sv", SYNONYM, "Sakens färg", "x"),
            ("8", "20260101", "1", CORE, "102", "en", FSN, "Old thing (disorder)", "x"),
        ],
    )
    _write(
        terminology / "sct2_TextDefinition_Snapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
        [("9", "20260101", "1", CORE, "100", "en", DEFINITION, "A thing that was made up.", "x")],
    )
    _write(
        terminology / "sct2_Relationship_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId",
        [
            ("20", "20260101", "1", CORE, "101", "100", "0", IS_A, INFERRED, "m"),
            ("21", "20260101", "1", CORE, "101", "555", "1", "363698007", INFERRED, "m"),
            ("22", "20260101", "0", CORE, "101", "556", "1", "363698007", INFERRED, "m"),
        ],
    )
    _write(
        terminology / "sct2_RelationshipConcreteValues_Snapshot_INT_20260101.txt",
        "id effectiveTime active moduleId sourceId value relationshipGroup typeId characteristicTypeId modifierId",
        [("30", "20260101", "1", CORE, "101", "#1.5", "1", "1142135004", INFERRED, "m")],
    )
    _write(
        refset / "der2_cRefset_LanguageSnapshot-en_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId",
        [
            ("a", "20260101", "1", CORE, US, "2", PREFERRED),
            ("b", "20260101", "1", CORE, GB, "4", PREFERRED),
            ("c", "20260101", "1", CORE, US, "4", ACCEPTABLE),
            ("d", "20260101", "1", CORE, US, "5", PREFERRED),
            ("e", "20260101", "1", CORE, SV, "7", PREFERRED),
        ],
    )
    _write(
        refset / "der2_cRefset_AssociationSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId targetComponentId",
        [("f", "20260101", "1", CORE, "900000000000526001", "102", "101")],
    )
    _write(
        refset / "der2_Refset_SimpleSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId",
        [("g", "20260101", "1", CORE, "723264001", "101")],
    )
    return root


def _write(path: Path, header: str, rows: list[tuple[str, ...]]) -> None:
    lines = ["\t".join(header.split()), *("\t".join(row) for row in rows)]
    path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8", newline="")


def concepts_of(path: Path) -> dict[str, Concept]:
    return {concept.code: concept for concept in read_rf2(path).concepts}


def properties_of(concept: Concept) -> dict[str, object]:
    return {one.code: one.value for one in concept.properties}


def test_display_is_the_preferred_synonym(tmp_path: Path) -> None:
    concepts = concepts_of(write_release(tmp_path))
    assert (concepts["100"].display, concepts["101"].display) == ("Made-up thing", "Thing color, American")


def test_concept_without_synonym_is_displayed_without_its_tag(tmp_path: Path) -> None:
    assert concepts_of(write_release(tmp_path))["102"].display == "Old thing"


def test_active_descriptions_of_every_language_are_designations(tmp_path: Path) -> None:
    names = [(one.language, one.value) for one in concepts_of(write_release(tmp_path))["101"].designations]
    assert ("sv", "Sakens färg") in names
    assert ("en", "Thing colour, British") in names
    assert ("en", "Withdrawn name") not in names


def test_relationships_become_parents_and_properties(tmp_path: Path) -> None:
    concept = concepts_of(write_release(tmp_path))["101"]
    assert concept.parents == ("100",)
    assert properties_of(concept) == {
        "effectiveTime": "20250101",
        "moduleId": "900000000000207008",
        "sufficientlyDefined": True,
        "semanticTag": "disorder",
        "363698007": "555",
        "1142135004": 1.5,
        "memberOf": "723264001",
    }


def test_retired_concept_names_its_replacement(tmp_path: Path) -> None:
    concept = concepts_of(write_release(tmp_path))["102"]
    assert not concept.active
    assert properties_of(concept)["900000000000526001"] == "101"
    assert properties_of(concept)["inactive"] is True


def test_text_definition_is_the_definition(tmp_path: Path) -> None:
    assert concepts_of(write_release(tmp_path))["100"].definition == "A thing that was made up."


def test_version_comes_from_module_and_date(tmp_path: Path) -> None:
    loaded = read_rf2(write_release(tmp_path))
    assert loaded.header.url == "http://snomed.info/sct"
    assert loaded.header.version == "http://snomed.info/sct/900000000000207008/version/20260101"


def test_zip_reads_like_the_folder(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    archive = Path(shutil.make_archive(str(tmp_path / "release"), "zip", root))
    assert concepts_of(archive) == concepts_of(root)


def test_every_row_of_the_concept_file_is_counted(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    path = root / "Snapshot/Terminology/sct2_Concept_Snapshot_INT_20260101.txt"
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write("103\t2026\r\n100\t20260101\t1\t900000000000207008\t900000000000074008\r\n")
    loaded = read_rf2(root)
    assert len(list(loaded.concepts)) == 3
    assert (loaded.counts.rows, loaded.counts.refused, loaded.counts.accepted) == (5, 2, 3)
    assert sorted((problem.line, problem.rule) for problem in loaded.problems) == [
        (5, "ragged-row"),
        (6, "duplicate-code"),
    ]


def test_other_columns_than_rf2s_are_refused(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    (root / "Snapshot/Terminology/sct2_Concept_Snapshot_INT_20260101.txt").write_text(
        "code;term\n1;x\n", encoding="utf-8"
    )
    with pytest.raises(BadFile, match=r"sct2_Concept_Snapshot_INT_20260101\.txt line 1: an RF2 file has the columns"):
        list(read_rf2(root).concepts)


def test_folder_without_snapshot_is_no_release(tmp_path: Path) -> None:
    assert find_rf2_files(tmp_path) is None
    with pytest.raises(BadFile, match="no RF2 snapshot"):
        read_rf2(tmp_path)


def test_attributes_keep_their_role_group(tmp_path: Path) -> None:
    concept = concepts_of(write_release(tmp_path))["101"]
    assert {one.code: one.group for one in concept.properties if one.group is not None} == {
        "363698007": 1,
        "1142135004": 1,
    }


def test_names_keep_what_language_reference_sets_say_of_them(tmp_path: Path) -> None:
    concept = concepts_of(write_release(tmp_path))["101"]
    british = next(one for one in concept.designations if one.value == "Thing colour, British")
    assert british.details is not None
    assert (british.details.number, set(british.details.acceptability)) == ("4", {(GB, PREFERRED), (US, ACCEPTABLE)})


def test_inactive_descriptions_are_former_names(tmp_path: Path) -> None:
    concept = concepts_of(write_release(tmp_path))["101"]
    assert [one.value for one in concept.former_designations] == ["Withdrawn name"]


def test_every_reference_set_gives_its_members_and_columns(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    _write(
        root / "Snapshot/Refset/der2_iisssccRefset_ExtendedMapSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId mapGroup mapTarget",
        [
            ("h", "20260101", "1", CORE, "447562003", "101", "1", "X99"),
            ("i", "20260101", "0", CORE, "4475", "101", "", ""),
        ],
    )
    members = concepts_of(root)["101"].members
    assert {(one.refset, one.active, one.fields) for one in members} == {
        ("723264001", True, ()),
        ("447562003", True, (("mapGroup", "1"), ("mapTarget", "X99"))),
        ("4475", False, (("mapGroup", ""), ("mapTarget", ""))),
    }


def test_identifiers_of_other_schemes_are_a_property(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    _write(
        root / "Snapshot/Terminology/sct2_Identifier_Snapshot_INT_20260101.txt",
        "alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId",
        [("1234-5", "20260101", "1", CORE, "30051010000102", "101")],
    )
    assert properties_of(concepts_of(root)["101"])["alternateIdentifier"] == Coding("30051010000102", "1234-5")


def test_inactive_concept_says_why(tmp_path: Path) -> None:
    root = write_release(tmp_path)
    _write(
        root / "Snapshot/Refset/der2_cRefset_AttributeValueSnapshot_INT_20260101.txt",
        "id effectiveTime active moduleId refsetId referencedComponentId valueId",
        [
            ("j", "20260101", "1", CORE, "900000000000489007", "102", "900000000000482003"),
            ("k", "20260101", "0", CORE, "900000000000489007", "101", "900000000000482003"),
        ],
    )
    concepts = concepts_of(root)
    assert properties_of(concepts["102"])["inactivationReason"] == "900000000000482003"
    assert "inactivationReason" not in properties_of(concepts["101"])
