"""ValueSet/$validate-code as a table of cases; stored on either database or brought by the request, all the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from termserver.errors import BadInput, NotFound, NotSupported
from termserver.model.coding import Coding
from termserver.model.value_set import Contained, Include, ValueSet
from termserver.settings import Settings
from termserver.store.engine import Database
from tests.conftest import postgresql_copy
from tests.unit.terminology.validation import (
    ANIMALS,
    BASE,
    BY_NAME,
    CASELESS,
    DRAFT,
    NAMELESS,
    PART,
    VERSIONED,
    Ask,
    ask_brought,
    ask_stored,
    said,
)

NOT_IN = "error None_of_the_provided_codes_are_in_the_value_set_one @Coding.code"
NONE_IN = "error TX_GENERAL_CC_ERROR_MESSAGE"


def this_not_in(number: int) -> str:
    return f"information None_of_the_provided_codes_are_in_the_value_set_one @CodeableConcept.coding[{number}].code"


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "brought"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """The engine over the same content, kept in three ways."""
    folder = tmp_path_factory.mktemp("validate")
    settings = Settings(data=folder)
    if request.param == "postgresql":
        with postgresql_copy(request) as database:
            yield ask_stored(database, settings)
        return
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    yield (ask_brought if request.param == "brought" else ask_stored)(database, settings)
    database.close()


# ------------------------------------------------------------------ codes

CODES: list[tuple[str, str, Coding, dict[str, Any], bool, list[str]]] = [
    ("member", "animals", Coding(ANIMALS, "dog"), {}, True, []),
    ("listed", "pets", Coding(ANIMALS, "dog"), {}, True, []),
    ("not listed", "pets", Coding(ANIMALS, "rock"), {}, False, [NOT_IN]),
    ("by filter", "below", Coding(ANIMALS, "cat"), {}, True, []),
    ("not by filter", "below", Coding(ANIMALS, "animal"), {}, False, [NOT_IN]),
    ("in both imports", "imported", Coding(ANIMALS, "dog"), {}, True, []),
    ("in one import", "imported", Coding(ANIMALS, "rock"), {}, False, [NOT_IN]),
    ("excluded", "no-cats", Coding(ANIMALS, "cat"), {}, False, [NOT_IN]),
    ("not excluded", "no-cats", Coding(ANIMALS, "dog"), {}, True, []),
    (
        "unknown code",
        "animals",
        Coding(ANIMALS, "cow"),
        {},
        False,
        [NOT_IN, "error Unknown_Code_in_Version @Coding.code"],
    ),
    (
        "unknown code, no version",
        "nameless",
        Coding(NAMELESS, "B"),
        {},
        False,
        [NOT_IN, "error Unknown_Code_in @Coding.code"],
    ),
    ("membership only", "animals", Coding(ANIMALS, "cow", None, "x"), {"membership_only": True}, False, [NOT_IN]),
    ("other system", "animals", Coding(NAMELESS, "A"), {}, False, [NOT_IN]),
    ("in fragment", "part", Coding(PART, "known"), {}, True, []),
    ("not in fragment", "part", Coding(PART, "else"), {}, True, ["warning UNKNOWN_CODE_IN_FRAGMENT @Coding.code"]),
    (
        "listed, not in fragment",
        "part-listed",
        Coding(PART, "elsewhere"),
        {},
        True,
        ["warning UNKNOWN_CODE_IN_FRAGMENT @Coding.code"],
    ),
    (
        "filter of a fragment",
        "part-filtered",
        Coding(PART, "elsewhere"),
        {},
        False,
        [NOT_IN, "warning UNKNOWN_CODE_IN_FRAGMENT @Coding.code"],
    ),
    ("other case", "caseless", Coding(CASELESS, "ABC"), {}, True, ["information CODE_CASE_DIFFERENCE @Coding.code"]),
    (
        "case matters",
        "animals",
        Coding(ANIMALS, "Dog"),
        {},
        False,
        [NOT_IN, "error Unknown_Code_in_Version @Coding.code"],
    ),
    ("retired", "animals", Coding(ANIMALS, "dodo"), {}, True, ["warning INACTIVE_CONCEPT_FOUND @Coding"]),
    ("deprecated", "animals", Coding(ANIMALS, "unicorn"), {}, True, ["warning DEPRECATED_CONCEPT_FOUND @Coding"]),
    (
        "retired, active wanted",
        "animals",
        Coding(ANIMALS, "dodo"),
        {"active_only": True},
        False,
        [NOT_IN, "error STATUS_CODE_WARNING_CODE @Coding.code", "warning INACTIVE_CONCEPT_FOUND @Coding"],
    ),
    (
        "retired, value set of active ones",
        "active",
        Coding(ANIMALS, "auk"),
        {},
        False,
        [NOT_IN, "error STATUS_CODE_WARNING_CODE @Coding.code", "warning INACTIVE_CONCEPT_FOUND @Coding"],
    ),
    (
        "retired and excluded",
        "no-cats",
        Coding(ANIMALS, "dodo"),
        {},
        False,
        [NOT_IN, "warning INACTIVE_CONCEPT_FOUND @Coding"],
    ),
    ("abstract", "animals", Coding(ANIMALS, "animal"), {}, True, []),
    (
        "abstract, not wanted",
        "animals",
        Coding(ANIMALS, "animal"),
        {"abstract_allowed": False},
        False,
        ["error ABSTRACT_CODE_NOT_ALLOWED @Coding.code", NOT_IN],
    ),
    (
        "marked in the value set",
        "named",
        Coding(ANIMALS, "cat"),
        {},
        True,
        ["warning CONCEPT_DEPRECATED_IN_VALUESET @Coding.code"],
    ),
    ("edition by default", "of-editions", Coding(ANIMALS, "cat"), {}, True, []),
    ("edition pinned", "of-edition-1", Coding(ANIMALS, "cat"), {}, False, [NOT_IN]),
    (
        "edition by parameter",
        "of-editions",
        Coding(ANIMALS, "dog"),
        {"default_value_set_versions": (BASE + "vs/editions|1",)},
        True,
        [],
    ),
    (
        "edition by parameter is not here",
        "of-editions",
        Coding(ANIMALS, "dog"),
        {"default_value_set_versions": (BASE + "vs/editions|9",)},
        False,
        ["error Unable_to_resolve_value_Set_"],
    ),
    ("import is not here", "broken-import", Coding(ANIMALS, "dog"), {}, False, ["error Unable_to_resolve_value_Set_"]),
    ("draft code system", "draft", Coding(DRAFT, "A"), {}, True, ["information MSG_DRAFT"]),
    ("draft in a draft", "expected-draft", Coding(DRAFT, "A"), {}, True, []),
    ("withdrawn", "withdrawn", Coding(ANIMALS, "dog"), {}, True, ["information MSG_WITHDRAWN"]),
    ("withdrawn import", "of-withdrawn", Coding(ANIMALS, "dog"), {}, True, ["information MSG_WITHDRAWN"]),
]


@pytest.mark.parametrize(
    ("value_set", "coding", "more", "expected", "issues"), [c[1:] for c in CODES], ids=[c[0] for c in CODES]
)
def test_code(
    ask: Ask, value_set: str, coding: Coding, more: dict[str, Any], expected: bool, issues: list[str]
) -> None:
    result = ask(value_set, coding, **more)
    assert said(result) == sorted(issues)
    assert result.result is expected
    assert (result.code, result.system) == (coding.code, coding.system)


def test_a_bare_code_has_its_places_without_coding(ask: Ask) -> None:
    result = ask("animals", Coding(ANIMALS, "dodo", None, "Drunte"), place="")
    assert said(result) == [
        "error Display_Name_for__should_be_one_of__instead_of @display",
        "warning INACTIVE_CONCEPT_FOUND @code",
    ]


def test_what_is_told_of_a_code(ask: Ask) -> None:
    result = ask("animals", Coding(ANIMALS, "dodo"))
    assert (result.version, result.display, result.inactive, result.status) == ("2", "Dodo", True, "retired")
    assert result.message == "The concept 'dodo' has a status of retired and inactive and its use should be reviewed"
    assert ask("animals", Coding(ANIMALS, "auk")).status is None
    assert ask("animals", Coding(ANIMALS, "unicorn")).status == "deprecated"
    assert not ask("pets", Coding(ANIMALS, "auk")).inactive


def test_code_in_another_case_is_told_as_given_and_as_it_is(ask: Ask) -> None:
    result = ask("caseless", Coding(CASELESS, "aBC"))
    assert (result.code, result.normalized_code, result.display) == ("aBC", "Abc", "Letters")


def test_message_has_the_errors_and_not_the_remarks(ask: Ask) -> None:
    result = ask("animals", Coding(ANIMALS, "cow", None, "Cow"))
    assert result.message is not None
    assert set(result.message.split("; ")) == {
        f"The provided code '{ANIMALS}#cow ('Cow')' was not found in the value set '{BASE}vs/animals|7'",
        f"Unknown code 'cow' in the CodeSystem '{ANIMALS}' version '2'",
    }


def test_value_set_that_is_not_here_is_an_error(ask: Ask) -> None:
    with pytest.raises(
        NotFound, match=r"A definition for the value Set 'http://a.example/vs/nobody' could not be found"
    ):
        ask("nobody", Coding(ANIMALS, "dog"))


def test_circle_of_value_sets_is_an_error_whatever_the_code(ask: Ask) -> None:
    with pytest.raises(NotSupported) as raised:
        ask("round", Coding(DRAFT, "A"))
    assert raised.value.message_id == "VALUESET_CIRCULAR_REFERENCE"


def test_supplement_that_is_not_here_is_an_error(ask: Ask) -> None:
    with pytest.raises(NotFound) as raised:
        ask("animals", Coding(ANIMALS, "dog"), supplements=(BASE + "nobody",))
    assert raised.value.message_id == "VALUESET_SUPPLEMENT_MISSING"


def test_many_imports_of_the_same_are_walked_once(ask: Ask) -> None:
    chain = [("0", ValueSet("", "", "", includes=(Include(ANIMALS),)))]
    for number in range(1, 40):
        below = f"#{number - 1}"
        chain.append((str(number), ValueSet("", "", "", includes=(Include(value_sets=(below, below)),))))
    top = ValueSet("", "", "", includes=(Include(value_sets=("#39", "#39")),), contained=Contained(tuple(chain)))
    assert ask(top, Coding(ANIMALS, "dog")).result
    assert said(ask(top, Coding(ANIMALS, "cow")))[0] == NOT_IN


# ------------------------------------------------------------------ systems


@pytest.mark.parametrize(
    ("coding", "issues", "unknown", "causing"),
    [
        (Coding("", "dog"), [NOT_IN, "warning Coding_has_no_system__cannot_validate @Coding"], (), ()),
        (Coding(BASE + "x", "A"), [NOT_IN, "error UNKNOWN_CODESYSTEM @Coding.system"], (BASE + "x",), ()),
        (
            Coding(BASE + "x", "A", "1"),
            [NOT_IN, "error UNKNOWN_CODESYSTEM_VERSION_NONE @Coding.system"],
            (BASE + "x",),
            (),
        ),
        (
            Coding(DRAFT, "A", "9"),
            [NOT_IN, "error UNKNOWN_CODESYSTEM_VERSION @Coding.system"],
            (DRAFT + "|9",),
            (),
        ),
        (Coding(BASE + "vs/pets", "A"), [NOT_IN, "error Terminology_TX_System_ValueSet2 @Coding.system"], (), ()),
        (
            Coding("local", "A"),
            [NOT_IN, "error Terminology_TX_System_Relative @Coding.system", "error UNKNOWN_CODESYSTEM @Coding.system"],
            ("local",),
            (),
        ),
    ],
)
def test_system_that_the_value_set_does_not_include(
    ask: Ask, coding: Coding, issues: list[str], unknown: tuple[str, ...], causing: tuple[str, ...]
) -> None:
    result = ask("animals", coding)
    assert not result.result
    assert said(result) == sorted(issues)
    assert (result.unknown_systems, result.causing_systems) == (unknown, causing)


def test_system_that_the_value_set_needs_and_that_is_not_here(ask: Ask) -> None:
    result = ask("unknown-system", Coding(BASE + "nobody", "A"))
    assert said(result) == ["error UNKNOWN_CODESYSTEM @Coding.system"]
    assert result.causing_systems == (BASE + "nobody",)
    concept = ask("unknown-system", Coding(BASE + "nobody", "A"), from_concept=True)
    assert said(concept) == ["error UNKNOWN_CODESYSTEM @CodeableConcept.coding[0].system"]


def test_system_that_is_known_by_name_only(ask: Ask) -> None:
    result = ask("by-name", Coding(BY_NAME, "A"))
    assert said(result) == ["error UNKNOWN_CODESYSTEM @Coding.system"]
    assert result.causing_systems == (BY_NAME,)


def test_include_that_names_nothing_is_refused(ask: Ask) -> None:
    with pytest.raises(BadInput, match=r"ValueSet.compose.include\[1\] names neither"):
        ask(ValueSet("", "", "", includes=(Include(ANIMALS), Include())), Coding(ANIMALS, "dog"))


def test_language_of_the_request_before_that_of_the_value_set(ask: Ask) -> None:
    fixed = ValueSet("", "", "", includes=(Include(ANIMALS),), language="en", parameters=(("displayLanguage", "sv"),))
    hund = Coding(ANIMALS, "dog", None, "Hund")
    assert ask(fixed, hund).result
    assert ask(fixed, hund, header_language="en").result
    assert not ask(fixed, hund, language="en").result
    assert not ask(fixed, hund, language="en", header_language="sv").result


@pytest.mark.parametrize(
    ("value_set", "code", "system", "issues"),
    [
        ("animals", "dog", ANIMALS, []),
        ("two-systems", "dog", ANIMALS, []),
        (
            "two-systems",
            "A",
            None,
            [NOT_IN, "error Unable_to_resolve_system__value_set_has_multiple_matches @Coding.code"],
        ),
        ("animals", "cow", None, [NOT_IN, "error UNABLE_TO_INFER_CODESYSTEM @Coding.code"]),
        ("pets", "rock", None, [NOT_IN, "error UNABLE_TO_INFER_CODESYSTEM @Coding.code"]),
    ],
)
def test_system_is_inferred_if_one_fits(
    ask: Ask, value_set: str, code: str, system: str | None, issues: list[str]
) -> None:
    result = ask(value_set, Coding("", code), infer_system=True)
    assert said(result) == sorted(issues)
    assert result.result is (system is not None)
    assert result.system == system


# ------------------------------------------------------------------ displays

WRONG = "Display_Name_for__should_be_one_of__instead_of"
DISPLAYS: list[tuple[str, str, str, str | None, str | None]] = [
    ("animals", "dog", "Dog", None, None),
    ("animals", "dog", "DOG", None, None),
    ("animals", "dog", "Hund", None, None),
    ("animals", "dog", "D og", None, "error Display_Name_WS_for__should_be_one_of__instead_of"),
    ("animals", "dog", "Hound", None, f"error {WRONG}"),
    ("animals", "dog", "Hund", "sv", None),
    ("animals", "dog", "Hund", "sv-FI", None),
    ("animals", "dog", "Hund", "fi, sv;q=0.5", None),
    ("animals", "dog", "Dog", "sv", f"error {WRONG}"),
    ("animals", "dog", "Hund", "en", f"error {WRONG}"),
    ("animals", "cat", "Cat", "et", "information NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK"),
    ("animals", "cat", "Pussy cat", "et", "information NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK"),
    ("animals", "cat", "Katt", "et", "error NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR"),
    ("animals", "cat", "Kissa", "et", "error NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR"),
    ("swedish", "dog", "Dog", None, f"error {WRONG}"),
    ("swedish", "dog", "Dog", "en", None),
    ("named", "dog", "Doggy", None, None),
    ("named", "dog", "Doggy", "en", None),
    ("named", "dog", "Doggy", "sv", f"error {WRONG}"),
    ("pets", "dog", "Doggy", None, f"error {WRONG}"),
]


@pytest.mark.parametrize(("value_set", "code", "display", "language", "issue"), DISPLAYS)
def test_display(ask: Ask, value_set: str, code: str, display: str, language: str | None, issue: str | None) -> None:
    result = ask(value_set, Coding(ANIMALS, code, None, display), language=language)
    assert said(result) == ([f"{issue} @Coding.display"] if issue else [])
    assert result.result is not (issue or "").startswith("error")


@pytest.mark.parametrize(("display", "language"), [("Hound", None), ("D og", None), ("Kissa", "fi")])
def test_wrong_display_is_a_warning_where_the_client_says_so(ask: Ask, display: str, language: str | None) -> None:
    result = ask("animals", Coding(ANIMALS, "dog", None, display), language=language, lenient_display=True)
    assert result.result
    assert [issue.severity for issue in result.issues] == ["warning"]
    assert result.message == result.issues[0].text


def test_display_is_not_compared_where_only_membership_is_asked(ask: Ask) -> None:
    assert ask("animals", Coding(ANIMALS, "dog", None, "Hound"), membership_only=True).issues == ()


def test_names_of_a_system_without_language_serve_everybody(ask: Ask) -> None:
    assert ask("nameless", Coding(NAMELESS, "A", None, "Anything"), language="sv").issues == ()
    wrong = ask("nameless", Coding(NAMELESS, "A", None, "Nothing"), language="sv")
    assert wrong.message == (
        f"Wrong Display Name 'Nothing' for {NAMELESS}#A. Valid display is 'Anything' (for the language(s) 'sv')"
    )


def test_names_are_listed_with_their_languages(ask: Ask) -> None:
    result = ask("animals", Coding(ANIMALS, "cat", None, "Kissa"), language=None)
    assert result.message == (
        f"Wrong Display Name 'Kissa' for {ANIMALS}#cat. Valid display is one of 3 choices: 'Cat' (en), 'Pussy cat' (en) "
        "or 'Katt' (sv) (for the language(s) '--')"
    )
    header = ask("animals", Coding(ANIMALS, "dog", None, "Kissa"), language="sv, fi; q=0.4")
    assert header.message == (
        f"Wrong Display Name 'Kissa' for {ANIMALS}#dog. Valid display is 'Hund' (sv) (for the language(s) 'sv, fi; q=0.4')"
    )


# ------------------------------------------------------------------ several codings


def _concept(ask: Ask, value_set: str, *codings: Coding, **more: Any) -> Any:
    return ask(value_set, *codings, from_concept=True, **more)


def test_one_coding_in_the_value_set_is_enough(ask: Ask) -> None:
    result = _concept(ask, "pets", Coding(ANIMALS, "rock"), Coding(ANIMALS, "dog"))
    assert result.result
    assert said(result) == [this_not_in(0)]
    assert (result.code, result.display, result.message) == ("dog", "Dog", None)


def test_no_coding_in_the_value_set(ask: Ask) -> None:
    result = _concept(ask, "pets", Coding(ANIMALS, "rock"), Coding(ANIMALS, "cow"))
    assert not result.result
    unknown = "error Unknown_Code_in_Version @CodeableConcept.coding[1].code"
    assert said(result) == sorted([NONE_IN, this_not_in(0), this_not_in(1), unknown])
    assert (result.code, result.system, result.version, result.display) == (None, None, None, None)
    assert result.message is not None
    assert result.message.startswith(f"No valid coding was found for the value set '{BASE}vs/pets|7'; ")


def test_a_wrong_coding_beside_a_right_one_is_wrong(ask: Ask) -> None:
    wrong_display = _concept(ask, "pets", Coding(ANIMALS, "dog", None, "Hound"), Coding(ANIMALS, "cat"))
    assert not wrong_display.result
    assert wrong_display.code == "cat"
    unknown_code = _concept(ask, "pets", Coding(ANIMALS, "dog"), Coding(ANIMALS, "cow"))
    assert not unknown_code.result
    assert _concept(ask, "pets", Coding(ANIMALS, "dog"), Coding(ANIMALS, "cow"), membership_only=True).result


def test_a_local_code_beside_a_right_one_is_a_warning(ask: Ask) -> None:
    local = Coding("http://hospital.example/local", "X")
    result = _concept(ask, "pets", Coding(ANIMALS, "dog"), local)
    assert result.result
    assert said(result) == sorted([this_not_in(1), "warning UNKNOWN_CODESYSTEM @CodeableConcept.coding[1].system"])
    assert result.unknown_systems == (local.system,)
    assert not _concept(ask, "pets", local).result


def test_a_concept_without_codings_is_in_no_value_set(ask: Ask) -> None:
    result = _concept(ask, "pets")
    assert not result.result
    assert said(result) == [NONE_IN]


# ------------------------------------------------------------------ versions

M, CHANGED, DEFAULTED = "VALUESET_VALUE_MISMATCH", "VALUESET_VALUE_MISMATCH_CHANGED", "VALUESET_VALUE_MISMATCH_DEFAULT"
UNKNOWN, REFUSED = "UNKNOWN_CODESYSTEM_VERSION", "VALUESET_VERSION_CHECK"
# (version in the include, parameter) → for a coding without a version, of 1.0.0, of 1.2.0 and of 9.9: the version that
# decides, and the messages
Cell = tuple[str | None, tuple[str, ...]]
VERSIONS: dict[tuple[str | None, str], tuple[Cell, Cell, Cell, Cell]] = {
    (None, "none"): (("1.2.0", ()), ("1.0.0", ()), ("1.2.0", ()), ("1.2.0", (UNKNOWN, DEFAULTED))),
    (None, "default"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    (None, "check"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    (None, "force"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    ("1.0.0", "none"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (M,)), ("1.0.0", (UNKNOWN, M))),
    ("1.0.0", "default"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (M,)), ("1.0.0", (UNKNOWN, M))),
    ("1.0.0", "check"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (M,)), ("1.0.0", (UNKNOWN, M))),
    ("1.0.0", "force"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    ("1.2.0", "none"): (("1.2.0", ()), ("1.2.0", (M,)), ("1.2.0", ()), ("1.2.0", (UNKNOWN, M))),
    ("1.2.0", "default"): (("1.2.0", ()), ("1.2.0", (M,)), ("1.2.0", ()), ("1.2.0", (UNKNOWN, M))),
    ("1.2.0", "check"): (
        ("1.2.0", (REFUSED,)),
        ("1.2.0", (M, REFUSED)),
        ("1.2.0", (REFUSED,)),
        ("1.2.0", (UNKNOWN, M, REFUSED)),
    ),
    ("1.2.0", "force"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    ("1.x.x", "none"): (("1.2.0", ()), ("1.0.0", ()), ("1.2.0", ()), ("1.2.0", (UNKNOWN, M))),
    ("1.x.x", "default"): (("1.2.0", ()), ("1.0.0", ()), ("1.2.0", ()), ("1.2.0", (UNKNOWN, M))),
    ("1.x.x", "check"): (
        ("1.2.0", (REFUSED,)),
        ("1.0.0", ()),
        ("1.2.0", (REFUSED,)),
        ("1.2.0", (UNKNOWN, M, REFUSED)),
    ),
    ("1.x.x", "force"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
    ("1", "none"): (("1.2.0", (UNKNOWN,)), ("1.0.0", (UNKNOWN, M)), ("1.2.0", (UNKNOWN, M)), (None, (UNKNOWN, M))),
    ("1", "default"): (("1.0.0", (UNKNOWN,)), ("1.0.0", (UNKNOWN, M)), ("1.2.0", (UNKNOWN, M)), (None, (UNKNOWN, M))),
    ("1", "check"): (("1.0.0", (UNKNOWN,)), ("1.0.0", (UNKNOWN, M)), ("1.2.0", (UNKNOWN, M)), (None, (UNKNOWN, M))),
    ("1", "force"): (("1.0.0", ()), ("1.0.0", ()), ("1.0.0", (CHANGED,)), ("1.0.0", (UNKNOWN, CHANGED))),
}  # fmt: skip
PARAMETERS: dict[str, dict[str, tuple[str, ...]]] = {
    "none": {},
    "default": {"system_versions": (VERSIONED + "|1.0.0",)},
    "check": {"check_system_versions": (VERSIONED + "|1.0.x",)},
    "force": {"force_system_versions": (VERSIONED + "|1.0.x",)},
}


@pytest.mark.parametrize("from_concept", [False, True], ids=["coding", "concept"])
@pytest.mark.parametrize(("include", "parameter"), VERSIONS)
def test_versions(ask: Ask, include: str | None, parameter: str, from_concept: bool) -> None:
    value_set = ValueSet(BASE + "v", "1", "V", includes=(Include(VERSIONED, include),))
    for own, (version, messages) in zip((None, "1.0.0", "1.2.0", "9.9"), VERSIONS[include, parameter], strict=True):
        result = ask(value_set, Coding(VERSIONED, "A", own), from_concept=from_concept, **PARAMETERS[parameter])
        assert sorted(issue.message_id or "" for issue in result.issues) == sorted(messages), own
        assert result.result is (not messages), own
        cannot_say = from_concept and include == "1" and parameter != "force"
        assert result.version == (None if cannot_say else version), own
        missing = include if include == "1" and parameter != "force" else "9.9"
        assert result.causing_systems == ((f"{VERSIONED}|{missing}",) if UNKNOWN in messages else ()), own


def test_texts_about_versions(ask: Ask) -> None:
    def message(include: str | None, own: str, **more: Any) -> str | None:
        value_set = ValueSet(BASE + "v", "1", "V", includes=(Include(VERSIONED, include),))
        return ask(value_set, Coding(VERSIONED, "A", own), **more).message

    different = f"The code system '{VERSIONED}' version "
    assert (
        message("1.2.0", "1.0.0")
        == different + "'1.2.0' in the ValueSet include is different to the one in the value ('1.0.0')"
    )
    assert message("1.2.0", "1.2.0", **PARAMETERS["force"]) == (
        different
        + "'1.0.x' resulting from the version '1.2.0' in the ValueSet include is different to the one in the value "
        "('1.2.0')"
    )
    assert message(None, "1.2.0", **PARAMETERS["default"]) == (
        different
        + "'1.0.0' resulting from the version '' in the ValueSet include is different to the one in the value ('1.2.0')"
    )
    assert message(None, "9.9") == (
        f"A definition for CodeSystem '{VERSIONED}' version '9.9' could not be found, so the code cannot be validated. "
        "Valid versions: 1.0.0 or 1.2.0"
    )
    assert message("1.2.0", "1.2.0", **PARAMETERS["check"]) == (
        f"The version '1.2.0' is not allowed for system '{VERSIONED}': required to be '1.0.x' by a version-check parameter"
    )


@pytest.mark.parametrize(
    ("value_set", "coding", "version", "messages"),
    [
        ("both-versions", Coding(VERSIONED, "A"), "1.2.0", ()),
        ("both-versions", Coding(VERSIONED, "OLD"), "1.0.0", ()),
        ("both-versions", Coding(VERSIONED, "NEW"), "1.2.0", ()),
        ("both-versions", Coding(VERSIONED, "A", None, "A of 1.0.0"), "1.0.0", ()),
        ("both-versions", Coding(VERSIONED, "A", "1.0.0"), "1.0.0", ()),
        ("both-versions", Coding(VERSIONED, "NEW", "1.0.0"), "1.0.0", ("None_of", "Unknown_Code")),
        ("both-versions", Coding(VERSIONED, "X"), "1.2.0", ("None_of", "Unknown_Code")),
        ("both-versions", Coding(VERSIONED, "A", None, "A"), "1.2.0", ("Display_Name",)),
        ("both-versions", Coding(VERSIONED, "A", "1.0.0", "A of 1.2.0"), "1.0.0", ("Display_Name",)),
        ("new-in-1.2", Coding(VERSIONED, "NEW"), "1.2.0", ()),
        ("new-in-1.2", Coding(VERSIONED, "A"), "1.2.0", ("None_of",)),
        ("both-but-old-A", Coding(VERSIONED, "A"), "1.2.0", ()),
        ("both-but-old-A", Coding(VERSIONED, "A", "1.0.0"), "1.0.0", ("None_of",)),
        ("both-but-old-A", Coding(VERSIONED, "OLD"), "1.0.0", ()),
    ],
)
def test_two_versions_in_one_value_set(
    ask: Ask, value_set: str, coding: Coding, version: str, messages: tuple[str, ...]
) -> None:
    result = ask(value_set, coding)
    found = sorted(issue.message_id or "" for issue in result.issues)
    assert [item[: len(start)] for item, start in zip(found, sorted(messages), strict=True)] == sorted(messages)
    assert result.version == version


# ------------------------------------------------------------------ diagnostics


def test_diagnostics_say_what_the_answer_rests_on(ask: Ask) -> None:
    assert ask("imported", Coding(ANIMALS, "dog")).diagnostics is None
    said_of = ask("imported", Coding(ANIMALS, "dog"), diagnostics=True).diagnostics
    assert said_of is not None
    for part in ("vs/imported|7", "vs/pets|7", "vs/below|7", f"{ANIMALS}|2"):
        assert part in said_of
