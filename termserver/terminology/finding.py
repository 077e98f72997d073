"""What $validate-code finds of one coding: its case, its standing and its display against the concept, as issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from termserver.fhir.standing import STANDARDS_STATUS
from termserver.model.code_system import USER_ASSIGNED, CodeSystem, Concept, property_codes
from termserver.model.coding import Coding, Designation
from termserver.model.extension import extension_value
from termserver.model.issue import Issue
from termserver.terminology import messages
from termserver.terminology.content import Content
from termserver.terminology.languages import Languages, language_fits
from termserver.terminology.messages import Message

# Systems of designation uses that say a designation is a name; what has a use of another system is something else
_NAMING_USES = (
    "http://snomed.info/sct",
    "http://loinc.org",
    "http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra",
    "http://terminology.hl7.org/CodeSystem/designation-usage",
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a concept; `usual` is False for one of a special use, which is right and which no message proposes."""

    text: str
    language: str | None = None
    usual: bool = True


@dataclass(slots=True)
class Finding:
    """What was found of one coding.

    Parameters
    ----------
    place
        FHIRPath of the coding; empty for a bare `code`.
    member
        Whether the value set holds it; None where that cannot be said. In a code system: whether it has the code.
    included
        True if `content` is of the value set.
    standing
        True if the concept's being inactive or deprecated matters: nobody asks it of codes that no include selects.
    missing
        Canonical of the code system that is not here, and `missing_is_cause` if the answer would be another if it were.
    missing_version
        The version that was looked for.
    told
        The texts that the answer repeats in its `message`.
    """

    coding: Coding
    place: str
    member: bool | None = None
    content: Content | None = None
    concept: Concept | None = None
    display: str | None = None
    included: bool = False
    standing: bool = False
    missing: str | None = None
    missing_is_cause: bool = True
    missing_version: str | None = None
    issues: list[Issue] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def add(self, message: Message, element: str, *values: object, severity: str | None = None) -> None:
        """Say a message of an element of the coding; with an empty one, of the coding itself."""
        issue = message.issue(under(self.place, element), *values, severity=severity)
        self.issues.append(issue)
        if message.told:
            self.told.append(issue.text)

    @property
    def has_errors(self) -> bool:
        """True if an issue is an error."""
        return any(issue.severity == "error" for issue in self.issues)


def under(place: str, element: str) -> str:
    """The FHIRPath of an element of the coding at `place`; a bare `code` has none above it.

    >>> under("Coding", "code"), under("", "code"), under("", "")
    ('Coding.code', 'code', 'code')
    """
    if not element:
        return place or "code"
    return f"{place}.{element}" if place else element


def check_case(finding: Finding, content: Content, concept: Concept) -> None:
    """Say where the code is right but for its case."""
    if concept.code != finding.coding.code:
        finding.add(messages.OTHER_CASE, "code", finding.coding.code, concept.code, content.header.canonical)


def check_standing(finding: Finding, concept: Concept, header: CodeSystem) -> None:
    """Say where the concept is inactive or deprecated."""
    status = status_of(concept, header)
    if not concept.active:
        shown = f"{status} and inactive" if status and status != "inactive" else "inactive"
        finding.add(messages.INACTIVE_CONCEPT, "", concept.code, shown)
    elif status in ("deprecated", "withdrawn"):
        finding.add(messages.DEPRECATED_CONCEPT, "", concept.code, status)


def status_of(concept: Concept, header: CodeSystem) -> str | None:
    """The status of a concept that is inactive or deprecated, as its code system words it, by property or extension."""
    codes = property_codes(header.properties, "status")
    named = next((item.value for item in concept.properties if item.code in codes), None)
    said = named or extension_value(concept.extensions, STANDARDS_STATUS)
    doubtful = not concept.active or said in ("deprecated", "withdrawn")
    return said if isinstance(said, str) and doubtful else None


# ------------------------------------------------------------------ display


@dataclass(frozen=True, slots=True)
class DisplayRules:
    """How displays are compared.

    Parameters
    ----------
    languages
        Those wanted; `asked` is how the client (or the value set) wrote them, None if nobody did.
    lenient
        True makes a wrong display a warning.
    checked
        False: they are not compared.
    """

    languages: Languages
    asked: str | None = None
    lenient: bool = False
    checked: bool = True

    @property
    def shown(self) -> str:
        """The languages as a message shows them."""
        return self.asked or "--"


def names_of(concept: Concept, system_language: str | None, own: Sequence[Name] = ()) -> list[Name]:
    """Names by which a concept may be called; `own` are those that a value set gives it."""
    every = [Name(concept.display, system_language)] if concept.display else []
    every += [name_of(item) for item in concept.designations if _standing(item) is None]
    return list(dict.fromkeys([*every, *own]))


def name_of(designation: Designation) -> Name:
    """A designation as a name."""
    use = designation.use
    return Name(designation.value, designation.language, use is None or use.system in _NAMING_USES)


def _standing(designation: Designation) -> str | None:
    """`deprecated` or `withdrawn` where the publisher no longer wants a name to be used."""
    said = extension_value(designation.extensions, STANDARDS_STATUS)
    return said if said in ("deprecated", "withdrawn") and isinstance(said, str) else None


def display_is_right(display: str, names: Sequence[Name], languages: Languages) -> bool:
    """True if a display is one of the names in the wanted languages."""
    return any(_same(display, name.text) for name in _in_languages(names, languages))


def check_display(
    finding: Finding, concept: Concept, names: Sequence[Name], default: str | None, rules: DisplayRules
) -> None:
    """Compare the sender's display with the names of the concept in the wanted languages.

    Parameters
    ----------
    default
        Language of the code system's own displays.
    """
    given = finding.coding.display or ""
    code = f"{finding.coding.system}#{concept.code}"
    wanted = _in_languages(names, rules.languages)
    if any(_same(given, name.text) for name in wanted) or _is_withdrawn(finding, concept, given, wanted):
        return
    severity = "warning" if rules.lenient else "error"
    values = (given, code, concept.display, rules.shown)
    if any(item.code == USER_ASSIGNED and item.value is True for item in concept.properties):
        finding.add(messages.OWN_DISPLAY, "display", given, code, _choices(wanted or names), rules.shown)
    elif not wanted and _is_of_language(given, names, default):
        finding.add(messages.DISPLAY_OF_DEFAULT_LANGUAGE, "display", *values)
    elif not wanted:
        finding.add(messages.NO_DISPLAY_IN_LANGUAGE, "display", *values, severity=severity)
    else:
        spaced = any(_without_spaces(given) == _without_spaces(name.text) for name in wanted)
        message = messages.WRONG_WHITESPACE if spaced else messages.WRONG_DISPLAY
        finding.add(message, "display", given, code, _choices(wanted), rules.shown, severity=severity)


def _is_withdrawn(finding: Finding, concept: Concept, given: str, wanted: Sequence[Name]) -> bool:
    """True, said as an issue, if the display is a name that the publisher has withdrawn."""
    for designation in concept.designations:
        standing = _standing(designation)
        if standing is not None and _same(given, designation.value):
            right = " or ".join(f"'{name.text}'" for name in wanted if name.usual)
            finding.add(messages.WITHDRAWN_DISPLAY, "display", given, concept.code, standing, right)
            return True
    return False


def _is_of_language(given: str, names: Sequence[Name], language: str | None) -> bool:
    return any(_same(given, name.text) for name in names if language_fits(name.language, language or ""))


def _in_languages(names: Sequence[Name], languages: Languages) -> list[Name]:
    """The names in the wanted languages; one without a language serves everybody."""
    if not languages.tags:
        return list(names)
    return [
        name for name in names if not name.language or any(language_fits(name.language, tag) for tag in languages.tags)
    ]


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _without_spaces(text: str) -> str:
    return "".join(text.split()).casefold()


def _choices(names: Sequence[Name]) -> str:
    """As a message lists names.

    >>> _choices([Name("A", "en"), Name("B"), Name("ye olde A", None, False)])
    "display is one of 2 choices: 'A' (en) or 'B'"
    """
    listed = [name for name in names if name.usual] or names
    shown = [f"'{name.text}'" + (f" ({name.language})" if name.language else "") for name in listed]
    if len(shown) == 1:
        return f"display is {shown[0]}"
    return f"display is one of {len(shown)} choices: {', '.join(shown[:-1])} or {shown[-1]}"
