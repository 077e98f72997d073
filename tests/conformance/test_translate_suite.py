"""The $translate suite in this process: R4, R4B and R5, on both databases, resources sent along and resources loaded.

The files in `translate/` are what is published; `translate_cases` says what stands in them. To write them anew:
`python -m tests.conformance.test_translate_suite`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from termserver.fhir.code_system import read_code_system
from termserver.fhir.concept_map import read_concept_map, write_concept_map
from termserver.fhir.value_set import read_value_set
from termserver.fhir.versions import FhirVersion
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from tests.conformance.comparing import difference, sorted_parts
from tests.conformance.translate_cases import asking, choosing, filling, neighbours
from tests.conformance.translate_cases.writing import Json, files_of, text_of, write_files
from tests.unit.rest.client import FhirClient

FOLDER = Path(__file__).parent / "translate"
SUITES = [*asking.suites(), *choosing.suites(), *filling.suites(), *neighbours.suites()]
VERSIONS = {"r4": "4.0.1", "r4b": "4.3.0", "r5": "5.0.0"}
_CASES = json.loads((FOLDER / "test-cases.json").read_text(encoding="utf-8"))["suites"]


def _read(name: str) -> Json:
    found: Json = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def test_files_are_what_the_cases_say() -> None:
    files = files_of(SUITES)
    assert {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.json")} == files.keys()
    for name, content in files.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text_of(content), f"{name}: see this file's first lines"


def test_the_suite_is_large_enough() -> None:
    assert sum(len(suite["tests"]) for suite in _CASES) >= 150


def _as_r4(resource: Json) -> Json:
    """A setup resource as an R4 client would send it."""
    if resource["resourceType"] != "ConceptMap":
        return resource
    return write_concept_map(read_concept_map(resource, FhirVersion.R5), FhirVersion.R4)


def _ask(client: FhirClient, base: str, test: Json, setup: list[Json], *, by_get: bool) -> tuple[int, Json]:
    body = copy.deepcopy(_read(test["request"]))
    headers = {"Accept-Language": test["Accept-Language"]} if "Accept-Language" in test else None
    values = [(item["name"], _primitive(item)) for item in body["parameter"]]
    path = f"/{base}/ConceptMap/$translate"
    if by_get and all(value is not None for _, value in values):
        response = client.ask("GET", path, params=values, headers=headers)
        return response.status_code, response.json()
    if base != "r5":
        for item in body["parameter"]:
            if "resource" in item and test.get("http-code") != "4xx":
                item["resource"] = _as_r4(item["resource"])
        setup = [_as_r4(resource) for resource in setup]
    body["parameter"] += [{"name": "tx-resource", "resource": resource} for resource in setup]
    response = client.post(path, body, headers)
    return response.status_code, response.json()


def _primitive(item: Json) -> str | None:
    """The parameter's value as a query has it; None where only a body can say it."""
    value = next((content for name, content in item.items() if name.startswith("value")), None)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) and "part" not in item else None


def _failures(client: FhirClient, suite: Json, setup: list[Json], *, by_get: bool) -> Iterator[str]:
    for base, number in VERSIONS.items():
        for test in suite["tests"]:
            if not number.startswith(test.get("version", "")):
                continue
            if by_get and test["name"].endswith(("-is-text", "-is-number", "-is-coding")):
                continue  # a query has no types
            status, answer = _ask(client, base, test, setup, by_get=by_get)
            wanted = test.get("http-code", "2xx")
            found = difference(_read(test["response"]), sorted_parts(_plain(answer)), number)
            if str(status)[0] != wanted[0]:
                yield f"{base} {suite['name']}/{test['name']}: {status} {answer}"
            elif found:
                yield f"{base} {suite['name']}/{test['name']}: {found}"


def _plain(answer: Json) -> Json:
    """Without what a suite does not control."""
    answer.pop("text", None)
    return answer


@pytest.mark.parametrize("suite", _CASES, ids=lambda suite: suite["name"])
def test_with_resources_sent_along(database: Database, tmp_path: Path, suite: Json) -> None:
    client = FhirClient(database, Settings(data=tmp_path))
    setup = [_read(name) for name in suite["setup"]]
    failures = list(_failures(client, suite, setup, by_get=False))
    assert not failures, "\n".join(failures)


_STORABLE = {f"translate-{suite.name}" for suite in SUITES if suite.storable}


@pytest.mark.parametrize(
    "suite", [suite for suite in _CASES if suite["name"] in _STORABLE], ids=lambda suite: suite["name"]
)
def test_with_resources_loaded(database: Database, tmp_path: Path, suite: Json) -> None:
    """GET where a query can say it: the hot path answers these."""
    client = FhirClient(database, Settings(data=tmp_path))
    with database.session(write=True) as session:
        for name in suite["setup"]:
            resource = _read(name)
            if resource["resourceType"] == "CodeSystem":
                add_code_system(session, *_code_system(resource))
            elif resource["resourceType"] == "ValueSet":
                add_value_set(session, read_value_set(resource, FhirVersion.R5))
            else:
                add_concept_map(session, read_concept_map(resource, FhirVersion.R5))
    failures = [failure for _ in range(2) for failure in _failures(client, suite, [], by_get=True)]
    assert not failures, "\n".join(failures)


def _code_system(resource: Json) -> Any:
    return read_code_system(resource, FhirVersion.R5)


def test_the_comparison_finds_differences() -> None:
    expected: Json = {"parameter": [{"$optional$": "version:5", "name": "a"}, {"name": "b", "v": "$fragments:x|Y$"}]}
    right = {"parameter": [{"name": "b", "v": "an X and a y"}]}
    assert difference(expected, right, "5.0.0") is None
    assert difference(expected, right, "4.0.1") == "$.parameter[0].name: expected 'a', got 'b'"
    for wrong in (
        {"parameter": []},
        {"parameter": [{"name": "b", "v": "x"}]},
        {"parameter": [{"name": "b", "v": "xy", "w": 1}]},
        {"parameter": [{"name": "b", "v": "xy"}, {"name": "c"}]},
        {"parameter": [{"name": "b"}]},
        {"parameter": [{"name": "b", "v": True}]},
    ):
        assert difference(expected, wrong, "5.0.0")


if __name__ == "__main__":
    write_files(FOLDER, files_of(SUITES))
