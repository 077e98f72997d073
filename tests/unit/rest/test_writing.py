"""Create, update, patch, delete and history over HTTP, on both databases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from termserver.model.person import Role
from termserver.settings import Settings
from termserver.store.audit_log import list_audit_events
from termserver.store.engine import Database
from tests.unit.rest.client import outcome, value
from tests.unit.rest.writing import WritingClient, code_system, concept_map, naming_system, value_set

MAPS = "/r4/ConceptMap"


@pytest.fixture
def fhir(database: Database, tmp_path: Path) -> WritingClient:
    """An empty server, and an administrator's token."""
    return WritingClient(database, Settings(data=tmp_path, body_limit_mb=1))


def _translated(fhir: WritingClient, **query: str) -> Any:
    asked = {"url": "http://a.example/m", "system": "http://a.example/s", "code": "a", **query}
    answer = fhir.get("/r4/ConceptMap/$translate", **asked).json()
    return next((p["valueCoding"]["code"] for m in answer["parameter"] if m["name"] == "match" for p in m["part"] if p["name"] == "concept"), None)  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("make", [concept_map, code_system, value_set, naming_system])
@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_created_read_replaced_deleted(fhir: WritingClient, base: str, make: Any) -> None:
    body = make(status="draft")
    if base == "/r5":
        body = fhir.write("POST", "/r4/" + body["resourceType"], body).json()
        body = fhir.get(f"/r5/{body['resourceType']}/{body['id']}").json()
        fhir.write("DELETE", f"/r5/{body['resourceType']}/{body['id']}")
    kind = body["resourceType"]
    made = fhir.write("POST", f"{base}/{kind}", body)
    assert made.status_code == 201
    first = made.json()
    url = f"{base}/{kind}/{first['id']}"
    assert made.headers["location"].startswith(f"http://test{url}/_history/")
    assert made.headers["etag"] == f'W/"{first["meta"]["versionId"]}"'
    assert fhir.get(url).json() == first
    changed = fhir.write("PUT", url, first | {"title" if kind != "NamingSystem" else "usage": "New"})
    assert changed.status_code == 200
    second = changed.json()
    assert int(second["meta"]["versionId"]) == int(first["meta"]["versionId"]) + 1
    assert fhir.get(f"{url}/_history/{first['meta']['versionId']}").json() == first
    assert fhir.get(f"{base}/{kind}").json()["total"] == 1
    gone = fhir.write("DELETE", url)
    assert (gone.status_code, gone.content) == (204, b"")
    assert fhir.get(url).status_code == 410
    assert fhir.get(f"{base}/{kind}").json()["total"] == 0
    assert fhir.write("DELETE", url).status_code == 204
    assert fhir.get(f"{url}/_history/{second['meta']['versionId']}").json() == second
    history = fhir.get(f"{url}/_history").json()
    assert [entry["request"]["method"] for entry in history["entry"][:3]] == ["DELETE", "PUT", "PUT"]
    assert fhir.write("PUT", url, second).status_code == 201


def test_a_client_may_choose_the_id(fhir: WritingClient) -> None:
    assert fhir.write("PUT", f"{MAPS}/my-map", concept_map(id="my-map")).status_code == 201
    assert fhir.get(f"{MAPS}/my-map").json()["id"] == "my-map"
    assert "must be 'other'" in outcome(fhir.write("PUT", f"{MAPS}/other", concept_map(id="my-map")))
    assert "not None" in outcome(fhir.write("PUT", f"{MAPS}/other", concept_map()))
    assert fhir.write("PUT", f"{MAPS}/a_b", concept_map(id="a_b")).status_code == 400


def test_a_published_map_is_immutable_and_its_next_version_is_not(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(status="active", id="m"))
    refused = fhir.write("PUT", f"{MAPS}/m", concept_map(status="active", id="m", target="c"))
    assert refused.status_code == 422
    assert "new business version" in outcome(refused)
    assert _translated(fhir) == "b"
    assert fhir.write("PUT", f"{MAPS}/m", concept_map("2.0", status="active", id="m", target="c")).status_code == 200
    assert _translated(fhir) == "c"
    assert _translated(fhir, conceptMapVersion="1.0") == "b", "what pinned 1.0 keeps getting it"
    assert fhir.get(MAPS).json()["total"] == 1, "one id, one entry"
    assert fhir.get(f"{MAPS}/m/_history/1").json()["version"] == "1.0"
    fhir.write("DELETE", f"{MAPS}/m")
    assert (
        fhir.get(
            "/r4/ConceptMap/$translate", url="http://a.example/m", system="http://a.example/s", code="a"
        ).status_code
        == 404
    )


def test_a_draft_changes_in_place(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c"))
    assert _translated(fhir) == "c"
    published = fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c", status="active"))
    assert published.json()["meta"]["versionId"] == "3"
    assert "draft again" in outcome(fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c")))


def test_a_status_alone_is_a_version_and_the_same_again_is_none(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(status="active", id="m"))
    again = fhir.write("PUT", f"{MAPS}/m", concept_map(status="active", id="m"))
    assert (again.status_code, again.json()["meta"]["versionId"]) == (200, "1")
    retired = fhir.write("PUT", f"{MAPS}/m", concept_map(status="retired", id="m"))
    assert (retired.json()["status"], retired.json()["meta"]["versionId"]) == ("retired", "2")
    assert fhir.get(f"{MAPS}/m/_history/1").json()["status"] == "active"
    back = fhir.write("PUT", f"{MAPS}/m", concept_map(status="active", id="m"))
    assert back.json()["meta"]["versionId"] == "3"


@pytest.mark.parametrize("kind", ["CodeSystem", "ValueSet", "ConceptMap"])
@pytest.mark.parametrize("base", ["/r4", "/r5"])
def test_what_was_read_can_be_sent_back(fhir: WritingClient, base: str, kind: str) -> None:
    for make in (code_system, value_set, concept_map):
        fhir.write("POST", f"/r4/{make()['resourceType']}", make(status="active"))
    found = fhir.get(f"{base}/{kind}").json()["entry"][0]["resource"]
    again = fhir.write("PUT", f"{base}/{kind}/{found['id']}", found)
    assert (again.status_code, again.json()["meta"]["versionId"]) == (200, "1")


def test_one_canonical_has_one_id(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/a", concept_map(status="active", id="a"))
    clash = fhir.write("PUT", f"{MAPS}/b", concept_map(status="active", id="b"))
    assert clash.status_code == 409
    assert "ConceptMap/a" in outcome(clash)
    other_url = concept_map(status="active", id="a") | {"url": "http://a.example/other"}
    assert fhir.write("PUT", f"{MAPS}/a", other_url).status_code == 422


def test_a_stale_write_is_refused(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))
    assert fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c"), If_Match='W/"1"').status_code == 200
    stale = fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="d"), If_Match='W/"1"')
    assert stale.status_code == 412
    assert "at version 2" in outcome(stale)
    assert fhir.write("DELETE", f"{MAPS}/m", If_Match='W/"1"').status_code == 412
    assert fhir.write("PUT", f"{MAPS}/n", concept_map(id="n"), If_Match='W/"1"').status_code == 412
    assert fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"), If_None_Match="*").status_code == 412
    assert fhir.write("DELETE", f"{MAPS}/m", If_Match='W/"2"').status_code == 204


def test_conditional_create_and_update_and_delete(fhir: WritingClient) -> None:
    asked = "url=http://a.example/m&version=1.0"
    assert fhir.write("POST", MAPS, concept_map(), If_None_Exist=asked).status_code == 201
    again = fhir.write("POST", MAPS, concept_map(target="c"), If_None_Exist=asked)
    assert (again.status_code, again.json()["meta"]["versionId"]) == (200, "1")
    changed = fhir.write("PUT", f"{MAPS}?{asked}", concept_map(target="c"))
    assert (changed.status_code, changed.json()["meta"]["versionId"]) == (200, "2")
    new = fhir.write("PUT", f"{MAPS}?url=http://a.example/m&version=2.0", concept_map("2.0"))
    assert new.status_code == 201
    assert fhir.write("PUT", f"{MAPS}?url=http://a.example/m", concept_map("3.0")).status_code == 412
    assert fhir.write("DELETE", f"{MAPS}?url=http://a.example/m").status_code == 412
    assert fhir.write("DELETE", MAPS).status_code == 400
    assert fhir.write("DELETE", f"{MAPS}?nonsense=1").status_code == 400
    assert fhir.write("DELETE", f"{MAPS}?{asked}").status_code == 204
    assert fhir.write("DELETE", f"{MAPS}?{asked}").status_code == 204
    assert fhir.get(MAPS).json()["total"] == 1


def test_what_comes_back_is_what_was_preferred(fhir: WritingClient) -> None:
    minimal = fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"), Prefer="return=minimal")
    assert (minimal.status_code, minimal.content, minimal.headers["etag"]) == (201, b"", 'W/"1"')
    said = fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c"), Prefer="return=OperationOutcome")
    assert said.json()["resourceType"] == "OperationOutcome"
    assert (
        fhir.write("DELETE", f"{MAPS}/m", Prefer="return=OperationOutcome").json()["issue"][0]["severity"]
        == "information"
    )


def _patch(fhir: WritingClient, path: str, operations: object) -> Any:
    return fhir.write("PATCH", path, operations, Content_Type="application/json-patch+json")


def test_json_patch(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))
    changed = _patch(
        fhir,
        f"{MAPS}/m",
        [
            {"op": "test", "path": "/version", "value": "1.0"},
            {"op": "add", "path": "/title", "value": "T"},
            {"op": "replace", "path": "/group/0/element/0/target/0/code", "value": "z"},
        ],
    )
    assert changed.status_code == 200
    assert (changed.json()["title"], _translated(fhir)) == ("T", "z")
    failed = _patch(fhir, f"{MAPS}/m", [{"op": "test", "path": "/version", "value": "2"}])
    assert failed.status_code == 422
    for wrong in ([{"op": "remove", "path": "/nope"}], [{"op": "add"}], {}, [{"op": "remove", "path": ""}], [5]):
        assert _patch(fhir, f"{MAPS}/m", wrong).status_code == 400
    assert "ConceptMap.title" in outcome(_patch(fhir, f"{MAPS}/m", [{"op": "add", "path": "/title", "value": 5}]))
    assert _patch(fhir, f"{MAPS}?url=http://a.example/m", [{"op": "remove", "path": "/title"}]).status_code == 200
    assert _patch(fhir, f"{MAPS}?url=http://nobody.example", [{"op": "remove", "path": "/title"}]).status_code == 412
    assert _patch(fhir, f"{MAPS}/nope", [{"op": "remove", "path": "/title"}]).status_code == 404


def test_fhirpath_patch(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))

    def operation(**parts: Any) -> dict[str, Any]:
        written = [{"name": name, ("valueInteger" if isinstance(given, int) else "valueString"): given} for name, given in parts.items()]  # fmt: skip  # noqa: E501
        return {"name": "operation", "part": written}

    contact = {"name": "value", "part": [{"name": "name", "valueString": "Anna"}]}
    add_contact = operation(type="add", path="ConceptMap", name="contact")
    add_contact["part"].append(contact)
    operations = [
        operation(type="replace", path="ConceptMap.name", value="N"),
        operation(type="add", path="ConceptMap", name="title", value="T"),
        operation(type="replace", path="ConceptMap.group[0].element[0].target[0].code", value="z"),
        add_contact,
    ]
    changed = fhir.write("PATCH", f"{MAPS}/m", {"resourceType": "Parameters", "parameter": operations})
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["title"]) == ("N", "T")
    assert changed.json()["contact"] == [{"name": "Anna"}]
    removed = {"resourceType": "Parameters", "parameter": [operation(type="delete", path="ConceptMap.contact[0].name")]}
    assert fhir.write("PATCH", f"{MAPS}/m", removed).status_code == 400, "an empty contact is no FHIR"
    for wrong in (
        operation(type="delete", path="ConceptMap.where(x)"),
        operation(type="jump", path="ConceptMap.name"),
        {"name": "x"},
    ):
        body = {"resourceType": "Parameters", "parameter": [wrong]}
        assert fhir.write("PATCH", f"{MAPS}/m", body).status_code == 400


def test_who_may_write(fhir: WritingClient, database: Database, tmp_path: Path) -> None:
    nobody = fhir.ask("POST", MAPS, json=concept_map())
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert fhir.ask("POST", MAPS, json=concept_map(), headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert fhir.ask("DELETE", f"{MAPS}/m", headers={"Authorization": "Basic YTpi"}).status_code == 401
    publisher = WritingClient(database, Settings(data=tmp_path), Role.PUBLISHER)
    assert publisher.write("POST", MAPS, concept_map()).status_code == 201
    assert publisher.write("POST", "/r4/CodeSystem", code_system()).status_code == 403
    mapper = WritingClient(database, Settings(data=tmp_path), Role.MAPPER)
    refused = mapper.write("POST", MAPS, concept_map("2.0"))
    assert refused.status_code == 403
    assert "publisher" in outcome(refused)
    assert fhir.get(MAPS).json()["total"] == 1


def test_each_write_leaves_its_audit_event(fhir: WritingClient) -> None:
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c"))
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m", target="c"))
    fhir.write("DELETE", f"{MAPS}/m")
    with fhir.database.session() as session:
        events = list_audit_events(session, object_type="ConceptMap", object_id="m")
    assert [event.action for event in reversed(events)] == ["resource.create", "resource.update", "resource.delete"]
    assert {event.person for event in events} == {"administrator"}
    assert events[0].detail["version_id"] == 3


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": None}, "ConceptMap.status"),
        ({"status": "activ"}, "ConceptMap.status"),
        ({"url": "has blanks"}, "ConceptMap.url"),
        ({"date": "2026-02-30"}, "ConceptMap.date"),
        ({"nonsense": 1}, "ConceptMap.nonsense"),
        ({"group": {}}, "ConceptMap.group"),
        ({"group": [{"source": "http://s", "element": [{"code": 5}]}]}, "ConceptMap.group[0].element[0].code"),
        ({"group": [{"source": "http://s", "element": [{"cod": "a"}]}]}, "ConceptMap.group[0].element[0].cod"),
        ({"title": ""}, "ConceptMap.title"),
        ({"contact": []}, "ConceptMap.contact"),
        ({"experimental": "true"}, "ConceptMap.experimental"),
        ({"sourceUri": "http://a", "sourceCanonical": "http://b"}, "ConceptMap.sourceCanonical"),
        ({"text": {"status": "generated"}}, "ConceptMap.text.div"),
        ({"extension": [{"valueString": "x"}]}, "ConceptMap.extension[0].url"),
        ({"_title": 5}, "ConceptMap._title"),
        ({"contained": [{"id": "x"}]}, "ConceptMap.contained[0].resourceType"),
    ],
)
def test_what_does_not_conform_is_named(fhir: WritingClient, change: dict[str, Any], place: str) -> None:
    body = {name: given for name, given in (concept_map() | change).items() if given is not None}
    response = fhir.write("POST", MAPS, body)
    assert response.status_code == 400
    assert response.json()["issue"][0]["expression"] == [place]


@pytest.mark.parametrize(
    ("change", "status"),
    [({"url": None}, 422), ({"url": "http://a|b"}, 422), ({"version": "1|2"}, 422), ({"name": "n" * 300}, 422)],
)
def test_rules_of_the_house(fhir: WritingClient, change: dict[str, Any], status: int) -> None:
    body = {name: given for name, given in (concept_map() | change).items() if given is not None}
    assert fhir.write("POST", MAPS, body).status_code == status


def test_a_body_of_another_kind_is_refused(fhir: WritingClient) -> None:
    assert "must be a ConceptMap, not 'ValueSet'" in outcome(fhir.write("POST", MAPS, value_set()))
    assert fhir.write("POST", MAPS, []).status_code == 400
    assert fhir.ask("POST", MAPS, headers={"Authorization": f"Bearer {fhir.token}"}).status_code == 400
    assert fhir.write("POST", "/r4/Patient", {"resourceType": "Patient"}).status_code == 404


def test_a_naming_system_is_an_alias_everywhere(fhir: WritingClient) -> None:
    fhir.write("POST", "/r4/CodeSystem", code_system())
    fhir.write("POST", MAPS, concept_map(status="active"))
    made = fhir.write("POST", "/r4/NamingSystem", naming_system()).json()
    assert _translated(fhir, system="urn:oid:1.2.3") == "b"
    found = fhir.get("/r4/CodeSystem/$lookup", system="urn:oid:1.2.3", code="a").json()
    assert value(found, "display") == "one"
    assert fhir.get("/r4/CodeSystem", url="urn:oid:1.2.3").json()["total"] == 1
    assert fhir.get(MAPS, **{"source-system": "urn:oid:1.2.3"}).json()["total"] == 1
    assert fhir.get("/r4/NamingSystem", value="1.2").json()["total"] == 1
    fhir.write("DELETE", f"/r4/NamingSystem/{made['id']}")
    assert fhir.get("/r4/CodeSystem/$lookup", system="urn:oid:1.2.3", code="a").status_code == 404


def test_the_preferred_identifier(fhir: WritingClient) -> None:
    fhir.write("POST", "/r4/NamingSystem", naming_system())
    asked = "/r4/NamingSystem/$preferred-id"
    for given in ("1.2.3", "urn:oid:1.2.3"):
        assert value(fhir.get(asked, id=given, type="uri").json(), "result") == "http://a.example/s"
    assert value(fhir.get(asked, id="http://a.example/s", type="oid").json(), "result") == "1.2.3"
    assert fhir.get(asked, id="1.2.4", type="uri").status_code == 404
    assert fhir.get(asked, id="1.2.3", type="uuid").status_code == 404
    assert fhir.get(asked, id="1.2.3", type="x").status_code == 400
    assert fhir.get(asked, type="uri").status_code == 400


def test_the_history_of_everything(fhir: WritingClient) -> None:
    fhir.write("POST", "/r4/CodeSystem", code_system())
    fhir.write("PUT", f"{MAPS}/m", concept_map(id="m"))
    fhir.write("DELETE", f"{MAPS}/m")
    bundle = fhir.get("/r5/_history").json()
    assert (bundle["type"], bundle["total"]) == ("history", 3)
    assert [entry["request"]["url"] for entry in bundle["entry"]] == [
        "ConceptMap/m",
        "ConceptMap/m",
        "CodeSystem/s-1.0",
    ]
    assert fhir.get("/r4/ConceptMap/_history").json()["total"] == 2
    page = fhir.get("/r4/_history", _count="1", _offset="1").json()
    assert {link["relation"] for link in page["link"]} >= {"self", "next", "previous"}
    assert fhir.get("/r4/_history", _since="2100").json()["total"] == 0
    assert fhir.get("/r4/_history", _since="nonsense").status_code == 400
    assert fhir.get(f"{MAPS}/nope/_history").status_code == 404
    assert fhir.get(f"{MAPS}/m/_history/2").status_code == 410
    assert fhir.get(f"{MAPS}/m/_history/9").status_code == 404
    assert fhir.get(f"{MAPS}/m/_history/x").status_code == 404


@pytest.mark.parametrize("content_type", ["application/fhir+json", "application/fhir+xml"])
def test_decimals_keep_their_digits(fhir: WritingClient, content_type: str) -> None:
    system = code_system(
        id="digits",
        url="http://h.example/cs/digits",
        extension=[{"url": "http://h.example/e", "valueDecimal": 0}],
        property=[{"code": "weight", "type": "decimal"}],
        concept=[{"code": "a", "property": [{"code": "weight", "valueDecimal": 1}]}, {"code": "b"}],
    )
    body = json.dumps(system).replace('"valueDecimal": 0', '"valueDecimal": 2.50')
    body = body.replace('"valueDecimal": 1', '"valueDecimal": 1.500')
    headers = {"Content-Type": "application/fhir+json", "Accept": content_type, "Authorization": f"Bearer {fhir.token}"}
    assert fhir.ask("PUT", "/r4/CodeSystem/digits", content=body, headers=headers).status_code == 201
    read = fhir.ask("GET", "/r4/CodeSystem/digits", headers={"Accept": content_type}).text
    quote = "" if content_type.endswith("json") else '"'
    assert f"{quote}1.500{quote}" in read
    assert f"{quote}2.50{quote}" in read
    looked_up = fhir.get("/r4/CodeSystem/$lookup", system="http://h.example/cs/digits", code="a", property="weight")
    assert looked_up.status_code == 200
    assert "1.5" in looked_up.text


def test_a_map_with_decimals_is_written_translated_and_read(fhir: WritingClient) -> None:
    written = concept_map(id="decimals", url="http://h.example/cm/decimals", status="active")
    del written["group"][0]["element"][0]["target"][0]["equivalence"]
    written["group"][0]["element"][0]["target"][0]["relationship"] = "equivalent"
    written["property"] = [{"code": "weight", "type": "decimal"}]
    target = written["group"][0]["element"][0]["target"][0]
    target["property"] = [{"code": "weight", "valueDecimal": 1}]
    body = json.dumps(written).replace('"valueDecimal": 1', '"valueDecimal": 1.50')
    headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {fhir.token}"}
    assert fhir.ask("PUT", "/r5/ConceptMap/decimals", content=body, headers=headers).status_code == 201
    assert '"valueDecimal":1.5' in fhir.ask("GET", "/r5/ConceptMap/decimals").text
    code, system = written["group"][0]["element"][0]["code"], written["group"][0]["source"]
    asked = {"url": "http://h.example/cm/decimals", "sourceCode": code, "system": system}
    answer = fhir.get("/r5/ConceptMap/$translate", **asked)
    assert answer.status_code == 200
    assert '"valueDecimal":1.5' in answer.text
    inline = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "sourceCode", "valueCode": code},
            {"name": "system", "valueUri": system},
            {"name": "conceptMap", "resource": json.loads(body)},
        ],
    }
    sent = json.dumps(inline).replace('"valueDecimal": 1.5', '"valueDecimal": 1.50')
    answer = fhir.ask("POST", "/r5/ConceptMap/$translate", content=sent, headers=headers)
    assert (answer.status_code, '"valueDecimal":1.5' in answer.text) == (200, True)
