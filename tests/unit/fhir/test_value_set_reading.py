"""What the reader of ValueSet and CodeSystem takes from extensions, contained resources and stored expansions."""

from __future__ import annotations

from typing import Any

import pytest

from termserver.errors import BadInput
from termserver.fhir.code_system import read_code_system, write_concept
from termserver.fhir.value_set import read_value_set, write_value_set
from termserver.fhir.versions import FhirVersion
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.value_set import ValueSet
from termserver.store.code_systems import add_code_system, get_concept
from termserver.store.engine import Database
from termserver.store.json_text import from_text, to_text

_STANDARD = "http://hl7.org/fhir/concept-properties#"


def _system(properties: list[dict[str, Any]], concept: dict[str, Any]) -> Concept:
    body = {"resourceType": "CodeSystem", "url": "http://a.b/c", "status": "active", "content": "complete"}
    _, concepts = read_code_system({**body, "property": properties, "concept": [concept]}, FhirVersion.R5)
    return concepts[0]


@pytest.mark.parametrize(
    ("declared", "code", "value", "active", "abstract"),
    [
        ([], "notSelectable", {"valueBoolean": True}, True, True),
        ([{"code": "ns", "uri": _STANDARD + "notSelectable", "type": "boolean"}], "ns", {"valueBoolean": True}, True, True),
        ([{"code": "notSelectable", "uri": _STANDARD + "other"}], "notSelectable", {"valueBoolean": True}, True, False),
        ([{"code": "notSelectable", "type": "boolean"}], "notSelectable", {"valueBoolean": True}, True, True),
        ([], "inactive", {"valueBoolean": True}, False, False),
        ([], "inactive", {"valueBoolean": False}, True, False),
        ([{"code": "gone", "uri": _STANDARD + "inactive", "type": "boolean"}], "gone", {"valueBoolean": True}, False, False),
        ([], "status", {"valueCode": "retired"}, False, False),
        ([], "status", {"valueCode": "deprecated"}, True, False),
        ([{"code": "state", "uri": _STANDARD + "status", "type": "code"}], "state", {"valueCode": "inactive"}, False, False),
        ([{"code": "status", "uri": "http://a.b#status", "type": "code"}], "status", {"valueCode": "retired"}, True, False),
    ],
)  # fmt: skip
def test_the_declared_uri_says_what_a_property_means(
    declared: list[dict[str, Any]], code: str, value: dict[str, Any], active: bool, abstract: bool
) -> None:
    concept = _system(declared, {"code": "A", "property": [{"code": code, **value}]})
    assert (concept.active, concept.abstract) == (active, abstract)


def test_extensions_of_concepts_and_designations_come_back_as_they_went_in() -> None:
    written = {
        "extension": [{"url": "http://x/weight", "valueDecimal": 1.2}],
        "code": "A",
        "display": "a",
        "designation": [{"extension": [{"url": "http://x/id", "valueId": "1"}], "language": "de", "value": "ä"}],
    }
    assert write_concept(_system([], written)) == written


def test_extensions_survive_the_store_and_cost_nothing_where_there_are_none(database: Database) -> None:
    concept = _system([], {"code": "A", "extension": [{"url": "http://x/label", "valueString": "a."}]})
    text = ',"extensions":[] is only a text'
    with database.session() as session:
        stored = add_code_system(session, CodeSystem("http://a.b/c", "1", "C"), [concept, Concept("B", text)])
        assert get_concept(session, stored.id, "A") == concept
        found = get_concept(session, stored.id, "B")
    assert found is not None
    assert found.display == text


def test_a_value_set_tells_what_it_fixes_and_needs() -> None:
    value_set = _read(
        {
            "language": "sv",
            "extension": [
                {"url": "http://hl7.org/fhir/StructureDefinition/valueset-supplement", "valueCanonical": "http://a.b/s|1"}
            ],
            "compose": {
                "extension": [
                    _parameter("displayLanguage", {"valueCode": "de"}),
                    _parameter("activeOnly", {"valueString": "true"}),
                ],
                "include": [{"system": "http://a.b/c", "extension": [{"url": "http://x/y", "valueCode": "z"}]}],
            },
        }
    )  # fmt: skip
    assert value_set.language == "sv"
    assert value_set.supplements == ("http://a.b/s|1",)
    assert value_set.parameters == (("displayLanguage", "de"), ("activeOnly", True))
    assert write_value_set(value_set, FhirVersion.R5)["compose"]["include"][0]["extension"][0]["valueCode"] == "z"


def test_contained_resources_are_known_by_their_ids_and_survive_the_store() -> None:
    code_system = {"resourceType": "CodeSystem", "id": "c", "content": "complete", "concept": [{"code": "A"}]}
    inner = {"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"system": "#c"}]}}
    value_set = _read({"contained": [inner, code_system], "compose": {"include": [{"valueSet": ["#v"]}]}})
    assert [identifier for identifier, _ in value_set.contained.value_sets] == ["v"]
    assert [(identifier, concepts[0].code) for identifier, _, concepts in value_set.contained.code_systems] == [
        ("c", "A")
    ]
    assert from_text(ValueSet, to_text(value_set)) == value_set


def test_a_stored_expansion_stands_in_for_a_missing_compose() -> None:
    nested = {"system": "http://a.b/c", "code": "B", "display": "b"}
    value_set = _read({"expansion": {"contains": [{"system": "http://a.b/c", "code": "A", "contains": [nested]}]}})
    assert [(include.system, [item.code for item in include.concepts]) for include in value_set.listed] == [
        ("http://a.b/c", ["A", "B"])
    ]
    with_compose = _read({"compose": {"include": [{"system": "http://a.b/c"}]}, "expansion": {"contains": [nested]}})
    assert with_compose.listed == ()


def test_an_endless_expansion_is_refused() -> None:
    entry: dict[str, Any] = {"system": "http://a.b/c", "code": "A"}
    for _ in range(500):
        entry = {"contains": [entry]}
    with pytest.raises(BadInput, match="nests deeper"):
        _read({"expansion": entry})


def _read(more: dict[str, Any]) -> ValueSet:
    return read_value_set(
        {"resourceType": "ValueSet", "url": "http://a.b/v", "status": "active", **more}, FhirVersion.R5
    )


def _parameter(name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "url": "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter",
        "extension": [{"url": "name", "valueCode": name}, {"url": "value", **value}],
    }
