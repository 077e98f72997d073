"""$translate over HTTP: each spelling, each version, and each defect seen in peers (TRANSLATE.md)."""

import json
from pathlib import Path

import pytest

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget, Unmapped
from termserver.model.relationship import Relationship
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.concept_maps import add_concept_map, retire_concept_map
from termserver.store.engine import Database
from tests.unit.fhir.builders import ICD, LAB, LOCAL, MAP, MAP_LAB, SEX, example_map, fill
from tests.unit.rest.client import BASES, FhirClient, codes, matches, outcome, parameters, value

TRANSLATE = "/ConceptMap/$translate"
GENDER = "http://hl7.org/fhir/administrative-gender"


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize(
    "query",
    [
        {"system": LOCAL, "code": "HI"},
        {"system": LOCAL, "sourceCode": "HI"},
        {"sourceSystem": LOCAL, "sourceCode": "HI"},
        {"coding": f"{LOCAL}|HI"},
        {"sourceCoding": f"{LOCAL}|HI"},
        {"targetSystem": ICD, "targetCode": "I21"},
        {"targetCoding": f"{ICD}|I21"},
        {"system": ICD, "code": "I21", "reverse": "true"},
    ],
)
def test_every_spelling_is_read_in_every_version(fhir_sqlite: FhirClient, base: str, query: dict[str, str]) -> None:
    answer = fhir_sqlite.get(base + TRANSLATE, url=MAP, **query)
    assert answer.status_code == 200
    assert value(answer.json(), "result") is True
    version = {"/r4b": "4.3", "/r5": "5.0"}.get(base, "4.0")
    assert answer.headers["content-type"] == f"application/fhir+json; fhirVersion={version};charset=UTF-8"


def test_r4_answer_has_r4_parts(fhir: FhirClient) -> None:
    match = matches(fhir.get("/r4" + TRANSLATE, url=MAP, system=LOCAL, code="HI").json())[0]
    assert match == {
        "equivalence": "equal",
        "concept": {"system": ICD, "version": "2019", "code": "I21", "display": "Acute myocardial infarction"},
        "source": MAP,
        "originMap": f"{MAP}|1.0",
    }


def test_r5_answer_has_r5_parts(fhir: FhirClient) -> None:
    answer = fhir.get("/r5" + TRANSLATE, url=MAP, sourceSystem=LOCAL, sourceCode="HIU").json()
    first, second, third = matches(answer)
    assert (first["relationship"], first["originMap"]) == ("equivalent", f"{MAP}|1.0")
    assert second["relationship"] == "source-is-narrower-than-target"
    assert second["propertys"] == [{"uri": "http://example.org/priority", "value": "1"}]
    assert third["relationship"] == "not-related-to"


def test_r4_target_system_is_not_ignored(fhir: FhirClient) -> None:
    """Defect: R4 `targetsystem` ignored (an unknown target system still matched)."""
    nothing = fhir.get("/r4" + TRANSLATE, system=LOCAL, code="HI", targetsystem="http://nowhere.example").json()
    assert value(nothing, "result") is False
    assert value(nothing, "message") == "No translations found"
    assert codes(fhir.get("/r4" + TRANSLATE, system=LOCAL, code="HI", targetsystem=LAB).json()) == ["TNT"]


def test_reverse_gives_all_sources(fhir: FhirClient) -> None:
    """Defects: R4 `reverse=true` ignored; reverse returns one hit."""
    answer = fhir.get("/r4" + TRANSLATE, url=MAP, system=ICD, code="I21", reverse="true").json()
    assert codes(answer) == ["HI", "HIU"]
    assert [match["source"]["code"] for match in matches(answer)] == ["HI", "HIU"]
    assert [match["equivalence"] for match in matches(answer)] == ["equal", "narrower"]
    r5 = fhir.get("/r5" + TRANSLATE, url=MAP, targetSystem=ICD, targetCode="I21").json()
    assert [(match["concept"]["code"], match["source"]["code"]) for match in matches(r5)] == [
        ("I21", "HI"),
        ("I21", "HIU"),
    ]


def test_unmapped_fixed_applies_to_codes_that_the_group_does_not_list(fhir: FhirClient) -> None:
    """Defect: group.unmapped ignored."""
    match = matches(fhir.get("/r5" + TRANSLATE, url=MAP_LAB, sourceSystem=LOCAL, sourceCode="NEW").json())[0]
    assert (match["concept"]["code"], match["relationship"]) == ("NONE", "related-to")
    other_system = fhir.get("/r5" + TRANSLATE, url=MAP_LAB, sourceSystem="http://x.example", sourceCode="NEW").json()
    assert value(other_system, "result") is False


def test_dependency_chooses_between_conditional_targets(fhir: FhirClient) -> None:
    """Defect: dependency ignored (both conditional targets returned as if unconditional)."""
    both = fhir.get("/r5" + TRANSLATE, url=MAP, sourceSystem=LOCAL, sourceCode="HYP").json()
    assert [match["dependsOns"][0]["value"]["code"] for match in matches(both)] == ["male", "female"]
    assert matches(both)[0]["dependsOns"][0]["attribute"] == SEX
    for attribute in (SEX, "sex"):
        asked = {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "url", "valueUri": MAP},
                {"name": "sourceCoding", "valueCoding": {"system": LOCAL, "code": "HYP"}},
                {
                    "name": "dependency",
                    "part": [
                        {"name": "attribute", "valueUri": attribute},
                        {"name": "value", "valueCoding": {"system": GENDER, "code": "female"}},
                    ],
                },
            ],
        }
        assert codes(fhir.post("/r5" + TRANSLATE, asked).json()) == ["N85.0"]


def test_r4_dependency_is_element_and_concept(fhir: FhirClient) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": MAP},
            {"name": "coding", "valueCoding": {"system": LOCAL, "code": "HYP"}},
            {
                "name": "dependency",
                "part": [
                    {"name": "element", "valueUri": SEX},
                    {"name": "concept", "valueCodeableConcept": {"coding": [{"system": GENDER, "code": "male"}]}},
                ],
            },
        ],
    }
    assert codes(fhir.post("/r4" + TRANSLATE, asked).json()) == ["N40"]


def test_every_coding_of_a_codeable_concept_is_translated(fhir: FhirClient) -> None:
    """Defect: only the first coding of a CodeableConcept."""
    concept = {
        "coding": [{"system": LOCAL, "code": "nope"}, {"system": LOCAL, "code": "HI"}, {"system": LOCAL, "code": "HIU"}]
    }
    answer = fhir.post("/r4" + TRANSLATE, parameters(url_Uri=MAP, codeableConcept_CodeableConcept=concept)).json()
    assert codes(answer) == ["I21", "I21.9", "I21", "I22"]


def test_matches_that_are_not_equivalent_are_returned(fhir: FhirClient) -> None:
    """Defect: non-equivalent matches dropped."""
    answer = fhir.get("/r4" + TRANSLATE, url=MAP, system=LOCAL, code="HIU").json()
    assert [match["equivalence"] for match in matches(answer)] == ["equivalent", "wider", "disjoint"]


def test_display_is_the_target_systems(fhir: FhirClient) -> None:
    """Defect: no display in matches. The map's own display is only a fallback."""
    assert matches(fhir.get("/r4" + TRANSLATE, url=MAP, system=LOCAL, code="HI").json())[0]["concept"]["display"] == (
        "Acute myocardial infarction"
    )
    lab = fhir.get("/r4" + TRANSLATE, url=MAP_LAB, system=LOCAL, code="HI").json()
    assert matches(lab)[0]["concept"]["display"] == "Troponin T"


@pytest.mark.parametrize("how", ["parameter", "header"])
def test_display_in_the_asked_language(fhir: FhirClient, how: str) -> None:
    headers = {"Accept-Language": "nb;q=0.3, sv"} if how == "header" else None
    more = {"displayLanguage": "sv"} if how == "parameter" else {}
    answer = fhir.get("/r4" + TRANSLATE, headers, url=MAP, system=LOCAL, code="HI", **more).json()
    assert matches(answer)[0]["concept"]["display"] == "Akut hjärtinfarkt"


def test_map_into_snomed_ct_is_served(fhir: FhirClient, database: Database) -> None:
    """Defect: maps into SNOMED CT refused."""
    sct = "http://snomed.info/sct"
    group = MapGroup(LOCAL, sct, elements=(MapElement("HI", None, (MapTarget("22298006", Relationship.EQUIVALENT),)),))
    with database.session(write=True) as session:
        add_concept_map(session, ConceptMap("http://h.example/to-sct", "1", "ToSct", groups=(group,)))
    assert codes(fhir.get("/r4" + TRANSLATE, system=LOCAL, code="HI", targetsystem=sct).json()) == ["22298006"]


def test_r4_map_that_holds_r5_values_under_equivalence_is_understood(fhir: FhirClient) -> None:
    """Defect: maps whose codes are called equivalence but hold R5 values."""
    inline = {
        "resourceType": "ConceptMap",
        "status": "active",
        "group": [
            {
                "source": LOCAL,
                "target": ICD,
                "element": [
                    {"code": "HI", "target": [{"code": "I21", "equivalence": "source-is-narrower-than-target"}]}
                ],
            }
        ],
    }
    asked = parameters(conceptMap_resource=inline, code_Code="HI", system_Uri=LOCAL)
    assert matches(fhir.post("/r4" + TRANSLATE, asked).json())[0]["equivalence"] == "wider"


def test_several_maps_answer_each_with_its_origin(fhir: FhirClient) -> None:
    answer = fhir.get("/r5" + TRANSLATE, sourceSystem=LOCAL, sourceCode="HI").json()
    assert {(match["concept"]["code"], match["originMap"]) for match in matches(answer)} == {
        ("I21", f"{MAP}|1.0"),
        ("TNT", f"{MAP_LAB}|1.0"),
    }


def test_no_map_says_its_reason(fhir: FhirClient) -> None:
    answer = fhir.get("/r5" + TRANSLATE, url=MAP, sourceSystem=LOCAL, sourceCode="MISC").json()
    assert (value(answer, "result"), value(answer, "message")) == (False, "The code 'MISC' has no map: too vague")
    r4 = fhir.get("/r4" + TRANSLATE, url=MAP, system=LOCAL, code="MISC").json()
    assert [match["equivalence"] for match in matches(r4)] == ["unmatched"]


def test_newest_active_version_wins_and_a_version_pins(fhir: FhirClient, database: Database) -> None:
    group = MapGroup(LOCAL, ICD, elements=(MapElement("HI", None, (MapTarget("I22", Relationship.EQUIVALENT),)),))
    with database.session(write=True) as session:
        newer = add_concept_map(session, ConceptMap(MAP, "2.0", "LocalToIcd", groups=(group,)))
        add_concept_map(session, ConceptMap(MAP, "3.0", "LocalToIcd", status="draft", groups=(group,)))
    ask = {"system": LOCAL, "code": "HI"}
    assert codes(fhir.get("/r4" + TRANSLATE, url=MAP, **ask).json()) == ["I22"]
    assert codes(fhir.get("/r4" + TRANSLATE, url=f"{MAP}|1.0", **ask).json()) == ["I21"]
    assert codes(fhir.get("/r4" + TRANSLATE, url=MAP, conceptMapVersion="1.0", **ask).json()) == ["I21"]
    with database.session(write=True) as session:
        retire_concept_map(session, newer.id)
    assert codes(fhir.get("/r4" + TRANSLATE, url=MAP, **ask).json()) == ["I21"]
    pinned = fhir.get("/r4" + TRANSLATE, url=f"{MAP}|2.0", **ask).json()
    assert (codes(pinned), value(pinned, "message")) == (["I22"], f"The concept map {MAP}|2.0 is retired")


def test_publish_is_seen_by_the_next_request(fhir: FhirClient, database: Database) -> None:
    ask = {"system": LOCAL, "code": "NEW", "targetsystem": ICD}
    assert value(fhir.get("/r4" + TRANSLATE, **ask).json(), "result") is False
    assert value(fhir.get("/r4" + TRANSLATE, **ask).json(), "result") is False
    group = MapGroup(LOCAL, ICD, elements=(MapElement("NEW", None, (MapTarget("I22", Relationship.EQUIVALENT),)),))
    with database.session(write=True) as session:
        add_concept_map(session, ConceptMap(MAP, "9.0", "LocalToIcd", groups=(group,)))
    assert codes(fhir.get("/r4" + TRANSLATE, **ask).json()) == ["I22"]


def test_other_map_is_followed_and_a_circle_ends(fhir: FhirClient, database: Database) -> None:
    def pointing(url: str, to: str) -> ConceptMap:
        return ConceptMap(url, "1", "M", groups=(MapGroup(LOCAL, ICD, unmapped=Unmapped("other-map", other_map=to)),))

    with database.session(write=True) as session:
        for number, to in enumerate((MAP, "http://h.example/2", "http://h.example/1", "http://h.example/none")):
            add_concept_map(session, pointing(f"http://h.example/{number}", to))
    ask = {"system": LOCAL, "code": "HI"}
    followed = fhir.get("/r4" + TRANSLATE, url="http://h.example/0", **ask).json()
    assert matches(followed)[0]["originMap"] == f"{MAP}|1.0"
    circle = fhir.get("/r4" + TRANSLATE, url="http://h.example/1", **ask).json()
    assert "form a circle" in value(circle, "message")
    assert "is not known here" in value(fhir.get("/r4" + TRANSLATE, url="http://h.example/3", **ask).json(), "message")


def test_instance_level_and_alias_of_the_system(fhir: FhirClient) -> None:
    assert codes(fhir.get("/r4/ConceptMap/localtoicd-1.0/$translate", system=LOCAL, code="HI").json()) == ["I21"]
    oid = "urn:oid:2.16.840.1.113883.6.3"
    assert codes(fhir.get("/r4" + TRANSLATE, url=MAP, system=oid, code="I21.9", reverse="true").json()) == ["HIU"]
    assert fhir.get("/r4/ConceptMap/nope/$translate", system=LOCAL, code="HI").status_code == 404


def test_versions_of_systems_must_agree(fhir: FhirClient, database: Database) -> None:
    group = MapGroup(LOCAL, ICD, "2", None, (MapElement("HI", None, (MapTarget("I21", Relationship.EQUIVALENT),)),))
    with database.session(write=True) as session:
        add_concept_map(session, ConceptMap("http://h.example/v", "1", "V", groups=(group,)))
    ask = {"url": "http://h.example/v", "code": "HI"}
    for system, found in ((LOCAL, True), (f"{LOCAL}|2", True), (f"{LOCAL}|3", False)):
        answer = fhir.get("/r4" + TRANSLATE, system=system, **ask).json()
        assert value(answer, "result") is found


def test_scopes_exclude_maps_made_for_other_value_sets(fhir: FhirClient, database: Database) -> None:
    scoped = example_map("5.0")
    from dataclasses import replace

    with database.session(write=True) as session:
        add_concept_map(session, replace(scoped, url="http://h.example/scoped", source_scope="http://h.example/vs"))
    ask = {"url": "http://h.example/scoped", "system": LOCAL, "code": "HI"}
    assert value(fhir.get("/r4" + TRANSLATE, source="http://h.example/vs", **ask).json(), "result") is True
    assert value(fhir.get("/r4" + TRANSLATE, source="http://h.example/other", **ask).json(), "result") is False


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({}, 400, "No concept to translate"),
        ({"code": "HI"}, 400, "needs the system"),
        ({"code": "", "system": LOCAL}, 400, "'code' is empty"),
        ({"code": "HI", "system": LOCAL, "sourceCode": "HI"}, 400, "named in 2 ways"),
        ({"code": "HI", "system": LOCAL, "targetCode": "I21"}, 400, "named in 2 ways"),
        ({"code": "HI", "system": LOCAL, "reverse": "perhaps"}, 400, "'reverse': must be true or false"),
        ({"codeableConcept": "HI"}, 400, "must be a CodeableConcept"),
        ({"code": "HI", "system": LOCAL, "url": "http://no.example"}, 404, "no concept map with the url"),
        ({"code": "HI", "system": LOCAL, "url": f"{MAP}|7"}, 404, "has no version '7'; known: 1.0"),
        ({"code": "HI", "system": LOCAL, "url": f"{MAP}|1.0", "conceptMapVersion": "2"}, 400, "contradicts"),
    ],
)
def test_what_is_wrong_is_named(fhir_sqlite: FhirClient, query: dict[str, str], status: int, said: str) -> None:
    for base in BASES:
        response = fhir_sqlite.get(base + TRANSLATE, **query)
        assert response.status_code == status
        assert said in outcome(response)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        ({"name": "code", "valueInteger": 5}, "'code'"),
        ({"name": "coding", "valueString": "x"}, "'coding': must be a Coding"),
        ({"name": "codeableConcept", "valueCodeableConcept": {}}, "has no coding"),
        ({"name": "coding", "valueCoding": {"system": LOCAL}}, "coding.code"),
        ({"name": "coding", "valueCoding": {"code": "HI"}}, "has no system"),
        ({"name": "coding", "valueCoding": "HI"}, "cannot be a string"),
        ({"name": "coding", "valueCoding": {"code": 5, "system": LOCAL}}, "must be a string"),
        ({"valueCode": "x"}, "name: is missing"),
        ({"name": "code", "valueCode": "HI", "valueString": "HI"}, "several values"),
    ],
)
def test_wrong_parameters_are_named(fhir_sqlite: FhirClient, parameter: dict[str, object], said: str) -> None:
    response = fhir_sqlite.post("/r4" + TRANSLATE, {"resourceType": "Parameters", "parameter": [parameter]})
    assert response.status_code == 400
    assert said in outcome(response)


def test_batch_entries_fail_alone(fhir: FhirClient) -> None:
    entries = [
        {"request": {"method": "GET", "url": f"ConceptMap/$translate?system={LOCAL}&code=HI&url={MAP}"}},
        {"request": {"method": "GET", "url": "ConceptMap/$translate"}},
        {
            "request": {"method": "POST", "url": "/r4/ConceptMap/$translate"},
            "resource": parameters(url_Uri=MAP, coding_Coding={"system": LOCAL, "code": "HIU"}),
        },
        {"request": {"method": "DELETE", "url": "ConceptMap/x"}},
        {"nonsense": 1},
        {"request": {"method": "GET", "url": "ConceptMap/localtoicd-1.0"}},
    ]
    answer = fhir.post("/r4", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert answer.status_code == 200
    assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == [
        "200",
        "400",
        "200",
        "401",
        "400",
        "200",
    ]
    assert codes(answer.json()["entry"][2]["resource"]) == ["I21.9", "I21", "I22"]


def test_answers_from_memory_equal_those_of_the_common_way(fhir: FhirClient) -> None:
    queries = [
        {"url": MAP, "system": LOCAL, "code": code} for code in ("HI", "HIU", "HYP", "MISC", "NEW", "a b+c%/ä", "")
    ]
    queries += [{"sourceSystem": LOCAL, "sourceCode": "HI"}, {"targetSystem": ICD, "targetCode": "I21"}]
    for base in ("/r4", "/r5", "/fhir"):
        for query in queries:
            pretty = fhir.get(base + TRANSLATE, _pretty="false", **query)  # this parameter sends it the common way
            for _ in range(2):
                answer = fhir.get(base + TRANSLATE, **query)
                assert (answer.status_code, answer.json()) == (pretty.status_code, pretty.json())
                assert answer.headers["content-type"] == pretty.headers["content-type"]


def test_a_plan_is_made_anew_when_its_table_left_memory(database: Database, tmp_path: Path) -> None:
    fill(database)
    client = FhirClient(database, Settings(data=tmp_path, translation_cache_mb=1))
    ask = {"system": LOCAL, "code": "HI"}
    for _ in range(2):
        assert codes(client.get("/r4" + TRANSLATE, url=MAP, **ask).json()) == ["I21"]
    big = tuple(MapElement(f"S{n}", "x" * 400, (MapTarget("T", Relationship.EQUIVALENT),)) for n in range(3_000))
    with database.session(write=True) as session:
        add_concept_map(
            session, ConceptMap("http://h.example/big", "1", "Big", groups=(MapGroup(LOCAL, ICD, elements=big),))
        )
    assert codes(client.get("/r4" + TRANSLATE, url="http://h.example/big", system=LOCAL, code="S7").json()) == ["T"]
    for _ in range(2):
        assert codes(client.get("/r4" + TRANSLATE, url=MAP, **ask).json()) == ["I21"]


def _to(code: str) -> tuple[MapGroup, ...]:
    return (MapGroup(LOCAL, ICD, elements=(MapElement("HI", None, (MapTarget(code, Relationship.EQUIVALENT),)),)),)


def test_newest_is_by_the_natural_order_whatever_was_stored_last(fhir: FhirClient, database: Database) -> None:
    url = "http://h.example/order"
    with database.session(write=True) as session:
        for version, code in (("10.0", "I22"), ("9.0", "I21"), ("11.0", "N40")):
            status = "draft" if version == "11.0" else "active"
            add_concept_map(session, ConceptMap(url, version, "Order", status=status, groups=_to(code)))
    ask = {"system": LOCAL, "code": "HI"}
    assert codes(fhir.get("/r4" + TRANSLATE, url=url, **ask).json()) == ["I22"]
    assert codes(fhir.get("/r4" + TRANSLATE, conceptMapVersion="9.0", **ask).json()) == ["I21"]
    assert codes(fhir.get("/r4" + TRANSLATE, url=f"{url}|9.x", **ask).json()) == ["I21"]
    draft = fhir.get("/r4" + TRANSLATE, url=f"{url}|11.0", **ask).json()
    assert (codes(draft), value(draft, "message")) == (["N40"], f"The concept map {url}|11.0 is a draft")


def test_display_follows_a_newer_version_of_the_target_system(fhir: FhirClient, database: Database) -> None:
    url = "http://h.example/fresh"
    with database.session(write=True) as session:
        add_concept_map(session, ConceptMap(url, "1", "Fresh", groups=_to("I22")))
    ask = {"url": url, "system": LOCAL, "code": "HI"}
    for display in ("Subsequent myocardial infarction", "Renamed"):
        for _ in range(2):
            assert matches(fhir.get("/r4" + TRANSLATE, **ask).json())[0]["concept"]["display"] == display
        with database.session(write=True) as session:
            header = CodeSystem(ICD, "2027", "ICD10", language="en")
            add_code_system(session, header, (Concept("I22", "Renamed"),))


def test_map_hash_names_the_content(fhir: FhirClient, database: Database) -> None:
    ask = {"url": MAP, "system": LOCAL, "code": "HI", "mapHash": "true"}
    first = [matches(fhir.get(base + TRANSLATE, **ask).json())[0]["originMapHash"] for base in ("/r4", "/r4", "/r5")]
    assert len(set(first)) == 1
    assert first[0].startswith("sha256:")
    with database.session(write=True) as session:
        add_concept_map(session, ConceptMap(MAP, "2.0", "LocalToIcd", groups=_to("I22")))
    assert matches(fhir.get("/r4" + TRANSLATE, **ask).json())[0]["originMapHash"] != first[0]


def test_supplied_codes_are_named_by_the_target_system(fhir: FhirClient, database: Database) -> None:
    rules = {"fixed": Unmapped("fixed", "I22"), "same": Unmapped("use-source-code")}
    with database.session(write=True) as session:
        for name, rule in rules.items():
            group = MapGroup(LOCAL, ICD, unmapped=rule)
            add_concept_map(session, ConceptMap(f"http://h.example/{name}", "1", name.title(), groups=(group,)))
    for name, code, shown in (
        ("fixed", "ZZ", "Subsequent myocardial infarction"),
        ("same", "N40", "Hyperplasia of prostate"),
    ):
        for _ in range(2):
            answer = fhir.get("/r4" + TRANSLATE, url=f"http://h.example/{name}", system=LOCAL, code=code).json()
            assert matches(answer)[0]["concept"]["display"] == shown


def test_at_an_instance_another_map_cannot_be_named(fhir_sqlite: FhirClient) -> None:
    path = "/r4/ConceptMap/localtoicd-1.0/$translate"
    ask = {"system": LOCAL, "code": "HI"}
    assert codes(fhir_sqlite.get(path, url=MAP, conceptMapVersion="1.0", **ask).json()) == ["I21"]
    for wrong in ({"url": MAP_LAB}, {"conceptMapVersion": "2.0"}):
        response = fhir_sqlite.get(path, **ask, **wrong)
        assert response.status_code == 400
        assert next(iter(wrong)) in outcome(response)


def test_a_chain_of_maps_ends(fhir: FhirClient, database: Database) -> None:
    with database.session(write=True) as session:
        for number in range(30):
            rule = Unmapped("other-map", other_map=f"http://h.example/chain{number + 1}")
            group = MapGroup(LOCAL, ICD, unmapped=rule)
            add_concept_map(session, ConceptMap(f"http://h.example/chain{number}", "1", f"C{number}", groups=(group,)))
    answer = fhir.get("/r4" + TRANSLATE, url="http://h.example/chain0", system=LOCAL, code="HI").json()
    assert "More than 20 maps" in value(answer, "message")


@pytest.mark.parametrize("base", ["/r4", "/r4b", "/r5"])
def test_a_map_that_is_not_in_force_is_not_looked_for(database: Database, tmp_path: Path, base: str) -> None:
    def one(url: str, target: str, version: str, status: str) -> ConceptMap:
        elements = (MapElement("A", None, (MapTarget(target, Relationship.EQUIVALENT),)),)
        groups = (MapGroup("http://x.example/s", "http://x.example/t", elements=elements),)
        return ConceptMap(url, version, "M", status=status, groups=groups)

    with database.session(write=True) as session:
        add_concept_map(session, one("http://x.example/gone", "R", "1", "retired"))
        add_concept_map(session, one("http://x.example/planned", "D", "1", "draft"))
        add_concept_map(session, one("http://x.example/mixed", "old", "1", "active"))
        add_concept_map(session, one("http://x.example/mixed", "new", "2", "retired"))
    fhir = FhirClient(database, Settings(data=tmp_path))
    path, asked = f"{base}/ConceptMap/$translate", {"code": "A", "system": "http://x.example/s"}
    for _ in range(2):  # built, then from memory
        answer = fhir.get(path, **asked).json()
        matches = [item["part"] for item in answer["parameter"] if item["name"] == "match"]
        codes = [part["valueCoding"]["code"] for match in matches for part in match if part["name"] == "concept"]
        assert codes == ["old"]
    for name, said in (("gone", "is retired"), ("planned", "is a draft")):
        answer = fhir.get(path, url=f"http://x.example/{name}", **asked).json()
        assert value(answer, "result") is True
        assert said in value(answer, "message")
        nothing = fhir.get(path, url=f"http://x.example/{name}", **asked | {"code": "B"}).json()
        url = f"http://x.example/{name}|1"
        assert (value(nothing, "result"), value(nothing, "message")) == (
            False,
            f"No translations found; The concept map {url} {said}",
        )


def test_a_query_may_repeat_itself_but_not_contradict(fhir: FhirClient) -> None:
    path = "/r4/ConceptMap/$translate"
    for pairs, status in (
        ([("code", "HI"), ("code", "HI")], 200),
        ([("code", "HI"), ("code", "HIU")], 400),
        ([("code", "HI"), ("sourceCode", "HI")], 400),
        ([("code", "HI"), ("reverse", "yes")], 400),
        ([("code", "HI"), ("reverse", "false"), ("reverse", "true")], 400),
        ([("code", "%48%49")], 200),
        ([("code", "HI"), ("url", MAP), ("url", MAP)], 200),
        ([("code", "HI"), ("url", MAP), ("url", f"{MAP}|1.0")], 400),
        ([("code", "")], 400),
    ):
        answer = fhir.ask("GET", path, params=[*pairs, ("system", LOCAL)])
        assert answer.status_code == status, (pairs, answer.text)


def _contained(identifier: str, code: str, then: str | None, word: str) -> dict[str, object]:
    target = {"code": f"{code}-target", word: "equivalent"}
    group = {
        "source": "http://c.example/s",
        "target": "http://c.example/t",
        "element": [{"code": code, "target": [target]}],
    }
    if then is not None:
        group["unmapped"] = {"mode": "other-map", "otherMap": then, "url": then}
    return {"resourceType": "ConceptMap", "id": identifier, "status": "active", "group": [group]}


@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_unmapped_codes_go_to_a_map_that_the_map_contains(fhir_sqlite: FhirClient, base: str) -> None:
    """`#id` names it, from the map and from another that it contains; a circle ends, and what is not there is told."""
    word, name = ("equivalence", "code") if base == "/r4" else ("relationship", "sourceCode")
    given = _contained("m", "a", "#first", word) | {"url": "http://c.example/m", "version": "1"}
    if base == "/r4":
        for place in ("first", "second"):
            given.setdefault("contained", []).append(
                _contained(place, place, {"first": "#second"}.get(place, "#first"), word)
            )
    else:
        given["contained"] = [
            _contained("first", "first", "#second", word),
            _contained("second", "second", "#gone", word),
        ]
    body = {"resourceType": "Parameters", "parameter": [
        {"name": "conceptMap", "resource": given}, {"name": "system", "valueUri": "http://c.example/s"}]}  # fmt: skip

    def asked(code: str) -> dict[str, object]:
        more = {"name": name, "valueCode": code}
        return fhir_sqlite.post(
            f"{base}/ConceptMap/$translate", body | {"parameter": [*body["parameter"], more]}
        ).json()

    for code in ("a", "first", "second"):
        found = asked(code)
        assert value(found, "result") is True, code
        assert f'"{code}-target"' in json.dumps(found)
    lost = asked("nowhere")
    assert value(lost, "result") is False
    said = "form a circle: http://c.example/m|1 → " if base == "/r4" else "#gone, is not known here"
    assert said in value(lost, "message")
