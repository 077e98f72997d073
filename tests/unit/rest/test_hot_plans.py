"""Answers from plans are the engine's, byte by byte: random concepts, parameters, headers and value sets of each kind."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.synthetic_rf2 import write_release
from termserver.fhir.standing import STANDARDS_STATUS
from termserver.loaders.loinc import read_loinc
from termserver.loaders.rf2 import read_rf2
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.coding import Coding, Designation
from termserver.model.decimals import DecimalText
from termserver.model.extension import Extension
from termserver.model.value_set import Filter, Include, IncludedConcept, ValueSet
from termserver.rest.hot_codes import HOT_OPERATIONS
from termserver.rest.hot_membership import MembershipPlan
from termserver.rest.hot_plans import PlanOfOneCode, ValidationPlan
from termserver.settings import Settings
from termserver.store.code_systems import add_code_system
from termserver.store.engine import Database
from termserver.store.value_sets import add_value_set
from tests.unit.rest.client import FhirClient
from tests.unit.rest.test_hot_codes import ask
from tests.unit.rest.test_loinc import FILES

SNOMED, LOINC, PLAIN = "http://snomed.info/sct", "http://loinc.org", "http://a.b/plain"
STANDARD = "http://hl7.org/fhir/concept-properties#"
_USES = (None, Coding("http://a.b/uses", "short", None, "Short name"), Coding(SNOMED, "900000000000003001"))
_WORDS = ("heart", 'the "quoted"', "hjärta", "süda", "back\\slash", "100 % of it", "a\tb", "", "1", "C1")


def _plain() -> tuple[CodeSystem, list[Concept]]:
    """A code system with everything that a concept may have."""
    chooser = random.Random(8)
    header = CodeSystem(
        PLAIN,
        "1.0",
        "Plain",
        language="en",
        properties=(
            PropertyDefinition("condition", "code", f"{STANDARD}status"),
            PropertyDefinition("kind", "code", "http://a.b/kind"),
            PropertyDefinition("weight", "decimal"),
        ),
    )
    concepts = [Concept(f"C{number}", f"{chooser.choice(_WORDS)} {number}") for number in range(20)]
    concepts += [Concept("1", "Short code"), Concept("a%b", "Per %b cent"), Concept("no name", ""), Concept("é", "e")]
    for number in range(60):
        names = tuple(
            Designation(
                f"{chooser.choice(_WORDS)} {place}", chooser.choice((None, "sv", "en", "et")), chooser.choice(_USES)
            )
            for place in range(chooser.randrange(4))
        )
        values = [
            ConceptProperty("kind", chooser.choice(("C1", "C2", "nowhere", "é")), "code"),
            ConceptProperty("weight", chooser.choice((1, 1.0, 0.5, DecimalText("1.50"), True)), "decimal"),
            ConceptProperty("note", chooser.choice(_WORDS)),
            ConceptProperty("of", Coding(PLAIN, "C1", None, "Nice"), "Coding"),
            ConceptProperty("parent", "C2", "code"),
            ConceptProperty("condition", chooser.choice(("deprecated", "active", "experimental")), "code"),
        ]
        extensions = (Extension(STANDARDS_STATUS, "Code", "withdrawn"),) if number % 13 == 0 else ()
        concepts.append(
            Concept(
                f"R{number}",
                f"{chooser.choice(_WORDS)} r{number}",
                active=number % 5 != 0,
                abstract=number % 7 == 0,
                definition=chooser.choice((None, "", "What it means å")),
                designations=names,
                properties=tuple(chooser.sample(values, chooser.randrange(len(values)))),
                parents=tuple(chooser.sample(["C1", "C2", "C3"], chooser.randrange(3))),
                extensions=extensions,
            )
        )
    return header, concepts


def _value_sets() -> list[ValueSet]:
    below, listed = Filter("concept", "is-a", "C1"), (IncludedConcept("C1"), IncludedConcept("R3", "Called otherwise"))
    deprecated = (Extension("http://hl7.org/fhir/StructureDefinition/valueset-deprecated", "Boolean", True),)
    whole = Include(PLAIN)
    return [
        ValueSet("http://v/whole", "1", "Whole", includes=(whole,)),
        ValueSet("http://v/listed", "1", "Listed", includes=(Include(PLAIN, concepts=listed),)),
        ValueSet("http://v/told", "1", "Told", includes=(
            Include(PLAIN, concepts=(*listed, IncludedConcept("C4", extensions=deprecated))),)),
        ValueSet("http://v/below", "1", "Below", includes=(Include(PLAIN, filters=(below,)),)),
        ValueSet("http://v/strictly-below", "1", "Strictly", includes=(
            Include(PLAIN, filters=(Filter("code", "descendent-of", "C1"),)),)),
        ValueSet("http://v/below-nothing", "1", "Nothing", includes=(Include(PLAIN, filters=(Filter("code", "is-a", "C99"),)),)),
        ValueSet("http://v/below-both", "1", "Both", includes=(
            Include(PLAIN, filters=(below, Filter("concept", "descendent-of", "C2"))),)),
        ValueSet("http://v/kind", "1", "Kind", includes=(Include(PLAIN, filters=(Filter("kind", "=", "C1"),)),)),
        ValueSet("http://v/regex", "1", "R", includes=(Include(PLAIN, filters=(Filter("code", "regex", "C.*"),)),)),
        ValueSet("http://v/import", "1", "Import", includes=(Include(None, value_sets=("http://v/below",)), Include(LOINC))),
        ValueSet("http://v/without", "1", "Without", includes=(whole,), excludes=(Include(PLAIN, filters=(below,)),)),
        ValueSet("http://v/active", "1", "Active", inactive=False, includes=(whole,), status="draft"),
        ValueSet("http://v/swedish", "1", "Swedish", language="sv", includes=(whole,)),
        ValueSet("http://v/english", "1", "E", includes=(whole,), parameters=(("displayLanguage", "en"),)),
        ValueSet("http://v/two", "1", "Two", includes=(Include(PLAIN, filters=(below,)), Include(PLAIN, concepts=listed))),
        ValueSet("http://v/version", "1", "V", includes=(Include(PLAIN, version="2.0"),)),
        ValueSet("http://v/supplement", "1", "S", includes=(whole,), supplements=("http://a.b/names",)),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> FhirClient:
    folder: Path = tmp_path_factory.mktemp("plans")
    for place, rows in FILES.items():
        path = folder / "release" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    database = Database(f"sqlite:///{folder / 'test.sqlite3'}")
    database.upgrade()
    snomed, loinc = (
        read_rf2(write_release(folder / "sct", concepts=150)),
        read_loinc(folder / "release", version="2.82"),
    )
    header, concepts = _plain()
    names = CodeSystem("http://a.b/names", "1", "Names", content="supplement", supplements=LOINC, language="sv")
    with database.session(write=True) as session:
        add_code_system(session, snomed.header, snomed.concepts)
        add_code_system(session, loinc.header, loinc.concepts)
        add_code_system(session, header, concepts)
        add_code_system(session, names, [Concept("90000-1", "Sak i serum"), Concept("LA1-1", "Ja")])
        for value_set in _value_sets():
            add_value_set(session, value_set)
    client = FhirClient(database, Settings(data=folder))
    for system in (SNOMED, LOINC, PLAIN):  # opens the indexes
        ask(
            client.app._app, f"/r4/CodeSystem/$subsumes?{urlencode({'system': system, 'codeA': 'a', 'codeB': 'b'})}", {}
        )
    terminology = client.app._codes._terminology
    for stored in terminology.catalogue().supplements[LOINC]:  # a plan begins to open it and does not wait
        terminology._indexes.index(stored)
    return client


_CODES = {
    PLAIN: [concept.code for concept in _plain()[1]] + ["nope", "c1"],
    LOINC: [row[0] for row in FILES["LoincTable/Loinc.csv"][1:]]
    + ["LP1-1", "LP8-1", "LP9-1", "LL1-1", "LA1-1", "LA2-1", "X"],
}


def codes_of(client: FhirClient, system: str) -> list[str]:
    if system not in _CODES:
        terminology = client.app._translate._terminology
        table = terminology.open_index(terminology.catalogue().code_systems[system][0]).table
        _CODES[system] = [table.code_of(ordinal) for ordinal in range(len(table))]
    return _CODES[system]


_LANGUAGES = st.sampled_from([(), *((("displayLanguage", tags),) for tags in ("sv", "et,en;q=0.5", "sv,*;q=0"))])
_HEADERS = st.sampled_from([{}, {"accept-language": "sv"}, {"accept-language": "en-US,en;q=0.9"}, {"accept": "*/*"}])
_BASES = st.sampled_from(["r4", "r5"])
_SYSTEMS = st.sampled_from([SNOMED, LOINC, PLAIN])
_VERSIONS = st.sampled_from([(), *((("version", version),) for version in ("1.0", "2.82", "2.x.x", "9"))])
_PROPERTIES = st.lists(
    st.sampled_from(["*", "parent", "child", "inactive", "kind", "http://a.b/kind", "designation", "definition", "lang.sv",
                     "normalForm", "moduleId", "module", "363698007", "COMPONENT", "CLASSTYPE", "note"]), max_size=3
)  # fmt: skip
_QUIET = settings(max_examples=25, deadline=None)


def compare(client: FhirClient, base: str, operation: str, questions: list[str], headers: dict[str, str]) -> None:
    """The same of both ways; the plan gets the questions in a row, so that it learns and is used."""
    for question in questions:
        path = f"/{base}/{operation}?{question}"
        assert ask(client.app, path, headers) == ask(client.app._app, path, headers), path


@given(_SYSTEMS, _BASES, _LANGUAGES, _HEADERS, _VERSIONS, _PROPERTIES, st.randoms(use_true_random=False))
@_QUIET
def test_lookup(
    served: FhirClient,
    system: str,
    base: str,
    language: tuple[tuple[str, str], ...],
    headers: dict[str, str],
    version: tuple[tuple[str, str], ...],
    properties: list[str],
    chooser: random.Random,
) -> None:
    asked = [*language, *version, *(("property", name) for name in properties)]
    codes = chooser.choices(codes_of(served, system), k=9)
    questions = [urlencode([("system", system), ("code", code), *asked]) for code in codes]
    compare(served, base, "CodeSystem/$lookup", questions, headers)


@given(_SYSTEMS, _BASES, _LANGUAGES, _HEADERS, st.booleans(), st.randoms(use_true_random=False))
@_QUIET
def test_validate_code_in_a_code_system(
    served: FhirClient,
    system: str,
    base: str,
    language: tuple[tuple[str, str], ...],
    headers: dict[str, str],
    with_display: bool,
    chooser: random.Random,
) -> None:
    more = chooser.choice(
        [[], [("abstract", "false")], [("activeOnly", "true")], [("lenient-display-validation", "true")]]
    )
    questions = []
    for code in chooser.choices(codes_of(served, system), k=9):
        display = [("display", _display(served, system, code, chooser))] if with_display else []
        questions.append(urlencode([("url", system), ("code", code), *display, *language, *more]))
    compare(served, base, "CodeSystem/$validate-code", questions, headers)


def _display(client: FhirClient, system: str, code: str, chooser: random.Random) -> str:
    terminology = client.app._translate._terminology
    index = terminology.open_index(terminology.catalogue().code_systems[system][0])
    concept = index.concept(code)
    names = [concept.display, *(item.value for item in concept.designations)] if concept else []
    return chooser.choice([*names, "wrong"]) or "wrong"


_VALUE_SETS = st.sampled_from(
    [(SNOMED, f"{SNOMED}?fhir_vs"), (SNOMED, f"{SNOMED}?fhir_vs=isa/404684003"),
     (SNOMED, f"{SNOMED}?fhir_vs=ecl/{quote('< 404684003')}"), (SNOMED, f"{SNOMED}?fhir_vs=refset/9131000999101"),
     (SNOMED, "http://v/whole"), (LOINC, "http://loinc.org/vs"), (LOINC, "http://loinc.org/vs/LL1-1"),
     (LOINC, "http://loinc.org/vs/LP8-1"), (LOINC, "http://v/import"), (PLAIN, f"{PLAIN}?fhir_vs"),
     *((PLAIN, value_set.url) for value_set in _value_sets())]
)  # fmt: skip


@given(_VALUE_SETS, _BASES, _LANGUAGES, _HEADERS, st.booleans(), st.randoms(use_true_random=False))
@settings(max_examples=70, deadline=None)
def test_validate_code_in_a_value_set(
    served: FhirClient,
    asked: tuple[str, str],
    base: str,
    language: tuple[tuple[str, str], ...],
    headers: dict[str, str],
    with_display: bool,
    chooser: random.Random,
) -> None:
    system, url = asked
    more = chooser.choice(
        [[], [("abstract", "false")], [("activeOnly", "true")], [("valueset-membership-only", "true")], [("diagnostics", "true")],
         [("system-version", f"{PLAIN}|1.0")], [("systemVersion", "1.0")]]
    )  # fmt: skip
    questions = []
    for code in chooser.choices(codes_of(served, system), k=9):
        display = [("display", _display(served, system, code, chooser))] if with_display else []
        questions.append(urlencode([("url", url), ("system", system), ("code", code), *display, *language, *more]))
    compare(served, base, "ValueSet/$validate-code", questions, headers)


@pytest.mark.parametrize("system", [SNOMED, LOINC, PLAIN])
@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("CodeSystem/$lookup", {}),
        ("CodeSystem/$lookup", {"property": "*"}),
        ("CodeSystem/$validate-code", {}),
        ("ValueSet/$validate-code", {"url": "http://v/below"}),
        ("ValueSet/$validate-code", {"url": "{system}?fhir_vs"}),
    ],
)
def test_every_code(served: FhirClient, system: str, operation: str, asked: dict[str, str]) -> None:
    """Codes in their order, each once, as a pipeline asks."""
    named = {"url": system} if operation == "CodeSystem/$validate-code" else {"system": system}
    filled = {name: value.format(system=system) for name, value in asked.items()}
    questions = [urlencode({**named, **filled, "code": code}) for code in codes_of(served, system)]
    compare(served, "r4", operation, questions, {})


def test_a_post_says_the_same(served: FhirClient) -> None:
    for code in ("C1", "C2", "C3", "C4", "C5", "R1"):
        given_parts = {"system": PLAIN, "code": code}
        got = ask(served.app, f"/r4/CodeSystem/$lookup?{urlencode(given_parts)}", {})[2]
        body = {
            "resourceType": "Parameters",
            "parameter": [{"name": "system", "valueUri": PLAIN}, {"name": "code", "valueCode": code}],
        }
        assert served.post("/r4/CodeSystem/$lookup", body).content == got
        asked = {"url": "http://v/below", **given_parts}
        got = ask(served.app, f"/r4/ValueSet/$validate-code?{urlencode(asked)}", {})[2]
        more = {"name": "url", "valueUri": "http://v/below"}
        body = {**body, "parameter": [*body["parameter"], more]}
        assert served.post("/r4/ValueSet/$validate-code", body).content == got


@pytest.mark.parametrize(
    ("operation", "asked", "kind"),
    [
        ("CodeSystem/$lookup", {"system": PLAIN}, PlanOfOneCode),
        ("CodeSystem/$lookup", {"system": SNOMED, "displayLanguage": "sv"}, PlanOfOneCode),
        ("CodeSystem/$lookup", {"system": LOINC, "property": "*"}, PlanOfOneCode),
        ("CodeSystem/$validate-code", {"url": PLAIN}, ValidationPlan),
        ("ValueSet/$validate-code", {"url": f"{SNOMED}?fhir_vs=isa/404684003", "system": SNOMED}, MembershipPlan),
        ("ValueSet/$validate-code", {"url": "http://v/listed", "system": PLAIN}, MembershipPlan),
        ("ValueSet/$validate-code", {"url": "http://v/import", "system": PLAIN}, MembershipPlan),
        ("ValueSet/$validate-code", {"url": "http://v/without", "system": PLAIN}, MembershipPlan),
    ],
)
def test_plans_answer(served: FhirClient, operation: str, asked: dict[str, str], kind: type) -> None:
    """Most codes are answered without the engine: else nothing above would be shown."""
    codes, hot = served.app._codes, HOT_OPERATIONS[f"/r4/{operation}"]
    system = asked.get("system") or asked["url"]
    chosen = codes_of(served, system)
    for code in chosen:
        ask(served.app, f"/r4/{operation}?{urlencode([*asked.items(), ('code', code)])}", {})
    rest = urlencode([*asked.items()]).encode() + b"&code"
    plan = codes._prepared[hot.name, b"", rest, True].plan
    assert isinstance(plan, kind)
    if isinstance(plan, PlanOfOneCode):
        answered = sum(plan.answer({plan._placeholder: code}) is not None for code in chosen)
        assert answered > 0.6 * len(chosen)
    else:
        assert any(form.is_ready for form in plan.forms.values())


def test_a_system_that_is_opened_later_gets_its_plan(served: FhirClient) -> None:
    """What was not in memory at the first question is planned for at the next."""
    later = FhirClient(served.app._translate._terminology._database, served.app._translate._terminology.settings)
    path = f"/r4/CodeSystem/$validate-code?{urlencode({'url': PLAIN, 'code': 'C1'})}"
    terminology = later.app._codes._terminology
    for _ in range(2):
        assert b'"result","valueBoolean":true' in ask(later.app, path, {})[2]
    assert not [one for one in later.app._codes._prepared.values() if one.plan is None and one.planned_at >= 0]
    terminology._indexes.index(terminology.catalogue().code_systems[PLAIN][0])  # waits for what the plan began to open
    ask(later.app, path, {})
    plans = [one.plan for one in later.app._codes._prepared.values()]
    assert [type(plan) for plan in plans] == [ValidationPlan]
