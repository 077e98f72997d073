"""Whether a value set holds one code, without selecting all that it holds. Rules as in `selection`."""

from __future__ import annotations

from collections.abc import Mapping

from termserver.fhir.elements import split_canonical
from termserver.model.code_system import Concept
from termserver.model.value_set import Include, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.filters import selects_concept
from termserver.terminology.included_systems import Composition, imported_by
from termserver.terminology.library import Library


class CodeQuestion:
    """One code of one code system version, asked of value sets.

    Parameters
    ----------
    composition
        Of the value set that will be asked: its imports are known to be here and not circular.
    concept
        The concept; None for a code that a fragment does not have.
    """

    def __init__(
        self, library: Library, composition: Composition, content: Content, code: str, concept: Concept | None
    ) -> None:
        self.library = library
        self.composition = composition
        self.content = content
        self.code = concept.code if concept else code
        self.concept = concept
        self._system = library.canonical_system(content.header.url)
        self._answers: dict[str, bool] = {}

    def in_value_set(self, value_set: ValueSet, key: str | None = None, *, inactive_too: bool = False) -> bool:
        """True if the value set holds the code.

        Parameters
        ----------
        key
            Under which the composition has the value set; None for the one that it is of.
        inactive_too
            True: pass over the value set's own wish for active codes alone.
        """
        key = key if key is not None else self.composition.key
        if inactive_too:
            return self._in_compose(value_set, key)
        if key not in self._answers:
            unwanted = value_set.inactive is False and self.concept is not None and not self.concept.active
            self._answers[key] = not unwanted and self._in_compose(value_set, key)
        return self._answers[key]

    def is_included(self, value_set: ValueSet, key: str | None = None) -> bool:
        """True if an include of the value set selects the code, though an exclude may take it out."""
        key = key if key is not None else self.composition.key
        return any(
            self._in_part(value_set, key, part, f"ValueSet.compose.include[{place}]")
            for place, part in enumerate(value_set.includes or value_set.listed)
        )

    def _in_compose(self, value_set: ValueSet, key: str) -> bool:
        if not self.is_included(value_set, key):
            return False
        any_version = bool(value_set.excludes) and _matches_across_versions(self.library, value_set)
        return not any(
            self._in_part(value_set, key, part, f"ValueSet.compose.exclude[{place}]", any_version=any_version)
            for place, part in enumerate(value_set.excludes)
        )

    def _in_part(self, owner: ValueSet, key: str, part: Include, path: str, *, any_version: bool = False) -> bool:
        """True if an include or exclude selects the code; with `any_version`, in whatever version it names."""
        for canonical in part.value_sets:
            imported, imported_key = imported_by(self.library, owner, key, canonical, self.composition.rules)
            if not self.in_value_set(imported, imported_key):
                return False
        if part.system is None:
            return bool(part.value_sets)
        system, wanted = self.composition.meant(owner, part)
        if self.library.canonical_system(system) != self._system:
            return False
        if wanted.includes(self.content.header.version):
            return self._selects(self.content, self.concept, part, path)
        if not any_version:
            return False
        other = self.library.code_system(self.content.header.url, wanted.version)
        concept = other.concept(self.code) if other else None
        return other is not None and concept is not None and self._selects(other, concept, part, path)

    def _selects(self, content: Content, concept: Concept | None, part: Include, path: str) -> bool:
        if part.concepts:
            return any(item.code == self.code for item in part.concepts)
        if concept is None:  # the code may be in another fragment; of its properties nothing is known
            return not part.filters
        return all(
            selects_concept(content, concept, rule, f"{path}.filter[{place}]")
            for place, rule in enumerate(part.filters)
        )


def _matches_across_versions(library: Library, value_set: ValueSet) -> bool:
    """True if an exclude takes a code out of every version.

    As the value set says (`versionsMatch`); where it says nothing, if it includes one version of each code system:
    an exclude of another version would exclude nothing.
    """
    parameters: Mapping[str, str | int | bool] = dict(value_set.parameters)
    said = parameters.get("versionsMatch")
    if isinstance(said, bool):
        return said
    versions: dict[str, set[str | None]] = {}
    for part in value_set.includes:
        if part.system:
            system, pinned = split_canonical(part.system)
            versions.setdefault(library.canonical_system(system), set()).add(part.version or pinned)
    return all(len(items) == 1 for items in versions.values())
