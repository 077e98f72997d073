"""Whether a value set holds one code, without selecting all that it holds. Rules as in `selection`."""

from __future__ import annotations

from collections.abc import Sequence

from termserver.model.code_system import Concept
from termserver.model.value_set import Include, ValueSet
from termserver.terminology.content import Content
from termserver.terminology.filters import selects_concept
from termserver.terminology.included_systems import Composition, imported_by
from termserver.terminology.library import Library

_Versions = dict[str, set[str | None]]  # by code system


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
        asked = [self, *self._in_other_versions(value_set, key)] if value_set.excludes else []
        return not any(
            question._in_part(value_set, key, part, f"ValueSet.compose.exclude[{place}]")
            for place, part in enumerate(value_set.excludes)
            for question in asked
        )

    def _in_part(self, owner: ValueSet, key: str, part: Include, path: str) -> bool:
        """True if an include or exclude selects the code."""
        for canonical in part.value_sets:
            imported, imported_key = imported_by(self.library, owner, key, canonical, self.composition.rules)
            if not self.in_value_set(imported, imported_key):
                return False
        if part.system is None:
            return bool(part.value_sets)
        system, wanted = self.composition.meant(owner, part)
        if self.library.canonical_system(system) != self._system:
            return False
        return wanted.includes(self.content.header.version) and selects(
            self.content, part, self.code, self.concept, path
        )

    def _in_other_versions(self, value_set: ValueSet, key: str) -> list[CodeQuestion]:
        """The same question of the versions that excludes name, where an exclude takes a code out of every version."""
        excluded = self._versions(value_set, key, value_set.excludes)
        if not self._matches_across_versions(value_set, key, excluded):
            return []
        questions = []
        for version in excluded.get(self._system, ()):
            content = self.library.code_system(self.content.header.url, version)
            concept = content.concept(self.code) if content else None
            if content is not None and concept is not None and version != self.content.header.version:
                questions.append(CodeQuestion(self.library, self.composition, content, self.code, concept))
        return questions

    def _matches_across_versions(self, value_set: ValueSet, key: str, excluded: _Versions) -> bool:
        """True if an exclude takes a code out of every version.

        As the value set says (`versionsMatch`); where it says nothing, if an exclude is of a version that no include
        has: it would exclude nothing. The same rule as `selection_parts.versions_match`.
        """
        said = dict(value_set.parameters).get("versionsMatch")
        if isinstance(said, bool):
            return said
        included = self._versions(value_set, key, value_set.includes or value_set.listed)
        return any(system in included and not (included[system] & others) for system, others in excluded.items())

    def _versions(self, owner: ValueSet, key: str, parts: Sequence[Include]) -> _Versions:
        """The versions of each code system that includes select from; of several imports the first says which."""
        found: _Versions = {}
        for part in parts:
            if part.system is not None:
                system, wanted = self.composition.meant(owner, part)
                content = self.library.code_system(system, wanted.version)
                version = content.header.version if content else wanted.version
                found.setdefault(self.library.canonical_system(system), set()).add(version)
            elif part.value_sets:
                imported, imported_key = imported_by(
                    self.library, owner, key, part.value_sets[0], self.composition.rules
                )
                below = self._versions(imported, imported_key, imported.includes or imported.listed)
                for system, versions in below.items():
                    found.setdefault(system, set()).update(versions)
        return found


def selects(content: Content, part: Include, code: str, concept: Concept | None, path: str) -> bool:
    """True if an include or exclude of this code system version selects the code, its imports aside."""
    if part.concepts:
        return any(item.code == code for item in part.concepts)
    if concept is None:  # the code may be in another fragment; of its properties nothing is known
        return not part.filters
    return all(
        selects_concept(content, concept, rule, f"{path}.filter[{place}]") for place, rule in enumerate(part.filters)
    )
