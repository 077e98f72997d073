"""ValueSet/$compare: how the codes of two value sets relate, by their definitions where those decide, else by their codes.

A code is the same whatever the version of its code system. Definitions decide where they are equal but for order; and,
system by system, where each value set has one include of it in the same version: all of the system, a list of codes, or
one `is-a`. Whatever else (imports, excludes, several includes, other filters) is decided by the codes selected, of which
there may be any number: they are compared as arrays.

Source: HL7's terminology ecosystem tests, suites `compare` and `related2`; no FHIR release defines the operation yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from termserver.errors import BadInput, NotFound, NotSupported, TooCostly
from termserver.model.value_set import Include, ValueSet
from termserver.model.value_set_comparison import (
    CompareRequest,
    SetRelation,
    ValueSetComparison,
    ValueSetReference,
)
from termserver.terminology.content import Content
from termserver.terminology.library import Library
from termserver.terminology.selection import Selection, find_value_set, select_value_set
from termserver.terminology.selection_parts import Part
from termserver.terminology.versions import VersionRules, rules_of

_MOST_LISTED = 1_000
_TEXTS = {
    SetRelation.SAME: "The value sets {0} and {1} contain the same codes",
    SetRelation.SUPERSET: "The valueSet {0} is a super-set of the valueSet {1}",
    SetRelation.SUBSET: "The valueSet {0} is a sub-set of the valueSet {1}",
    SetRelation.OVERLAPPING: (
        "Both value sets {0} and {1} contain the codes the other doesn't, but there is some overlap"
    ),
    SetRelation.DISJOINT: "No shared codes between the value sets {0} and {1}",
    SetRelation.EMPTY: "Both the value sets {0} and {1} are empty",
}


@dataclass(slots=True)
class _Tally:
    """What was found so far: whether there are codes that both have, that one alone has; and which, where they are known."""

    shared: bool = False
    this_alone: bool = False
    other_alone: bool = False
    common: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    def add_lists(self, common: Iterable[str], missing: Iterable[str], extra: Iterable[str]) -> None:
        """Codes of one system."""
        self.common += common
        self.missing += missing
        self.extra += extra
        self.add(bool(self.common), bool(self.missing), bool(self.extra))

    def add(self, shared: bool, this_alone: bool, other_alone: bool) -> None:
        """What is known of one system without its codes."""
        self.shared |= shared
        self.this_alone |= this_alone
        self.other_alone |= other_alone

    @property
    def relation(self) -> SetRelation:
        """The relation of the two sets."""
        if not self.shared:
            return SetRelation.DISJOINT if self.this_alone or self.other_alone else SetRelation.EMPTY
        if self.this_alone:
            return SetRelation.OVERLAPPING if self.other_alone else SetRelation.SUPERSET
        return SetRelation.SUBSET if self.other_alone else SetRelation.SAME


def compare_value_sets(library: Library, request: CompareRequest) -> ValueSetComparison:
    """Compare two value sets.

    Raises
    ------
    NotFound
        If one of them is not here. What they refer to may be missing: then nothing can be said of them, which is an answer.
    """
    this, other = _value_set(library, request.this), _value_set(library, request.other)
    names = (this.canonical or "(unidentified)", other.canonical or "(unidentified)")
    rules = rules_of(request)
    tally = _by_definition(library, this, other, rules)
    if tally is not None:
        return _answer(tally, names, request, expanded=False)
    selected = []
    for role, value_set in (("This", this), ("Other", other)):
        try:
            selected.append(select_value_set(library, value_set, rules))
        except (BadInput, NotFound, NotSupported, TooCostly) as error:
            return _indeterminate(names, f"{role} expansion failed: {error.message}")
    if any(_is_endless(part) for selection in selected for part in selection.parts):
        return _indeterminate(names, "there are codes that nobody can list")
    return _answer(_by_codes(*selected), names, request, expanded=True)


def _is_endless(part: Part) -> bool:
    """True if there are codes that nobody can list; the expressions that a complete code system allows besides are none."""
    return part.open_ended or (part.unlisted and part.content.header.content != "complete")


def _value_set(library: Library, named: ValueSetReference) -> ValueSet:
    if named.inline is not None:
        return named.inline
    if named.fhir_id is not None:
        return library.value_set_by_id(named.fhir_id)
    return find_value_set(library, named.url or "", named.version)


def _answer(tally: _Tally, names: tuple[str, str], request: CompareRequest, *, expanded: bool) -> ValueSetComparison:
    message = _TEXTS[tally.relation].format(*names)
    # Whoever expanded both and found the same codes has nothing to point at
    if not request.diagnostics or (expanded and tally.relation is SetRelation.SAME):
        return ValueSetComparison(tally.relation, message, expanded)
    common, missing, extra = (tuple(codes[:_MOST_LISTED]) for codes in (tally.common, tally.missing, tally.extra))
    return ValueSetComparison(tally.relation, message, expanded, common, missing, extra)


def _indeterminate(names: tuple[str, str], reason: str) -> ValueSetComparison:
    text = f"Unable to compare {names[0]} and {names[1]}: {reason}"
    return ValueSetComparison(SetRelation.INDETERMINATE, text, expanded=True)


# ------------------------------------------------------------------ by the definitions


def _by_definition(library: Library, this: ValueSet, other: ValueSet, rules: VersionRules) -> _Tally | None:
    """What the definitions say; None where they do not decide."""
    if not (_is_plain(this) and _is_plain(other)) or this.inactive != other.inactive:
        return None
    tally = _Tally()
    if sorted(map(_key, this.includes)) == sorted(map(_key, other.includes)):
        codes = sorted(item.code for part in this.includes for item in part.concepts)
        tally.add_lists(codes if all(part.concepts for part in this.includes) else [], [], [])
        tally.shared = True
        return tally
    mine, theirs = _by_system(this), _by_system(other)
    if mine is None or theirs is None:
        return None
    for system in dict.fromkeys((*mine, *theirs)):
        if not _compare_includes(library, tally, mine.get(system), theirs.get(system), rules):
            return None
    return tally


def _is_plain(value_set: ValueSet) -> bool:
    """True if it has nothing but includes of code systems."""
    includes = value_set.includes
    return bool(includes) and not value_set.excludes and all(part.system and not part.value_sets for part in includes)


def _key(part: Include) -> tuple[str, str, list[str], list[tuple[str, str, str]]]:
    """Equal for includes that select the same, whatever the order of what they say."""
    filters = sorted((rule.property, rule.op, rule.value) for rule in part.filters)
    return part.system or "", part.version or "", sorted(item.code for item in part.concepts), filters


def _by_system(value_set: ValueSet) -> dict[str, Include] | None:
    """The one include of each system; None if a system has several."""
    found = {part.system or "": part for part in value_set.includes}
    return found if len(found) == len(value_set.includes) else None


def _compare_includes(
    library: Library, tally: _Tally, mine: Include | None, theirs: Include | None, rules: VersionRules
) -> bool:
    """Add what the two includes of one system say; False where they do not decide."""
    if mine is None or theirs is None:
        return _add_lonely(tally, mine, theirs)
    if mine.concepts and theirs.concepts:
        here, there = ({item.code for item in part.concepts} for part in (mine, theirs))
        tally.add_lists(sorted(here & there), sorted(here - there), sorted(there - here))
        return True
    if (mine.version or "") != (theirs.version or ""):
        return False
    if _key(mine) == _key(theirs):
        tally.shared = True
        return True
    roots = _root(mine), _root(theirs)
    content = library.code_system(mine.system or "", rules.version_for(mine.system or "", mine.version))
    if None in roots or content is None or not content.is_tree:
        return False
    return _compare_branches(content, tally, *(root or "" for root in roots))


def _add_lonely(tally: _Tally, mine: Include | None, theirs: Include | None) -> bool:
    """A system that only one of the value sets includes: all that it selects, one alone has."""
    lonely = mine or theirs
    if lonely is None or (lonely.filters and _root(lonely) is None):
        return False  # a filter may select nothing
    codes = sorted(item.code for item in lonely.concepts)
    tally.add_lists([], codes if mine else [], [] if mine else codes)
    tally.add(False, mine is not None, mine is None)
    return True


def _root(part: Include) -> str | None:
    """The concept that the include selects with all below it; None if it says anything else."""
    rules = part.filters
    if part.concepts or len(rules) != 1 or rules[0].op != "is-a" or rules[0].property != "concept":
        return None
    return rules[0].value


def _compare_branches(content: Content, tally: _Tally, mine: str, theirs: str) -> bool:
    """Two branches of one tree: one is in the other, or they have nothing in common."""
    here, there = (content.table.ordinal_of(code) for code in (mine, theirs))
    if here < 0 or there < 0:
        return False
    above, below = (content.hierarchy.subsumes(*pair) for pair in ((here, there), (there, here)))
    if not above and not below and _share_a_descendant(content, here, there):
        return False
    tally.add(above or below, not below, not above)
    return True


def _share_a_descendant(content: Content, one: int, other: int) -> bool:
    descendants = content.hierarchy.descendants
    return bool(np.isin(descendants(one), descendants(other)).any())


# ------------------------------------------------------------------ by the codes


def _by_codes(this: Selection, other: Selection) -> _Tally:
    tally = _Tally()
    mine, theirs = _codes(this), _codes(other)
    none: NDArray[np.bytes_] = np.empty(0, dtype=np.bytes_)
    for system in dict.fromkeys((*mine, *theirs)):
        here, there = mine.get(system, none), theirs.get(system, none)
        shared, unshared = np.isin(here, there), ~np.isin(there, here)
        tally.add(bool(shared.any()), bool((~shared).any()), bool(unshared.any()))
        for codes, into in (
            (here[shared], tally.common),
            (here[~shared], tally.missing),
            (there[unshared], tally.extra),
        ):
            into += [code.decode() for code in codes[: _MOST_LISTED - len(into)].tolist()]
    return tally


def _codes(selection: Selection) -> dict[str, NDArray[np.bytes_]]:
    """By system, the codes in the order of the selection."""
    found: dict[str, NDArray[np.bytes_]] = {}
    for part in selection.parts:
        codes = part.content.table.codes[part.ordinals]
        url = part.content.header.url
        known = found.get(url)
        found[url] = codes if known is None else np.concatenate((known, codes[~np.isin(codes, known)]))
    return {url: codes for url, codes in found.items() if len(codes)}
