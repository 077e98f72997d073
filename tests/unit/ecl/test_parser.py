import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from termserver.ecl.parser import parse
from termserver.ecl.printing import print_constraint
from termserver.ecl.syntax_tree import Attribute, Compound, ConceptReference, Operation, Refined, WithHistory
from termserver.ecl.tokens import LONGEST_TEXT, EclError
from tests.unit.ecl.constraints import constraints

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(constraints)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
def test_printed_constraint_reads_as_itself(constraint) -> None:
    assert parse(print_constraint(constraint)) == constraint


@given(st.text(alphabet='<>!^*{}[]()|,.:+#="0123456789RandCDM \\/_-', max_size=60))
@example("((((")
@example("{{{{")
@example("123456 {{ D")
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_constraint_or_an_error_with_a_place(text: str) -> None:
    place = (1, 1)
    try:
        parse(text)
    except EclError as error:
        place = (error.line, error.column)
    assert place >= (1, 1)


# text → the same constraint in the brief syntax
SPELLINGS = {
    "<<404684003": "<< 404684003",
    "descendantOrSelfOf 404684003": "<< 404684003",
    "ChildOf 404684003": "<! 404684003",
    "ancestorOf 404684003 or parentOf 404684003": "> 404684003 OR >! 404684003",
    "memberOf 700043003": "^ 700043003",
    "ANY": "*",
    "<< 404684003 , << 64572001": "<< 404684003 AND << 64572001",
    "/* all */ << 404684003 /* findings */": "<< 404684003",
    "<< 404684003 |Clinical finding (finding)|": "<< 404684003 |Clinical finding (finding)|",
    "((404684003))": "404684003",
    "< 404684003 : reverseOf 363698007 = *": "< 404684003 : R 363698007 = *",
    "< 404684003:[1 to many]363698007=<39057004": "< 404684003 : [1..*] 363698007 = < 39057004",
    "< 404684003: 363698007 = 39057004 AND 116676008 = *": "< 404684003 : 363698007 = 39057004, 116676008 = *",
    "< 404684003: (363698007 = 39057004)": "< 404684003 : 363698007 = 39057004",
    "< 404684003: (363698007 OR 116676008) = *": "< 404684003 : (363698007 OR 116676008) = *",
    "*{{term=\"heart\"}}": '* {{ D term = "heart" }}',
    "* {{ d type = synonym, dialect = en-gb (preferred) }}": "* {{ D type = syn, dialect = en-gb (prefer) }}",
    "* {{ c active=1 }}": "* {{ C active = true }}",
    "* {{ + HISTORY_MIN }}": "* {{ + HISTORY-MIN }}",
    "*{{+HISTORY}}": "* {{ + HISTORY }}",
    '"LOINC#54486-6"': "LOINC#54486-6",
    "LOINC#54486-6": "LOINC#54486-6",
    '"LOINC#54486 6"': '"LOINC#54486 6"',
    "< 373873005 : 1142135004 >= #2.50": "< 373873005 : 1142135004 >= #2.50",
}  # fmt: skip


@pytest.mark.parametrize(("written", "brief"), SPELLINGS.items())
def test_spellings_of_one_constraint(written: str, brief: str) -> None:
    assert print_constraint(parse(written)) == brief


# text → line, column, part of the reason
MISTAKES = {
    "": (1, 1, "expected a concept identifier"),
    "<<": (1, 3, "found the end"),
    "<< abc": (1, 4, "found 'abc'"),
    "<< 404684003 <<": (1, 14, "found '<<'"),
    "<< 404684003\nAND\n  x": (3, 3, "found 'x'"),
    "404684003 OR 64572001 AND 138875005": (1, 23, "OR and AND stand side by side"),
    "404684003 MINUS 64572001 MINUS 138875005": (1, 26, "group them"),
    "404684003 : 363698007 = * OR 363698007 = *, 116676008 = *": (1, 43, "group them"),
    "12345": (1, 1, "6 to 18 digits"),
    "0123456": (1, 1, "6 to 18 digits"),
    "1234567890123456789": (1, 1, "6 to 18 digits"),
    "404684003 |Clinical finding": (1, 11, "no closing |"),
    '* {{ term = "x }}': (1, 13, 'no closing "'),
    "404684003 /* all": (1, 11, "no closing */"),
    "404684003 § 1": (1, 11, "no place in ECL"),
    "(404684003": (1, 11, "expected ')'"),
    "404684003)": (1, 10, "found ')'"),
    "404684003 : { 363698007 = * ": (1, 29, "expected '}'"),
    "404684003 : { { 363698007 = * } }": (1, 15, "group cannot stand in a group"),
    "404684003 : [2..1] 363698007 = *": (1, 13, "ends before it begins"),
    "404684003 : 363698007 > 39057004": (1, 25, "expected a number"),
    "404684003 : 363698007": (1, 22, "expected '=' or"),
    "404684003 {{ M active = 1 }}": (1, 11, "directly behind '^'"),
    "404684003 {{ + HISTORY }} {{ C active = 1 }}": (1, 27, "history supplement"),
    "404684003 {{ + HISTORY-ALL }}": (1, 16, "no history supplement"),
    "* {{ D colour = red }}": (1, 15, "no filter 'colour'"),
    "* {{ C definitionStatus = defined2 }}": (1, 27, "primitive or defined"),
    "* {{ D language = eng }}": (1, 19, "two letters"),
    '* {{ C effectiveTime > "2020-01-01" }}': (1, 24, "YYYYMMDD"),
    "* {{ C active = yes }}": (1, 17, "true, false, 1 or 0"),
    '* {{ term = "" }}': (1, 13, "empty search term"),
    "LOINC#": (1, 6, "no place in ECL"),
}


@pytest.mark.parametrize(("text", "place"), MISTAKES.items())
def test_mistake_is_named_with_its_place(text: str, place: tuple[int, int, str]) -> None:
    with pytest.raises(EclError) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == place[:2]
    assert place[2] in caught.value.message
    assert text in caught.value.message


def test_tree_follows_the_grammar() -> None:
    assert parse("< 404684003 : 363698007 = << 39057004 {{ + HISTORY-MOD }}") == Refined(
        Operation("<", ConceptReference("404684003")),
        Attribute(
            ConceptReference("363698007"),
            "=",
            WithHistory(Operation("<<", ConceptReference("39057004")), "MOD"),
        ),
    )


def test_comma_in_a_refinement_begins_the_next_attribute() -> None:
    found = parse("404684003 : 363698007 = 39057004, 116676008 = 55641003")
    assert isinstance(found, Refined)
    assert len(found.refinement.parts) == 2


def test_operand_keeps_its_brackets_where_they_mean_something() -> None:
    found = parse("(404684003 OR 64572001) AND 138875005")
    assert isinstance(found, Compound)
    assert print_constraint(found) == "(404684003 OR 64572001) AND 138875005"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 3000 + "404684003" + ")" * 3000,
        "404684003: 363698007 = (" * 100,
        "404684003: (" + "(" * 100 + ")" * 101,
        "^ (" * 500,
    ],
)
def test_depth_is_bounded(text: str) -> None:
    with pytest.raises(EclError, match="nested more than"):
        parse(text)


def test_length_is_bounded() -> None:
    with pytest.raises(EclError, match="longer than"):
        parse("*" + " " * LONGEST_TEXT)
