"""Terms that no list should have: an answer, a low probability, a remark on the row; never a crash."""

import pytest

from termserver.matching.engine import MatchingEngine
from termserver.matching.remarks import MOST_CHARACTERS, readable_share, told_languages
from termserver.model.candidate import SourceTerm

UNREADABLE = {
    "empty": "",
    "spaces": "   ",
    "punctuation": "?!… — ///",
    "digits": "4711 0815",
    "emoji": "🩸🩺🤒",
    "right to left": "التهاب الرئة الحاد",
    "hebrew": "דלקת ריאות",
    "chinese": "肺炎",
    "zero width": "\u200b\u200d",
    "control": "\x00\x07",
    "lone surrogate": "\ud83d",
}
MEANINGLESS = ["xyzzy", "qwerty plugh", "asdfasdf", "lorem ipsum dolor", "zzzz"]


@pytest.mark.parametrize("term", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_improbable_and_says_so(term: str, engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm(term, "sv")])[0]
    assert all(candidate.probability < 0.1 for candidate in found.candidates)
    assert found.no_target_probability > 0.9
    assert found.remarks
    if found.candidates:
        assert found.candidates[0].evidence.warnings[: len(found.remarks)] == found.remarks


@pytest.mark.parametrize(
    ("term", "share"),
    [("", 0), ("12 %", 0), ("Ägg", 1), ("ƀɏ", 1), ("ɐa", 1), ("ab肺炎", 0.5), ("Πρ", 1), ("肺", 0), ("ä肺ö-", 2 / 3)],
)
def test_a_share_of_the_letters_is_read(term: str, share: float) -> None:
    assert readable_share(term) == share


@pytest.mark.parametrize("term", MEANINGLESS)
@pytest.mark.parametrize("language", ["sv", "lv", None])
def test_nonsense_is_improbable(term: str, language: str | None, engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm(term, language)])[0]
    assert all(candidate.probability < 0.35 for candidate in found.candidates)


def test_a_note_of_ten_thousand_characters_is_cut(engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm("Akut hjärtinfarkt " * 556, "sv")])[0]
    assert found.remarks[0].startswith(f"only the first {MOST_CHARACTERS} of 10,008 characters")
    assert found.candidates


def test_a_wrong_language_label_is_told_by_letters(engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm("Brystsmerter, blødning", "fi")])[0]
    assert "labelled 'fi'" in found.remarks[0]
    assert told_languages("Sjögrens syndrom, Ménière") is None


@pytest.mark.parametrize(("term", "code"), [("Астма", "J45"), ("Холера", "A00")])
def test_russian_is_read_letter_by_letter(term: str, code: str, engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm(term, "lv")])[0]
    assert found.candidates[0].code == code
    assert "Cyrillic" in found.remarks[0]


def test_sami_and_mixed_scripts_are_answered(engine: MatchingEngine) -> None:
    found = engine.suggest([SourceTerm("Čálmmiid buozalmas", "se"), SourceTerm("Akut 肺炎 bronkit", "sv")])
    assert all(0 <= one.no_target_probability <= 1 and one.candidates for one in found)


def test_letters_left_out_and_labels_of_other_languages_are_told(engine: MatchingEngine) -> None:
    found = engine.suggest(
        [SourceTerm("Akut 肺炎 bronkit", "sv"), SourceTerm("buozalmas", "se"), SourceTerm("Kolera", "sv")]
    )
    assert "some of its letters" in found[0].remarks[0]
    assert "labelled 'se', a language of which the engine knows no words" in found[1].remarks[0]
    assert not found[2].remarks


def test_answers_do_not_depend_on_the_company_of_a_row(engine: MatchingEngine) -> None:
    rows = [SourceTerm("Akut hjärtinfarkt", "sv"), SourceTerm("Mässling", "sv", context={"klinik": "Infektion"})]
    together = engine.suggest(rows)
    assert [engine.suggest([row])[0] for row in rows] == together
    assert engine.suggest(rows[::-1])[::-1] == together
