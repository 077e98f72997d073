"""CodeSystem/$validate-code as a table of cases; stored or brought, all the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from termserver.model.coding import Coding
from termserver.settings import Settings
from termserver.store.engine import Database
from tests.unit.terminology.validation import (
    ANIMALS,
    BASE,
    CASELESS,
    CODE_SYSTEMS,
    DRAFT,
    NAMELESS,
    PART,
    VERSIONED,
    Ask,
    ask_brought,
    ask_stored,
    said,
)


@pytest.fixture(scope="module", params=["stored", "brought"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The engine over the same content, kept in two ways."""
    folder = tmp_path_factory.mktemp("validate")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    yield (ask_brought if request.param == "brought" else ask_stored)(database, Settings(data=folder))
    database.close()


CASES: list[tuple[str, Coding, dict[str, Any], bool, list[str]]] = [
    ("right", Coding(ANIMALS, "dog"), {}, True, []),
    ("by url", Coding("", "dog"), {"code_system_url": ANIMALS}, True, []),
    ("by url and version", Coding("", "OLD"), {"code_system_url": VERSIONED + "|1.0.0"}, True, []),
    ("unknown code", Coding(ANIMALS, "cow"), {}, False, ["error Unknown_Code_in_Version @Coding.code"]),
    ("unknown code, no version", Coding(NAMELESS, "B"), {}, False, ["error Unknown_Code_in @Coding.code"]),
    ("fragment", Coding(PART, "else"), {}, True, ["warning UNKNOWN_CODE_IN_FRAGMENT @Coding.code"]),
    ("other case", Coding(CASELESS, "ABC"), {}, True, ["information CODE_CASE_DIFFERENCE @Coding.code"]),
    ("retired", Coding(ANIMALS, "dodo"), {}, True, ["warning INACTIVE_CONCEPT_FOUND @Coding"]),
    (
        "retired, active wanted",
        Coding(ANIMALS, "dodo"),
        {"active_only": True},
        False,
        ["error STATUS_CODE_WARNING_CODE @Coding.code", "warning INACTIVE_CONCEPT_FOUND @Coding"],
    ),
    ("abstract", Coding(ANIMALS, "animal"), {}, True, []),
    (
        "abstract, not wanted",
        Coding(ANIMALS, "animal"),
        {"abstract_allowed": False},
        False,
        ["error ABSTRACT_CODE_NOT_ALLOWED @Coding.code"],
    ),
    (
        "wrong display",
        Coding(ANIMALS, "dog", None, "Hound"),
        {},
        False,
        ["error Display_Name_for__should_be_one_of__instead_of @Coding.display"],
    ),
    ("draft", Coding(DRAFT, "A"), {}, True, ["information MSG_DRAFT"]),
    ("no system", Coding("", "dog"), {}, False, ["warning Coding_has_no_system__cannot_validate @Coding"]),
    ("unknown system", Coding(BASE + "x", "A"), {}, False, ["error UNKNOWN_CODESYSTEM @Coding.system"]),
    (
        "local system",
        Coding("x", "A"),
        {},
        False,
        ["error Terminology_TX_System_Relative @Coding.system", "error UNKNOWN_CODESYSTEM @Coding.system"],
    ),
    (
        "value set",
        Coding(BASE + "vs/pets", "dog"),
        {},
        False,
        ["error Terminology_TX_System_ValueSet2 @Coding.system"],
    ),
    (
        "system of somebody else",
        Coding(NAMELESS, "A"),
        {"code_system_url": ANIMALS},
        False,
        ["error CODESYSTEM_DIFFERENT_SYSTEM @Coding.system"],
    ),
    ("version", Coding(VERSIONED, "OLD", "1.0.0"), {}, True, []),
    ("newest", Coding(VERSIONED, "OLD"), {}, False, ["error Unknown_Code_in_Version @Coding.code"]),
    ("pattern", Coding(VERSIONED, "OLD", "1.0.x"), {}, True, []),
    (
        "unknown version",
        Coding(VERSIONED, "A", "9"),
        {},
        False,
        ["error UNKNOWN_CODESYSTEM_VERSION @Coding.system"],
    ),
    ("default version", Coding(VERSIONED, "OLD"), {"system_versions": (VERSIONED + "|1.0.0",)}, True, []),
    ("default is weaker", Coding(VERSIONED, "NEW", "1.2.0"), {"system_versions": (VERSIONED + "|1.0.0",)}, True, []),
    ("forced version", Coding(VERSIONED, "OLD", "1.2.0"), {"force_system_versions": (VERSIONED + "|1.0.0",)}, True, []),
    (
        "version refused",
        Coding(VERSIONED, "A", "1.2.0"),
        {"check_system_versions": (VERSIONED + "|1.0.x",)},
        False,
        ["error VALUESET_VERSION_CHECK @Coding.version"],
    ),
    ("version allowed", Coding(VERSIONED, "OLD"), {"check_system_versions": (VERSIONED + "|1.0.x",)}, True, []),
]


@pytest.mark.parametrize(("coding", "more", "expected", "issues"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_code(ask: Ask, coding: Coding, more: dict[str, Any], expected: bool, issues: list[str]) -> None:
    result = ask(None, coding, **more)
    assert said(result) == issues
    assert result.result is expected


def test_version_that_is_not_here_is_told(ask: Ask) -> None:
    result = ask(None, Coding(VERSIONED, "A", "9"))
    assert (result.version, result.causing_systems) == ("9", (VERSIONED + "|9",))


def test_concept_with_codings_of_several_systems(ask: Ask) -> None:
    result = ask(None, Coding(ANIMALS, "dog"), Coding(VERSIONED, "A"), from_concept=True)
    assert result.result
    assert result.code == "dog"
    wrong = ask(None, Coding(ANIMALS, "dog"), Coding(VERSIONED, "X"), from_concept=True)
    assert said(wrong) == ["error Unknown_Code_in_Version @CodeableConcept.coding[1].code"]
    assert not wrong.result


def test_concept_of_which_one_coding_is_of_the_system(ask: Ask) -> None:
    both = (Coding(VERSIONED, "A"), Coding(ANIMALS, "dog"))
    result = ask(None, *both, from_concept=True, code_system_url=ANIMALS)
    assert result.result
    assert said(result) == ["information CODESYSTEM_DIFFERENT_SYSTEM @CodeableConcept.coding[0].system"]
    assert not ask(None, both[0], from_concept=True, code_system_url=ANIMALS).result


def test_code_system_that_the_request_brings(ask: Ask) -> None:
    header, concepts = CODE_SYSTEMS[0]
    assert ask(None, Coding("", "dog"), inline_code_system=(header, concepts)).result
    assert ask(None, Coding(ANIMALS, "dog", "7"), inline_code_system=(header, concepts)).result
    assert not ask(None, Coding("", "cow"), inline_code_system=(header, concepts)).result
