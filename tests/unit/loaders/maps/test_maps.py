"""Maps that others made: what each format becomes, and what is refused with its place."""

import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from termserver.cli.load_map import MAP_FORMAT_NAMES
from termserver.errors import BadFile
from termserver.exports.registry import write_map
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_writer import write_xml
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.loaders.maps.registry import MAP_FORMATS, read_maps, recognise_map
from termserver.model.concept_map import MapElement, MapTarget
from termserver.model.relationship import Relationship
from tests.unit.exports.test_exports import OPTIONS, ROWS
from tests.unit.fhir.builders import example_map
from tests.unit.loaders.maps.reading import read_map, whole

SNOMED = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10"
LOCAL = "https://example.org/CodeSystem/local"
HEADER = MapHeader(url="https://example.org/ConceptMap/x", version="2", title="A map")
SSSOM = """\
#curie_map:
#  L: https://example.org/CodeSystem/local/
#  ICD10: http://hl7.org/fhir/sid/icd-10/
#mapping_set_id: https://example.org/ConceptMap/x
#mapping_set_version: "3"
#license: https://creativecommons.org/publicdomain/zero/1.0/
subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tmapping_justification\tconfidence
L:A%2B1\tHjärtinfarkt\tskos:exactMatch\t\tICD10:I21.9\tsemapv:ManualMappingCuration\t0.9
L:A%2B1\tHjärtinfarkt\tskos:exactMatch\tNot\tICD10:I22\tsemapv:ManualMappingCuration\t
L:B\tHosta\tskos:exactMatch\t\tsssom:NoTermFound\tsemapv:ManualMappingCuration\t
"""
RF2_HEADER = "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId"
EXTENDED = "\tmapGroup\tmapPriority\tmapRule\tmapAdvice\tmapTarget\tcorrelationId\tmapCategoryId"


def written(folder: Path, text: str, name: str = "map.tsv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def elements(loaded: LoadedMap) -> dict[str, MapElement]:
    return {element.code: element for group in loaded.concept_map.groups for element in group.elements}


def test_the_command_knows_every_format() -> None:
    assert MAP_FORMAT_NAMES == MAP_FORMATS


# ------------------------------------------------------------------ SSSOM


def test_sssom_becomes_a_map_with_what_fhir_cannot_say_as_properties(tmp_path: Path) -> None:
    path = written(tmp_path, SSSOM)
    assert recognise_map(path) == "sssom"
    loaded = read_map(path, MapHeader(target_system=ICD))
    concept_map = loaded.concept_map
    assert (concept_map.canonical, concept_map.groups[0].source) == ("https://example.org/ConceptMap/x|3", LOCAL)
    first, second = elements(loaded)["A+1"].targets
    assert (first.code, first.relationship) == ("I21.9", Relationship.EQUIVALENT)
    assert first.properties == (("mapping_justification", "semapv:ManualMappingCuration"), ("confidence", "0.9"))
    assert second.relationship is Relationship.NOT_RELATED
    assert elements(loaded)["B"].no_map
    assert [item["code"] for item in concept_map.other["property"]] == ["mapping_justification", "confidence"]  # type: ignore[attr-defined]


def test_a_prefix_that_nobody_declared_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, SSSOM.replace("ICD10:I22", "ICD11:I22"))
    with pytest.raises(
        BadFile,
        match=r"line 9, column object_id: the prefix 'ICD11' is not declared in curie_map; declared are: ICD10, L",
    ):
        read_map(path, HEADER)


def test_an_undeclared_prefix_of_a_person_is_said_and_not_written_again(tmp_path: Path) -> None:
    text = SSSOM.replace("mapping_justification\tconfidence", "mapping_justification\tauthor_id").replace(
        "\t0.9", "\tstaff:7"
    )
    loaded = read_map(written(tmp_path, text), MapHeader(target_system=ICD))
    assert loaded.notes == ["author_id: the prefix 'staff' is not declared in curie_map (first in line 8)"]
    assert elements(loaded)["A+1"].targets[0].properties[1] == ("author_id", "staff:7")
    assert b"staff:7" not in b"".join(write_map(loaded.concept_map, "sssom"))


def test_a_predicate_no_concept_map_can_say_is_refused(tmp_path: Path) -> None:
    loaded = read_map(written(tmp_path, SSSOM.replace("skos:exactMatch\t\tICD10", "x:causes\t\tICD10")), HEADER)
    assert [(problem.line, problem.column) for problem in loaded.problems] == [(8, "predicate_id")]


@pytest.mark.parametrize("bad", ["#curie_map: [", "#a: !!python/object/apply:os.system [ls]"])
def test_metadata_that_are_no_plain_yaml_are_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(BadFile, match="the metadata in front are no YAML"):
        read_map(written(tmp_path, f"{bad}\n{SSSOM}"), HEADER)


def test_what_we_write_as_sssom_is_read_back(tmp_path: Path) -> None:
    raw = b"".join(write_map(example_map(), "sssom", rows=iter(ROWS), options=OPTIONS))
    path = tmp_path / "own.sssom.tsv"
    path.write_bytes(raw)
    read = elements(read_map(path, MapHeader()))
    assert {
        row.source_code: {(target.code, target.relationship) for target in row.targets}
        for row in ROWS
        if row.targets or row.no_map_reason
    } == {code: {(target.code, target.relationship) for target in item.targets} for code, item in read.items()}


# ------------------------------------------------------------------ RF2


def member(
    identifier: str, component: str, *rest: str, active: str = "1", time: str = "20260101", refset: str = "447562003"
) -> str:
    return "\t".join((identifier, time, active, "900000000000207008", refset, component, *rest))


def test_an_extended_map_to_icd_10_needs_no_further_word(tmp_path: Path) -> None:
    lines = (
        RF2_HEADER + EXTENDED,
        member("a", "22298006", "1", "1", "TRUE", "ALWAYS I21.9", "I21.9", "447557004", "447637006"),
        member("b", "22298006", "2", "1", "OTHERWISE TRUE", "ALWAYS I25.2", "I25.2", "447561005", "447637006"),
        member("c", "57054005", "1", "1", "TRUE", "CANNOT BE CLASSIFIED", "", "447556008", "447638001"),
        member("d", "73211009", "1", "1", "TRUE", "ALWAYS E14", "E14", "447557004", "447637006", active="0"),
    )
    path = written(tmp_path, "\r\n".join(lines) + "\r\n", "der2_iisssccRefset_ExtendedMapSnapshot.txt")
    assert recognise_map(path) == "rf2"
    loaded = read_map(path, HEADER)
    group = loaded.concept_map.groups[0]
    assert (group.source, group.target) == (SNOMED, ICD)
    found = elements(loaded)
    assert set(found) == {"22298006", "57054005"}
    assert [target.code for target in found["22298006"].targets] == ["I21.9", "I25.2"]
    assert ("mapGroup", "2") in found["22298006"].targets[1].properties
    assert (found["57054005"].no_map, found["57054005"].comment) == (True, "CANNOT BE CLASSIFIED")


def test_the_newest_state_of_a_member_counts(tmp_path: Path) -> None:
    lines = (
        f"{RF2_HEADER}\tmapTarget",
        member("a", "22298006", "I21", time="20250101"),
        member("a", "22298006", "I21.9", time="20260101"),
        member("b", "57054005", "I22", time="20250101"),
        member("b", "57054005", "I22", time="20260101", active="0"),
    )
    found = elements(read_map(written(tmp_path, "\n".join(lines) + "\n"), HEADER))
    assert {code: [target.code for target in item.targets] for code, item in found.items()} == {"22298006": ["I21.9"]}


def test_a_bad_check_digit_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = (f"{RF2_HEADER}\tmapTarget", member("a", "22298007", "I21"), member("b", "22298006", "I21"))
    loaded = read_map(written(tmp_path, "\n".join(lines) + "\n"), HEADER)
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(2, "check-digit")]


def test_an_unknown_reference_set_asks_for_the_target(tmp_path: Path) -> None:
    path = written(tmp_path, f"{RF2_HEADER}\tmapTarget\n{member('a', '22298006', 'X', refset='999000041000000102')}\n")
    with pytest.raises(BadFile, match="--target-system"):
        read_map(path, HEADER)
    loaded = read_map(path, replace(HEADER, target_system=LOCAL))
    assert loaded.concept_map.groups[0].target == LOCAL


# ------------------------------------------------------------------ tables


def test_two_editions_are_a_map(tmp_path: Path) -> None:
    path = written(tmp_path, "old;new\nA00;B00\nA01;B01\nA01;B02\nA02;A02\n", "editions.csv")
    header = replace(HEADER, source_system=f"{LOCAL}|2025", target_system=f"{LOCAL}|2026")
    loaded = read_map(path, header)
    group = loaded.concept_map.groups[0]
    assert (group.source, group.source_version, group.target_version) == (LOCAL, "2025", "2026")
    assert [len(element.targets) for element in group.elements] == [1, 2, 1]


def test_a_code_that_maps_to_itself_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "old;new\nA00;B00\nA02;A02\n", "editions.csv")
    loaded = read_map(path, replace(HEADER, source_system=LOCAL, target_system=LOCAL))
    assert [(problem.line, problem.code, problem.rule) for problem in loaded.problems] == [(3, "A02", "maps-to-itself")]


def test_snap2snomed_is_read_back(tmp_path: Path) -> None:
    raw = b"".join(write_map(example_map(), "snap2snomed", rows=iter(ROWS)))
    path = tmp_path / "own.csv"
    path.write_bytes(raw)
    found = elements(read_map(path, replace(HEADER, source_system=LOCAL, target_system=ICD)))
    assert found["HYP"].targets[0] == MapTarget(
        "N40", Relationship.BROADER, "Hyperplasia of prostate", 'two targets; "sex" decides'
    )
    assert (found["MISC"].no_map, found["MISC"].display) == (True, '=HYPERLINK("http://evil.example")')
    assert "OPN" not in found


def test_our_own_table_is_read_back(tmp_path: Path) -> None:
    for name in ("csv", "xlsx"):
        path = tmp_path / f"own.{name}"
        path.write_bytes(b"".join(write_map(example_map(), name, rows=iter(ROWS))))
        found = elements(read_map(path, replace(HEADER, source_system=LOCAL, target_system=ICD)))
        assert [target.code for target in found["HYP"].targets] == ["N40", "N85.0"], name
        assert found["MISC"].no_map


def test_omop_targets_are_concept_ids(tmp_path: Path) -> None:
    path = tmp_path / "stcm.csv"
    path.write_bytes(b"".join(write_map(example_map(), "omop", rows=iter(ROWS), options=OPTIONS)))
    loaded = read_map(path, replace(HEADER, source_system=LOCAL))
    assert loaded.concept_map.groups[0].target == "https://fhir-terminology.ohdsi.org"
    assert [target.code for target in elements(loaded)["HI"].targets] == ["45533461"]
    assert elements(loaded)["MISC"].no_map


def test_extended_omop_keeps_the_targets_own_codes(tmp_path: Path) -> None:
    path = tmp_path / "stcm.csv"
    path.write_bytes(b"".join(write_map(example_map(), "omop-extended", rows=iter(ROWS))))
    loaded = read_map(path, replace(HEADER, source_system=LOCAL, target_system=ICD))
    assert [(target.code, target.relationship) for target in elements(loaded)["HYP"].targets] == [
        ("N40", Relationship.BROADER),
        ("N85.0", Relationship.BROADER),
    ]


def test_columns_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path, "alfa,beta,rel\n1,2,>\n3,4,maybe\n", "odd.csv")
    header = replace(HEADER, source_system=LOCAL, target_system=ICD)
    with pytest.raises(
        BadFile, match=r"no column is a source code; there are: alfa, beta, rel. Name it: --column source_code=NAME"
    ):
        read_map(path, header)
    named = {"source_code": "alfa", "target_code": "beta", "relationship": "rel"}
    loaded = read_map(path, header, columns=named)
    assert elements(loaded)["1"].targets[0].relationship is Relationship.BROADER
    assert [(problem.line, problem.rule) for problem in loaded.problems] == [(3, "relationship")]


def test_a_missing_system_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "old,new\nA,B\n", "odd.csv")
    with pytest.raises(BadFile, match="nothing names the source system; name it"):
        read_map(path, HEADER)
    with pytest.raises(BadFile, match=r"canonical URL the map has; name it \(--url\)"):
        read_map(path, MapHeader())


# ------------------------------------------------------------------ FHIR


@pytest.mark.parametrize("name", ["map.r4.json", "map.r5.json"])
def test_a_fhir_map_is_told_by_its_content(name: str) -> None:
    path = Path(__file__).parents[3] / "golden" / name
    assert read_map(path, MapHeader()).concept_map == example_map()


def test_broken_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, '{"resourceType": "ConceptMap",\n "url" "x"}', "map.json")
    with pytest.raises(BadFile, match=r"map.json line 2"):
        read_map(path, HEADER, format_name="fhir-r4")


def _fhir_maps(version: str = "r4") -> dict[str, object]:
    body = (Path(__file__).parents[3] / "golden" / f"map.{version}.json").read_bytes()
    found: dict[str, object] = orjson.loads(body)
    return found


@pytest.mark.parametrize(("name", "version"), [("r4", FhirVersion.R4), ("r5", FhirVersion.R5)])
@pytest.mark.parametrize("prefix", ["", "f:"])
def test_a_fhir_map_in_xml(tmp_path: Path, name: str, version: FhirVersion, prefix: str) -> None:
    body = write_xml(_fhir_maps(name), version)
    if prefix:
        body = re.sub(rb"<(/?)(?=[a-zA-Z])(?!\?)", rb"<\1f:", body).replace(b"xmlns=", b"xmlns:f=")
    path = tmp_path / "map.xml"
    path.write_bytes(body)
    assert recognise_map(path) == f"fhir-{name}"
    assert read_map(path, MapHeader()).concept_map == example_map()


def _written_several(tmp_path: Path, form: str) -> Path:
    maps = [_fhir_maps("r4"), {**_fhir_maps("r5"), "url": "http://b.example/m"}]
    bundle = {"resourceType": "Bundle", "type": "collection"}
    entries = [{"resource": {"resourceType": "ValueSet", "status": "active"}}, *({"resource": one} for one in maps)]
    if form == "ndjson":
        path = tmp_path / "maps.ndjson"
        path.write_bytes(b"\n\n".join(orjson.dumps(one) for one in maps) + b"\n")
    elif form == "xml":
        path = tmp_path / "maps.xml"
        maps[1] = {**_fhir_maps("r4"), "url": "http://b.example/m"}
        path.write_bytes(write_xml({**bundle, "entry": [{"resource": one} for one in maps]}, FhirVersion.R4))
    else:
        path = tmp_path / "maps.json"
        members = {**bundle, "entry": entries}
        path.write_bytes(orjson.dumps(members if form == "json" else dict(reversed(members.items()))))
    return path


@pytest.mark.parametrize("form", ["json", "json-reversed", "ndjson", "xml"])
def test_several_maps_in_a_file(tmp_path: Path, form: str) -> None:
    path = _written_several(tmp_path, form)
    first, second = (whole(loaded).concept_map for loaded in read_maps(path, MapHeader()))
    assert first == example_map()
    assert second == replace(example_map(), url="http://b.example/m")
    with pytest.raises(BadFile, match="several maps"):
        list(read_maps(path, MapHeader(url="http://c.example/m")))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("m.json", '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}', "no ConceptMap"),
        ("m.json", '{"resourceType": "Bundle",\n"entry": [{"resource" {}}]}', "m.json line 2"),
        ("m.json", '{"resourceType": "Patient"}', "must be a ConceptMap"),
        ("m.json", '{"resourceType": "ConceptMap", "status": "active"}', r"name it \(--url\)"),
        (
            "m.json",
            '{"resourceType": "ConceptMap", "url": "u", "group": [{"element": [{"code": 5}]}]}',
            r"element\[0\].code",
        ),
        ("m.ndjson", '{"resourceType": "ConceptMap", "url": "u"}\n{"resourceType" 5}\n', "m.ndjson line 2"),
        (
            "m.ndjson",
            '{"resourceType":"ConceptMap","url":"u"}\n{"resourceType":"ConceptMap","url":7}\n',
            "line 2: .*url",
        ),
        ("m.xml", '<?xml version="1.0"?>\n<Patient xmlns="http://hl7.org/fhir"/>', "no ConceptMap and no Bundle"),
        ("m.xml", '<ConceptMap xmlns="http://hl7.org/fhir">\n<url value="u"></ConceptMap>', "m.xml line 2"),
        ("m.xml", '<!DOCTYPE x [<!ENTITY e "e">]><ConceptMap xmlns="http://hl7.org/fhir"/>', "entities or a DTD"),
    ],
)
def test_a_damaged_fhir_file_names_the_place(tmp_path: Path, name: str, content: str, says: str) -> None:
    with pytest.raises(BadFile, match=says):
        list(read_maps(written(tmp_path, content, name), MapHeader()))


def test_declarations_behind_the_elements_count_as_well(tmp_path: Path) -> None:
    turned = dict(reversed(_fhir_maps("r4").items()))
    assert (
        read_map(written(tmp_path, orjson.dumps(turned).decode(), "map.json"), MapHeader()).concept_map == example_map()
    )


# ------------------------------------------------------------------ transition tables of two editions

EDITIONS = replace(HEADER, source_system=f"{LOCAL}|2025", target_system=f"{LOCAL}|2026")
PLACES = {
    "source_code": "column 1",
    "target_code": "column 2",
    "forward": "column 3",
    "backward": "column 4",
}


def test_a_transition_table_without_header(tmp_path: Path) -> None:
    text = "A00;A00;A;A\nB10;B11;A;\nC20;C21;;A\nC20;C22;;A\nD30;D31;;\nE40;UNDEF;;\nUNDEF;F50;;\n"
    loaded = read_map(written(tmp_path, text, "umsteiger.txt"), EDITIONS, columns=PLACES)
    found = elements(loaded)
    assert {code: [(t.code, t.relationship.value) for t in found[code].targets] for code in found} == {
        "A00": [("A00", "equivalent")],
        "B10": [("B11", "source-is-narrower-than-target")],
        "C20": [("C21", "source-is-broader-than-target"), ("C22", "source-is-broader-than-target")],
        "D30": [("D31", "related-to")],
        "E40": [],
    }
    assert found["E40"].no_map
    (group,) = loaded.concept_map.groups
    assert (group.source, group.source_version, group.target, group.target_version) == (LOCAL, "2025", LOCAL, "2026")
    assert not loaded.problems


def test_a_transition_table_with_named_columns(tmp_path: Path) -> None:
    text = "old code,new code,auto forward,auto backward,comment\nB10,B11,yes,no,merged\n"
    (target,) = elements(read_map(written(tmp_path, text, "t.csv"), EDITIONS))["B10"].targets
    assert (target.code, target.relationship, target.comment) == ("B11", Relationship.NARROWER, "merged")
    own = "source_code,source_display,target_code,target_display\nB10,Old,B11,New\n"
    read = elements(read_map(written(tmp_path, own, "u.csv"), EDITIONS))["B10"]
    assert (read.display, read.targets[0].display) == ("Old", "New")
