import pytest

from termserver.loaders.language_guess import guess_language


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("sv", ["Kolera, ospecificerad", "Andra sjukdomar i hjärtat", "Undersökning av höger öga"]),
        ("nb", ["Uspesifisert kolera", "Andre sykdommer i hjertet", "Skade på høyre øye, ikke spesifisert"]),
        ("da", ["Kolera UNS", "Anden sygdom i hjertet uden specifikation", "Undersøgelse af højre øje"]),
        ("fi", ["Tarkemmin määrittämätön kolera", "Muut sydänsairaudet", "Oikean silmän tutkimus"]),
        ("et", ["Täpsustamata koolera", "Muud südamehaigused", "Parema silma uuring või ravi"]),
        ("is", ["Kólera, ótilgreind", "Aðrir sjúkdómar í hjarta", "Rannsókn á hægra auga"]),
        ("lv", ["Neprecizēta holera", "Citas sirds slimības", "Labās acs izmeklēšana"]),
        ("lt", ["Nepatikslinta cholera", "Kitos širdies ligos", "Dešinės akies tyrimas"]),
        ("en", ["Cholera, unspecified", "Other diseases of the heart", "Examination of right eye"]),
    ],
)
def test_language_of_terms(language: str, texts: list[str]) -> None:
    assert guess_language(texts) == language


def test_codes_and_latin_shorthand_say_nothing() -> None:
    assert guess_language(["B-Hb", "P-Na", "fS-Krea", "CRP"]) is None
