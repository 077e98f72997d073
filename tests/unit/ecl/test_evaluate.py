import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from termserver.ecl.evaluate import evaluate
from termserver.ecl.expressions import parse_expression
from termserver.ecl.parser import parse
from termserver.ecl.tokens import EclError
from termserver.ecl.virtual import WithExpressions
from termserver.errors import BadInput
from termserver.index.constraint_index import ConstraintIndex
from tests.unit.ecl.constraints import constraints
from tests.unit.ecl.edition import INACTIVE, open_edition

# constraint → the codes it selects in `edition`
SELECTED = {
    '100111': '100111',
    '100111 |anything|': '100111',
    '< 100001': '100011 100012 100111 100112 100113 100121',
    '<< 100001': '100001 100011 100012 100111 100112 100113 100121',
    '<! 100001': '100011 100012',
    '<<! 100001': '100001 100011 100012',
    '> 100112': '100000 100001 100011 100111 138875005',
    '>> 100112': '100000 100001 100011 100111 100112 138875005',
    '>! 100121': '100011 100012',
    '>>! 100121': '100011 100012 100121',
    '< 100112': '',
    '> 138875005': '',
    '<< (100111 OR 100012)': '100012 100111 100112 100121',
    '> (100112 AND 100112)': '100000 100001 100011 100111 138875005',
    '!!> (100011 OR 100111 OR 100112 OR 100012)': '100011 100012',
    '!!< (100011 OR 100111 OR 100112 OR 100012)': '100012 100112',
    'LOINC#1234-5': '100112',
    '"LOINC#1234-5"': '100112',
    '< 100001 AND < 100011': '100111 100112 100113 100121',
    '< 100011 OR < 100012': '100111 100112 100113 100121',
    '< 100011 , < 100012': '100121',
    '< 100001 MINUS << 100011': '100012',
    '(< 100001 MINUS << 100011) OR 100111': '100012 100111',
    '< 100001 MINUS (100011 OR 100012)': '100111 100112 100113 100121',
    '100111 AND 100012': '',
    '< 100001 : 500001 = 200001': '100011 100111 100112 100113 100121',
    '< 100001 : 500001 = << 200001': '100011 100111 100112 100113 100121',
    '< 100001 : 500001 = < 200001': '100113',
    '< 100001 : 500001 = *': '100011 100012 100111 100112 100113 100121',
    '< 100001 : 500001 != 200001': '100012 100113',
    '< 100001 : 500001 != << 200001': '100012',
    '< 100001 : << 500001 = << 200002': '100012 100121',
    '< 100001 : * = 300001': '100111 100112 100113 100121',
    '< 100001 : (500002 OR 500003) = *': '100111 100112 100113 100121',
    '< 100001 : 500001 = << 200001, 500002 = 300001': '100111 100112 100113 100121',
    '< 100001 : 500001 = << 200001 AND 500002 = 300002': '100113 100121',
    '< 100001 : 500001 = 200002 OR 500002 = 300002': '100012 100113 100121',
    '< 100001 : 500003 = *': '100112',
    '* : 500008 = 700001': '200021',
    '< 100001 : { 500001 = 200001, 500002 = 300001 }': '100111 100112 100113 100121',
    '< 100001 : { 500001 = << 200001, 500002 = 300002 }': '100113',
    '< 100001 : { 500001 = 200001, 500002 = 300002 }': '',
    '< 100001 : { << 500001 = << 200002, 500002 = 300002 }': '100121',
    '< 100001 : { 500003 = 400001 }': '100112',
    '< 100001 : { 500003 = 400001, 500001 = * }': '',
    '< 100001 : { 500001 = 200001 OR 500003 = * }': '100011 100111 100112 100113 100121',
    '< 100001 : { 500001 = 200001 }, { 500002 = 300002 }': '100113 100121',
    '< 100001 : { 500001 = 200001 } OR { 500001 = 200002 }': '100011 100012 100111 100112 100113 100121',
    '< 100001 : ({ 500001 = 200001 } OR { 500001 = 200002 }), 500003 = *': '100112',
    '< 100001 : [1..1] 500001 = << 200001': '100011 100111 100112 100121',
    '< 100001 : [2..2] 500001 = << 200001': '100113',
    '< 100001 : [2..*] 500002 = *': '100113 100121',
    '< 100001 : [0..0] 500002 = *': '100011 100012',
    '< 100001 : [0..1] 500002 = *': '100011 100012 100111 100112',
    '< 100001 : [0..*] 500002 = *': '100011 100012 100111 100112 100113 100121',
    '< 100001 : [1..1] { 500001 = << 200001 }': '100011 100111 100112 100121',
    '< 100001 : [2..2] { 500001 = << 200001 }': '100113',
    '< 100001 : [0..0] { 500002 = 300002 }': '100011 100012 100111 100112',
    '< 100001 : [1..*] { [0..0] 500002 = * }': '100011 100012 100112',
    '< 100001 : { [0..0] 500002 = *, 500001 = * }': '100011 100012',
    '< 100001 : { [1..1] << 500001 = *, [1..1] 500002 = * }': '100111 100112 100113 100121',
    '< 100001 : [2..*] { [1..1] << 500001 = *, [1..1] 500002 = * }': '100113 100121',
    '< 200000 : R 500001 = < 100001': '200001 200002 200011',
    '< 200000 : R << 500001 = < 100012': '200001 200021',
    '< 300000 : R 500002 = 100121': '300001 300002',
    '< 400000 : R 500003 = *': '400001',
    '< 300000 : [3..*] R 500002 = *': '300001',
    '< 200000 : R 500001 != 100012': '200001 200011',
    '< 100001 . 500001': '200001 200002 200011',
    '100121 . << 500001': '200001 200021',
    '< 100001 . 500002': '300001 300002',
    '100121 . 500011 . 500008': '700001',
    '< 100001 . *': '200001 200002 200011 200021 300001 300002 400001',
    '(< 100001 : 500003 = *) . 500001': '200001',
    '< 100001 : 500001 = (< 200000 : R 500011 = *)': '',
    '< 100001 : << 500001 = (* : 500008 = 700001)': '100121',
    '< 600000 : 500004 = #5': '600001',
    '< 600000 : 500004 = #5.0': '600001',
    '< 600000 : 500004 > #5': '600002',
    '< 600000 : 500004 >= #5': '600001 600002',
    '< 600000 : 500004 < #10.5': '600001',
    '< 600000 : 500004 <= #10.5': '600001 600002',
    '< 600000 : 500004 != #5': '600002',
    '< 600000 : 500004 >= #6, 500005 = #2': '600002',
    '< 600000 : { 500004 = #5 }': '600001',
    '< 600000 : 500007 = true': '600001',
    '< 600000 : 500007 != true': '600002',
    '< 600000 : 500006 = "slow"': '600002',
    '< 600000 : 500006 = ("fast" "release slow")': '600002',
    '< 600000 : 500006 != "slow"': '',
    '< 600000 : 500006 = wild:"slow*"': '600002',
    '< 600000 : 500005 = #-1': '',
    '* : 116680003 = 100011': '100111 100113 100121',
    '< 100001 : 116680003 = << 100011': '100111 100112 100113 100121',
    '100121 . 116680003': '100011 100012',
    '^ 800001': '100012 100111 150001',
    '^ 800002': '100012 100111',
    '^ (800001 OR 800002)': '100012 100111 150001',
    '^ *': '100012 100111 150001 150002 150003',
    '^ (< 900000000000455006 MINUS << 900000000000522004)': '100012 100111 150001',
    '^ 100111': '',
    '<< ^ 800002': '100012 100111 100112 100121',
    '^ 800001 {{ M active = 0 }}': '100113',
    '^ 800001 {{ M active != true }}': '100113',
    '^ 800001 {{ M moduleId = 999001 }}': '100012',
    '^ 800001 {{ M moduleId != 999001 }}': '100111 150001',
    '^ 800001 {{ M effectiveTime >= "20210101" }}': '100012',
    '^ 800001 {{ M effectiveTime = ("20200131" "20250131") }}': '100012 100111 150001',
    '^ 800002 {{ M mapTarget = "K75" }}': '100111',
    '^ 800002 {{ M mapTarget = wild:"M*" }}': '100012',
    '^ 800002 {{ M mapTarget != "K75" }}': '100012',
    '^ 800002 {{ M mapPriority = #1 }}': '100111',
    '^ 800002 {{ M mapPriority > #1, mapTarget = "m79" }}': '100012',
    '^ 800002 {{ M mapRule = true }}': '100111',
    '^ 800002 {{ M mapPriority = #1 }} {{ M moduleId = 999001 }}': '100111',
    '^ 800001 {{ C active = true }}': '100012 100111',
    '^ 800001 {{ C active = false }}': '150001',
    '^ [targetComponentId] 900000000000527005': '100111',
    '^ [targetComponentId] (< 900000000000522004)': '100011 100012 100111',
    '^ [referencedComponentId, targetComponentId] 900000000000526001': '100011 150002',
    '^ [*] 900000000000527005': '100111 150001',
    '^ 900000000000527005 {{ M targetComponentId = << 100011 }}': '150001',
    '^ (< 900000000000522004) {{ M targetComponentId = << 100011 }}': '150001 150002',
    '^ (< 900000000000522004) {{ M referencedComponentId = 150003 }}': '150003',
    '* {{ term = "hepatitis" }}': '100111 100112',
    '* {{ term = "hep vir" }}': '100112',
    '* {{ term = "INFLAM" }}': '100111',
    '* {{ term = "flammation" }}': '',
    '* {{ term = wild:"*flammation" }}': '100111',
    '* {{ term = wild:"hepatitis" }}': '100111',
    '* {{ term = wild:"*4\\*4*" }}': '100012',
    '* {{ term = ("hand" "viral") }}': '100012 100112',
    '* {{ term = "hander" }}': '100012',
    '< 100011 {{ term != "hepatitis" }}': '100111',
    '* {{ term = "hepatitis", type = fsn }}': '100111 100112',
    '* {{ term = "hand", type = def }}': '100012',
    '* {{ typeId = 900000000000003001 }}': '100012 100111 100112',
    '* {{ typeId = (900000000000003001 900000000000013009), language = sv }}': '100012 100111',
    '* {{ type = (fsn def), term = "ails" }}': '100012',
    '* {{ language = sv }}': '100012 100111',
    '* {{ language != en }}': '100012 100111',
    '* {{ language = sv, term = "lever" }}': '100111',
    '* {{ language = sv }} {{ term = "hepatitis" }}': '100111',
    '* {{ dialect = en-us }}': '100012 100111 100112',
    '* {{ dialect = en-gb (prefer), term = "liver" }}': '100111',
    '* {{ dialect = en-gb (accept), term = "liver" }}': '',
    '* {{ dialect = (en-gb (prefer) en-us (accept)), term = "hepatitis", type = syn }}': '',
    '* {{ dialectId = 46011000052107 }}': '100012 100111',
    '* {{ dialectId = 900000000000508004 (900000000000549004) }}': '100111',
    '* {{ D active = 0 }}': '100111',
    '* {{ D active = 0, term = "old" }}': '100111',
    '* {{ term = "old" }}': '',
    '* {{ D moduleId = 999001 }}': '100012 100111',
    '* {{ D effectiveTime > "20240131" }}': '',
    '* {{ D id = 1001111 }}': '100111',
    '< 100001 {{ C definitionStatus = defined }}': '100011 100111 100112',
    '< 100001 {{ C definitionStatus = primitive }}': '100012 100113 100121',
    '< 100001 {{ C definitionStatusId = 900000000000073002 }}': '100011 100111 100112',
    '* {{ C moduleId = 999001 }}': '600000 600001 600002',
    '< 600000 {{ C effectiveTime >= "20250101" }}': '600001 600002',
    '* {{ C active = false }}': '150001 150002 150003',
    '* {{ C active = 0, effectiveTime < "20210101" }}': '150001 150002 150003',
    '<< 100111 {{ + HISTORY }}': '100111 100112 150001',
    '<< 100011 {{ + HISTORY-MIN }}': '100011 100111 100112 100113 100121 150001',
    '<< 100011 {{ + HISTORY-MOD }}': '100011 100111 100112 100113 100121 150001 150002',
    '<< 100001 {{ + HISTORY-MAX }}': '100001 100011 100012 100111 100112 100113 100121 150001 150002 150003',
    '<< 100001 {{ + HISTORY (900000000000523009) }}': '100001 100011 100012 100111 100112 100113 100121 150003',
    '<< 100011 {{ + HISTORY-MOD }} MINUS << 100011': '150001 150002',
    '(<< 100011 {{ + HISTORY }}) {{ C active = 0 }}': '150001 150002',
}  # fmt: skip


@pytest.fixture(scope="module")
def edition(tmp_path_factory) -> ConstraintIndex:
    return open_edition(tmp_path_factory.mktemp("edition"))


def selected(edition: ConstraintIndex, text: str) -> str:
    found = np.flatnonzero(evaluate(parse(text), edition, text=text))
    return " ".join(edition.table.code_of(int(ordinal)) for ordinal in found)


@pytest.mark.parametrize("text", SELECTED)
def test_constraint_selects(edition: ConstraintIndex, text: str) -> None:
    assert selected(edition, text) == SELECTED[text]


def test_wildcard_is_every_active_concept(edition: ConstraintIndex) -> None:
    assert int(evaluate(parse("*"), edition).sum()) == len(edition) - len(INACTIVE)


# constraint → part of the reason
REFUSED = {
    "< 999999": "the concept 999999 is not in this edition",
    "< 100001 : 999999 = *": "the concept 999999",
    "* {{ typeId = (900000000000003001 999998) }}": "the concept 999998",
    "ICD#K75": "no concept of this edition has the identifier ICD#K75",
    "* {{ dialect = xx-yy }}": "the dialect 'xx-yy' is not known",
    "* {{ dialect = en-gb (100001) }}": "100001 is no acceptability",
    '^ 800002 {{ M mapColour = "red" }}': "has the column 'mapColour'",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_the_edition_lacks_is_an_error_that_repeats_the_constraint(
    edition: ConstraintIndex, text: str, reason: str
) -> None:
    with pytest.raises(EclError) as caught:
        selected(edition, text)
    assert reason in caught.value.message
    assert text in caught.value.message


def test_patterns_with_very_many_stars_are_refused(edition: ConstraintIndex) -> None:
    with pytest.raises(BadInput, match="more than 8 stars"):
        selected(edition, '* {{ term = wild:"' + "*a" * 40 + '" }}')


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@given(constraints)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
def test_any_constraint_selects_or_says_why_not(constraint) -> None:
    edition = _ANY_EDITION
    try:
        found = evaluate(constraint, edition)
    except BadInput:
        return
    assert found.shape == (len(edition),)


_ANY_EDITION = open_edition()

# expression, constraint → is it selected?
EXPRESSIONS = {
    ("200001:500008=700001", "<< 200001"): True,
    ("200001:500008=700001", "< 200001"): True,
    ("200001:500008=700001", "<! 200001"): False,
    ("200001:500008=700001", "<<! 200001"): False,
    ("200001:500008=700001", "200001"): False,
    ("200001:500008=700001", "> 200011"): False,
    ("200001:500008=700001", "<< 200002"): False,
    ("200001:500008=700001", "*"): True,
    ("200001:500008=700001", "* MINUS << 200001"): False,
    ("200001:500008=700001", "^ 800001"): False,
    ("100001:500001=200011", "< 100001 : 500001 = << 200001"): True,
    ("100001:500001=200002", "< 100001 : 500001 = << 200001"): False,
    ("100001:500001=200011", "< 100001 : [1..1] 500001 = *"): True,
    ("100001:500001=200001,500002=300001", "< 100001 : { 500001 = *, 500002 = * }"): False,
    ("100001:{500001=200001,500002=300001}", "< 100001 : { 500001 = *, 500002 = * }"): True,
    ("100111:500003=400001", "< 100001 : 500001 = 200001, 500003 = 400001"): True,
    ("100111:{500001=200011}", "< 100001 : [1..1] 500001 = << 200001"): True,
    ("100111+100012", "<< 100012 AND << 100011"): True,
    ("100001:500001=(200001:500008=700001)", "< 100001 : 500001 = (< 200001 : 500008 = 700001)"): True,
    ("100001:500001=(200002:500008=700001)", "< 100001 : 500001 = << 200001"): False,
    ("600000:500004=#7.5", "< 600000 : 500004 > #7"): True,
    ("600000:500004=#7.5", "< 600000 : 500004 > #8"): False,
    ('600000:500006="Fast"', '< 600000 : 500006 = "fast"'): True,
    ("600000:500007=true", "< 600000 : 500007 = true"): True,
}


@pytest.mark.parametrize(("case", "is_selected"), EXPRESSIONS.items())
def test_expression_is_selected_as_what_it_means(
    edition: ConstraintIndex, case: tuple[str, str], is_selected: bool
) -> None:
    with_one = WithExpressions(edition, [parse_expression(case[0])])
    found = evaluate(parse(case[1]), with_one)
    assert bool(found[len(edition)]) is is_selected


def test_expressions_do_not_change_what_an_edition_holds(edition: ConstraintIndex) -> None:
    with_one = WithExpressions(edition, [parse_expression("100111:500001=200002")])
    for text in ("<< 100001", "< 100001 : 500001 = *", "100111 . 500001", ">> 100112", "<! 100011"):
        assert (evaluate(parse(text), with_one)[: len(edition)] == evaluate(parse(text), edition)).all()
