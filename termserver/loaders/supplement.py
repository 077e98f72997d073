"""The titles of a national edition as a supplement: designations for the equal codes of the international one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from termserver.errors import BadInput
from termserver.loaders.recipe import Recipe
from termserver.loaders.source import LoadedCodeSystem
from termserver.loaders.who_icd_10 import WHO_ICD_10_URL, who_icd_10_codes
from termserver.model.code_system import Concept
from termserver.model.coding import Designation


def supplement_of(loaded: LoadedCodeSystem, recipe: Recipe) -> LoadedCodeSystem:
    """Turn a code system that is being read into a supplement to `recipe.designations_for`.

    Every name becomes a designation in its language; inactive concepts, parents and properties are left out. Of ICD-10
    only the codes that the WHO's edition has are kept: the same code there means the same. Of other systems, whose content
    the loader does not know, all are.

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
        concepts=_designations_only(loaded, recipe),
        problems=loaded.problems,
        counts=loaded.counts,
        file_name=loaded.file_name,
    )


def _designations_only(loaded: LoadedCodeSystem, recipe: Recipe) -> Iterator[Concept]:
    known = who_icd_10_codes() if recipe.designations_for == WHO_ICD_10_URL else None
    for concept in loaded.concepts:
        if concept.active and (known is None or concept.code in known):
            names = (Designation(concept.display, recipe.language), *concept.designations)
            yield Concept(code=concept.code, display="", designations=tuple(dict.fromkeys(names)))
