"""$compare: how the codes of two value sets relate."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from termserver.model.requests import Overlay
from termserver.model.value_set import ValueSet


class SetRelation(StrEnum):
    """How one set of codes stands to another."""

    SAME = "same"
    SUPERSET = "superset"
    SUBSET = "subset"
    OVERLAPPING = "overlapping"
    DISJOINT = "disjoint"
    EMPTY = "empty"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class ValueSetReference:
    """One of the two value sets: by `url` and `version`, by the FHIR id of the path, or as it came with the request."""

    url: str | None = None
    version: str | None = None
    fhir_id: str | None = None
    inline: ValueSet | None = None


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """$compare.

    Parameters
    ----------
    diagnostics
        True: the codes that both have, or one alone, are wanted.
    """

    this: ValueSetReference
    other: ValueSetReference
    diagnostics: bool = False
    system_versions: tuple[str, ...] = ()
    check_system_versions: tuple[str, ...] = ()
    force_system_versions: tuple[str, ...] = ()
    default_value_set_versions: tuple[str, ...] = ()
    overlay: Overlay = field(default_factory=Overlay)


@dataclass(frozen=True, slots=True)
class ValueSetComparison:
    """Answer of $compare.

    Parameters
    ----------
    expanded
        True if concepts were selected; False if the definitions alone decide.
    common, missing, extra
        Codes that both value sets have, that only `this` has, and that only the other has; as far as they were looked at.
    """

    relation: SetRelation
    message: str
    expanded: bool
    common: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
