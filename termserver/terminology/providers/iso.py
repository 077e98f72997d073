"""Countries (ISO 3166-1), their subdivisions (3166-2) and currencies (4217), from the package `pycountry`.

Lists, not grammars: everything about them works as for a loaded code system. The names come with their translations
into the languages of the Nordic and Baltic countries (Debian's iso-codes).
"""

from __future__ import annotations

import gettext
import string
from collections.abc import Iterator
from functools import cache

from termserver.model.code_system import USER_ASSIGNED, CodeSystem, Concept, ConceptProperty, PropertyDefinition
from termserver.model.coding import Designation
from termserver.terminology.content import BroughtContent

COUNTRIES = "urn:iso:std:iso:3166"
SUBDIVISIONS = "urn:iso:std:iso:3166:-2"
CURRENCIES = "urn:iso:std:iso:4217"
VERSION = "2018"
"""As HL7's terminology server calls it, and with it the value sets that pin a version; the names are newer."""
_LANGUAGES = {
    "da": "da", "et": "et", "fi": "fi", "is": "is", "lt": "lt", "lv": "lv", "nb_NO": "nb", "nn": "nn", "sv": "sv",
}  # fmt: skip
_USER_ASSIGNED = ("AA", *(f"Q{c}" for c in "MNOPQRSTUVWXYZ"), *(f"X{c}" for c in string.ascii_uppercase), "ZZ")


@cache
def countries() -> BroughtContent:
    """Every country by its two letters, three letters and three digits; and the codes that users may assign."""
    header = CodeSystem(
        COUNTRIES,
        VERSION,
        "ISO3166Part1",
        title="Codes for countries and their subdivisions: country codes (ISO 3166-1)",
        language="en",
        publisher="ISO",
        properties=(PropertyDefinition(USER_ASSIGNED, "boolean"),),
    )
    return BroughtContent(header, _countries())


def _countries() -> Iterator[Concept]:
    import pycountry

    names = _Translations("iso3166-1")
    every = sorted(pycountry.countries, key=lambda country: str(country.alpha_2))
    for kind in ("alpha_2", "alpha_3", "numeric"):
        for country in every:
            yield Concept(getattr(country, kind), country.name, names.of(country.name))
    for code in _USER_ASSIGNED:
        yield Concept(code, "User-assigned", properties=(ConceptProperty(USER_ASSIGNED, True, "boolean"),))


@cache
def subdivisions() -> BroughtContent:
    """Regions, counties, states: `SE-AB`. A part of a region lies below it."""
    import pycountry

    header = CodeSystem(
        SUBDIVISIONS,
        "2020",
        "ISO3166Part2",
        title="Codes for countries and their subdivisions: subdivisions (ISO 3166-2)",
        hierarchy_meaning="part-of",
        publisher="ISO",
    )
    return BroughtContent(
        header,
        [
            Concept(item.code, item.name, parents=(item.parent_code,) if item.parent_code else ())
            for item in sorted(pycountry.subdivisions, key=lambda item: str(item.code))
        ],
    )


@cache
def currencies() -> BroughtContent:
    """Currencies by their three letters."""
    import pycountry

    header = CodeSystem(
        CURRENCIES,
        "2015",
        "ISO4217",
        title="Codes for the representation of currencies (ISO 4217)",
        language="en",
        publisher="ISO",
    )
    names = _Translations("iso4217")
    every = sorted(pycountry.currencies, key=lambda currency: str(currency.alpha_3))
    return BroughtContent(header, [Concept(item.alpha_3, item.name, names.of(item.name)) for item in every])


class _Translations:
    """The catalogues of one list in our languages, open while the list is read."""

    def __init__(self, domain: str) -> None:
        import pycountry

        self._catalogues = [
            (language, gettext.translation(domain, pycountry.LOCALES_DIR, languages=[folder], fallback=True))
            for folder, language in _LANGUAGES.items()
        ]

    def of(self, name: str) -> tuple[Designation, ...]:
        """The name in every language that has one of its own."""
        found = ((language, catalogue.gettext(name)) for language, catalogue in self._catalogues)
        return tuple(Designation(translated, language) for language, translated in found if translated != name)
