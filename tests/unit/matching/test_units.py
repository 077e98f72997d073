"""A unit tells apart laboratory tests that are called alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termserver.matching.engine import MatchingEngine
from termserver.matching.labs import PROPERTIES, property_of_unit
from termserver.matching.units import canonical_unit, is_unit_column, unit_of_name, unit_of_row
from termserver.model.candidate import SourceTerm, Target

NPU = "http://npu-terminology.org"
PRESENCE = Target(NPU, "NPU1", "P—Hepacivirus hominis(RNA); arb.c.(proc.) = ?")
MILLIONS = Target(NPU, "NPU2", "P—Hepacivirus hominis(RNA); arb.num.c.(IS 96/798; proc.) = ? × 10<sup>6</sup> IU/L")
THOUSANDS = Target(NPU, "NPU3", "P—Hepacivirus hominis(RNA); arb.num.c.(IS 06/102; proc.) = ? × 10³ IU/L")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10*9/L", "x 10E9/l"),
        ("10^9/l", "× 10<sup>9</sup>/L"),
        ("x 10E-3", "× 10⁻³"),
        ("kIU/L", "× 10³ IU/L"),
        ("µkat/L", "ukat/l"),
        ("ml/min/1,73 m2", "mL/min/1.73m²"),
        ("%", "prosent"),
        ("p.d.e.", "(p.d.u.)"),
    ],
)
def test_one_unit_in_two_spellings(one: str, other: str) -> None:
    assert canonical_unit(one) == canonical_unit(other)


@pytest.mark.parametrize(("one", "other"), [("mmol/L", "umol/L"), ("10E9/L", "10E12/L"), ("g/L", "mg/L"), ("", "%")])
def test_other_units_differ(one: str, other: str) -> None:
    assert canonical_unit(one) != canonical_unit(other)


@given(st.text(max_size=60))
def test_any_text_has_a_spelling_that_stays(text: str) -> None:
    assert len(canonical_unit(text)) <= 40
    assert unit_of_name(text) is None or "= ?" in " ".join(text.split()) or "=" in text


@pytest.mark.parametrize(
    "column", ["unit", "Enhet", "enhed", "Yksikkö", "Mõõtühik", "Vienetai", "Mērvienība", "eining"]
)
def test_the_unit_stands_in_a_column_called_so_in_any_language(column: str) -> None:
    assert is_unit_column(column)
    assert unit_of_row({"system": "Plasma", column: "mmol/L"}) == "mmol/l"


@pytest.mark.parametrize(
    ("unit", "kind"),
    [("u/field", "areic number"), ("/nk", "areic number"), ("g", "mass"), ("µg/min", "rate"), ("elia U/mL", None)],
)
def test_a_unit_implies_a_property(unit: str, kind: str | None) -> None:
    found = property_of_unit(unit)
    assert (PROPERTIES[found - 1] if found else None) == kind


@pytest.mark.parametrize(("unit", "code"), [("x 10E6 IU/L", "NPU2"), ("x 10E3 IU/L", "NPU3"), ("kIU/L", "NPU3")])
def test_the_unit_chooses_and_is_shown(unit: str, code: str) -> None:
    engine = MatchingEngine.build([PRESENCE, MILLIONS, THOUSANDS])
    term = SourceTerm("P-Hepatitt C virus (HCV) RNA", "nb", context={"system_nb": "Plasma", "unit": unit})
    best, *others = engine.suggest([term])[0].candidates
    assert best.code == code
    assert f"unit {canonical_unit(unit)}" in best.evidence.agreements
    assert any("≠ none" in conflict for other in others for conflict in other.evidence.conflicts)
