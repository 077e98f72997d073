"""Laws of ConceptMap: R5 → model → R5 and R4 → model → R4 are identity; what R5 → R4 → R5 loses is listed."""

import json
from dataclasses import replace

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


@settings(deadline=None, max_examples=60)
@given(_MAP)
def test_stream_of_bytes_equals_the_whole(concept_map: ConceptMap) -> None:
    for version in (FhirVersion.R4, FhirVersion.R5):
        chunks = concept_map_chunks(concept_map, [(g, g.elements) for g in concept_map.groups], version)
        assert json.loads(b"".join(chunks)) == json.loads(json.dumps(write_concept_map(concept_map, version)))


@settings(deadline=None, max_examples=60)
@given(_MAP)
def test_r5_to_r4_to_r5_loses_only_what_is_listed(concept_map: ConceptMap) -> None:
    through_r4 = read_concept_map(write_concept_map(concept_map, FhirVersion.R4), FhirVersion.R4)
    assert through_r4 == _as_r4_can_say(concept_map)


def _as_r4_can_say(concept_map: ConceptMap) -> ConceptMap:
    """The losses: the FHIR type of dependsOn and product values (R4: a string, or a coding with a system), the version
    of their codings, and a value set in place of a value.
    """

    def value(item: Dependency) -> Dependency:
        found = item.value
        if isinstance(found, Coding):
            if found.system:
                return Dependency(item.attribute, Coding(found.system, found.code, None, found.display))
            return Dependency(item.attribute, found.code)
        if isinstance(found, bool):
            return Dependency(item.attribute, str(found).lower())
        return Dependency(item.attribute, item.value_set if found is None else found)

    def displayed(item: Dependency, original: Dependency) -> Dependency:
        coding = original.value
        shown = coding.display if isinstance(coding, Coding) and not coding.system else None
        return replace(item, display=shown or item.display)

    def element(one: MapElement) -> MapElement:
        targets = tuple(
            replace(
                target,
                depends_on=tuple(displayed(value(item), item) for item in target.depends_on),
                products=tuple(displayed(value(item), item) for item in target.products),
            )
            for target in one.targets
        )
        return replace(one, targets=targets)

    groups = tuple(replace(group, elements=tuple(map(element, group.elements))) for group in concept_map.groups)
    return replace(concept_map, groups=groups)


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
