"""Which name of a concept to show: `displayLanguage` and Accept-Language, with weights.

Source: RFC 9110 section 12.5.4, RFC 4647 section 3.4 (lookup); FHIR R5 terminology service, languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from termserver.fhir.language_tags import weighted_tags
from termserver.model.code_system import Concept
from termserver.model.coding import Coding, Designation
from termserver.model.value_set import IncludedConcept

PREFERRED_FOR_LANGUAGE = Coding(
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra", "preferredForLanguage", None, "Preferred For Language"
)
_SYNONYM = "900000000000013009"
_FULLY_SPECIFIED = "900000000000003001"
# How well a kind of name serves as the one to show, best first; a name of any other use comes between
_PREFERRED_ROLE = "900000000000548007"
_USE_RANKS = {"preferredForLanguage": 0, "display": 0, _SYNONYM: 1, _FULLY_SPECIFIED: 4}
_FORMAL = 3


@dataclass(frozen=True, slots=True)
class Languages:
    """Wanted languages, best first; `only` is True where `*; q=0` forbids any other."""

    tags: tuple[str, ...] = ()
    only: bool = False


def languages_from_header(header: str | None) -> Languages:
    """Read `displayLanguage` or an Accept-Language header; what is no language tag is passed over.

    >>> languages_from_header("sv;q=0.5, nb, *;q=0")
    Languages(tags=('nb', 'sv'), only=True)
    """
    weighted: list[tuple[float, int, str]] = []
    only = False
    for place, (tag, weight) in enumerate(weighted_tags(header or "")):
        if tag == "*":
            only = only or weight == 0
        elif tag and weight > 0:
            weighted.append((-weight, place, tag))
    return Languages(tuple(tag for _, _, tag in sorted(weighted)), only)


def shown_languages(value: str) -> str:
    """A `displayLanguage` as an expansion repeats it: as it came, with weights written in one way.

    >>> shown_languages("de,*;q=0"), shown_languages("de,*")
    ('de, *; q=0', 'de,*')
    """
    if ";" not in value:
        return value
    return ", ".join(tag if weight == 1 else f"{tag}; q={weight:g}" for tag, weight in weighted_tags(value))


def language_fits(own: str | None, wanted: str) -> bool:
    """True if a name in `own` serves who wants `wanted`: the same, or one a dialect of the other.

    >>> language_fits("nb", "nb-NO"), language_fits("de-CH", "de"), language_fits("sv", "se")
    (True, True, False)
    """
    if not own:
        return False
    mine, theirs = own.lower(), wanted.lower()
    return mine == theirs or mine.startswith(theirs + "-") or theirs.startswith(mine + "-")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a concept: the one to show, and the others.

    Parameters
    ----------
    shown
        Empty where there is none, or none in a language that may be shown.
    others
        In the order of the publisher; the display first, where another name is shown.
    """

    shown: str
    others: tuple[Designation, ...]


def choose_names(
    concept: Concept, system_language: str | None, languages: Languages, listed: IncludedConcept | None = None
) -> Names:
    """Choose the name of a concept to show.

    Parameters
    ----------
    system_language
        The language of the code system's own displays.
    listed
        As a value set lists the concept: its display stands in for the code system's, its names are preferred.
    """
    display = (listed.display if listed else None) or concept.display
    own = Designation(display, system_language, PREFERRED_FOR_LANGUAGE if system_language else None)
    added = listed.designations if listed else ()
    chosen = best_name(own, added + concept.designations, languages)
    every = concept.designations + added
    if chosen is own:
        return Names(display, every)
    rest = [item for item in every if item is not chosen]
    return Names(chosen.value if chosen else "", tuple([own, *rest] if display else rest))


def best_name(display: Designation, others: Sequence[Designation], languages: Languages) -> Designation | None:
    """The name to show: in the best wanted language that there is one in, else the display.

    None where only the wanted languages may be shown, and there is no name in them. A display without a language may
    always be shown.
    """
    for tag in languages.tags:
        found = _best_in(display, others, tag)
        if found is not None:
            return found
    return None if languages.only and display.language else display


def _best_in(display: Designation, others: Sequence[Designation], tag: str) -> Designation | None:
    """The best name in one language: no fully specified one if avoidable, the very language before a dialect,
    the display before other names, a name that a language reference set prefers before the others.
    """
    found: Designation | None = None
    best = (True, True, 9, True)
    for item in (display, *others):
        if not item.value or not language_fits(item.language, tag):
            continue
        use = 0 if item is display else 1 + _use_rank(item)
        rank = (use > _FORMAL, (item.language or "").lower() != tag.lower(), use, not _is_preferred(item))
        if rank < best:
            found, best = item, rank
    return found


def _is_preferred(designation: Designation) -> bool:
    """True but for names of SNOMED CT that no language reference set prefers."""
    details = designation.details
    return details is None or any(role == _PREFERRED_ROLE for _, role in details.acceptability)


def _use_rank(designation: Designation) -> int:
    """How well the kind of name serves as the one to show, from 0."""
    return 1 if designation.use is None else _USE_RANKS.get(designation.use.code, 2)


def display_in(concept: Concept, system_language: str | None, languages: Languages) -> str | None:
    """The name of a concept in the best wanted language that it has; None where it has none of them.

    Parameters
    ----------
    system_language
        The language of the code system's own displays.
    """
    display = Designation(concept.display, system_language)
    for tag in languages.tags:
        found = _best_in(display, concept.designations, tag)
        if found is not None:
            return found.value
    return None
