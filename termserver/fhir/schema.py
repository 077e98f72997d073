"""The elements of FHIR's types, in FHIR's order: what XML, validation and summaries go by.

The files schema_r4b.json and schema_r5.json are written by scripts/build_fhir_schema.py from the models of
fhir.resources. R4B stands for R4 as well: the two are the same for all resources served here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import orjson

from termserver.fhir.versions import FhirVersion

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ElementDefinition:
    """One element of a type.

    Parameters
    ----------
    kind
        Its type: a primitive's begins with a small letter (`code`), others with a capital (`Coding`, `ConceptMapGroup`).
        `Resource` is any resource.
    choice
        Name without type of an element[x] of which one may be there: `value`; empty where it is none.
    codes
        The codes of a required binding; empty where any code will do.
    """

    name: str
    kind: str
    is_list: bool = False
    is_required: bool = False
    in_summary: bool = False
    choice: str = ""
    choice_required: bool = False
    codes: frozenset[str] = frozenset()
    is_primitive: bool = field(init=False)

    def __post_init__(self) -> None:
        """A primitive is a value that XML writes as an attribute."""
        object.__setattr__(self, "is_primitive", self.kind[0].islower() and self.kind != "xhtml")


def elements_of(kind: str, version: FhirVersion) -> Mapping[str, ElementDefinition] | None:
    """The elements of a type by name, in FHIR's order; None if the type is not known.

    >>> list(elements_of("Coding", FhirVersion.R4))[-2:]
    ['display', 'userSelected']
    """
    return _elements_of(kind, version.is_r5)


def required_of(kind: str, version: FhirVersion) -> tuple[Sequence[str], Sequence[str]]:
    """Names of the elements that must be there, and of the element[x] of which one must be.

    >>> required_of("Extension", FhirVersion.R4)
    (('url',), ())
    """
    return _required_of(kind, version.is_r5)


@cache
def _required_of(kind: str, r5: bool) -> tuple[Sequence[str], Sequence[str]]:
    elements = (_elements_of(kind, r5) or {}).values()
    names = tuple(item.name for item in elements if item.is_required)
    return names, tuple(dict.fromkeys(item.choice for item in elements if item.choice_required))


def is_resource(kind: str, version: FhirVersion) -> bool:
    """True if a type of that name is a resource that the schema knows.

    >>> is_resource("ConceptMap", FhirVersion.R5), is_resource("Coding", FhirVersion.R5)
    (True, False)
    """
    elements = elements_of(kind, version)
    return elements is not None and "implicitRules" in elements


@cache
def _elements_of(kind: str, r5: bool) -> Mapping[str, ElementDefinition] | None:
    listed = _types(r5).get(kind)
    if listed is None:
        return None
    return {
        name: ElementDefinition(
            name, kind, "*" in flags, "!" in flags, "s" in flags, choice.rstrip("!"), choice.endswith("!"),
            frozenset(codes),
        )
        for name, kind, flags, choice, codes in listed
    }  # fmt: skip


@cache
def _types(r5: bool) -> dict[str, list[tuple[str, str, str, str, list[str]]]]:
    types: dict[str, list[tuple[str, str, str, str, list[str]]]] = orjson.loads(
        (_FOLDER / f"schema_{'r5' if r5 else 'r4b'}.json").read_bytes()
    )
    return types
