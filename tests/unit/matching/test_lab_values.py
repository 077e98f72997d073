"""Values tell the unit where a laboratory list has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termserver.matching.engine import MatchingEngine
from termserver.matching.lab_values import UNITS_BY_MEDIAN, deciles_of, unit_of_values
from termserver.matching.labs import property_of_unit
from termserver.matching.queries import query_of
from termserver.model.candidate import SourceTerm, Target

LOINC = "http://loinc.org"
GRAMS = "98;112;120;126;131;135;139;144;150"
MOLES = "6.1;6.9;7.2;7.4;7.5;7.7;7.8;8.8;9.2"


@pytest.mark.parametrize(
    ("term", "deciles", "unit"),
    [
        ("P-Gluk", "4.4;4.9;5.1;5.4;5.6;5.9;6.4;7.3;9.1", "mmol/L"),
        ("fS-Glükoos", "80;86;90;94;98;103;110;121;150", "mg/dL"),
        ("S-Kreatiniin", "49;56;61;66;71;77;84;96;126", "umol/L"),
        ("B-HbA1c", "32;34;36;37;39;41;44;50;61", "mmol/mol"),
        ("B -Hemoglobiini-A1c", "4.9;5.2;5.4;5.5;5.6;5.8;6.1;6.7;7.8", "%"),
        ("E -MCV", "82;85;87;89;90;92;93;95;98", "fL"),
        ("Leukocyter", "4.4;5.2;5.8;6.4;7.0;7.7;8.6;9.9;12.4", "10*9/L"),
        ("S-Laktaattidehydrogenaasi", "140;155;166;176;187;199;215;240;300", "U/L"),
    ],
)
def test_a_median_tells_the_unit(term: str, deciles: str, unit: str) -> None:
    read = unit_of_values(term, {"deciles": deciles})
    assert read is not None
    assert read.unit == unit


@pytest.mark.parametrize(
    ("term", "context"),
    [
        ("S-CA 19-9", {"deciles": "5;6;8;9;11;12;14;20;31"}),
        ("U-Krea", {"deciles": "3;4;6;7;8;9;11;14;17"}),
        ("P-K", {"deciles": "900;901;902;903;904;905"}),
        ("P-K", {"deciles": "4.1;3.9;4.0;4.2;4.3"}),
        ("P-K", {"deciles": "4.1"}),
        ("P-K", {"comment": "3.9;4.0;4.1;4.2;4.3"}),
        ("", {"deciles": "3.9;4.0;4.1;4.2;4.3"}),
    ],
)
def test_what_values_do_not_tell(term: str, context: dict[str, str]) -> None:
    assert unit_of_values(term, context) is None


def test_every_unit_implies_a_property() -> None:
    for beginnings, units in UNITS_BY_MEDIAN:
        for unit, low, high in units:
            assert low < high
            assert property_of_unit(unit) or unit == "L/L", (beginnings, unit)


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_text_is_read_without_failing(term: str, cell: str) -> None:
    assert all(a <= b for a, b in zip(deciles_of({"deciles": cell}), deciles_of({"deciles": cell})[1:], strict=False))
    unit_of_values(term, {"deciles": cell})


def test_a_given_unit_decides_before_the_values() -> None:
    given_unit = query_of(SourceTerm("B-Hb", "sv", context={"unit": "mmol/L", "deciles": GRAMS}))
    alone = query_of(SourceTerm("B-Hb", "sv", context={"unit": "mmol/L"}))
    assert given_unit.lab == alone.lab
    assert not given_unit.remarks


def test_the_values_choose_between_two_properties_and_say_so() -> None:
    engine = MatchingEngine.build(
        [
            Target(LOINC, "718-7", "Hemoglobin [Mass/volume] in Blood"),
            Target(LOINC, "59260-0", "Hemoglobin [Moles/volume] in Blood"),
        ]
    )
    rows = [SourceTerm("B-Hemoglobin", "sv", context={"deciles": values}) for values in (GRAMS, MOLES)]
    grams, moles = engine.suggest(rows)
    assert (grams.candidates[0].code, moles.candidates[0].code) == ("718-7", "59260-0")
    assert grams.remarks == ("no unit is given; values around 131 are those of g/L",)
    assert any("property" in conflict for conflict in grams.candidates[1].evidence.conflicts)
