"""What $lookup shows of the concepts of one code system, said once for all of them.

A code system with rules of its own (SNOMED CT, LOINC) has a form of its own. `lookup` answers by it for one concept;
`lookup_plan` makes ready pieces of answers of it, for all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from termserver.index.concept_table import ConceptTable
from termserver.index.hierarchy import Hierarchy
from termserver.model.code_system import CodeSystem, Concept, ConceptProperty
from termserver.model.results import LookupProperty

NEIGHBOURS = ("parent", "child")
_OWN_PLACE = {*NEIGHBOURS, "inactive"}

Describe = Callable[[str], str | None]
"""The display of a code of the same code system; None if it has none."""


@dataclass(frozen=True, slots=True)
class LookupForm:
    """See the module.

    Parameters
    ----------
    name
        What the code system is called.
    of_property
        What a stored property shows. Of a property of kind `code` nothing but the code itself and its display may depend
        on the code.
    inactive
        True if the answer says whether the concept is inactive.
    neighbours
        Those of `NEIGHBOURS` that are shown.
    stored_first
        True if stored properties stand before `inactive` and the neighbours.
    names_display
        True if the display is one of the designations, where its language is known.
    derived
        What else is shown, last; None for nothing.
    """

    name: str
    of_property: Callable[[ConceptProperty, Describe], Iterable[LookupProperty]]
    inactive: bool
    neighbours: tuple[str, ...]
    stored_first: bool = False
    names_display: bool = True
    derived: Callable[[Concept], Iterable[LookupProperty]] | None = None

    def properties(self, concept: Concept, table: ConceptTable, hierarchy: Hierarchy) -> Iterator[LookupProperty]:
        """All properties of a concept, in the order of the answer."""

        def describe(code: str) -> str | None:
            return table.displays_of([code])[0]

        stored = [shown for item in concept.properties for shown in self.of_property(item, describe)]
        if self.stored_first:
            yield from stored
        if self.inactive:
            yield LookupProperty("inactive", not concept.active, "boolean")
        ordinal = table.ordinal_of(concept.code)
        for name in self.neighbours if ordinal >= 0 else ():
            for other in neighbours_of(hierarchy, ordinal, name):
                yield LookupProperty(name, table.code_of(other), "code", table.display_of(other) or None)
        if not self.stored_first:
            yield from stored
        if self.derived is not None:
            yield from self.derived(concept)


def neighbours_of(hierarchy: Hierarchy, ordinal: int, name: str) -> list[int]:
    """The ordinals of the parents or children of a concept."""
    edges = hierarchy.parents if name == "parent" else hierarchy.children
    found: list[int] = edges.of(ordinal).tolist()
    return found


def common_form(header: CodeSystem, wanted: Collection[str]) -> LookupForm:
    """The form of code systems without rules of their own.

    Parameters
    ----------
    wanted
        Names of the properties asked for; empty or with `*` all.
    """
    every = not wanted or "*" in wanted

    def shown(item: ConceptProperty, describe: Describe) -> Iterator[LookupProperty]:
        if item.code not in _OWN_PLACE and (every or item.code in wanted):
            description = describe(str(item.value)) if item.kind == "code" else None
            yield LookupProperty(item.code, item.value, item.kind, description, describe(item.code))

    return LookupForm(
        header.name,
        shown,
        every or "inactive" in wanted,
        tuple(name for name in NEIGHBOURS if every or name in wanted),
    )
