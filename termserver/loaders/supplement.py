"""The titles of a national edition as a supplement: designations for the equal codes of the international one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from termserver.errors import BadInput
from termserver.loaders.recipe import Recipe
from termserver.loaders.source import LoadedCodeSystem
from termserver.model.code_system import Concept
from termserver.model.coding import Designation


def supplement_of(loaded: LoadedCodeSystem, recipe: Recipe) -> LoadedCodeSystem:
    """Turn a code system that is being read into a supplement to `recipe.designations_for`.

    Every name becomes a designation in its language; inactive concepts, parents and properties are left out. Codes that
    the international edition does not have stay in the supplement and name nothing.

    Raises
    ------
    BadInput
        If the recipe names no system that it supplements.
    """
    if loaded.header.content == "supplement":
        return loaded
    if recipe.designations_for is None:
        raise BadInput(f"the recipe {recipe.name} has no 'designations_for': it supplements no other code system")
    header = replace(
        loaded.header,
        url=f"{loaded.header.url}/designations" if "://" in loaded.header.url else f"{loaded.header.url}.designations",
        name=f"{loaded.header.name}_designations",
        title=f"{loaded.header.title}: designations",
        content="supplement",
        supplements=recipe.designations_for,
        aliases=(),
    )
    return LoadedCodeSystem(
        header=header,
        concepts=_designations_only(loaded, recipe.language),
        problems=loaded.problems,
        counts=loaded.counts,
        file_name=loaded.file_name,
    )


def _designations_only(loaded: LoadedCodeSystem, language: str | None) -> Iterator[Concept]:
    for concept in loaded.concepts:
        if concept.active:
            names = (Designation(concept.display, language), *concept.designations)
            yield Concept(code=concept.code, display="", designations=tuple(dict.fromkeys(names)))
