"""A target concept as the curator sees it beside the row: names, place in the hierarchy, properties."""

from __future__ import annotations

from dataclasses import dataclass

from termserver.errors import NotFound
from termserver.model.code_system import Concept, ConceptProperty
from termserver.model.coding import Designation
from termserver.store import code_systems
from termserver.store.engine import Session

_MOST_CHILDREN = 20
_DEEPEST_PATH = 24


@dataclass(frozen=True, slots=True)
class ConceptView:
    """A concept with its neighbourhood.

    Parameters
    ----------
    path
        Pairs (code, display) from the top to the parent, along the first parents.
    parents, children
        Pairs (code, display); at most 20 children, `child_count` says how many there are.
    """

    system: str
    system_title: str
    version: str
    code: str
    display: str
    active: bool
    definition: str | None
    designations: tuple[Designation, ...]
    properties: tuple[ConceptProperty, ...]
    path: tuple[tuple[str, str], ...]
    parents: tuple[tuple[str, str], ...]
    children: tuple[tuple[str, str], ...]
    child_count: int


def concept_view(session: Session, system: str, code: str, language: str | None = None) -> ConceptView:
    """The concept; names in `language` come first.

    Raises
    ------
    NotFound
        If the system is not loaded or has no such code.
    """
    stored = code_systems.find_code_system(session, system)
    concept = None if stored is None else code_systems.get_concept(session, stored.id, code)
    if stored is None or concept is None:
        raise NotFound(f"{system} has no code '{code}' in the loaded edition.")
    names = list(concept.designations)
    for supplement in code_systems.supplements_of(session, stored.header.url):
        added = code_systems.get_concept(session, supplement.id, code)
        if added is not None:
            names += [Designation(added.display, supplement.header.language), *added.designations]
    names = [name for name in dict.fromkeys(names) if name.value]
    names.sort(key=lambda name: (not _speaks(name.language, language), name.language or "~"))
    children = code_systems.children_of(session, stored.id, code)
    parents = code_systems.get_concepts(session, stored.id, concept.parents)
    return ConceptView(
        system=stored.header.url,
        system_title=stored.header.title or stored.header.name,
        version=stored.header.version,
        code=concept.code,
        display=concept.display,
        active=concept.active,
        definition=concept.definition,
        designations=tuple(names),
        properties=concept.properties,
        path=_path(session, stored.id, concept),
        parents=tuple((parent, parents[parent].display) for parent in concept.parents if parent in parents),
        children=tuple((child.code, child.display) for child in children[:_MOST_CHILDREN]),
        child_count=len(children),
    )


def _speaks(tag: str | None, language: str | None) -> bool:
    return bool(tag and language) and str(tag).split("-")[0] == str(language).split("-")[0]


def _path(session: Session, code_system_id: int, concept: Concept) -> tuple[tuple[str, str], ...]:
    path: list[tuple[str, str]] = []
    seen = {concept.code}
    while concept.parents and concept.parents[0] not in seen and len(path) < _DEEPEST_PATH:
        parent = code_systems.get_concept(session, code_system_id, concept.parents[0])
        if parent is None:
            break
        path.append((parent.code, parent.display))
        seen.add(parent.code)
        concept = parent
    return tuple(reversed(path))
