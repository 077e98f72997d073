"""Content that is a grammar: a code is checked by its rules, not looked up in a list.

Everywhere else concepts have ordinals. Here a code that the rules accept gets the next free one when somebody first asks
for it, so that value sets which list codes, membership and paging work as for any other system. One object a request:
it grows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from termserver.index.concept_table import ConceptTable, concept_arrays
from termserver.index.hierarchy import Hierarchy, hierarchy_from_edges
from termserver.index.property_columns import PropertyColumn, column_of
from termserver.model.code_system import CodeSystem, Concept
from termserver.model.coding import Coding, Designation
from termserver.model.issue import Issue
from termserver.model.value_set import Filter
from termserver.terminology.content import Ordinals, search_names
from termserver.terminology.lookup_form import LookupForm, common_form

Parse = Callable[[str], Concept | None]
"""Code → concept; None if the rules do not accept it."""
OwnTest = Callable[[Filter, str], Callable[[str], bool] | None]
"""(filter, place) → test of a code; None if the filter is none of the system's own."""
Listed = Callable[[], Mapping[str, str]] | None
"""Reads the codes of a value set of common codes, with their names there (maybe empty); None where there is none."""
_SYNONYM = Coding("http://snomed.info/sct", "900000000000013009")


def no_own_filters(rule: Filter, place: str) -> Callable[[str], bool] | None:
    """For systems whose filters are those of all systems."""
    return None


def no_fault(code: str) -> str | None:
    """For systems of which a code is no more than right or wrong."""
    return None


def no_reason(rule: Filter, code: str) -> str | None:
    """For systems without filters of their own, or of which there is no more to say than that they do not fit."""
    return None


class GrammarContent:
    """See the module; satisfies `content.Content`.

    Parameters
    ----------
    reason
        Why an own filter does not select a code, for people; None if it does, or there is no more to say.
    fault
        Code → why the rules do not accept it, for people; None if there is no more to say than that.
    listed
        Codes that an expansion of the whole system shows: those of a value set of common codes. Read when first needed.
        Their names there are further names of the concepts. None: there is nothing to show.
    listed_in
        Canonical URL of that value set.
    """

    is_tree: bool = True

    def __init__(
        self,
        header: CodeSystem,
        parse: Parse,
        *,
        own_test: OwnTest = no_own_filters,
        reason: Callable[[Filter, str], str | None] = no_reason,
        fault: Callable[[str], str | None] = no_fault,
        listed: Listed = None,
        listed_in: str = "",
    ) -> None:
        self.header = header
        self.unclosed: str | None = f"The code System '{header.url}' has a grammar and so has infinite members." + (
            f" This extension is based on {listed_in}" if listed is not None else ""
        )
        self._parse = parse
        self._own_test = own_test
        self.why_not_selected = reason
        self._fault = fault
        self._listed = listed
        self._names: Mapping[str, str] | None = None
        self._listed_have_places = listed is None
        self._concepts: dict[str, Concept] = {}
        self._ordinals: dict[str, int] = {}
        self._arrays: tuple[ConceptTable, Hierarchy] | None = None

    @property
    def table(self) -> ConceptTable:
        """See `Content`: the codes that were asked for and those that are listed."""
        return self._built()[0]

    @property
    def hierarchy(self) -> Hierarchy:
        """See `Content`: there is none."""
        return self._built()[1]

    def _built(self) -> tuple[ConceptTable, Hierarchy]:
        self._read_listed()
        if self._arrays is None or len(self._arrays[0]) != len(self._ordinals):
            table = concept_arrays(self._concepts[code] for code in self._ordinals).table
            nothing = np.empty(0, dtype=np.int32)
            self._arrays = (table, hierarchy_from_edges(len(table), nothing, nothing))
        return self._arrays

    def _read_listed(self) -> None:
        if not self._listed_have_places:
            self._listed_have_places = True
            self._places(list(self._listed_names()))

    def _listed_names(self) -> Mapping[str, str]:
        if self._names is None:
            self._names = self._listed() if self._listed is not None else {}
        return self._names

    def _places(self, codes: Sequence[str]) -> list[int]:
        places = []
        for code in codes:
            place = self._ordinals.get(code, -1)
            if place < 0 and self.concept(code) is not None:
                place = self._ordinals[code] = len(self._ordinals)
            places.append(place)
        return places

    def ordinals_of(self, codes: Sequence[str]) -> Ordinals:
        """See `Content`."""
        return np.array(self._places(codes), dtype=np.int32)

    def filter(self, rule: Filter, place: str) -> Ordinals | None:
        """See `Content`."""
        test = self._own_test(rule, place)
        if test is None:
            return None
        self._read_listed()
        return np.array([ordinal for code, ordinal in self._ordinals.items() if test(code)], dtype=np.int32)

    def property_column(self, name: str) -> PropertyColumn:
        """See `Content`."""
        return column_of(self.stream(), name)

    def concept(self, code: str) -> Concept | None:
        """See `Content`."""
        found = self._concepts.get(code)
        if found is None:
            found = self._parse(code)
            if found is not None:
                found = self._concepts[code] = self._with_common_name(found)
        return found

    def _with_common_name(self, concept: Concept) -> Concept:
        name = self._listed_names().get(concept.code)
        if not name or name == concept.display or name in (item.value for item in concept.designations):
            return concept
        named = Designation(name, self.header.language, _SYNONYM)
        return replace(concept, designations=(*concept.designations, named))

    def concepts(self, codes: Sequence[str]) -> dict[str, Concept]:
        """See `Content`."""
        return {code: found for code in codes if (found := self.concept(code)) is not None}

    def stream(self) -> Iterator[Concept]:
        """See `Content`."""
        self._read_listed()
        return iter([self._concepts[code] for code in self._ordinals])

    def search(self, text: str) -> Ordinals:
        """See `Content`."""
        return search_names(self.stream(), text)

    def has_unlisted(self, filters: Sequence[Filter]) -> bool:
        """See `Content`; what cannot be listed is said by `unclosed`."""
        return False

    def as_expanded(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def lookup_form(self, wanted: Collection[str]) -> LookupForm:
        """See `Content`."""
        return common_form(self.header, wanted)

    def as_looked_up(self, concept: Concept) -> Concept:
        """See `Content`."""
        return concept

    def remarks(self, code: str) -> tuple[Issue, ...]:
        """See `Content`."""
        fault = self._fault(code)
        return () if fault is None else (Issue("information", "code-invalid", fault, "invalid-code", "code"),)
