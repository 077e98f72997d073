"""Laws of ConceptMap: R5 → model → R5 and R4 → model → R4 are identity; what R5 → R4 → R5 loses is listed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from termserver.errors import BadInput
from termserver.fhir.concept_map import concept_map_chunks, read_concept_map, write_concept_map
from termserver.fhir.versions import FhirVersion
from termserver.model.coding import Coding
from termserver.model.concept_map import ConceptMap, Dependency, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import R4_EQUIVALENCES, Relationship
from tests.unit.fhir.builders import example_map

_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
_CODE = st.text("ABC019.-", min_size=1, max_size=6)
_URL = st.sampled_from(["http://a.example", "http://b.example/c", "urn:oid:1.2.3"])
_MAYBE = st.none() | _TEXT
_CODING = st.builds(Coding, _URL, _CODE, st.none() | _CODE, _MAYBE)
_VALUE = _TEXT | st.booleans() | _CODING | _CODE.map(lambda code: Coding("", code))
_ATTRIBUTES = ("sex", "age")
_DEPENDENCY = st.builds(Dependency, st.sampled_from(_ATTRIBUTES), _VALUE) | st.builds(
    Dependency, st.sampled_from(_ATTRIBUTES), st.none(), _URL
)
_SINGLE = st.lists(_DEPENDENCY, max_size=2).map(tuple)
_TARGET = st.builds(
    MapTarget,
    _CODE,
    st.sampled_from(Relationship),
    _MAYBE,
    _MAYBE,
    st.none(),
    _SINGLE,
    _SINGLE,
    st.lists(st.tuples(st.sampled_from(["priority", "advice"]), _VALUE), max_size=2).map(tuple),
)
_ELEMENT = st.builds(MapElement, _CODE, _MAYBE, st.lists(_TARGET, max_size=3).map(tuple)) | st.builds(
    MapElement, _CODE, _MAYBE, st.just(()), st.just(True), _MAYBE
)
_UNMAPPED = st.builds(Unmapped, st.just("fixed"), _CODE, _MAYBE, st.none(), st.sampled_from(Relationship)) | st.builds(
    Unmapped, st.just("other-map"), other_map=_URL
)
_GROUP = st.builds(
    MapGroup,
    _URL,
    _URL,
    st.none() | _CODE,
    st.none() | _CODE,
    st.lists(_ELEMENT, max_size=4).map(tuple),
    st.none() | _UNMAPPED,
)
_DECLARED = {
    "additionalAttribute": [
        {"code": "sex", "uri": "http://a.example/sex", "type": "string"},
        {"code": "age", "uri": "http://a.example/age", "type": "string"},
    ],
}
_MAP = st.builds(
    ConceptMap,
    _URL,
    _CODE,
    _CODE,
    _MAYBE,
    st.sampled_from(["draft", "active", "retired"]),
    _MAYBE,
    _MAYBE,
    st.none() | st.just("2026-11-22"),
    _MAYBE,
    st.booleans(),
    st.none() | _URL,
    st.none() | _URL,
    st.lists(_GROUP, max_size=3).map(tuple),
    st.just(_DECLARED),
)


@settings(deadline=None, max_examples=60)
@given(_MAP)
def test_r5_to_model_to_r5_is_identity(concept_map: ConceptMap) -> None:
    written = write_concept_map(concept_map, FhirVersion.R5)
    assert read_concept_map(written, FhirVersion.R5) == concept_map
    assert write_concept_map(read_concept_map(written, FhirVersion.R5), FhirVersion.R5) == written


_EXTENSION = {"url": "http://a.example/extension", "valueString": "kept"}
R5_WITH_ALL = {
    "resourceType": "ConceptMap",
    "url": "http://a.example/m",
    "version": "1",
    "name": "M",
    "status": "active",
    "extension": [_EXTENSION],
    "identifier": [{"value": "1"}, {"value": "2"}],
    "versionAlgorithmCoding": {"code": "semver"},
    "copyrightLabel": "2026 A",
    "approvalDate": "2026-01-01",
    "lastReviewDate": "2026-02-01",
    "effectivePeriod": {"start": "2026"},
    "topic": [{"text": "cardiology"}, {"text": "diagnoses"}],
    "author": [{"name": "A"}],
    "relatedArtifact": [{"type": "citation", "label": "x"}],
    "property": [{"code": "since", "uri": "http://a.example/since", "type": "dateTime"}],
    "additionalAttribute": [
        {"code": "age", "uri": "http://a.example/age", "type": "Quantity"},
        {"code": "side", "uri": "http://a.example/side", "type": "code"},
    ],
    "group": [
        {
            "id": "g1",
            "extension": [_EXTENSION],
            "source": "http://a.example|1",
            "target": "http://b.example",
            "element": [
                {
                    "id": "e1",
                    "extension": [_EXTENSION],
                    "code": "S",
                    "_code": {"extension": [_EXTENSION]},
                    "target": [
                        {
                            "extension": [_EXTENSION],
                            "modifierExtension": [_EXTENSION],
                            "code": "T",
                            "relationship": "equivalent",
                            "property": [{"code": "since", "valueDateTime": "2026-01-01"}],
                            "dependsOn": [
                                {
                                    "extension": [_EXTENSION],
                                    "attribute": "age",
                                    "valueQuantity": {"value": 18, "unit": "a"},
                                },
                                {"attribute": "side", "valueSet": "http://a.example/vs"},
                            ],
                            "product": [{"attribute": "side", "valueCode": "left"}],
                        },
                        {"valueSet": "http://b.example/vs", "relationship": "related-to"},
                    ],
                },
                {"valueSet": "http://a.example/vs", "target": [{"code": "T2", "relationship": "related-to"}]},
                {"code": "N", "extension": [_EXTENSION], "noMap": True},
            ],
            "unmapped": {
                "extension": [_EXTENSION],
                "mode": "fixed",
                "valueSet": "http://b.example/vs",
                "relationship": "related-to",
            },
        }
    ],
}


def test_r5_with_everything_is_identity_by_itself_and_through_r4() -> None:
    read = read_concept_map(R5_WITH_ALL, FhirVersion.R5)
    assert write_concept_map(read, FhirVersion.R5) == R5_WITH_ALL
    as_r4 = write_concept_map(read, FhirVersion.R4)
    assert "valueSet" not in as_r4["group"][0]["element"][1]
    assert as_r4["group"][0]["element"][0]["target"][0]["dependsOn"][0]["value"] == "18 a"
    assert as_r4["identifier"] == {"value": "1"}
    assert not {"topic", "copyrightLabel", "property"} & as_r4.keys()
    assert write_concept_map(read_concept_map(as_r4, FhirVersion.R4), FhirVersion.R5) == R5_WITH_ALL


def test_what_is_lost_between_r5_and_r4() -> None:
    """The whole list: elements that FHIR does not define; a Coding without system and display is a code."""
    odd = {
        **R5_WITH_ALL,
        "group": [
            {
                "source": "http://a.example",
                "nonsense": 1,
                "element": [
                    {
                        "code": "S",
                        "nonsense": 1,
                        "target": [
                            {
                                "code": "T",
                                "relationship": "equivalent",
                                "dependsOn": [{"attribute": "side", "valueCoding": {"code": "left"}}],
                            }
                        ],
                    }
                ],
            }
        ],
    }
    group = write_concept_map(read_concept_map(odd, FhirVersion.R5), FhirVersion.R5)["group"][0]
    assert group == {
        "source": "http://a.example",
        "element": [
            {
                "code": "S",
                "target": [
                    {
                        "code": "T",
                        "relationship": "equivalent",
                        "dependsOn": [{"attribute": "side", "valueCode": "left"}],
                    }
                ],
            }
        ],
    }


@settings(deadline=None, max_examples=60)
@given(_MAP)
def test_stream_of_bytes_equals_the_whole(concept_map: ConceptMap) -> None:
    for version in (FhirVersion.R4, FhirVersion.R5):
        chunks = concept_map_chunks(concept_map, [(g, g.elements) for g in concept_map.groups], version)
        assert json.loads(b"".join(chunks)) == json.loads(json.dumps(write_concept_map(concept_map, version)))


@settings(deadline=None, max_examples=60)
@given(_MAP)
def test_r5_to_r4_to_r5_is_identity(concept_map: ConceptMap) -> None:
    """What R4 has no slot for travels in cross-version extensions."""
    through_r4 = read_concept_map(write_concept_map(concept_map, FhirVersion.R4), FhirVersion.R4)
    assert through_r4 == concept_map


R4 = {
    "resourceType": "ConceptMap",
    "id": "x",
    "url": "http://a.example/m",
    "version": "1",
    "name": "M",
    "status": "active",
    "identifier": {"system": "http://a.example", "value": "1"},
    "sourceUri": "http://a.example/vs",
    "targetCanonical": "http://b.example/vs",
    "group": [
        {
            "source": "http://a.example",
            "sourceVersion": "1",
            "target": "http://b.example",
            "element": [
                {"code": code, "target": [{"code": "T", "equivalence": code, "comment": "said"}]}
                for code in R4_EQUIVALENCES[:-1]
            ]
            + [{"code": "none", "target": [{"equivalence": "unmatched", "comment": "nothing fits"}]}]
            + [
                {
                    "code": "conditional",
                    "target": [
                        {
                            "code": "T",
                            "equivalence": "equal",
                            "dependsOn": [
                                {
                                    "property": "http://a.example/sex",
                                    "system": "http://s.example",
                                    "value": "m",
                                    "display": "M",
                                }
                            ],
                            "product": [{"property": "http://a.example/side", "value": "left"}],
                        }
                    ],
                }
            ],
            "unmapped": {"mode": "provided"},
        }
    ],
}


def test_r4_to_model_to_r4_is_identity() -> None:
    assert write_concept_map(read_concept_map(R4, FhirVersion.R4), FhirVersion.R4) == _with_attributes(R4)


def test_r4_to_r5_to_r4_is_identity() -> None:
    as_r5 = write_concept_map(read_concept_map(R4, FhirVersion.R4), FhirVersion.R5)
    assert as_r5["group"][0]["unmapped"] == {"mode": "use-source-code", "relationship": "equivalent"}
    assert as_r5["group"][0]["source"] == "http://a.example|1"
    assert as_r5["group"][0]["element"][9]["noMap"] is True
    back = write_concept_map(read_concept_map(as_r5, FhirVersion.R5), FhirVersion.R4)
    del back["group"][0]["unmapped"]["extension"]  # the relationship that R5's cmd-9 wanted
    assert back == _with_attributes(R4)


_ON_CONDITION = [{"property": "http://a.example/sex", "system": "http://s.example", "value": "f", "display": "F"}]


@pytest.mark.parametrize(
    "targets",
    [
        [{"code": "T", "equivalence": "equal"}, {"equivalence": "unmatched", "comment": "else nothing"}],
        [{"code": "T", "equivalence": "wider"}, {"equivalence": "unmatched", "dependsOn": _ON_CONDITION}],
        [{"equivalence": "unmatched", "comment": "of women", "dependsOn": _ON_CONDITION}],
        [{"equivalence": "unmatched", "comment": "one"}, {"equivalence": "unmatched", "comment": "two"}],
    ],
)
def test_r4_unmatched_beside_targets_and_on_conditions_is_not_lost(targets: list[dict]) -> None:
    element = {"extension": [{"url": "http://own.example", "valueString": "kept"}], "code": "S", "target": targets}
    group = {"source": "http://a.example", "target": "http://b.example", "element": [element]}
    resource = {
        "resourceType": "ConceptMap",
        "url": "u",
        "version": "1",
        "name": "N",
        "status": "active",
        "group": [group],
    }
    read = read_concept_map(resource, FhirVersion.R4)
    assert write_concept_map(read, FhirVersion.R4)["group"][0] == group
    as_r5 = write_concept_map(read, FhirVersion.R5)
    again = read_concept_map(as_r5, FhirVersion.R5)
    assert again == read
    assert write_concept_map(again, FhirVersion.R4)["group"][0] == group
    no_map = all("code" not in target for target in targets)
    assert as_r5["group"][0]["element"][0].get("noMap", False) is no_map


def _with_attributes(resource: dict) -> dict:
    """R4's properties are declared as R5 attributes, which R4 carries as extensions."""
    base = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ConceptMap.additionalAttribute"

    def declared(code: str, kind: str) -> dict:
        return {
            "url": base,
            "extension": [
                {"url": "code", "valueCode": code},
                {"url": "uri", "valueUri": f"http://a.example/{code}"},
                {"url": "type", "valueCode": kind},
            ],
        }

    return {**resource, "extension": [declared("sex", "Coding"), declared("side", "string")]}


@pytest.mark.parametrize("equivalence", ["narrower", "inexact"])
def test_r4_comment_that_cmd_1_wants_is_generated_and_not_read_back(equivalence: str) -> None:
    relationship = Relationship.BROADER if equivalence == "narrower" else Relationship.RELATED_TO
    kept = None if equivalence == "narrower" else equivalence
    target = MapTarget("T", relationship, r4_equivalence=kept)
    concept_map = ConceptMap("u", "1", "n", groups=(MapGroup("a", "b", elements=(MapElement("S", None, (target,)),)),))
    written = write_concept_map(concept_map, FhirVersion.R4)
    assert written["group"][0]["element"][0]["target"][0]["comment"]
    assert read_concept_map(written, FhirVersion.R4) == concept_map


def test_example_goes_through_every_version() -> None:
    for version in FhirVersion:
        assert read_concept_map(write_concept_map(example_map(), version), version) == example_map()


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("x", "ConceptMap.group: must be an array"),
        ([{"element": [{}]}], "ConceptMap.group[0].element[0].code: is missing"),
        ([{"element": [{"code": 5}]}], "must be a string"),
        (
            [{"element": [{"code": "A", "target": [{"code": "B", "relationship": "odd"}]}]}],
            "no ConceptMap relationship",
        ),
        ([{"element": [{"code": "A", "noMap": True, "target": [{"code": "B"}]}]}], "noMap"),
        ([{"unmapped": {"mode": "odd"}}], "unmapped.mode"),
    ],
)
def test_faults_name_the_element(group: object, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_concept_map({"resourceType": "ConceptMap", "group": group}, FhirVersion.R5)
    assert said in caught.value.message
