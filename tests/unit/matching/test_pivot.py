"""Reading a term word by word in English: phrases, stems, compounds, what searches and what the curator sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from termserver.errors import MatchingError
from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import read_gold
from termserver.matching.function_words import FUNCTION_WORDS
from termserver.matching.normalise.common import skel
from termserver.matching.pivot import LEAST_SHARE, NOTHING, Pivot, Reader, stem_of
from termserver.matching.queries import query_of
from termserver.matching.training.composed_titles import composed_titles
from termserver.matching.training.fit_pivot import fit_pivot
from termserver.matching.training.held_out import Fold, without_held_out
from termserver.matching.training.sources import Concept, core_lexicon
from termserver.model.candidate import SourceTerm, Target

ICD = "http://hl7.org/fhir/sid/icd-10"


def _word(english: str, *names: tuple[str, str]) -> Concept:
    return Concept(f"lexicon:{english}", (("en", english), *names), "test", 3.0)


@pytest.fixture(scope="module")
def pivot() -> Pivot:
    words = [
        _word("acute", ("is", "bráð"), ("lv", "akūts"), ("lt", "ūminis")),
        _word("inflammation", ("is", "bólga"), ("lv", "iekaisums")),
        _word("lung", ("is", "lunga"), ("is", "lungna-"), ("lv", "plauša")),
        _word("toe", ("sv", "tå"), ("sv", "tån")),
        _word("joint", ("sv", "led")),
        _word("pain", ("sv", "smärta")),
        _word("atrial fibrillation", ("sv", "AF")),
        _word("iodine", ("sv", "I")),
        Concept("lexicon:varicella", (("en", "varicella"), ("en", "chickenpox"), ("lv", "vējbakas")), "test", 1.0),
        _word("kidney failure", ("lt", "inkstų nepakankamumas")),
        _word("failure", ("lt", "nepakankamumas")),
        _word("haemorrhage", ("lt", "kraujavimas")),
        _word("bleeding", ("lt", "kraujavimas")),
        Concept("word:sister:lt", (("en", "bronchus"), ("lt", "kraujavimas")), "test", 0.35),
    ]
    titles = [
        Concept(f"icd:{number}", (("en", f"Chronic {english}"), ("sv", f"Kronisk {swedish}")), "test")
        for number, (english, swedish) in enumerate(
            (("bronchitis", "bronkit"), ("asthma", "astma"), ("pain", "smärta"))
        )
    ]
    return fit_pivot([*words, *titles])


@pytest.fixture(scope="module")
def reader(pivot: Pivot) -> Reader:
    return pivot.reader(frozenset({"akute", "inflamation", "lung", "kidnei", "failure", "bleding", "kikenpoks"}))


@pytest.mark.parametrize(
    ("text", "language", "english"),
    [
        ("Akūta iekaisuma", "lv", "acute inflammation"),  # inflected: by the stem
        ("Ūminis inkstų nepakankamumas", "lt", "acute kidney failure"),  # the longest phrase first
        ("Kraujavimas", "lt", "bleeding"),  # the word that the targets use
        ("Vējbakas", "lv", "chickenpox"),  # the synonym that the targets use
        ("Bráð lungnabólga", "is", "acute lung inflammation"),  # a compound
        ("Bráð xyzzy", "is", "acute xyzzy"),  # what nobody knows stays
        ("kronisk", "sv", "chronic"),  # induced from titles
        ("kroniska", "sv", "chronic"),  # inflected: by the stem
        (
            "smärta i tån med AF",
            "sv",
            "pain in toe with atrial fibrillation",
        ),  # small words, and a short one in capitals
        ("smärta i tåled av typ I", "sv", "pain in toe joint of typ i"),  # a compound of short words; a Roman numeral
        ("SMÄRTA I TÅN", "sv", "pain in toe"),  # all in capitals
    ],
)
def test_a_term_is_read_word_by_word(reader: Reader, text: str, language: str, english: str) -> None:
    assert reader.read(text, language).text == english


@pytest.mark.parametrize("text", ["", "  ", "…", "💊", "التهاب", "xyzzy plugh", "a" * 1000])
@pytest.mark.parametrize("language", ["is", "lv", "sv", "en", None])
def test_what_cannot_be_read_has_no_reading(reader: Reader, text: str, language: str | None) -> None:
    assert reader.read(text, language) == NOTHING


def test_a_reading_of_too_little_is_none(reader: Reader) -> None:
    reading = reader.read("bráð " + "xyzzyplugh " * 5, "is")
    assert reading == NOTHING
    assert reader.read("bráð xyzzy", "is").share >= LEAST_SHARE


def test_small_words_alone_are_no_reading(reader: Reader) -> None:
    assert reader.read("med eller utan", "sv") == NOTHING


def test_every_small_word_is_a_skeleton() -> None:
    for language, words in FUNCTION_WORDS.items():
        assert all(word == skel(word) and word for word in words), language


def test_a_reading_searches_in_languages_without_lists_only(reader: Reader) -> None:
    icelandic, swedish = reader.glossed(
        [query_of(SourceTerm("Bráð bólga", "is")), query_of(SourceTerm("Kronisk bronkit", "sv"))]
    )
    assert icelandic.gloss in icelandic.texts
    assert swedish.gloss
    assert swedish.gloss not in swedish.texts


def test_the_tables_are_the_same_bytes_and_open_again(pivot: Pivot, tmp_path: Path) -> None:
    pivot.save(tmp_path / "one.npz")
    opened = Pivot.load(tmp_path / "one.npz")
    opened.save(tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert opened.reader(frozenset()).read("akūts", "lv").text == "acute"


def test_missing_tables_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MatchingError, match="termserver train"):
        Pivot.load(tmp_path / "pivot.npz")


def test_a_stem_is_no_word() -> None:
    assert stem_of("inkstu", "lt") == stem_of("inkstai", "lt")
    assert stem_of("inkstu", "en") is None


def test_the_shipped_tables_read_for_the_curator() -> None:
    names = ["Acute appendicitis", "Pneumonia, unspecified", "Fracture of rib", "Malignant neoplasm of stomach"]
    engine = MatchingEngine.build([Target(ICD, f"X{number}", name) for number, name in enumerate(names)])
    rows = [
        SourceTerm("Bráð botnlangabólga", "is"),
        SourceTerm("Pneimonija, neprecizēta", "lv"),
        SourceTerm("Šonkaulio lūžis", "lt"),
        SourceTerm("Illkynja æxli í maga", "is"),
    ]
    for number, suggestions in enumerate(engine.suggest(rows)):
        best = suggestions.candidates[0]
        assert best.display == names[number]
        assert best.evidence.reading.split()[0] in {"acute", "pneumonia", "rib", "fracture", "malignant"}


def test_titles_are_composed_from_words_and_held_out_with_their_code() -> None:
    words = [_word("acute", ("is", "bráð")), _word("bronchitis", ("is", "berkjubólga"), ("lv", "bronhīts"))]
    titles = {"J20": "Acute bronchitis", "R05": "Cough"}
    composed = list(composed_titles(words, titles))
    assert [concept.names for concept in composed] == [
        (("en", "Acute bronchitis"), ("is", "bráð berkjubólga")),
        (("en", "Acute bronchitis"), ("lv", "akute bronhīts")),
    ]
    all_codes = Fold(frozenset(range(20)))
    assert without_held_out(composed, all_codes, []) == []
    assert not len(fit_pivot(composed).keys)


@pytest.mark.parametrize("language", ["is", "lv", "lt"])
def test_most_of_the_unseen_titles_are_in_no_lexicon(language: str) -> None:
    """They measure the languages without lists; those that a lexicon has come to hold are to be left out of that."""
    rows = read_gold(Path(__file__).parent / "unseen_titles" / f"{language}.csv")
    assert len(rows) >= 430
    assert len({row.term.term for row in rows}) == len(rows)
    forms = {skel(name) for concept in core_lexicon() for tag, name in concept.names if tag == language}
    assert sum(skel(row.term.term) not in forms for row in rows) >= 270
