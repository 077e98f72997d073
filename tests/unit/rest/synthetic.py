"""Small synthetic code systems and value sets that a request brings, and how an expansion is asked for and read."""

from __future__ import annotations

from typing import Any

from tests.unit.rest.client import FhirClient

Json = dict[str, Any]
TREE = "http://example.org/cs/tree"
NAMES = "http://example.org/cs/names"
_STANDARD = "http://hl7.org/fhir/concept-properties#"


def code_system(url: str, *concepts: Json, **more: Any) -> Json:
    """A CodeSystem; `more` are further elements."""
    head = {"resourceType": "CodeSystem", "url": url, "status": "active", "content": "complete", "caseSensitive": True}
    return {**head, "language": "en", **more, "concept": list(concepts)}


def value_set(url: str = "http://example.org/vs", **more: Any) -> Json:
    """A ValueSet; `include` and `exclude` may stand beside the other elements."""
    compose = {name: more.pop(name) for name in ("include", "exclude", "inactive") if name in more}
    head = {"resourceType": "ValueSet", "url": url, "status": "active"}
    return {**head, **({"compose": {**compose, **more.pop("compose", {})}} if compose else {}), **more}


def concept(code: str, *below: Json, **more: Any) -> Json:
    """A concept whose display is its code in a sentence."""
    found = {"code": code, "display": f"Name of {code}", **more}
    return {**found, "concept": list(below)} if below else found


def tree(**more: Any) -> Json:
    """A, with B (abstract) over D and E, and C (retired) over F; G beside it. Property `kind`: x for A, B, D; y for G."""
    properties = [
        {"code": "kind", "uri": "http://example.org/properties#kind", "type": "code"},
        {"code": "status", "uri": _STANDARD + "status", "type": "code"},
    ]

    def kind(name: str) -> list[Json]:
        return [{"code": "kind", "valueCode": name}]

    return code_system(
        TREE,
        concept(
            "A",
            concept(
                "B",
                concept("D", property=kind("x")),
                concept("E"),
                property=[*kind("x"), {"code": "notSelectable", "valueBoolean": True}],
            ),
            concept("C", concept("F"), property=[{"code": "status", "valueCode": "retired"}]),
            property=kind("x"),
            definition="The first of all",
        ),
        concept("G", property=kind("y")),
        version=more.pop("version", "1.0.0"),
        property=properties,
        **more,
    )


def parameter(name: str, value: Any) -> Json:
    """A parameter of the type that the value has; a resource where it is one."""
    if isinstance(value, dict):
        return {"name": name, "resource": value}
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    return {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value}


def ask_expand(
    fhir: FhirClient,
    value_set_asked: Json,
    *brought: Json,
    base: str = "/r5",
    headers: dict[str, str] | None = None,
    **given: Any,
) -> tuple[int, Json]:
    """Status and answer of $expand of an inline value set; `__` in a name stands for `-`, a list repeats a parameter."""
    listed = [parameter("valueSet", value_set_asked), *(parameter("tx-resource", item) for item in brought)]
    for name, value in given.items():
        for item in value if isinstance(value, list) else [value]:
            listed.append(parameter(name.replace("__", "-"), item))
    body = {"resourceType": "Parameters", "parameter": listed}
    response = fhir.post(f"{base}/ValueSet/$expand", body, headers=headers)
    return response.status_code, response.json()


def expanded(fhir: FhirClient, value_set_asked: Json, *brought: Json, **given: Any) -> Json:
    """The expansion; fails unless there is one."""
    status, answer = ask_expand(fhir, value_set_asked, *brought, **given)
    assert status == 200, answer
    expansion: Json = answer["expansion"]
    return expansion


def shown(expansion: Json) -> str:
    """The codes of an expansion as a text: nested ones in brackets after their parent."""
    return " ".join(_shown_entry(entry) for entry in expansion.get("contains", []))


def _shown_entry(entry: Json) -> str:
    inner = shown(entry)
    return f"{entry['code']}({inner})" if inner else entry["code"]


def said(expansion: Json, name: str) -> list[Any]:
    """The values of an expansion parameter."""
    return [
        value
        for item in expansion.get("parameter", [])
        if item["name"] == name
        for key, value in item.items()
        if key != "name"
    ]
