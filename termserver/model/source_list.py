"""An uploaded local code list: its rows, and what was wrong with some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from termserver.model.coding import Designation


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One local code of a source list, as the file says it.

    Parameters
    ----------
    line
        Line in the file, from 1; header lines count.
    frequency
        How often the code was used; None where the list does not say.
    context
        Further columns, name → value, in the file's order.
    other_terms
        Synonyms and terms in other languages.
    """

    line: int
    code: str
    term: str
    language: str | None = None
    frequency: int | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    other_terms: tuple[Designation, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What was wrong at one place of a file.

    Parameters
    ----------
    severity
        `error`: the row was refused; `warning`: it was read, look at it.
    rule
        Short stable name: `duplicate-code`, `ragged-row`, `empty-code`, `date-code`, `personal-id`, …
    """

    line: int | None
    column: str | None
    code: str | None
    severity: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceList:
    """The header of a source list.

    Parameters
    ----------
    url
        Canonical URL of the local code system.
    target_systems
        Canonical URLs of the code systems to map to.
    """

    name: str
    title: str
    url: str
    version: str
    language: str | None = None
    target_systems: tuple[str, ...] = ()
    file_name: str | None = None
    sha256: str | None = None
    licence: str | None = None
    copyright: str | None = None
    country: str | None = None
