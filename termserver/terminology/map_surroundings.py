"""What a translation may ask beyond the tables it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from termserver.index.translation_table import TranslationTable
from termserver.model.coding import Coding
from termserver.terminology.languages import Languages


class MapSurroundings(Protocol):
    """Code systems, value sets and other maps, as one request sees them."""

    def canonical_system(self, url: str) -> str:
        """The canonical URL behind an alias."""
        ...

    def other_map(self, url: str, version: str | None) -> TranslationTable | None:
        """The map that an `other-map` rule names."""
        ...

    def display(self, coding: Coding, languages: Languages) -> str | None:
        """The coding's name in one of the languages, or None."""
        ...

    def own_display(self, coding: Coding) -> str | None:
        """The coding's name in its code system, whatever its language; None if the code is not known."""
        ...

    def codes_of_value_set(self, canonical: str) -> Sequence[Coding] | None:
        """The codes of a value set, or None if it is unknown."""
        ...

    def knows_value_set(self, canonical: str) -> bool:
        """Whether a value set is known."""
        ...

    def value_set_holds(self, canonical: str, coding: Coding) -> bool | None:
        """Whether a value set holds the code, or None if the value set is unknown."""
        ...
