"""Golden files that are read and written again: the same bytes, so that nothing of them is lost or invented."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from termserver.exports.registry import write_map
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.model.map_export import ExportOptions
from tests.unit.loaders.maps.reading import read_map

GOLDEN = Path(__file__).parents[3] / "golden" / "both_ways"
LOCAL = "https://example.org/CodeSystem/diagnoses"
ICD = "http://hl7.org/fhir/sid/icd-10"
LAB = "https://example.org/CodeSystem/lab"
HEADER = MapHeader("https://example.org/ConceptMap/m", "1.0", "A map")
VOCABULARIES = replace(HEADER, vocabularies={"EX_DIAG": LOCAL, "EX_LAB": LAB})


def zipped(folder: Path, at: Path) -> Path:
    with zipfile.ZipFile(at, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return at


def written(loaded: LoadedMap, name: str) -> bytes:
    return b"".join(write_map(loaded.concept_map, name, options=ExportOptions(source_vocabulary="EX_DIAG")))


@pytest.mark.parametrize(
    ("file", "name", "header"),
    [
        ("stcm.csv", "omop", VOCABULARIES),
        ("map.sssom.tsv", "sssom", MapHeader()),
        ("to_snomed.extended.txt", "rf2-extended", MapHeader(HEADER.url, "1.0", source_system=LOCAL)),
        ("from_snomed.extended.txt", "rf2-extended", HEADER),
        ("from_snomed.simple.txt", "rf2-simple", HEADER),
        ("map.csv", "csv", HEADER),
        ("stcm-extended.csv", "omop-extended", VOCABULARIES),
        ("snap2snomed.csv", "snap2snomed", replace(HEADER, source_system=LOCAL, target_system=ICD)),
    ],
)
def test_a_file_is_written_as_it_was_read(file: str, name: str, header: MapHeader) -> None:
    loaded = read_map(GOLDEN / file, header)
    assert not loaded.problems
    assert written(loaded, name) == (GOLDEN / file).read_bytes()


@pytest.mark.parametrize("form", ["zip", "folder"])
@pytest.mark.parametrize("fhir", [None, "fhir-r4", "fhir-r5"])
def test_omop_concepts_are_written_as_they_were_read(tmp_path: Path, form: str, fhir: str | None) -> None:
    """Also with a way through FHIR between: what the tables say is in the resource."""
    if form == "zip":
        path = zipped(GOLDEN / "omop", tmp_path / "concepts.zip")
    else:
        path = Path(shutil.copytree(GOLDEN / "omop", tmp_path / "tables")) / "CONCEPT_RELATIONSHIP.csv"
    loaded = read_map(path, VOCABULARIES)
    assert (loaded.problems, loaded.notes) == ([], [])
    if fhir is not None:
        (tmp_path / "map.json").write_bytes(written(loaded, fhir))
        loaded = read_map(tmp_path / "map.json", MapHeader())
    with zipfile.ZipFile(BytesIO(written(loaded, "omop-concepts"))) as archive:
        for name in archive.namelist():
            assert archive.read(name).decode() == (GOLDEN / "omop" / name).read_text()


def test_transcoding_tables_are_written_as_they_were_read(tmp_path: Path) -> None:
    loaded = read_map(zipped(GOLDEN / "transcoding", tmp_path / "tables.zip"), HEADER)
    with zipfile.ZipFile(BytesIO(written(loaded, "transcoding"))) as archive:
        for name in archive.namelist():
            assert archive.read(name) == (GOLDEN / "transcoding" / name).read_bytes()
