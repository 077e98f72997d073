"""Letters, symbols and times that must agree to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from termserver.matching.identifiers import MINUTES, SYMBOLS, identifiers_of, marks_of, minutes_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("E-hepatiidi viiruse vastane IgG", {"E", "IgG"}),
        ("Hepatitis C virus Ab [Presence]", {"C"}),
        ("RPGR geeni ORF15 regiooni mutatsioonid", {"RPGR", "ORF15"}),
        ("Vitamiini B12", {"B12"}),
        ("Akut bronkit i lungan", set()),
        ("Faktor VIII", set()),
        ("Viirushepatiit b ja o", {"b"}),
        ("Jääk x² testis", {"x²"}),
        ("NEOPLASMA MALIGNUM PROSTATAE", set()),
        ("", set()),
    ],
)
def test_symbols_are_single_letters_capitals_and_mixtures(text: str, found: set[str]) -> None:
    assert identifiers_of(text) == found


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("Kortisool seerumis 210 minutit (pärast mõjutust)", {210}),
        ("Cortisol [Moles/volume] in Serum or Plasma --3.5 hours post XXX challenge", {210}),
        ("fP-Gluk-R 2 h", {120}),
        ("Glukos 1,5 timme efter belastning", {90}),
        ("P—Calcitonin; subst.c.(20 min) = ? pmol/L", {20}),
        ("Syntymäpaino 1000-1499 g", set()),
    ],
)
def test_times_are_compared_in_minutes(text: str, minutes: set[float]) -> None:
    assert minutes_of(text) == minutes


@given(
    st.lists(st.sampled_from(["HLA-C", "60 min", "2 h", "e", "bronkit", "x²", "IV", "B12", "Akut"]), max_size=5).map(
        " ".join
    )
)
def test_marks_tell_whether_there_are_symbols_and_times(text: str) -> None:
    assert bool(marks_of(text) & SYMBOLS) == bool(identifiers_of(text))
    assert bool(marks_of(text) & MINUTES) == bool(minutes_of(text))
