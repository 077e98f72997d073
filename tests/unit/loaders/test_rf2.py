import shutil
import sys
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.rf2 import find_rf2_files, read_rf2
from termserver.model.code_system import Concept

sys.path.insert(0, str(Path(__file__).parent))
from rf2_release import write_release


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
