"""LOINC: its filters in value sets and its own answer to $lookup.

Axes are named by part (`LP14635-4`) or by name (`Glucose`); `LIST`, `answers-for` and `GROUP` select what belongs to an
answer list, a term or a group; `ancestor` walks the hierarchy of components. Source: FHIR R5 "Using LOINC with HL7
Standards", section on filters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput
from termserver.index.concept_table import ConceptTable
from termserver.index.hierarchy import Hierarchy
from termserver.index.property_columns import PropertyColumn
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.coding import Coding
from termserver.model.issue import Issue
from termserver.model.results import LookupProperty
from termserver.model.value_set import Filter
from termserver.terminology.content import Content, StoredContent
from termserver.terminology.lookup_form import NEIGHBOURS, Describe, LookupForm
from termserver.terminology.regex import Regex

Ordinals = NDArray[np.int32]
Mask = NDArray[np.bool_]

LOINC_URL = "http://loinc.org"
_PROPERTY_URI = "http://loinc.org/property/"
_CODED = {"COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS"}
_CLASS_TYPES = {
    "1": "Laboratory class",
    "2": "Clinical class",
    "3": "Claims attachment",
    "4": "Surveys",
}
_COPYRIGHT = "EXTERNAL_COPYRIGHT_NOTICE"
_TERMS = "CLASSTYPE"  # every term has it, and nothing else
_NOT_SHOWN = {"VersionLastChanged", "VersionFirstReleased", "CHNG_TYPE", "PartTypeName", "GROUP", "answer-list"}


class LoincContent:
    """A loaded version of LOINC."""

    unclosed: str | None = None
    is_tree: bool = False

    def __init__(self, release: StoredContent) -> None:
        self.header: CodeSystem = release.header
        self._release = release

    @property
    def table(self) -> ConceptTable:
        """See `Content`."""
        return self._release.table

    @property
    def hierarchy(self) -> Hierarchy:
        """See `Content`."""
        return self._release.hierarchy

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""
        return self._release.property_column(name)

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        return self._release.ordinals_of(codes)

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        return self._release.concept(code)

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        return self._release.concepts(codes)

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        return self._release.stream()

    def search(self, text: str) -> Ordinals:
        """See `Content`."""
        return self._release.search(text)

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`."""
        return False

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`."""
        return ()

    # -------------------------------------------------------------- filters

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`.

        Raises
        ------
        BadInput
            If `copyright` is asked for anything but `LOINC` and `3rdParty`.
        """
        name = rule.property.removeprefix(_PROPERTY_URI)
        found: Mask | None = None
        if name in ("LIST", "answers-for", "GROUP", "ancestor", "parent", "child") and rule.op in ("=", "in"):
            found = self._belonging(name, _listed(rule))
        elif name == "copyright" and rule.op == "=":
            found = self._by_copyright(rule.value, place)
        elif name in _CODED and rule.op != "exists":
            found = self._by_part(name, rule)
        elif name == "CLASSTYPE" and rule.op in ("=", "in"):
            numbers = {text.casefold(): number for number, text in _CLASS_TYPES.items()}
            found = self._with(name, [numbers.get(text.casefold(), text) for text in _listed(rule)])
        elif name != rule.property:
            found = self._by_own_name(name, rule)
        return None if found is None else np.flatnonzero(found).astype(np.int32)

    def _belonging(self, name: str, codes: Sequence[str]) -> Mask:
        selected: dict[str, Callable[[str], Mask]] = {
            "LIST": self._answers,
            "answers-for": self._answers_for,
            "GROUP": lambda code: self._with("GROUP", [code]),
            "ancestor": lambda code: self._near(code, self.hierarchy.descendants),
            "parent": lambda code: self._near(code, self.hierarchy.children.of),
            "child": lambda code: self._near(code, self.hierarchy.parents.of),
        }
        found = np.zeros(len(self.table), dtype=np.bool_)
        for code in codes:
            found |= selected[name](code.upper())
        return found

    def _near(self, code: str, neighbours: Callable[[int], Ordinals]) -> Mask:
        found = np.zeros(len(self.table), dtype=np.bool_)
        ordinal = self.table.ordinal_of(code)
        if ordinal >= 0:
            found[neighbours(ordinal)] = True
        return found

    def _answers(self, answer_list: str) -> Mask:
        return self._with("AnswerList", [answer_list])

    def _answers_for(self, code: str) -> Mask:
        """The answers of a list, or of all lists of a term."""
        if code.startswith("LL"):
            return self._answers(code)
        concept = self.concept(code)
        lists = [str(item.value) for item in concept.properties if item.code == "answer-list"] if concept else []
        return self._with("AnswerList", lists)

    def _by_copyright(self, value: str, place: str) -> Mask:
        if value not in ("LOINC", "3rdParty"):
            raise BadInput(f"The filter 'copyright' is LOINC or 3rdParty, not '{value}'", expression=f"{place}.value")
        foreign = self.property_column(_COPYRIGHT).any_value()
        if value == "3rdParty":
            return self._mask(foreign)
        return self._mask(self.property_column(_TERMS).any_value()) & ~self._mask(foreign)

    def _mask(self, ordinals: Ordinals) -> Mask:
        found = np.zeros(len(self.table), dtype=np.bool_)
        found[ordinals] = True
        return found

    def _by_part(self, name: str, rule: Filter) -> Mask | None:
        """An axis by part number, or by the part's name."""
        if rule.op == "regex":
            accepts: Callable[[str], bool] = Regex(rule.value).matches
        elif rule.op in ("=", "in", "not-in"):
            accepts = set(_listed(rule)).__contains__
        else:
            return None
        column = self.property_column(name)
        values = list(column.places)
        names = self.table.displays_of(values)
        found = self._mask(
            column.having(
                [
                    value
                    for value, named in zip(values, names, strict=True)
                    if accepts(value) or (named and accepts(named))
                ]
            )
        )
        return ~found if rule.op == "not-in" else found

    def _by_own_name(self, name: str, rule: Filter) -> Mask | None:
        """A property named by its URI."""
        if rule.op == "exists":
            found = self._mask(self.property_column(name).any_value())
            return found if rule.value == "true" else ~found
        return self._with(name, _listed(rule)) if rule.op in ("=", "in") else None

    def _with(self, name: str, texts: Sequence[str]) -> Mask:
        return self._mask(self.property_column(name).having(texts))

    # -------------------------------------------------------------- $lookup

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`: parts by their number; columns that only say how a term came about where they are asked for."""
        every = "*" in wanted

        def asked(code: str) -> bool:
            return every or code in wanted or (not wanted and code not in _NOT_SHOWN)

        def of_property(item: ConceptProperty, describe: Describe) -> Iterator[LookupProperty]:
            if asked(item.code):
                yield _shown(item, describe)

        return LookupForm(
            self.header.name, of_property, asked("inactive"), tuple(name for name in NEIGHBOURS if asked(name))
        )

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept


def _shown(item: ConceptProperty, describe: Describe) -> LookupProperty:
    if isinstance(item.value, Coding):
        return LookupProperty(item.code, item.value.code, "code", item.value.display)
    if item.code == "CLASSTYPE":
        return LookupProperty(item.code, item.value, item.kind, _CLASS_TYPES.get(str(item.value)))
    return LookupProperty(item.code, item.value, item.kind, describe(str(item.value)) if item.kind == "code" else None)


def _listed(rule: Filter) -> list[str]:
    return [rule.value] if rule.op == "=" else [item.strip() for item in rule.value.split(",") if item.strip()]


def with_loinc_rules(content: Content) -> Content:
    """LOINC's rules around a loaded version; content that a request brings follows those of all systems."""
    return LoincContent(content) if isinstance(content, StoredContent) else content
