"""Small words of the languages that have national lists, and what they say in English; an empty text says nothing.

Word tables learn them badly: the commonest words stand beside everything, and a laboratory lexicon knows "I" as iodine.
"""

from __future__ import annotations

from termserver.matching.normalise.common import skel

_SCANDINAVIAN = {
    "and": "og samt och",
    "or": "eller",
    "in": "i ved vid",
    "on": "på paa",
    "with": "med m",
    "without": "uten uden utan uten u",
    "to": "til till",
    "for": "for för",
    "of": "av af om",
    "from": "fra från ur",
    "against": "mot mod",
    "after": "etter efter",
    "by": "gjennom gennem genom",
    "not": "ikke ikkje inte ej",
    "other": "annen annet andre anden andet annan annat andra anna",
    "both": "både både båda begge bägge",
    "": "den det de der en et ett ei som er är at att sig seg man få får bliver blir är kan",
}
_WORDS: dict[str, dict[str, str]] = {
    "sv": _SCANDINAVIAN,
    "nb": _SCANDINAVIAN,
    "nn": _SCANDINAVIAN,
    "da": _SCANDINAVIAN,
    "fi": {
        "and": "ja sekä",
        "or": "tai eli taikka",
        "with": "kanssa mukaan lukien",
        "without": "ilman",
        "in": "jossa joissa aikana",
        "after": "jälkeen",
        "due to": "takia vuoksi johtuva johtuvat johtuvan aiheuttama aiheuttamat aiheuttaman",
        "associated with": "liittyvä liittyvät liittyvän yhteydessä",
        "not": "ei eivät",
        "other": "muu muun muut muiden muita muuta muuhun muihin muussa muissa muualla",
        "unspecified": "nud määrittämätön määrittämättömän määrittämättömät määrittämättömien",
        "specified": "määritetty määritetyn määritetyt määritettyjen",
        "": "on ovat joka jotka jonka joiden kuin myös se ne tarkemmin",
    },
    "et": {
        "and": "ja ning",
        "or": "või ehk e",
        "with": "koos",
        "without": "ilma",
        "in": "puhul korral ajal",
        "by": "abil kaudu",
        "after": "pärast järel järgselt",
        "due to": "tõttu põhjustatud tingitud tekkene",
        "between": "vahel",
        "not": "ei mitte",
        "other": "muu muud muude muus muust muul muuga muudes muudest teine teised teiste",
        "unspecified": "täpsustamata ntt",
        "": "on see need mis kes mida mille ka teisiti kui",
    },
}
FUNCTION_WORDS: dict[str, dict[str, str]] = {
    language: {skel(word): english for english, words in table.items() for word in words.split()}
    for language, table in _WORDS.items()
}
