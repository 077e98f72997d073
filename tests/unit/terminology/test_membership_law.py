"""A law: a value set's expansion has a code exactly if $validate-code finds it there."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from termserver.errors import TermserverError
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.coding import Coding
from termserver.model.requests import ExpandRequest, Overlay, ValidateCodeRequest
from termserver.model.value_set import Filter, Include, IncludedConcept, ValueSet
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology

ONE, TWO = "http://law.example/one", "http://law.example/two"
CODES = ("a", "b", "c", "d", "e")


def _concepts(leave_out: str, inactive: str) -> tuple[Concept, ...]:
    parents = {"b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ()}
    return tuple(
        Concept(
            code,
            f"Display {code}",
            properties=(ConceptProperty("colour", "red" if code in "abd" else "blue", "code"),),
            parents=tuple(item for item in parents.get(code, ()) if item not in leave_out),
            active=code not in inactive,
            abstract=code == "a",
        )
        for code in CODES
        if code not in leave_out
    )


CODE_SYSTEMS = (
    (CodeSystem(ONE, "1.0", "One"), _concepts("e", "c")),
    (CodeSystem(ONE, "1.1", "One"), _concepts("b", "d")),
    (CodeSystem(ONE, "2.0", "One"), _concepts("", "")),
    (CodeSystem(TWO, "1", "Two"), _concepts("", "a")),
)
_FILTERS = st.builds(
    Filter,
    st.just("concept"),
    st.sampled_from(["is-a", "descendent-of", "child-of", "is-not-a", "generalizes", "descendent-leaf"]),
    st.sampled_from([*CODES, "x"]),
) | st.sampled_from(
    [
        Filter("colour", "=", "red"),
        Filter("colour", "in", "blue,green"),
        Filter("colour", "not-in", "blue"),
        Filter("colour", "exists", "false"),
        Filter("code", "regex", "[abc]"),
        Filter("code", "in", "a,d,x"),
        Filter("parent", "=", "b"),
        Filter("child", "=", "d"),
    ]
)
# Where an include leaves the version open, a coding's own version is right though the expansion has the newest alone
_SYSTEMS = st.sampled_from([(ONE, "1.0"), (ONE, "1.1"), (ONE, "2.0"), (TWO, None), (TWO, "1")])
_LISTED = st.lists(st.sampled_from([*CODES, "x"]), min_size=1, max_size=3, unique=True)


@st.composite
def _includes(draw: st.DrawFn, imports: Sequence[str]) -> Include:
    imported = tuple(draw(st.lists(st.sampled_from(imports), max_size=2, unique=True))) if imports else ()
    if imported and draw(st.booleans()):
        return Include(value_sets=imported)
    system, version = draw(_SYSTEMS)
    if draw(st.booleans()):
        return Include(system, version, tuple(IncludedConcept(code) for code in draw(_LISTED)), value_sets=imported)
    return Include(system, version, filters=tuple(draw(st.lists(_FILTERS, max_size=2))), value_sets=imported)


@st.composite
def _value_sets(draw: st.DrawFn, name: str, imports: Sequence[str]) -> ValueSet:
    said = [(), (), (("versionsMatch", True),), (("versionsMatch", False),)] if name == "outer" else [()]
    matched: tuple[tuple[str, bool], ...] = draw(st.sampled_from(said))
    return ValueSet(
        f"http://law.example/vs/{name}",
        "1",
        name,
        inactive=draw(st.sampled_from([None, None, True, False])),
        includes=tuple(draw(st.lists(_includes(imports), min_size=1, max_size=3))),
        excludes=tuple(draw(st.lists(_includes(imports), max_size=2))),
        parameters=matched,
    )


@st.composite
def _families(draw: st.DrawFn) -> tuple[ValueSet, ...]:
    inner = draw(_value_sets("inner", ()))
    middle = draw(_value_sets("middle", (inner.url,)))
    return inner, middle, draw(_value_sets("outer", (inner.url, middle.url)))


@pytest.fixture(scope="module")
def terminology(tmp_path_factory: pytest.TempPathFactory) -> Terminology:
    folder: Path = tmp_path_factory.mktemp("law")
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    return Terminology(database, Settings(data=folder))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(family=_families(), active_only=st.booleans())
def test_expansion_and_validation_agree(
    terminology: Terminology, family: tuple[ValueSet, ...], active_only: bool
) -> None:
    overlay = Overlay(CODE_SYSTEMS, family)
    url = family[-1].url
    try:
        expansion = terminology.expand(
            ExpandRequest(value_set_url=url, active_only=active_only, overlay=overlay, exclude_nested=True)
        )
    except TermserverError:
        return
    # An entry names its version only where several take part; else it is the one that was used
    used = dict(str(value).split("|") for name, value in expansion.parameters if name == "used-codesystem")
    expanded = {(entry.system, entry.version or used[entry.system], entry.code) for entry in expansion.entries}
    merged = ("versionsMatch", True) in expansion.parameters  # a code counts once, in the newest version that has it
    in_some_version = {(system, code) for system, _, code in expanded}
    for header, concepts in CODE_SYSTEMS:
        for concept in concepts:
            coding = Coding(header.url, concept.code, header.version)
            request = ValidateCodeRequest((coding,), value_set_url=url, active_only=active_only, overlay=overlay)
            result = terminology.validate_code_in_value_set(request)
            if result.version != header.version:
                continue  # a code of another version is told apart by its issues, not by its place in the expansion
            here = (header.url, header.version, concept.code) in expanded
            if merged and not here and (active_only or (header.url, concept.code) in in_some_version):
                continue  # it stands there in its newest version, or is inactive in that one
            said = {issue.message_id for issue in result.issues if issue.severity == "error"}
            assert ("None_of_the_provided_codes_are_in_the_value_set_one" not in said) is here, (coding, said)
