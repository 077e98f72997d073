"""A code in a system, and a name of a concept in a language."""

from __future__ import annotations

from dataclasses import dataclass, field

from termserver.model.extension import Extension


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a code system, as FHIR's Coding.

    Parameters
    ----------
    system
        Canonical URL without `|version`; empty where the client gave none.
    code
        The code, verbatim.
    version
        Version of the code system, or None.
    display
        As the sender wrote it, or None.

    >>> Coding("http://hl7.org/fhir/sid/icd-10", "I21.9").code
    'I21.9'
    """

    system: str
    code: str
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class DescriptionDetails:
    """What a SNOMED CT release says of a description besides its text, language and kind.

    Parameters
    ----------
    number
        Its identifier.
    effective_time
        Day of its last change, YYYYMMDD.
    acceptability
        Pairs (language reference set, 900000000000548007 preferred | 900000000000549004 acceptable).
    """

    number: str
    module: str
    effective_time: str
    acceptability: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Designation:
    """A name of a concept in one language (FHIR CodeSystem.concept.designation).

    Parameters
    ----------
    language
        BCP-47 tag (`sv`, `nb`, `en-GB`, `la`), or None where the publisher says none.
    use
        What kind of name: a Coding (SNOMED's 900000000000013009 Synonym, …), or None.
    source
        Canonical of the supplement that adds it, in an answer; None for the code system's own.
    details
        Of SNOMED CT; None elsewhere.
    """

    value: str
    language: str | None = None
    use: Coding | None = None
    source: str | None = None
    extensions: tuple[Extension, ...] = field(default=(), hash=False)
    details: DescriptionDetails | None = None
