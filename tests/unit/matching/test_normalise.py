"""Normalisation: laws that hold for any text, and examples in the languages of the house."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from termserver.matching.labs import axes_of_row
from termserver.matching.normalise.common import fold, numbers_of, repair, skel, skeleton_words
from termserver.matching.normalise.tables import (
    LANGUAGES,
    expand,
    language_of,
    typed_mask,
    typed_values,
    without_unspecified,
)
from termserver.matching.queries import query_of
from termserver.model.candidate import SourceTerm

any_text = st.text(alphabet=st.characters(exclude_categories=()), max_size=60)


@given(any_text)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(any_text)
def test_folding_goes_letter_by_letter_once_a_text_is_repaired(text: str) -> None:
    assume(repair(text) == text and "`" not in text)
    letters = (fold(f"x{letter}x")[1:-1] for letter in text)
    assert fold(text) == " ".join("".join(letters).split())


@given(any_text)
def test_the_skeleton_of_a_skeleton_is_itself(text: str) -> None:
    assert skel(skel(text)) == skel(text)


@given(any_text, st.sampled_from([*LANGUAGES, None, "sme", "x-unknown"]))
def test_any_text_in_any_language_becomes_a_query(text: str, language: str | None) -> None:
    query = query_of(SourceTerm(text, language, code=text, context={text: text, "unit": text}))
    assert query.skeleton == " ".join(skeleton_words(query.term))
    assert query.typed >= 0


@given(any_text)
def test_numbers_and_repair_take_any_text(text: str) -> None:
    assert all(numbers_of(text))
    assert isinstance(repair(text), str)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Phaeochromocytoma", "feokromocytoma"),
        ("Typhus", "tyfus"),
        ("Diarrhoea", "diarré"),
        ("Hypoxia", "hypoksia"),
        ("Cystitis", "kystitis"),
        ("ÄNGSLAN", "angslan"),
    ],
)
def test_spellings_of_one_word_have_nearly_one_skeleton(one: str, other: str) -> None:
    assert skel(one)[:5] == skel(other)[:5]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Kolera, ospecificerad", "sv"),
        ("Uspesifisert kolera", "nb"),
        ("Kolera UNS", "da"),
        ("Määrittämätön kolera", "fi"),
        ("Ótilgreind kólera", "is"),
        ("Täpsustamata koolera", "et"),
        ("Neprecizēta holera", "lv"),
        ("Nepatikslinta cholera", "lt"),
        ("Cholera, unspecified", "en"),
        ("Cholera non specificata", "la"),
        ("Urinvägsinfektion, utan angiven lokalisation", "sv"),
        ("Urinary tract infection, site not specified", "en"),
    ],
)
def test_unspecified_is_read_in_every_language(text: str, language: str) -> None:
    assert typed_values(text, language) == {"unspecified"}
    assert typed_values(without_unspecified(text, language), language) == frozenset()


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("Fraktur vänster handled", "sv", "left"),
        ("Høyresidig lungebetennelse", "nb", "right"),
        ("Äge bronhiit", "et", "acute"),
        ("Krooninen munuaisten vajaatoiminta", "fi", "chronic"),
        ("Bráð lungnabólga", "is", "acute"),
        ("Hronisks bronhīts", "lv", "chronic"),
        ("Ūminis bronchitas", "lt", "acute"),
        ("Diabetes uden komplikationer", "da", "without"),
    ],
)
def test_typed_words_are_read_in_their_language(text: str, language: str, value: str) -> None:
    assert value in typed_values(text, language)


def test_a_language_nobody_named_reads_all_tables() -> None:
    assert {"acute", "left"} <= typed_values("Akut otit, vänster", None)


def test_typed_values_become_bits() -> None:
    assert typed_mask(frozenset()) == 0
    assert typed_mask(frozenset({"acute"})) != typed_mask(frozenset({"chronic"}))


def test_abbreviations_are_written_out_in_their_own_language_only() -> None:
    assert expand("Kron. bronkit", "sv") == "kronisk bronkit"
    assert expand("Kron. bronkit", "lt") == "Kron. bronkit"


def test_language_tags_with_regions_and_three_letters_are_known() -> None:
    assert [language_of(tag) for tag in ("sv-FI", "no", "fin", "sme", "")] == ["sv", "nb", "fi", None, None]


def test_text_read_in_the_wrong_encoding_is_repaired() -> None:
    assert skel("HjÃ¤rtinfarkt") == skel("Hjärtinfarkt")


def test_roman_and_arabic_numbers_meet() -> None:
    assert numbers_of("Faktor VIII") == numbers_of("Factor 8") == {"8"}


@pytest.mark.parametrize(
    ("term", "unit", "specimen", "kind"),
    [
        ("fP-Gluk", "mmol/l", 1, 1),
        ("U-Alb", "mg/L", 3, 2),
        ("B-Leuk", "10*9/L", 2, 3),
        ("S-ALAT", "U/L", 1, 4),
        ("Kolesterol", "", 0, 0),
    ],
)
def test_specimen_and_property_are_read_from_prefix_and_unit(term: str, unit: str, specimen: int, kind: int) -> None:
    axes = axes_of_row(term, {"unit": unit})
    assert (axes.specimen, axes.property) == (specimen, kind)
