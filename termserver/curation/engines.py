"""The matching engines of loaded content: one a target system, built once, kept on disk and in memory."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from termserver.errors import NotFound
from termserver.model.candidate import Candidate, Target
from termserver.model.code_system import Concept
from termserver.model.coding import Coding, Designation
from termserver.settings import Settings
from termserver.store import code_systems
from termserver.store.engine import Database, Session

if TYPE_CHECKING:
    from termserver.matching.engine import MatchingEngine

_NOT_TARGETS = {"chapter", "block"}
_KIND_PROPERTIES = ("kind", "semanticTag", "semantic_tag", "class", "CLASS")


def targets_for_system(session: Session, url: str) -> Iterator[Target]:
    """The concepts of a loaded code system that a row may be mapped to, with the names its supplements add.

    Parameters
    ----------
    url
        Canonical URL or alias; the newest version.

    Raises
    ------
    NotFound
        If no version is loaded.
    """
    stored = code_systems.find_code_system(session, url)
    if stored is None:
        raise NotFound(f"The target {url} is not loaded; load it with 'termserver load'.")
    extra = _supplement_designations(session, stored.header.url)
    for concept in code_systems.stream_concepts(session, stored.id):
        kind = kind_of(concept)
        if concept.abstract or kind in _NOT_TARGETS:
            continue
        yield Target(
            system=stored.header.url,
            code=concept.code,
            display=concept.display,
            designations=concept.designations + extra.get(concept.code, ()),
            active=concept.active,
            kind=kind,
            parents=concept.parents,
        )


def kind_of(concept: Concept) -> str | None:
    """What the publisher calls it: SNOMED's semantic tag, ICD's `category`, LOINC's class; None if nothing."""
    values = {one.code: one.value for one in concept.properties if one.code in _KIND_PROPERTIES}
    value = next((values[code] for code in _KIND_PROPERTIES if code in values), None)
    if isinstance(value, Coding):
        return value.display or value.code
    return None if value is None else str(value)


def _supplement_designations(session: Session, url: str) -> dict[str, tuple[Designation, ...]]:
    extra: dict[str, tuple[Designation, ...]] = {}
    for supplement in code_systems.supplements_of(session, url):
        for concept in code_systems.stream_concepts(session, supplement.id):
            names = concept.designations
            if concept.display and supplement.header.language:
                names = (Designation(concept.display, supplement.header.language), *names)
            if names:
                extra[concept.code] = extra.get(concept.code, ()) + names
    return extra


@dataclass(slots=True)
class _Slot:
    """An engine in memory, or the place where it is being built; one thread builds, others wait."""

    key: str
    weights: Path
    lock: Lock = field(default_factory=Lock)
    engine: MatchingEngine | None = None


class Engines:
    """The engines of one process. They follow the content and the weights in use: a new edition, a new supplement or other
    weights make a new engine.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._slots: dict[str, _Slot] = {}
        self._lock = Lock()

    def engine(self, url: str) -> MatchingEngine:
        """The engine of a loaded code system; the first call may build it, which takes seconds.

        Raises
        ------
        NotFound
            If the code system is not loaded.
        """
        from termserver.matching.weight_sets import WeightSets

        weights = WeightSets(self._settings.weights_folder()).folder()
        with self._database.session() as session:
            key = self._content_key(session, url, weights)
        with self._lock:
            slot = self._slots.get(url)
            if slot is None or (slot.key, slot.weights) != (key, weights):
                slot = self._slots[url] = _Slot(key, weights)
        with slot.lock:
            if slot.engine is None:
                slot.engine = self._open(url, key, weights)
            return slot.engine

    def search(self, url: str, text: str, *, language: str | None = None, limit: int = 20) -> list[Candidate]:
        """Concepts of a target system by code, words of any language in any order, and meaning."""
        return self.engine(url).search(text, language=language, limit=limit)

    def _content_key(self, session: Session, url: str, weights: Path) -> str:
        """A name for the saved index: of the content, the own model and the transformer that made it."""
        from termserver.matching.weight_sets import own_model_mark

        stored = code_systems.find_code_system(session, url)
        if stored is None:
            raise NotFound(f"The target {url} is not loaded; load it with 'termserver load'.")
        hashes = [stored.content_hash, *(one.content_hash for one in code_systems.supplements_of(session, url))]
        made_by = [own_model_mark(weights), self._settings.transformer or ""]
        return hashlib.sha256("|".join([*hashes, *made_by]).encode()).hexdigest()[:20]

    def _open(self, url: str, key: str, weights: Path) -> MatchingEngine:
        from termserver.matching.engine import MatchingEngine

        folder = self._settings.index_folder() / "matching" / key
        saved = _open_saved(folder, self._settings, weights)
        if saved is not None:
            return saved
        with self._database.session() as session:
            built = MatchingEngine.build(
                targets_for_system(session, url),
                transformer=self._settings.transformer,
                cross_encoder=self._settings.cross_encoder,
                cache_dir=self._settings.index_folder() / "vectors",
                weights=weights,
            )
        _save(built, folder)
        return _open_saved(folder, self._settings, weights) or built


def _open_saved(folder: Path, settings: Settings, weights: Path) -> MatchingEngine | None:
    from termserver.errors import MatchingError
    from termserver.matching.engine import MatchingEngine

    if not (folder / "complete").exists():
        return None
    try:
        return MatchingEngine.load(
            folder,
            transformer=settings.transformer,
            cross_encoder=settings.cross_encoder,
            cache_dir=settings.index_folder() / "vectors",
            weights=weights,
        )
    except MatchingError:  # of another version of the program, or damaged: derived data is rebuilt, never repaired
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _save(engine: MatchingEngine, folder: Path) -> None:
    import tempfile

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as work:
        built = Path(work) / "engine"
        engine.save(built)
        (built / "complete").write_text("")
        if not folder.exists():
            built.rename(folder)
