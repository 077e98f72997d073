"""Implicit concept maps of SNOMED CT, `?fhir_cm=…`: what became of retired concepts; a synthetic edition."""

import pytest

from termserver.model.code_system import CodeSystem, Concept, RefsetMember
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from tests.unit.rest.client import FhirClient, outcome, value

SNOMED = "http://snomed.info/sct"
VERSION = f"{SNOMED}/900000000000207008/version/20250131"
ASSOCIATIONS, SAME_AS, REPLACED_BY = "900000000000522004", "900000000000527005", "900000000000526001"
POSSIBLY, MOVED_TO = "900000000000523009", "900000000000524003"


def _association(refset: str, target: str, *, active: bool = True) -> RefsetMember:
    return RefsetMember(refset, "900000000000207008", "20250131", active, (("targetComponentId", target),))


CONCEPTS = [
    Concept(ASSOCIATIONS, "Historical association reference set"),
    Concept(REPLACED_BY, "REPLACED BY", parents=(ASSOCIATIONS,)),
    Concept(MOVED_TO, "MOVED TO", parents=(ASSOCIATIONS,)),
    Concept("404684003", "Clinical finding"),
    Concept("100001", "New"),
    Concept("100002", "Newer"),
    Concept(
        "200001",
        "Old",
        active=False,
        members=(
            _association(REPLACED_BY, "100001"),
            _association(REPLACED_BY, "100002", active=False),
            _association(SAME_AS, "100002"),
            _association(POSSIBLY, "100001"),
            _association(POSSIBLY, "100002"),
            _association(MOVED_TO, "100001"),
        ),
    ),
]


@pytest.fixture(scope="module")
def snomed(tmp_path_factory: pytest.TempPathFactory) -> FhirClient:
    folder = tmp_path_factory.mktemp("snomed")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    with database.session(write=True) as session:
        add_code_system(session, CodeSystem(SNOMED, VERSION, "SNOMED_CT", language="en"), CONCEPTS)
    return FhirClient(database, Settings(data=folder))


def _url(refset: str, edition: str = SNOMED) -> str:
    return f"{edition}?fhir_cm={refset}"


def _targets(answer: dict, relationship: str) -> list[tuple[str, str, str]]:
    found = []
    for match in answer["parameter"]:
        if match["name"] == "match":
            parts = {part["name"]: next(v for k, v in part.items() if k != "name") for part in match["part"]}
            found.append((parts["concept"]["code"], parts["concept"].get("display"), parts[relationship]))
    return found


@pytest.mark.parametrize(
    ("refset", "r5", "r4"),
    [
        (REPLACED_BY, [("100001", "New", "equivalent")], [("100001", "New", "equivalent")]),
        (SAME_AS, [("100002", "Newer", "equivalent")], [("100002", "Newer", "equal")]),
        (
            POSSIBLY,
            [("100001", "New", "related-to"), ("100002", "Newer", "related-to")],
            [("100001", "New", "inexact"), ("100002", "Newer", "inexact")],
        ),
        (MOVED_TO, [("100001", "New", "related-to")], [("100001", "New", "inexact")]),
    ],
)
def test_what_became_of_a_retired_concept(snomed: FhirClient, refset: str, r5: list, r4: list) -> None:
    answer = snomed.get("/r5/ConceptMap/$translate", url=_url(refset), sourceCode="200001", system=SNOMED).json()
    assert _targets(answer, "relationship") == r5
    answer = snomed.get("/r4/ConceptMap/$translate", url=_url(refset), code="200001", system=SNOMED).json()
    assert _targets(answer, "equivalence") == r4


@pytest.mark.parametrize("edition", [SNOMED, f"{SNOMED}/900000000000207008", VERSION])
def test_the_edition_may_be_named(snomed: FhirClient, edition: str) -> None:
    answer = snomed.get(
        "/r4/ConceptMap/$translate", url=_url(REPLACED_BY, edition), code="200001", system=SNOMED
    ).json()
    assert value(answer, "result") is True
    origin = next(part for part in answer["parameter"][1]["part"] if part["name"] == "originMap")
    assert origin["valueCanonical"] == f"{_url(REPLACED_BY, edition)}|{VERSION}"


def test_a_concept_without_such_an_association_has_no_translation(snomed: FhirClient) -> None:
    for code in ("100001", "nonsense"):
        answer = snomed.get("/r4/ConceptMap/$translate", url=_url(SAME_AS), code=code, system=SNOMED).json()
        assert value(answer, "result") is False


@pytest.mark.parametrize(
    "url",
    [
        _url("404684003"),
        _url("999999"),
        _url("x"),
        _url(SAME_AS, f"{SNOMED}/45991000052106"),
        _url(SAME_AS, "http://example.org"),
    ],
)
def test_what_is_no_association_or_not_here_is_not_found(snomed: FhirClient, url: str) -> None:
    response = snomed.get("/r4/ConceptMap/$translate", url=url, code="200001", system=SNOMED)
    assert response.status_code == 404
    assert url in outcome(response)


def test_it_is_not_asked_in_reverse(snomed: FhirClient) -> None:
    response = snomed.get("/r5/ConceptMap/$translate", url=_url(SAME_AS), targetCode="100002", targetSystem=SNOMED)
    assert response.status_code == 422
    assert "reverse" in outcome(response)
