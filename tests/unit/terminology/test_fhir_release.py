"""FHIR's own terminology: a request sees the release that it speaks."""

from __future__ import annotations

import pytest

from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.requests import LookupRequest, Overlay
from termserver.model.value_set import Include, ValueSet
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from termserver.terminology.service import Terminology
from termserver.terminology.versions import of_release

URL = "http://hl7.org/fhir/event-status"
VALUE_SET = "http://hl7.org/fhir/ValueSet/event-status"


@pytest.fixture
def terminology(database: Database, settings: Settings) -> Terminology:
    with database.session(write=True) as session:
        for version in ("4.0.1", "5.0.0"):
            add_code_system(session, CodeSystem(URL, version, "EventStatus"), [Concept("done", f"Done in {version}")])
            add_value_set(session, ValueSet(VALUE_SET, version, "EventStatus", includes=(Include(URL),)))
    return Terminology(database, settings)


@pytest.mark.parametrize(
    ("release", "version"), [("4.0.1", "4.0.1"), ("4.3.0", "4.0.1"), ("5.0.0", "5.0.0"), (None, "5.0.0")]
)
def test_a_request_without_a_version_sees_its_own_release(
    terminology: Terminology, release: str | None, version: str
) -> None:
    overlay = Overlay(fhir_release=release)
    found = terminology.lookup(LookupRequest(Coding(URL, "done"), overlay=overlay))
    assert (found.version, found.display) == (version, f"Done in {version}")
    with terminology.library(overlay) as library:
        value_set = library.value_set(VALUE_SET)
    assert value_set is not None
    assert value_set.version == version


def test_a_version_that_is_asked_for_is_given_in_any_release(terminology: Terminology) -> None:
    asked = LookupRequest(Coding(URL, "done", "5.0.0"), overlay=Overlay(fhir_release="4.0.1"))
    assert terminology.lookup(asked).version == "5.0.0"


@pytest.mark.parametrize(
    ("url", "versions"),
    [
        ("https://example.org/CodeSystem/own", ["4.0.1", "5.0.0"]),
        ("http://hl7.org/fhir/test/CodeSystem/own", ["4.0.1", "5.0.0", "5.1.0"]),
    ],
)
def test_other_content_is_not_chosen_by_release(url: str, versions: list[str]) -> None:
    assert of_release(url, versions, str, None, "4.0.1") == versions
