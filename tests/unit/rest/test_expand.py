"""$expand as tables of cases: which concepts, how nested, what is said of them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rest.client import FhirClient
from tests.unit.rest.synthetic import (
    NAMES,
    TREE,
    Json,
    ask_expand,
    code_system,
    concept,
    expanded,
    said,
    shown,
    tree,
    value_set,
)

WHOLE = {"system": TREE}
LISTED = {"system": TREE, "concept": [{"code": "E"}, {"code": "A"}, {"code": "nowhere"}, {"code": "C"}, {"code": "E"}]}


def rule(operator: str, value: str, name: str = "concept") -> Json:
    return {"system": TREE, "filter": [{"property": name, "op": operator, "value": value}]}


# ------------------------------------------------------------------ which concepts

FILTERS = [
    ("concept", "is-a", "B", "B D E"),
    ("code", "is-a", "B", "B D E"),
    ("concept", "is-a", "nowhere", ""),
    ("concept", "descendent-of", "A", "B D E C F"),
    ("concept", "is-not-a", "A", "G"),
    ("concept", "is-not-a", "nowhere", "A B D E C F G"),
    ("concept", "child-of", "A", "B C"),
    ("concept", "generalizes", "D", "A B D"),
    ("concept", "descendent-leaf", "A", "D E F"),
    ("concept", "=", "C", "C"),
    ("code", "=", "C", "C"),
    ("code", "in", "C, D,nowhere", "D C"),
    ("code", "not-in", "A,B,C", "D E F G"),
    ("code", "regex", "[A-C]", "A B C"),
    ("code", "regex", "A|G", "A G"),
    ("display", "regex", "Name of [DG]", "D G"),
    ("display", "=", "Name of D", "D"),
    ("definition", "regex", ".*first.*", "A"),
    ("definition", "exists", "true", "A"),
    ("kind", "=", "x", "A B D"),
    ("kind", "in", "x,y", "A B D G"),
    ("kind", "not-in", "x", "E C F G"),
    ("kind", "exists", "true", "A B D G"),
    ("kind", "exists", "false", "E C F"),
    ("kind", "regex", "[y-z]", "G"),
    ("parent", "=", "B", "D E"),
    ("child", "=", "D", "B"),
    ("status", "=", "retired", "C"),
    ("inactive", "=", "true", "C"),
    ("notSelectable", "=", "true", "B"),
    ("notSelectable", "not-in", "true", "A D E C F G"),
]


@pytest.mark.parametrize(("name", "operator", "value", "codes"), FILTERS)
def test_filters(fhir_sqlite: FhirClient, name: str, operator: str, value: str, codes: str) -> None:
    asked = value_set(include=[rule(operator, value, name)])
    assert shown(expanded(fhir_sqlite, asked, tree(), excludeNested=True)) == codes


def _vs(name: str, *include: Json, **more: Any) -> Json:
    return value_set(f"http://example.org/vs/{name}", include=list(include), **more)


IMPORTED = (_vs("b", rule("is-a", "B")), _vs("x", rule("=", "x", "kind")), _vs("g", rule("=", "G")))
COMPOSED: list[tuple[Json, str]] = [
    ({"include": [LISTED]}, "E A C"),
    ({"include": [rule("is-a", "B"), rule("=", "x", "kind")]}, "B D E A"),
    ({"include": [WHOLE], "exclude": [rule("is-a", "B")]}, "A C F G"),
    ({"include": [LISTED], "exclude": [WHOLE]}, ""),
    ({"include": [LISTED], "inactive": False}, "E A"),
    ({"include": [LISTED], "inactive": True}, "E A C"),
    ({"include": [{"valueSet": [IMPORTED[0]["url"]]}]}, "B D E"),
    ({"include": [{"valueSet": [IMPORTED[0]["url"], IMPORTED[1]["url"]]}]}, "B D"),
    ({"include": [{"valueSet": [IMPORTED[0]["url"]]}, {"valueSet": [IMPORTED[2]["url"]]}]}, "B D E G"),
    ({"include": [{**WHOLE, "valueSet": [IMPORTED[1]["url"]]}]}, "A B D"),
    ({"include": [{**LISTED, "valueSet": [IMPORTED[1]["url"]]}]}, "A"),
    ({"include": [WHOLE], "exclude": [{"valueSet": [IMPORTED[0]["url"]]}]}, "A C F G"),
    ({"include": [WHOLE], "exclude": [{"valueSet": [IMPORTED[0]["url"], IMPORTED[1]["url"]]}]}, "A E C F G"),
    ({"include": [{**rule("is-a", "A"), "filter": [*rule("is-a", "A")["filter"], *rule("=", "x", "kind")["filter"]]}]}, "A B D"),
]  # fmt: skip


@pytest.mark.parametrize(("compose", "codes"), COMPOSED)
def test_includes_excludes_and_imports(fhir_sqlite: FhirClient, compose: Json, codes: str) -> None:
    expansion = expanded(fhir_sqlite, value_set(**compose), tree(), *IMPORTED, excludeNested=True)
    assert shown(expansion) == codes
    assert expansion["total"] == len(codes.split())


NARROWED: list[tuple[dict[str, Any], str]] = [
    ({"activeOnly": True}, "A B D E F G"),
    ({"excludeNotForUI": True}, "A D E C F G"),
    ({"filter": "name OF d"}, "D"),
    ({"filter": "of nam"}, "A B D E C F G"),
    ({"filter": "g"}, "G"),
    ({"filter": ""}, "A B D E C F G"),
    ({"filter": "xyz"}, ""),
    ({"count": 2}, "A B"),
    ({"count": 2, "offset": 2}, "D E"),
    ({"count": 3, "offset": 6}, "G"),
    ({"count": 3, "offset": 7}, ""),
    ({"offset": 5}, "F G"),
    ({"count": 0}, ""),
    ({"exclude__system": TREE}, ""),
    ({"exclude__system": f"{TREE}|1.0.0"}, ""),
    ({"exclude__system": f"{TREE}|2.0.0"}, "A B D E C F G"),
]


@pytest.mark.parametrize(("given", "codes"), NARROWED)
def test_parameters_that_narrow_and_page(fhir_sqlite: FhirClient, given: dict[str, Any], codes: str) -> None:
    expansion = expanded(fhir_sqlite, value_set(include=[WHOLE]), tree(), excludeNested=True, **given)
    assert shown(expansion) == codes
    if "count" in given or "offset" in given:
        assert expansion["total"] == 7
        assert expansion["offset"] == given.get("offset", 0)
    else:
        assert "offset" not in expansion
    for name, value in given.items():
        assert said(expansion, name.replace("__", "-")) == ([value] if value != "" else [])


# ------------------------------------------------------------------ nesting

NESTED: list[tuple[Json, dict[str, Any], str]] = [
    ({"include": [WHOLE]}, {}, "A(B(D E) C(F)) G"),
    ({"include": [WHOLE]}, {"excludeNested": False}, "A(B(D E) C(F)) G"),
    ({"include": [WHOLE]}, {"excludeNested": True}, "A B D E C F G"),
    ({"include": [WHOLE]}, {"activeOnly": True}, "A(B(D E) F) G"),
    ({"include": [WHOLE]}, {"excludeNotForUI": True}, "A(D E C(F)) G"),
    ({"include": [WHOLE]}, {"filter": "name"}, "A B D E C F G"),
    ({"include": [WHOLE]}, {"count": 6}, "A B D E C F"),
    ({"include": [WHOLE]}, {"offset": 1}, "B D E C F G"),
    ({"include": [WHOLE]}, {"count": 7}, "A(B(D E) C(F)) G"),
    ({"include": [WHOLE], "exclude": [rule("=", "G")]}, {}, "A B D E C F"),
    ({"include": [rule("is-a", "A")]}, {}, "A(B(D E) C(F))"),
    ({"include": [rule("is-a", "A")]}, {"filter": "name"}, "A(B(D E) C(F))"),
    ({"include": [rule("is-a", "A")]}, {"activeOnly": True}, "A(B(D E)) F"),
    ({"include": [rule("=", "x", "kind")]}, {}, "A(B(D))"),
    ({"include": [{**WHOLE, "filter": rule("is-a", "A")["filter"] * 2}]}, {}, "A B D E C F"),
    ({"include": [LISTED]}, {}, "E A C"),
    ({"include": [{"valueSet": [IMPORTED[0]["url"]]}]}, {}, "B D E"),
    ({"include": [rule("is-a", "B"), {"system": TREE, "concept": [{"code": "G"}]}]}, {}, "B D E G"),
]  # fmt: skip


@pytest.mark.parametrize(("compose", "given", "codes"), NESTED)
def test_nesting(fhir_sqlite: FhirClient, compose: Json, given: dict[str, Any], codes: str) -> None:
    expansion = expanded(fhir_sqlite, value_set(**compose), tree(), *IMPORTED, **given)
    assert shown(expansion) == codes


def test_what_stands_below_two_concepts_is_not_nested(fhir_sqlite: FhirClient) -> None:
    child = concept("C", property=[{"code": "parent", "valueCode": "B"}])
    brought = code_system(TREE, concept("A", child), concept("B"))
    assert shown(expanded(fhir_sqlite, value_set(include=[WHOLE]), brought)) == "A C B"
    only_one = value_set(include=[rule("is-a", "A")])
    assert shown(expanded(fhir_sqlite, only_one, brought)) == "A(C)"


def test_a_circle_in_the_hierarchy_ends(fhir_sqlite: FhirClient) -> None:
    above = concept("A", property=[{"code": "parent", "valueCode": "B"}])
    brought = code_system(TREE, above, concept("B", property=[{"code": "parent", "valueCode": "A"}]))
    assert shown(expanded(fhir_sqlite, value_set(include=[WHOLE]), brought)) == "A B"


# ------------------------------------------------------------------ versions of one code system

FIRST = code_system(TREE, concept("A"), concept("B", display="Old B"), concept("C"), version="1.0.0")
SECOND = code_system(TREE, concept("A"), concept("B", display="New B"), concept("D"), version="2.0.0")
V1, V2 = {"system": TREE, "version": "1.0.0"}, {"system": TREE, "version": "2.0.0"}


def _matching(says: str) -> Json:
    url = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"
    parts = [{"url": "name", "valueCode": "versionsMatch"}, {"url": "value", "valueString": says}]
    return {"extension": [{"url": url, "extension": parts}]}


VERSIONS: list[tuple[Json, str, list[bool]]] = [
    ({"include": [V1, V2]}, "A|2.0.0 B|2.0.0 D|2.0.0 A|1.0.0 B|1.0.0 C|1.0.0", []),
    ({"include": [V2]}, "A B D", []),
    ({"include": [WHOLE]}, "A B D", []),
    ({"include": [V1, V2], "compose": _matching("true")}, "A|2.0.0 B|2.0.0 D|2.0.0 C|1.0.0", [True]),
    ({"include": [V1, V2], "compose": _matching("false")}, "A|2.0.0 B|2.0.0 D|2.0.0 A|1.0.0 B|1.0.0 C|1.0.0", []),
    ({"include": [V2], "exclude": [V1]}, "D|2.0.0", [True]),
    ({"include": [V2], "exclude": [V1], "compose": _matching("false")}, "A|2.0.0 B|2.0.0 D|2.0.0", []),
    ({"include": [V1, V2], "exclude": [V1]}, "A|2.0.0 B|2.0.0 D|2.0.0", []),
    ({"include": [{**V1, "concept": [{"code": "C"}]}, {**V2, "concept": [{"code": "B"}]}]}, "B|2.0.0 C|1.0.0", []),
]


@pytest.mark.parametrize(("compose", "codes", "match"), VERSIONS)
def test_two_versions_of_one_code_system(fhir_sqlite: FhirClient, compose: Json, codes: str, match: list[bool]) -> None:
    expansion = expanded(fhir_sqlite, value_set(**compose), FIRST, SECOND)
    entries = [(item["code"], item.get("version")) for item in expansion.get("contains", [])]
    assert " ".join(code + (f"|{version}" if version else "") for code, version in entries) == codes
    assert said(expansion, "versionsMatch") == match


# ------------------------------------------------------------------ names


def _named(language: str, name: str) -> Json:
    return {"language": language, "value": name}


MULTI = code_system(
    NAMES,
    {"code": "1", "display": "Heart", "designation": [_named("sv", "Hjärta"), _named("nb", "Hjerte")]},
    {"code": "2", "display": "Lung", "designation": [_named("sv-FI", "Lunga"), _named("nb-NO", "Lunge")]},
    {
        "code": "3",
        "display": "Liver",
        "designation": [{"use": {"system": "http://x", "code": "short"}, "value": "Liv"}],
    },
)
LANGUAGES = [
    (None, None, "Heart Lung Liver"),
    ("en", None, "Heart Lung Liver"),
    ("sv", None, "Hjärta Lunga Liver"),
    ("sv-SE", None, "Hjärta Lung Liver"),
    ("sv-FI", None, "Hjärta Lunga Liver"),
    ("et", None, "Heart Lung Liver"),
    ("sv, *; q=0", None, "Hjärta Lunga -"),
    ("sv,*;q=0", None, "Hjärta Lunga -"),
    ("et, *;q=0", None, "- - -"),
    ("sv;q=0.5, nb;q=0.9", None, "Hjerte Lunge Liver"),
    ("da, nb", None, "Hjerte Lunge Liver"),
    (None, "sv", "Hjärta Lunga Liver"),
    (None, "sv-SE,sv;q=0.9,en;q=0.8", "Hjärta Lunga Liver"),
    ("nb", "sv", "Hjerte Lunge Liver"),
    (None, "§§, sv", "Hjärta Lunga Liver"),
]


@pytest.mark.parametrize(("language", "header", "displays"), LANGUAGES)
def test_languages(fhir_sqlite: FhirClient, language: str | None, header: str | None, displays: str) -> None:
    given = {"displayLanguage": language} if language else {}
    headers = {"Accept-Language": header} if header else {}
    encoded = {name: value.encode() for name, value in headers.items()}
    expansion = expanded(fhir_sqlite, value_set(include=[{"system": NAMES}]), MULTI, headers=encoded, **given)
    assert [item.get("display", "-") for item in expansion["contains"]] == displays.split()


DESIGNATIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"includeDesignations": True}, ["sv Hjärta", "nb Hjerte"]),
    ({"includeDesignations": True, "displayLanguage": "sv"}, ["en Heart", "nb Hjerte"]),
    ({"includeDesignations": True, "designation": "urn:ietf:bcp:47|nb"}, ["nb Hjerte"]),
    ({"designation": ["urn:ietf:bcp:47|nb", "urn:ietf:bcp:47|SV"]}, ["sv Hjärta", "nb Hjerte"]),
    ({"designation": "http://x|short"}, []),
]


@pytest.mark.parametrize(("given", "names"), DESIGNATIONS)
def test_designations(fhir_sqlite: FhirClient, given: dict[str, Any], names: list[str]) -> None:
    first = expanded(fhir_sqlite, value_set(include=[{"system": NAMES}]), MULTI, **given)["contains"][0]
    assert [f"{item['language']} {item['value']}" for item in first.get("designation", [])] == names


def test_designations_are_found_by_use(fhir_sqlite: FhirClient) -> None:
    asked = value_set(include=[{"system": NAMES}])
    entries = expanded(fhir_sqlite, asked, MULTI, designation="http://x|short")["contains"]
    assert [item.get("designation", [{}])[0].get("value") for item in entries] == [None, None, "Liv"]


def test_a_value_set_has_names_of_its_own(fhir_sqlite: FhirClient) -> None:
    own = {"code": "1", "display": "Pump", "designation": [{"language": "sv", "value": "Pumpen"}]}
    asked = value_set(include=[{"system": NAMES, "concept": [own]}])
    assert expanded(fhir_sqlite, asked, MULTI)["contains"][0]["display"] == "Pump"
    assert expanded(fhir_sqlite, asked, MULTI, displayLanguage="sv")["contains"][0]["display"] == "Pumpen"
    assert expanded(fhir_sqlite, asked, MULTI, displayLanguage="nb")["contains"][0]["display"] == "Hjerte"
    assert shown(expanded(fhir_sqlite, asked, MULTI, filter="pumpen")) == "1"


def test_a_value_set_fixes_parameters_unless_the_request_says_otherwise(fhir_sqlite: FhirClient) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/valueset-expansion-parameter"
    fixed = [
        {"url": url, "extension": [{"url": "name", "valueCode": name}, {"url": "value", key: value}]}
        for name, key, value in (("displayLanguage", "valueCode", "sv"), ("includeDesignations", "valueBoolean", True))
    ]
    asked = value_set(include=[{"system": NAMES}], compose={"extension": fixed})
    expansion = expanded(fhir_sqlite, asked, MULTI, headers={"Accept-Language": "nb"})
    assert expansion["contains"][0]["display"] == "Hjärta"
    assert (said(expansion, "displayLanguage"), said(expansion, "includeDesignations")) == (["sv"], [True])
    other = expanded(fhir_sqlite, asked, MULTI, displayLanguage="nb", includeDesignations=False)
    assert other["contains"][0]["display"] == "Hjerte"
    assert "designation" not in other["contains"][0]


def test_the_language_of_a_value_set_counts_last(fhir_sqlite: FhirClient) -> None:
    asked = value_set(include=[{"system": NAMES}], language="sv")
    expansion = expanded(fhir_sqlite, asked, MULTI)
    assert expansion["contains"][0]["display"] == "Hjärta"
    assert said(expansion, "displayLanguage") == []


# ------------------------------------------------------------------ supplements

SUPPLEMENT = {
    "resourceType": "CodeSystem", "url": "http://example.org/cs/names-et", "version": "3", "status": "active",
    "content": "supplement", "supplements": NAMES, "language": "et",
    "property": [{"code": "organ", "uri": "http://example.org/p#organ", "type": "string"}],
    "concept": [
        {"code": "1", "display": "Süda", "property": [{"code": "organ", "valueString": "yes"}],
         "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/codesystem-label", "valueString": "I."}]},
        {"code": "2", "designation": [{"language": "et", "value": "Kops"}]},
    ],
}  # fmt: skip


def test_a_supplement_applies_where_it_is_asked_for(fhir_sqlite: FhirClient) -> None:
    asked = value_set(include=[{"system": NAMES}])
    without = expanded(fhir_sqlite, asked, MULTI, SUPPLEMENT, displayLanguage="et")
    assert [item["display"] for item in without["contains"]] == ["Heart", "Lung", "Liver"]
    assert said(without, "used-supplement") == []
    given = {"displayLanguage": "et", "property": ["organ"]}
    for name in (SUPPLEMENT["url"], f"{SUPPLEMENT['url']}|3"):
        expansion = expanded(fhir_sqlite, asked, MULTI, SUPPLEMENT, useSupplement=name, **given)
        assert [item["display"] for item in expansion["contains"]] == ["Süda", "Kops", "Liver"]
        assert said(expansion, "used-supplement") == ["http://example.org/cs/names-et|3"]
        properties = {item["code"]: item["valueString"] for item in expansion["contains"][0]["property"]}
        assert properties == {"organ": "yes", "label": "I."}
        assert {"code": "organ", "uri": "http://example.org/p#organ"} in expansion["property"]


def test_a_value_set_names_the_supplement_that_it_needs(fhir_sqlite: FhirClient) -> None:
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/valueset-supplement"}
    needs = value_set(include=[{"system": NAMES}], extension=[{**extension, "valueCanonical": SUPPLEMENT["url"]}])
    expansion = expanded(fhir_sqlite, needs, MULTI, SUPPLEMENT, displayLanguage="et")
    assert expansion["contains"][0]["display"] == "Süda"


@pytest.mark.parametrize("asked", ["http://example.org/cs/nowhere", "http://example.org/cs/names-et|4"])
def test_a_missing_supplement_is_an_error(fhir_sqlite: FhirClient, asked: str) -> None:
    status, answer = ask_expand(
        fhir_sqlite, value_set(include=[{"system": NAMES}]), MULTI, SUPPLEMENT, useSupplement=asked
    )
    assert status == 404
    assert answer["issue"][0]["details"]["text"] == f"Required supplement not found: {asked}"


# ------------------------------------------------------------------ properties, statuses, extensions


def _properties(entry: Json) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in entry.get("property", []):
        found.setdefault(item["code"], []).append(
            next(value for name, value in item.items() if name.startswith("value"))
        )
    return found


PROPERTIES: list[tuple[list[str], str, dict[str, list[Any]]]] = [
    ([], "B", {}),
    ([], "C", {"status": ["retired"]}),
    (["kind"], "B", {"kind": ["x"]}),
    (["http://example.org/properties#kind"], "B", {"kind": ["x"]}),
    (["definition"], "A", {"definition": ["The first of all"]}),
    (["parent", "child"], "B", {"parent": ["A"], "child": ["D", "E"]}),
    (["inactive"], "C", {"inactive": [True], "status": ["retired"]}),
    (["status"], "C", {"status": ["retired"]}),
    (["*"], "B", {"kind": ["x"], "notSelectable": [True]}),
    (["nothing"], "B", {}),
]


@pytest.mark.parametrize(("asked", "code", "found"), PROPERTIES)
def test_properties(fhir_sqlite: FhirClient, asked: list[str], code: str, found: dict[str, list[Any]]) -> None:
    whole = value_set(include=[WHOLE])
    expansion = expanded(fhir_sqlite, whole, tree(), excludeNested=True, property=asked)
    entry = next(item for item in expansion["contains"] if item["code"] == code)
    assert _properties(entry) == found
    declared = {item["code"] for item in expansion.get("property", [])}
    assert declared == {item["code"] for entry in expansion["contains"] for item in entry.get("property", [])}


def test_r4_carries_properties_as_extensions(fhir_sqlite: FhirClient) -> None:
    whole = value_set(include=[WHOLE])
    expansion = expanded(fhir_sqlite, whole, tree(), base="/r4", excludeNested=True, property="kind")
    assert "property" not in expansion
    declared = [part for item in expansion["extension"] for part in item["extension"]]
    assert {"url": "uri", "valueUri": "http://example.org/properties#kind"} in declared
    parts = expansion["contains"][0]["extension"][0]["extension"]
    assert parts == [{"url": "code", "valueCode": "kind"}, {"url": "value", "valueCode": "x"}]


_SD = "http://hl7.org/fhir/StructureDefinition/"


def test_labels_orders_and_weights_become_properties(fhir_sqlite: FhirClient) -> None:
    said_by_system = [
        {"url": _SD + "codesystem-label", "valueString": "a."},
        {"url": _SD + "codesystem-conceptOrder", "valueInteger": 5},
        {"url": _SD + "itemWeight", "valueDecimal": 1.5},
        {"url": _SD + "rendering-style", "valueString": "color: red"},
        {"url": "http://example.org/unknown", "valueString": "is not passed on"},
    ]
    brought = code_system(TREE, concept("A", extension=said_by_system), concept("B", extension=said_by_system))
    said_by_value_set = [
        {"url": _SD + "valueset-conceptOrder", "valueInteger": 1},
        {"url": _SD + "valueset-deprecated", "valueBoolean": True},
    ]
    listed = {"system": TREE, "concept": [{"code": "A"}, {"code": "B", "extension": said_by_value_set}]}
    first, second = expanded(fhir_sqlite, value_set(include=[listed]), brought)["contains"]
    assert _properties(first) == {"label": ["a."], "order": [5], "weight": [1.5]}
    assert _properties(second) == {"label": ["a."], "order": [1], "weight": [1.5]}
    assert [item["url"] for item in first["extension"]] == [_SD + "rendering-style"]
    assert [item["url"] for item in second["extension"]] == [_SD + "rendering-style", _SD + "valueset-deprecated"]


def _standards(status: str) -> list[Json]:
    return [{"url": _SD + "structuredefinition-standards-status", "valueCode": status}]


WARNINGS: list[tuple[Json, Json, list[str]]] = [
    ({}, {}, []),
    ({"status": "draft"}, {}, ["warning-draft"]),
    ({"status": "draft"}, {"status": "draft"}, []),
    ({"status": "retired"}, {}, ["warning-retired"]),
    ({"experimental": True}, {}, ["warning-experimental"]),
    ({"experimental": True}, {"experimental": True}, []),
    ({"extension": _standards("deprecated")}, {}, ["warning-deprecated"]),
    ({"extension": _standards("withdrawn")}, {}, ["warning-withdrawn"]),
    ({"extension": _standards("draft")}, {}, ["warning-draft"]),
    ({}, {"extension": _standards("withdrawn")}, ["warning-withdrawn"]),
    ({}, {"status": "retired"}, ["warning-retired"]),
]


@pytest.mark.parametrize(("system", "asked", "names"), WARNINGS)
def test_warnings(fhir_sqlite: FhirClient, system: Json, asked: Json, names: list[str]) -> None:
    expansion = expanded(fhir_sqlite, value_set(include=[WHOLE], **asked), tree(**system))
    found = [item["name"] for item in expansion["parameter"] if item["name"].startswith("warning-")]
    assert found == names


def test_an_expansion_of_a_fragment_says_so(fhir_sqlite: FhirClient) -> None:
    expansion = expanded(fhir_sqlite, value_set(include=[WHOLE]), tree(content="fragment"))
    assert said(expansion, "used-fragment") == [f"{TREE}|1.0.0"]
    assert expansion["extension"][0] == {"url": _SD + "valueset-unclosed", "valueBoolean": True}


# ------------------------------------------------------------------ definition, contained, stored


def test_the_definition_goes_along_only_where_it_is_asked_for(fhir_sqlite: FhirClient) -> None:
    asked = value_set(include=[WHOLE], name="N", title="T", description="D", copyright="C")
    without = ask_expand(fhir_sqlite, asked, tree())[1]
    assert {"name", "title", "copyright"} <= without.keys()
    assert not {"description", "compose"} & without.keys()
    whole = ask_expand(fhir_sqlite, asked, tree(), includeDefinition=True)[1]
    assert whole["compose"] == asked["compose"]
    assert whole["description"] == "D"


def test_contained_value_sets_and_code_systems_are_named_by_their_ids(fhir_sqlite: FhirClient) -> None:
    own = code_system("http://example.org/cs/own", concept("X"), concept("Y"), id="c")
    inner = value_set("http://example.org/vs/inner", include=[{"system": "#c"}], id="v")
    asked = value_set(include=[{"valueSet": ["#v"]}], contained=[own, inner])
    expansion = expanded(fhir_sqlite, asked)
    assert shown(expansion) == "X Y"
    assert expansion["contains"][0]["system"] == "http://example.org/cs/own"
    assert said(expansion, "used-valueset") == []


def test_a_stored_expansion_is_served_where_there_is_no_compose(fhir_sqlite: FhirClient) -> None:
    entries = [
        {"system": "http://example.org/cs/unknown", "code": "U", "display": "Unknown here"},
        {"system": TREE, "code": "A", "contains": [{"system": TREE, "code": "B", "display": "B of the value set"}]},
    ]
    asked = value_set(expansion={"timestamp": "2020-01-01T00:00:00Z", "contains": entries})
    expansion = expanded(fhir_sqlite, asked, tree(), count=2, offset=0)
    assert (expansion["total"], shown(expansion)) == (3, "U A")
    assert [item["display"] for item in expansion["contains"]] == ["Unknown here", "Name of A"]
    assert shown(expanded(fhir_sqlite, asked, tree(), filter="value set")) == "B"


# ------------------------------------------------------------------ what is refused

REFUSED: list[tuple[Json, dict[str, Any], int, str, str]] = [
    ({"include": [{"system": "http://x.y"}]}, {}, 404, "not-found", "CodeSystem 'http://x.y' could not be found"),
    ({"include": [{**WHOLE, "version": "9"}]}, {}, 404, "not-found", "version '9' could not be found"),
    ({"include": [{"valueSet": ["http://x.y"]}]}, {}, 404, "not-found", "included value set 'http://x.y'"),
    ({"include": [{"valueSet": ["#x"]}]}, {}, 404, "not-found", "no value set with the id 'x'"),
    ({"include": [{}]}, {}, 400, "invalid", "neither a system nor a value set"),
    ({"include": [rule("nonsense", "A")]}, {}, 400, "invalid", "nonsense"),
    ({"include": [{**WHOLE, "filter": [{"property": "concept", "op": "is-a"}]}]}, {}, 400, "invalid", "has no value"),
    ({"include": [rule("regex", "(", "code")]}, {}, 400, "invalid", ""),
    ({"include": [WHOLE]}, {"displayLanguage": "-"}, 400, "processing", "Invalid displayLanguage: '-'"),
    ({"include": [WHOLE]}, {"count": -1}, 400, "invalid", "count"),
    ({"include": [WHOLE]}, {"count": "many"}, 400, "invalid", "count"),
    ({"include": [WHOLE]}, {"activeOnly": "perhaps"}, 400, "invalid", "activeOnly"),
    ({"include": [WHOLE]}, {"date": "2001-01-01"}, 422, "not-supported", "date"),
    ({"include": [WHOLE]}, {"date": "yesterday"}, 400, "invalid", "date"),
    ({"include": [WHOLE]}, {"activeonly": True}, 400, "invalid", "activeonly"),
]


@pytest.mark.parametrize(("compose", "given", "status", "code", "text"), REFUSED)
@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_refusals(
    fhir_sqlite: FhirClient, base: str, compose: Json, given: dict[str, Any], status: int, code: str, text: str
) -> None:
    got, answer = ask_expand(fhir_sqlite, value_set(**compose), tree(), base=base, **given)
    assert (got, answer["resourceType"]) == (status, "OperationOutcome")
    assert answer["issue"][0]["code"] == code
    assert text in answer["issue"][0]["details"]["text"]


def test_value_sets_in_a_circle_are_refused(fhir_sqlite: FhirClient) -> None:
    one = value_set("http://example.org/vs/one", include=[{"valueSet": ["http://example.org/vs/two"]}])
    two = value_set("http://example.org/vs/two", include=[WHOLE], exclude=[{"valueSet": [one["url"]]}])
    status, answer = ask_expand(fhir_sqlite, one, one, two, tree())
    assert (status, answer["issue"][0]["code"]) == (422, "processing")
    assert "circularity pointing to http://example.org/vs/one" in answer["issue"][0]["details"]["text"]
    inner = [value_set("", include=[{"valueSet": [f"#{other}"]}], id=own) for own, other in (("a", "b"), ("b", "a"))]
    status, answer = ask_expand(fhir_sqlite, value_set(include=[{"valueSet": ["#a"]}], contained=inner))
    assert status == 422


def test_too_many_concepts_are_too_costly_unless_paged(fhir_sqlite: FhirClient) -> None:
    brought = code_system(TREE, *(concept(f"C{number}") for number in range(150)))
    status, answer = ask_expand(fhir_sqlite, value_set(include=[WHOLE]), brought)
    assert (status, answer["issue"][0]["code"]) == (422, "too-costly")
    paged = expanded(fhir_sqlite, value_set(include=[WHOLE]), brought, count=1000)
    assert (paged["total"], len(paged["contains"])) == (150, 100)
    assert len(expanded(fhir_sqlite, value_set(include=[WHOLE]), brought, offset=60)["contains"]) == 90


def test_the_value_set_may_be_the_body_by_itself(fhir_sqlite: FhirClient) -> None:
    contained = code_system("http://example.org/cs/own", concept("X"), concept("Y"), concept("Z"), id="c")
    asked = value_set(include=[{"system": "#c"}], contained=[contained])
    response = fhir_sqlite.post("/r5/ValueSet/$expand?count=2&property=definition&property=parent", asked)
    assert response.status_code == 200
    assert shown(response.json()["expansion"]) == "X Y"
    wrong = fhir_sqlite.post("/r5/ValueSet/$expand", contained)
    assert wrong.status_code == 400
    url = f"/r4/ValueSet/$validate-code?code=X&system={TREE}"
    listed = value_set(include=[{"system": TREE, "concept": [{"code": "X"}]}])
    assert fhir_sqlite.post(url, listed).status_code == 200
