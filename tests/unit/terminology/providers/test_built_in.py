"""Code systems that are there without being loaded, through the engine."""

from __future__ import annotations

import pytest

from termserver.errors import NotFound
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding
from termserver.model.requests import ExpandRequest, LookupRequest, ValidateCodeRequest
from termserver.model.value_set import Filter, Include, IncludedConcept, ValueSet
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from termserver.terminology.providers.grammar import GrammarContent
from termserver.terminology.providers.registry import built_in_aliases, built_in_headers
from termserver.terminology.service import Terminology

UCUM, LANGUAGES, MEDIA, NPU = (
    "http://unitsofmeasure.org",
    "urn:ietf:bcp:47",
    "urn:ietf:bcp:13",
    "http://npu-terminology.org",
)
COUNTRIES, REGIONS, CURRENCIES = "urn:iso:std:iso:3166", "urn:iso:std:iso:3166:-2", "urn:iso:std:iso:4217"


@pytest.fixture
def terminology(sqlite_database: Database, settings: Settings) -> Terminology:
    return Terminology(sqlite_database, settings)


@pytest.mark.parametrize(
    ("system", "code", "display"),
    [
        (UCUM, "mg/dL", "mg/dL"),
        (LANGUAGES, "sv", "Swedish"),
        (LANGUAGES, "en-US", "English (United States)"),
        (LANGUAGES, "sr-Latn-RS", "Serbian (Latin, Serbia)"),
        (MEDIA, "application/fhir+json", "application/fhir+json"),
        (MEDIA, "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        (NPU, "NPU02319", "NPU02319"),
        (COUNTRIES, "EE", "Estonia"),
        (COUNTRIES, "EST", "Estonia"),
        (COUNTRIES, "233", "Estonia"),
        (COUNTRIES, "XK", "User-assigned"),
        (REGIONS, "FI-18", "Uusimaa"),
        (CURRENCIES, "DKK", "Danish Krone"),
        ("urn:oid:2.16.840.1.113883.6.8", "kg", "kg"),
    ],
)
def test_codes_are_found(terminology: Terminology, system: str, code: str, display: str) -> None:
    assert terminology.lookup(LookupRequest(Coding(system, code))).display == display
    assert terminology.validate_code(ValidateCodeRequest((Coding(system, code),))).result


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (UCUM, "kgXX"),
        (LANGUAGES, "en-us"),
        (LANGUAGES, "xx"),
        (LANGUAGES, "en_US"),
        (LANGUAGES, "s" * 200),
        (LANGUAGES, "språk"),
        (MEDIA, "plain"),
        (MEDIA, "unknown/plain"),
        (MEDIA, "text/plain; charset"),
        (NPU, "NPU123"),
        (NPU, "npu02319"),
        (COUNTRIES, "EX"),
        (COUNTRIES, "ee"),
        (REGIONS, "FI-99"),
        (CURRENCIES, "EEK"),
    ],
)
def test_what_is_no_code_is_not_found(terminology: Terminology, system: str, code: str) -> None:
    with pytest.raises(NotFound):
        terminology.lookup(LookupRequest(Coding(system, code)))
    assert not terminology.validate_code(ValidateCodeRequest((Coding(system, code),))).result


def test_names_in_the_languages_of_the_house(terminology: Terminology) -> None:
    names = {
        language: terminology.lookup(LookupRequest(Coding(COUNTRIES, "SE"), language=language)).display
        for language in ("sv", "nb", "da", "is", "fi", "et", "lv", "lt")
    }
    assert names == {
        "sv": "Sverige",
        "nb": "Sverige",
        "da": "Sverige",
        "is": "Svíþjóð",
        "fi": "Ruotsi",
        "et": "Rootsi",
        "lv": "Zviedrija",
        "lt": "Švedija",
    }


def test_a_value_set_may_list_any_code_of_a_grammar(terminology: Terminology) -> None:
    listed = tuple(IncludedConcept(code) for code in ("mmol/L", "mol/m3", "nonsense", "10*9/L"))
    value_set = ValueSet("http://example.org/ValueSet/units", "1", "Units", includes=(Include(UCUM, concepts=listed),))
    expansion = terminology.expand(ExpandRequest(inline_value_set=value_set))
    assert [entry.code for entry in expansion.entries] == ["mmol/L", "mol/m3", "10*9/L"]
    for code, inside in (("mol/m3", True), ("kg", False), ("nonsense", False)):
        asked = ValidateCodeRequest((Coding(UCUM, code),), inline_value_set=value_set)
        assert terminology.validate_code_in_value_set(asked).result is inside


def test_a_filter_of_the_system_own_decides_membership(terminology: Terminology) -> None:
    masses = Include(UCUM, filters=(Filter("canonical", "=", "g"),))
    value_set = ValueSet("http://example.org/ValueSet/mass", "1", "Mass", includes=(masses,))
    for code, inside in (("kg", True), ("[lb_av]", True), ("mL", False)):
        asked = ValidateCodeRequest((Coding(UCUM, code),), inline_value_set=value_set)
        assert terminology.validate_code_in_value_set(asked).result is inside


def test_a_grammar_lists_the_codes_of_its_value_set_of_common_ones(
    sqlite_database: Database, settings: Settings
) -> None:
    common = ValueSet(
        "http://hl7.org/fhir/ValueSet/ucum-common",
        "4.0.1",
        "Common",
        includes=(
            Include(
                UCUM, concepts=(IncludedConcept("kg", "kilogram"), IncludedConcept("nonsense"), IncludedConcept("mL"))
            ),
        ),
    )
    with sqlite_database.session(write=True) as session:
        add_value_set(session, common)
    terminology = Terminology(sqlite_database, settings)
    with terminology.library() as library:
        content = library.code_system(UCUM)
    assert isinstance(content, GrammarContent)
    assert [concept.code for concept in content.stream()] == ["kg", "mL"]
    assert (content.unclosed or "").endswith("This extension is based on http://hl7.org/fhir/ValueSet/ucum-common")


def test_a_name_in_the_value_set_of_common_ones_is_a_further_name(
    sqlite_database: Database, settings: Settings
) -> None:
    concepts = (IncludedConcept("mg/dL", "milligram per deciliter"), IncludedConcept("kg"))
    common = ValueSet(
        "http://hl7.org/fhir/ValueSet/ucum-common", "4.0.1", "Common", includes=(Include(UCUM, concepts=concepts),)
    )
    with sqlite_database.session(write=True) as session:
        add_value_set(session, common)
    terminology = Terminology(sqlite_database, settings)
    found = terminology.lookup(LookupRequest(Coding(UCUM, "mg/dL")))
    assert found.display == "mg/dL"
    assert "milligram per deciliter" in [item.value for item in found.designations]
    for display, fits in (("milligram per deciliter", True), ("mg/dL", True), ("kilogram", False)):
        assert terminology.validate_code(ValidateCodeRequest((Coding(UCUM, "mg/dL", None, display),))).result is fits


def test_why_a_code_is_no_unit_is_said(terminology: Terminology) -> None:
    answer = terminology.validate_code(ValidateCodeRequest((Coding(UCUM, "kgXX"),)))
    told = [(issue.severity, issue.text) for issue in answer.issues]
    assert ("information", "Error processing unit 'kgXX': The unit 'kgXX' is unknown at character 1") in told


def test_countries_can_be_listed_and_filtered(terminology: Terminology) -> None:
    letters = Include(COUNTRIES, filters=(Filter("code", "regex", "[A-Z]{2}"),))
    value_set = ValueSet("http://example.org/ValueSet/countries", "1", "Countries", includes=(letters,))
    expansion = terminology.expand(ExpandRequest(inline_value_set=value_set, text_filter="fin", count=1000))
    assert "FI" in {entry.code for entry in expansion.entries}
    assert all(len(entry.code) == 2 for entry in expansion.entries)


def test_a_loaded_system_takes_the_place_of_the_built_in_one(sqlite_database: Database, settings: Settings) -> None:
    with sqlite_database.session(write=True) as session:
        add_code_system(session, CodeSystem(NPU, "2026", "NPU"), [Concept("NPU00001", "A name")])
    terminology = Terminology(sqlite_database, settings)
    assert terminology.lookup(LookupRequest(Coding(NPU, "NPU00001"))).display == "A name"
    with pytest.raises(NotFound):
        terminology.lookup(LookupRequest(Coding(NPU, "NPU00002")))


def test_a_version_that_the_built_in_system_has_not_is_not_found(terminology: Terminology) -> None:
    assert terminology.lookup(LookupRequest(Coding(UCUM, "kg", "2.2"))).version == "2.2"
    with pytest.raises(NotFound, match=r"Valid versions: 2\.2"):
        terminology.lookup(LookupRequest(Coding(UCUM, "kg", "1.9")))


def test_ordinals_of_a_grammar_stay_when_it_grows() -> None:
    content = GrammarContent(CodeSystem("http://a", "1", "A"), lambda code: Concept(code, code) if code else None)
    first = content.ordinals_of(["x", "", "y"]).tolist()
    assert first == [0, -1, 1]
    assert content.ordinals_of(["z", "x"]).tolist() == [2, 0]
    assert [content.table.code_of(ordinal) for ordinal in (0, 1, 2)] == ["x", "y", "z"]
    assert content.search("y").tolist() == [1]


def test_every_alias_names_a_built_in_system() -> None:
    assert set(built_in_aliases().values()) <= set(built_in_headers())
    assert len(built_in_headers()) == 7
