"""Guess the language of a list from its terms: letters only one alphabet has, small words, usual endings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+")
_MOST_WORDS = 20_000
_FEWEST_POINTS = 1.9
_LOWEST_SHARE = 0.06
_CLEAR_LEAD = 1.25

# Small words and stems of medical lists. A word shared by two languages stands in both.
_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "sv": "och ej av utan med annan andra ospecificerad ospecificerade ospecificerat sjukdom sjukdomar hos samt från"
        " vid annat andra specificerad specificerade uns eller på av i blod höger vänster undersökning prov kvinna sköldkörtel",
        "nb": "og ikke av uten med annen andre uspesifisert uspesifiserte sykdom sykdommer hos fra ved annet spesifisert"
        " spesifiserte eller på i blod høyre venstre undersøkelse prøve kvinne ikke skade etter grunnet sykdommen måling",
        "da": "og ikke af uden med anden andre uspecificeret sygdom sygdomme hos fra ved andet specificeret uns eller på i"
        " blod højre venstre undersøgelse prøve kvinde efter forårsaget sygdommen måling svangerskab ø",
        "fi": "ja ei tai muu muut muualla luokiteltu luokittamaton määrittämätön tarkemmin sairaus sairaudet aiheuttama ilman"
        " tauti taudit tutkimus veri veren oikea vasen määritys koe seerumi murtuma syöpä kasvain hoito poisto",
        "et": "ja või ei muu muud mujal klassifitseerimata täpsustamata täpsustatud haigus haigused põhjustatud ilma uuring"
        " veri veres parem vasak määramine seerumis murd vähk kasvaja ravi eemaldamine mitte",
        "is": "og án með ótilgreind ótilgreindur ótilgreint önnur annar annað sjúkdómur sjúkdómar ekki eða vegna blóð"
        " hægri vinstri rannsókn mæling af í á frá til krabbamein brot bólga",
        "lv": "un vai bez ar cits cita citi citas citur nav neprecizēts neprecizēta slimība slimības asins asinis labais"
        " kreisais izmeklēšana noteikšana no pēc lūzums vēzis kas ne",
        "lt": "ir arba ar be su kitas kita kiti kitos nepatikslintas nepatikslinta liga ligos kraujo kraujas dešinysis"
        " kairysis tyrimas nustatymas po dėl lūžis vėžys ne kitur neklasifikuojamas",
        "en": "and of with without other unspecified disease diseases not elsewhere classified or due to in blood right left"
        " the for from by disorder test measurement fracture",
        "la": "morbus morbi cum sine et non alius alii alia acuta chronica acutus chronicus neoplasma malignum fractura"
        " ossis specificatus haemorrhagia",
    }.items()
}
_TELLING_LETTERS = {
    "is": "þð",
    "lv": "āēīņļķģ",
    "lt": "ėįųęą",
    "et": "õ",
}
_SHARED_LETTERS = {
    "sv": "åäö",
    "fi": "äö",
    "nb": "åøæ",
    "da": "åøæ",
    "is": "áéíóúýæö",
    "et": "äüö",
    "lv": "ūšžč",
    "lt": "ūšžč",
}
_ENDINGS = {
    "fi": re.compile(r"(?:nen|sta|ssa|tys|minen|iitti|aalinen|oosi|[aeiouyäö]{2}n|uus|yys)$"),
    "et": re.compile(r"(?:mine|iit|oos|aalne|line|tud|test|ud)$"),
    "sv": re.compile(r"(?:ning|het|sjukdom|ion|ös|isk|ande|inflammation|åtgärd)$"),
    "nb": re.compile(r"(?:ning|het|sykdom|sjon|øs|isk|itt|ende|betennelse)$"),
    "da": re.compile(r"(?:ning|hed|sygdom|tion|øs|isk|itis|ende|betændelse)$"),
    "lv": re.compile(r"(?:šana|īts|iskais|ība|iska|ijas|ums|ēts|js)$"),
    "lt": re.compile(r"(?:imas|inis|tas|itas|ijos|umas|ymas|ės|ių)$"),
    "en": re.compile(r"(?:tion|ing|ness|ity|ic|ed|ous)$"),
    "is": re.compile(r"(?:ing|ur|inn|unar|bólga|legur|leg|semi)$"),
    "la": re.compile(r"(?:orum|arum|itis|ae|alis|osa|um)$"),
}


def guess_language(texts: Iterable[str]) -> str | None:
    """Guess the language of terms, or None where nothing speaks clearly.

    Parameters
    ----------
    texts
        Terms of one list; the first 20,000 words are looked at.

    Returns
    -------
    `sv`, `nb`, `da`, `fi`, `is`, `et`, `lv`, `lt`, `en`, `la` or None.

    >>> guess_language(["Kolera, ospecificerad", "Andra sjukdomar i blod och lymfa"])
    'sv'
    >>> guess_language(["Koolera, täpsustamata", "Mujal klassifitseerimata haigused või vigastused"])
    'et'
    >>> guess_language(["12", "B-Hb", "x"]) is None
    True
    """
    points: defaultdict[str, float] = defaultdict(float)
    word_count = 0
    for word in _first_words(texts):
        word_count += 1
        for language, words in _WORDS.items():
            if word in words:
                points[language] += 1.0
        for language, ending in _ENDINGS.items():
            if len(word) > 5 and ending.search(word):
                points[language] += 0.25
        if not word.isascii():
            _count_letters(word, points)
    best = sorted(points.items(), key=lambda item: -item[1])[:2]
    if not best or best[0][1] < max(_FEWEST_POINTS, _LOWEST_SHARE * word_count):
        return None
    if len(best) == 2 and best[0][1] < _CLEAR_LEAD * best[1][1]:
        return None
    return best[0][0]


def _count_letters(word: str, points: defaultdict[str, float]) -> None:
    for language, letters in _TELLING_LETTERS.items():
        if any(letter in word for letter in letters):
            points[language] += 1.0
    for language, letters in _SHARED_LETTERS.items():
        if any(letter in word for letter in letters):
            points[language] += 0.3


def _first_words(texts: Iterable[str]) -> Iterable[str]:
    count = 0
    for text in texts:
        for word in _WORD.findall(text):
            yield word.lower()
            count += 1
            if count >= _MOST_WORDS:
                return
