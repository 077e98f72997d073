import pytest

from termserver.errors import Conflict
from termserver.model.code_system import CodeSystem, Concept
from termserver.store.code_systems import (
    add_code_system,
    children_of,
    find_code_system,
    get_code_system_by_fhir_id,
    get_concept,
    get_concepts,
    list_code_systems,
    resolve_alias,
    stream_concepts,
    supplements_of,
)
from termserver.store.engine import Database
from termserver.store.revision import catalogue_revision
from tests.builders import CONCEPTS, ICD, icd


def test_concepts_come_back_as_they_went_in(database: Database) -> None:
    with database.session(write=True) as session:
        stored = icd(session)
    with database.session() as session:
        assert tuple(stream_concepts(session, stored.id)) == CONCEPTS
        assert get_concept(session, stored.id, "I21") == CONCEPTS[1]
        assert get_concept(session, stored.id, "i21") is None
        assert set(get_concepts(session, stored.id, ["I21", "I48", "nope"])) == {"I21", "I48"}
        assert [child.code for child in children_of(session, stored.id, "IX")] == ["I21", "I48", "I99"]


def test_the_same_content_twice_is_stored_once(database: Database) -> None:
    with database.session(write=True) as session:
        first, second = icd(session), icd(session)
        assert first == second
        assert len(list_code_systems(session)) == 1


def test_other_content_under_the_same_version_is_refused_and_nothing_is_half_stored(database: Database) -> None:
    with database.session(write=True) as session:
        stored = icd(session)
        with pytest.raises(Conflict, match="already loaded with other content"):
            add_code_system(session, CodeSystem(ICD, "2019", "ICD10"), [Concept("X", "X")])
        assert tuple(stream_concepts(session, stored.id)) == CONCEPTS
        assert len(list_code_systems(session)) == 1


def test_an_alias_finds_the_code_system(database: Database) -> None:
    with database.session(write=True) as session:
        stored = icd(session)
        assert resolve_alias(session, "urn:oid:2.16.840.1.113883.6.3") == ICD
        assert find_code_system(session, "urn:oid:2.16.840.1.113883.6.3") == stored
        assert find_code_system(session, "http://nowhere") is None


def test_the_newest_version_is_found_without_a_version(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session, "2016")
        newest = icd(session, "2019")
        assert find_code_system(session, ICD) == newest
        older = find_code_system(session, ICD, "2016")
        assert older is not None
        assert get_code_system_by_fhir_id(session, older.fhir_id) == older


def test_a_supplement_is_no_code_system_of_its_own(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        header = CodeSystem("http://sv", "1", "Sv", content="supplement", supplements=f"{ICD}|2019", language="sv")
        add_code_system(session, header, [Concept("I21", "Akut hjärtinfarkt")])
        assert [one.header.name for one in supplements_of(session, ICD)] == ["Sv"]
        assert find_code_system(session, "http://sv") is None


def test_the_catalogue_revision_rises_with_each_change(database: Database) -> None:
    with database.session(write=True) as session:
        before = catalogue_revision(session)
        icd(session)
        assert catalogue_revision(session) == before + 1
        icd(session)
        assert catalogue_revision(session) == before + 1


def test_a_failing_block_leaves_nothing(database: Database) -> None:
    def broken():  # type: ignore[no-untyped-def]
        yield Concept("A", "A")
        raise ValueError("the file ends here")

    with pytest.raises(ValueError, match="ends here"), database.session(write=True) as session:
        add_code_system(session, CodeSystem("http://x", "1", "X"), broken())
    with database.session() as session:
        assert list_code_systems(session) == []


def test_search_by_name_ignores_case_and_takes_wildcards_verbatim(database: Database) -> None:
    with database.session(write=True) as session:
        icd(session)
        assert len(list_code_systems(session, name="icd")) == 1
        assert list_code_systems(session, name="%") == []
