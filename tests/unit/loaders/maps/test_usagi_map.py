"""What a Usagi save file decided, as a map."""

from dataclasses import replace
from pathlib import Path

import pytest

from termserver.errors import BadFile
from termserver.loaders.maps.map_lines import MapHeader
from termserver.loaders.maps.registry import recognise_map
from termserver.model.relationship import Relationship
from termserver.model.usagi_line import OMOP
from tests.unit.loaders.maps.reading import read_map

LOCAL = "https://example.org/CodeSystem/local"
HEADER = MapHeader("https://example.org/ConceptMap/m", "1", source_system=LOCAL)
TEXT = """\
sourceCode,sourceName,sourceFrequency,mappingStatus,equivalence,conceptId,conceptName,domainId,mappingType,comment,ADD_INFO:sourceConceptId
HI,Hjärtinf,5,APPROVED,WIDER,4329847,Myocardial infarction,Condition,MAPS_TO,see note,2001000101
HB,Hb låg,4,APPROVED,UNREVIEWED,3000963,Hemoglobin,Measurement,MAPS_TO,,
HB,Hb låg,4,APPROVED,EQUAL,4267416,Low,Meas Value,MAPS_TO_VALUE,,
NO,Ingen,3,APPROVED,UNREVIEWED,0,Unmapped,,MAPS_TO,nothing fits,
IGN,Administrativ,2,IGNORED,UNREVIEWED,0,,,MAPS_TO,,
OPN,Öppen,1,UNCHECKED,EQUAL,4329847,Myocardial infarction,Condition,MAPS_TO,,
HLF,Halv,1,APPROVED,EQUAL,4329847,Myocardial infarction,Condition,MAPS_TO,,
HLF,Halv,1,FLAGGED,EQUAL,3000963,Hemoglobin,Measurement,MAPS_TO,,
"""


def test_decided_codes_are_the_map(tmp_path: Path) -> None:
    path = tmp_path / "x.usagi.csv"
    path.write_text(TEXT)
    assert recognise_map(path) == "usagi"
    loaded = read_map(path, HEADER)
    (group,) = loaded.concept_map.groups
    assert (group.source, group.target) == (LOCAL, OMOP)
    found = {element.code: element for element in group.elements}
    (infarction,) = found["HI"].targets
    assert (infarction.code, infarction.relationship, infarction.comment) == (
        "4329847",
        Relationship.NARROWER,
        "see note",
    )
    assert "2001000101" in str(found["HI"].other)
    assert [(target.code, target.relationship, dict(target.properties)) for target in found["HB"].targets] == [
        ("3000963", Relationship.RELATED_TO, {"combination": "and"}),
        ("4267416", Relationship.EQUIVALENT, {"relationship_id": "Maps to value", "combination": "and"}),
    ]
    assert (found["NO"].no_map, found["NO"].comment, found["IGN"].no_map) == (True, "nothing fits", True)
    assert set(found) == {"HI", "HB", "NO", "IGN"}
    assert loaded.notes == ["2 codes are not decided (neither APPROVED nor IGNORED): left out"]


def test_the_source_system_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.usagi.csv"
    path.write_text(TEXT)
    with pytest.raises(BadFile, match="name it \\(--source-system URL\\)"):
        read_map(path, replace(HEADER, source_system=""))
