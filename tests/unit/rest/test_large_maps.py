"""Maps that are read element by element: the same answers and the same faults as those read whole, in little memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from termserver.errors import BadInput
from termserver.fhir.concept_map_stream import read_concept_map_stream
from termserver.fhir.json_stream import JsonStream
from termserver.fhir.media_types import Representation, WireFormat
from termserver.fhir.versions import FhirVersion
from termserver.fhir.xml_writer import write_xml
from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.rest.client import outcome
from tests.unit.rest.writing import WritingClient, concept_map

PATH = "/r4/ConceptMap/m"


@pytest.fixture
def fhir(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WritingClient:
    """A server to which every map is a large one."""
    monkeypatch.setattr("termserver.rest.routes.IN_MEMORY", 10)
    return WritingClient(database, Settings(data=tmp_path, body_limit_mb=1, resource_limit_mb=2))


def _full(version: str = "1") -> dict[str, Any]:
    element = {
        "code": "a",
        "target": [
            {
                "code": "b",
                "equivalence": "wider",
                "comment": "c",
                "dependsOn": [{"property": "http://x.example/sex", "system": "http://s", "value": "m"}],
            }
        ],
    }
    unmatched = {"code": "n", "target": [{"equivalence": "unmatched", "comment": "nothing fits"}]}
    made = concept_map(version, id="m", status="active")
    made["group"] = [
        {"source": "http://s", "target": "http://t", "element": [element, unmatched]},
        {"unmapped": {"mode": "fixed", "code": "u"}, "source": "http://s", "target": "http://u", "element": [element]},
    ]
    return made


def _send(fhir: WritingClient, body: bytes, kind: str = "json", path: str = PATH) -> Any:
    headers = {"Authorization": f"Bearer {fhir.token}", "Content-Type": f"application/fhir+{kind}"}
    return fhir.ask("PUT", path, content=body, headers=headers)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("kind", ["json", "xml"])
def test_the_same_comes_back_as_of_a_map_read_whole(
    fhir: WritingClient, monkeypatch: pytest.MonkeyPatch, kind: str, turned: bool
) -> None:
    given = _full()
    if turned:  # the groups first, their heads last
        given = dict(reversed(given.items()))
        given["group"] = [dict(reversed(group.items())) for group in given["group"]]
    body = json.dumps(given).encode() if kind == "json" else write_xml(given, FhirVersion.R4)
    assert _send(fhir, body, kind).status_code == 201
    streamed = fhir.get(PATH).json()
    assert streamed["group"] == [dict(sorted(g.items(), key=lambda m: list(streamed["group"][0]).index(m[0]) if m[0] in streamed["group"][0] else 9)) for g in _full()["group"]]  # fmt: skip  # noqa: E501
    monkeypatch.setattr("termserver.rest.routes.IN_MEMORY", 10**9)
    assert _send(fhir, json.dumps(_full()).encode()).json()["meta"]["versionId"] == "1", "nothing new"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"group": [{"element": [{"code": 5}]}]}, "ConceptMap.group[0].element[0].code: must be a string"),
        ({"group": [{"element": [{"code": "a"}, 5]}]}, "ConceptMap.group[0].element[1]: must be an object"),
        ({"group": [{}, {"element": [{"code": "a", "nonsense": 1}]}]}, "ConceptMap.group[1].element[0].nonsense"),
        ({"group": [{"element": [{"code": "a", "target": [{"code": "b", "equivalence": "x"}]}]}]}, "equivalence"),
        ({"group": {}}, "'[' is expected"),
        ({"group": [5]}, "'{' is expected"),
        ({"nonsense": 1}, "ConceptMap.nonsense"),
        ({"status": "x"}, "ConceptMap.status"),
        ({"title": "\x00"}, "ConceptMap.title"),
        ({"group": [{"element": [{"code": "a", "display": "\x00"}]}]}, "control character"),
        ({"resourceType": "ValueSet"}, "must be a ConceptMap"),
        ({"id": "n"}, "must be 'm'"),
    ],
)
def test_faults_are_named_and_nothing_is_left(fhir: WritingClient, change: dict[str, Any], said: str) -> None:
    response = _send(fhir, json.dumps(_full() | change).encode())
    assert response.status_code == 400, response.text
    assert said in outcome(response)
    assert fhir.get("/r4/_history").json()["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"[]" * 20,
        b'{"resourceType": "ConceptMap", "status": "active"',
        b'{"resourceType": "ConceptMap", "resourceType": "ConceptMap"}',
        b'{"resourceType": "ConceptMap"} {}         ',
        b'{"resourceType": "ConceptMap", "title": "\xff"}',
        b'{"resourceType": "ConceptMap", "group": [{"element": [{"code": "a", "code": "b"}]}]}',
        b'{"resourceType": "ConceptMap", "group": [{"element": [' + b"[" * 2000,
        b'{"resourceType": "ConceptMap", "title": NaN}',
        b'{"resourceType": "ConceptMap", "title": "\\ud800"}',
        b'{"resourceType": "ConceptMap" "title": "x"}',
    ],
)
def test_damaged_json_is_refused(fhir: WritingClient, body: bytes) -> None:
    response = _send(fhir, body)
    assert response.status_code == 400
    assert outcome(response)


def test_damaged_xml_is_refused(fhir: WritingClient) -> None:
    whole = write_xml(_full(), FhirVersion.R4)
    assert "not well-formed" in outcome(_send(fhir, whole[:-30], "xml"))
    assert "ConceptMap.group[0].element[0].target[0].nonsense" in outcome(
        _send(fhir, whole.replace(b"<comment", b"<nonsense"), "xml")
    )


def test_a_body_beyond_the_limit_is_413_and_names_the_setting(fhir: WritingClient) -> None:
    response = _send(fhir, b"{" + b" " * 2_200_000 + b"}")
    assert response.status_code == 413
    assert "resource_limit_mb" in outcome(response)
    stranger = fhir.ask("PUT", PATH, content=b"{" + b" " * 1_200_000 + b"}")
    assert stranger.status_code == 413
    assert "body_limit_mb" in outcome(stranger)
    assert fhir.ask("PUT", PATH, content=json.dumps(_full()).encode()).status_code == 401


def _many(elements: int, *, r5: bool) -> Iterator[bytes]:
    yield b'{"resourceType":"ConceptMap","status":"active","url":"http://a","group":[{"source":"http://s","element":['
    relation = "relationship" if r5 else "equivalence"
    for number in range(elements):
        yield (
            ("," if number else "") + f'{{"code":"c{number}","target":[{{"code":"t","{relation}":"equivalent"}}]}}'
        ).encode()
    yield b"]}]}"


class _Counter:
    """Counts elements."""

    count = 0

    def add(self, _group: int, _element: object) -> None:
        self.count += 1

    def clear(self) -> None:
        self.count = 0


@pytest.mark.parametrize("version", [FhirVersion.R4, FhirVersion.R5])
def test_memory_does_not_grow_with_the_elements(version: FhirVersion) -> None:
    def peak_of(elements: int) -> int:
        tracemalloc.start()
        seen = _Counter()
        read_concept_map_stream(lambda: _many(elements, r5=version.is_r5), Representation(version), seen)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen.count == elements
        return peak

    small, large = peak_of(500), peak_of(5_000)
    assert large < small + 200_000, (small, large)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_pieces_may_end_anywhere(size: int) -> None:
    text = '{"ä": [1, 23, -4.50e1, {"b": "\\u00e5\\\\\\""}, true, null, [], {}], "c" : "ö"}'.encode()
    stream = JsonStream(text[place : place + size] for place in range(0, len(text), size))
    read = {name: (list(stream.items()) if name == "ä" else stream.value()) for name in stream.members()}
    stream.end()
    assert read == json.loads(text)


def test_xml_streams_with_the_same_faults() -> None:
    body = write_xml(concept_map(), FhirVersion.R4).replace(b'value="equivalent"', b'value="x"')
    with pytest.raises(BadInput, match=r"group\[0\].element\[0\].target\[0\].equivalence"):
        read_concept_map_stream(lambda: [body], Representation(FhirVersion.R4, WireFormat.XML), _Counter())
