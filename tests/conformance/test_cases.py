"""Every case of `cases/`, on both kinds of database and in each FHIR version that it names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.case_format import Case, CaseFile, Step, read_case_files
from tests.conformance.conftest import Clients
from tests.conformance.pattern import difference_of_answer
from tests.unit.rest.writing import WritingClient

FILES = {file.name: file for file in read_case_files()}
CASES = [case for file in FILES.values() for case in file.cases]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, kind: str, clients: Clients) -> None:
    file: CaseFile = FILES[case.file]
    client = clients(kind, file)
    for number, step in enumerate(case.steps):
        answer = _ask(client, case.version, step)
        shown = answer.text[:1500]
        assert answer.status_code == step.status, (
            f"step {number}: {step.method} {step.path}: {answer.status_code} {shown}"
        )
        found = difference_of_answer(step.expected, answer)
        assert found is None, f"step {number}: {step.method} {step.path}: {found}\n{shown}"


def _ask(client: WritingClient, version: str, step: Step) -> Any:
    token = {"Authorization": f"Bearer {client.token}"} if step.signed_in else {}
    options: dict[str, Any] = {"headers": step.headers | token}
    if isinstance(step.body, str):
        options["content"] = step.body.encode()
    elif step.body is not None:
        options["json"] = step.body
    return client.ask(step.method, f"/{version}/{step.path}", **options)


def test_there_are_cases_enough() -> None:
    assert len({(case.file, case.name) for case in CASES}) >= 150
