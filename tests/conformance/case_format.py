"""Our conformance cases: what a file in `cases/` may say, read and checked.

    setup: [animals, fruit]             # resources/<name>.yaml, stored before the file's cases; `enumerations`: FHIR's own
    cases:
      - name: a parent subsumes its child
        versions: [r4, r5]              # default: r4, r4b and r5
        get: CodeSystem/$subsumes?system=http://example.org/cs&codeA=a&codeB=b
        parameters: {outcome: subsumes}

One request a case: `get`, `post`, `put` or `delete` with a path, `body` (JSON as it is, or text) or `send` (shorthand of a
Parameters resource: name with its type → value), `headers`, `signed_in: true` for an administrator's token. Several in a row:
`steps`, each written like a case. `{v}` in any text is the FHIR version: cases that write take ids of their own with it.

What is expected, beside `status` (default 200): `body` of the answer as a pattern under `answer` (see `pattern`), or a
shorthand: `parameters` (name → value, list of values, or map of parts; null: absent), `codes` of an expansion in their order,
`issue` (code, text, severity, type) of an OperationOutcome, `entries` (a pattern for each entry of a Bundle), `xml` (path →
value), `answer_headers`. A string between slashes is a regular expression; `"*"` stands for anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
VERSIONS = ("r4", "r4b", "r5")
METHODS = ("get", "post", "put", "delete")
_REQUEST = {*METHODS, "body", "send", "headers", "signed_in"}
_ANSWER = {"status", "answer", "parameters", "codes", "issue", "entries", "xml", "answer_headers"}


@dataclass(frozen=True)
class Step:
    """One request and what is expected of its answer."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    signed_in: bool = False
    status: int = 200
    expected: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One case of a file, in one FHIR version."""

    file: str
    name: str
    version: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.file}: {self.name} [{self.version}]"


@dataclass(frozen=True)
class CaseFile:
    """A file of cases."""

    name: str
    setup: tuple[str, ...]
    cases: tuple[Case, ...]


def read_case_files() -> list[CaseFile]:
    """All files, by name. A key that nobody knows, a name twice or a step without a request is an error."""
    return [_case_file(path) for path in sorted((FOLDER / "cases").glob("*.yaml"))]


def read_resources(name: str) -> list[dict[str, Any]]:
    """The resources of one setup file, R5."""
    resources = yaml.safe_load((FOLDER / "resources" / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(resources, list), name
    return resources


def _case_file(path: Path) -> CaseFile:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(data) <= {"setup", "cases"}, f"{path.name}: {set(data)}"
    names = [entry["name"] for entry in data["cases"]]
    assert len(names) == len(set(names)), f"{path.name}: a name occurs twice"
    cases = []
    for entry in data["cases"]:
        listed = entry.get("steps", [entry])
        known = {"name", "versions", "steps"} | (set() if "steps" in entry else _REQUEST | _ANSWER)
        assert set(entry) <= known, f"{path.name}: {entry['name']}: {set(entry) - known}"
        for version in entry.get("versions", VERSIONS):
            steps = tuple(_step(_in_version(one, version), f"{path.name}: {entry['name']}") for one in listed)
            cases.append(Case(path.stem, entry["name"], version, steps))
    return CaseFile(path.stem, tuple(data.get("setup", ())), tuple(cases))


def _step(entry: dict[str, Any], place: str) -> Step:
    extra = set(entry) - _REQUEST - _ANSWER - {"name", "versions"}
    assert not extra, f"{place}: {extra}"
    methods = [method for method in METHODS if method in entry]
    assert len(methods) == 1, f"{place}: one of {METHODS}"
    body = _parameters(entry["send"]) if "send" in entry else entry.get("body")
    expected = {key: entry[key] for key in _ANSWER - {"status"} if key in entry}
    assert expected or entry.get("status", 200) in (201, 204, 304), f"{place}: nothing is expected"
    return Step(
        methods[0].upper(),
        entry[methods[0]],
        body,
        entry.get("headers", {}),
        entry.get("signed_in", False),
        entry.get("status", 200),
        expected,
    )


def _in_version(value: Any, version: str) -> Any:
    """The same with `{v}` replaced in every text."""
    if isinstance(value, str):
        return value.replace("{v}", version)
    if isinstance(value, dict):
        return {key: _in_version(item, version) for key, item in value.items()}
    return [_in_version(item, version) for item in value] if isinstance(value, list) else value


def _parameters(values: dict[str, Any]) -> dict[str, Any]:
    """`{"codeA: Code": …}` as a Parameters resource; the type after the name, a list for a repeated parameter."""
    listed = []
    for key, given in values.items():
        name, _, kind = key.partition(": ")
        for value in given if isinstance(given, list) else [given]:
            if kind == "resource":
                listed.append({"name": name, "resource": value})
            elif kind == "part":
                listed.append({"name": name, "part": _parameters(value)["parameter"]})
            else:
                listed.append({"name": name, f"value{kind}": value})
    return {"resourceType": "Parameters", "parameter": listed}
