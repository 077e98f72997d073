"""Which name of a concept to show: `displayLanguage` and Accept-Language, with weights.

Source: RFC 9110 section 12.5.4, RFC 4647 section 3.4 (lookup); FHIR R5 terminology service, languages.
"""

from __future__ import annotations

from dataclasses import dataclass

from termserver.model.code_system import Concept
from termserver.model.coding import Designation

_FULLY_SPECIFIED = "900000000000003001"


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
    for place, item in enumerate((header or "").split(",")):
        tag, *parameters = (part.strip() for part in item.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if tag == "*":
            only = only or weight == 0
        elif tag and weight > 0:
            weighted.append((-weight, place, tag))
    return Languages(tuple(tag for _, _, tag in sorted(weighted)), only)


def language_fits(own: str | None, wanted: str) -> bool:
    """True if a name in `own` serves who wants `wanted`: the same, or one a dialect of the other.

    >>> language_fits("nb", "nb-NO"), language_fits("de-CH", "de"), language_fits("sv", "se")
    (True, True, False)
    """
    if not own:
        return False
    mine, theirs = own.lower(), wanted.lower()
    return mine == theirs or mine.startswith(theirs + "-") or theirs.startswith(mine + "-")


def display_in(concept: Concept, system_language: str | None, languages: Languages) -> str | None:
    """The name of a concept in the best wanted language that it has; None where it has none of them.

    Parameters
    ----------
    system_language
        The language of the code system's own displays.
    """
    for tag in languages.tags:
        if concept.display and language_fits(system_language, tag):
            return concept.display
        found = best_designation(concept.designations, tag)
        if found is not None:
            return found.value
    return None


def best_designation(designations: tuple[Designation, ...], tag: str) -> Designation | None:
    """The designation to show in a language: an exact tag before a dialect, no fully specified name if avoidable."""
    fitting = [item for item in designations if language_fits(item.language, tag)]
    if not fitting:
        return None
    return min(
        fitting,
        key=lambda item: (
            (item.language or "").lower() != tag.lower(),
            item.use is not None and item.use.code == _FULLY_SPECIFIED,
        ),
    )
