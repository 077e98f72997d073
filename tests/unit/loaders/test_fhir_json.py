import json
from pathlib import Path
from typing import Any

import pytest

from termserver.errors import BadFile
from termserver.loaders.fhir_json import read_fhir_json
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.coding import Coding, Designation


def load(folder: Path, resource: Any) -> LoadedCodeSystem:
    path = folder / "cs.json"
    path.write_text(json.dumps(resource), encoding="utf-8")
    return read_fhir_json(path)


def code_system(*concepts: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "url": "https://example.org/cs",
        "version": "1",
        "concept": list(concepts),
        **elements,
    }


def test_nested_concepts_become_parents(tmp_path: Path) -> None:
    inner = {"code": "B", "display": "Be", "concept": [{"code": "C", "display": "Ce"}]}
    concepts = list(load(tmp_path, code_system({"code": "A", "display": "A", "concept": [inner]})).concepts)
    assert [(concept.code, concept.parents) for concept in concepts] == [("A", ()), ("B", ("A",)), ("C", ("B",))]


def test_parent_and_child_properties_become_parents(tmp_path: Path) -> None:
    resource = code_system(
        {"code": "A", "property": [{"code": "kid", "valueCode": "B"}]},
        {"code": "B"},
        {"code": "C", "property": [{"code": "parent", "valueCode": "A"}]},
        property=[{"code": "kid", "type": "code", "uri": "http://hl7.org/fhir/concept-properties#child"}],
    )
    parents = {concept.code: concept.parents for concept in load(tmp_path, resource).concepts}
    assert parents == {"A": (), "B": ("A",), "C": ("A",)}


def test_every_kind_of_property_is_read(tmp_path: Path) -> None:
    values = [
        {"code": "a", "valueString": "x"},
        {"code": "b", "valueInteger": 3},
        {"code": "c", "valueBoolean": False},
        {"code": "d", "valueDecimal": 1.5},
        {"code": "e", "valueDateTime": "2024-01-01"},
        {"code": "f", "valueCode": "y"},
        {"code": "g", "valueCoding": {"system": "http://loinc.org", "code": "1-8", "display": "Z"}},
    ]
    (concept,) = load(tmp_path, code_system({"code": "A", "property": values})).concepts
    assert [(one.code, one.value, one.kind) for one in concept.properties] == [
        ("a", "x", "string"),
        ("b", 3, "integer"),
        ("c", False, "boolean"),
        ("d", 1.5, "decimal"),
        ("e", "2024-01-01", "dateTime"),
        ("f", "y", "code"),
        ("g", Coding("http://loinc.org", "1-8", None, "Z"), "Coding"),
    ]


@pytest.mark.parametrize(
    ("prop", "active", "abstract"),
    [
        ({"code": "inactive", "valueBoolean": True}, False, False),
        ({"code": "status", "valueCode": "retired"}, False, False),
        ({"code": "status", "valueCode": "active"}, True, False),
        ({"code": "notSelectable", "valueBoolean": True}, True, True),
    ],
)
def test_status_properties(tmp_path: Path, prop: dict[str, Any], active: bool, abstract: bool) -> None:
    (concept,) = load(tmp_path, code_system({"code": "A", "property": [prop]})).concepts
    assert (concept.active, concept.abstract) == (active, abstract)


def test_supplement_has_designations_and_no_display(tmp_path: Path) -> None:
    resource = code_system(
        {"code": "A", "designation": [{"language": "da", "value": "Kolera", "use": {"system": "s", "code": "u"}}]},
        content="supplement",
        supplements="http://hl7.org/fhir/sid/icd-10|2019",
    )
    loaded = load(tmp_path, resource)
    (concept,) = loaded.concepts
    assert concept.display == ""
    assert concept.designations == (Designation("Kolera", "da", Coding("s", "u")),)
    assert loaded.header.supplements == "http://hl7.org/fhir/sid/icd-10|2019"


def test_second_definition_of_a_code_is_refused(tmp_path: Path) -> None:
    loaded = load(tmp_path, code_system({"code": "A", "display": "1"}, {"code": "A", "display": "2"}, {"display": "3"}))
    assert [concept.display for concept in loaded.concepts] == ["1"]
    assert [(problem.code, problem.rule) for problem in loaded.problems] == [
        ("A", "duplicate-code"),
        (None, "empty-code"),
    ]
    assert (loaded.counts.rows, loaded.counts.refused) == (3, 2)


def test_elements_the_house_does_not_read_are_carried(tmp_path: Path) -> None:
    header = load(tmp_path, code_system({"code": "A"}, jurisdiction=[{"text": "DK"}])).header
    assert header.other == {"jurisdiction": [{"text": "DK"}]}


def test_bundle_with_one_code_system_is_read(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": code_system({"code": "A"})}]}
    assert [concept.code for concept in load(tmp_path, bundle).concepts] == ["A"]


def test_version_that_is_missing_is_made_and_warned_of(tmp_path: Path) -> None:
    resource = code_system({"code": "A"})
    del resource["version"]
    loaded = load(tmp_path, resource)
    assert len(loaded.header.version) == 12
    assert [problem.rule for problem in loaded.problems] == ["no-version"]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        ({"resourceType": "ConceptMap"}, "a ConceptMap; a CodeSystem is needed"),
        ({"a": 1}, "without resourceType"),
        (code_system(), "has no concepts"),
        ({"resourceType": "CodeSystem", "concept": [{"code": "A"}]}, "url is missing"),
        ({"resourceType": "Bundle", "entry": []}, "holds 0 CodeSystems"),
    ],
)
def test_what_is_no_code_system_is_refused(tmp_path: Path, resource: Any, message: str) -> None:
    with pytest.raises(BadFile, match=message):
        load(tmp_path, resource)


def test_damaged_json_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "cs.json"
    path.write_text('{"resourceType": "CodeSystem",\n "url": }', encoding="utf-8")
    with pytest.raises(BadFile, match=r"cs\.json line 2: the JSON is damaged"):
        read_fhir_json(path)
