"""One distinct code → its targets, by the terminology engine, from map versions that stay the same for the whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from termserver.bulk.lock import PinnedMap, check_lock
from termserver.bulk.order import BulkOrder, Multiple, Unmapped
from termserver.errors import BadInput, NotFound
from termserver.model.coding import Coding
from termserver.model.relationship import CLOSENESS
from termserver.model.requests import TranslateRequest
from termserver.model.results import TranslateMatch
from termserver.store.concept_maps import StoredConceptMap
from termserver.terminology.service import Terminology
from termserver.terminology.versions import choose

Cells = tuple[str | None, ...]
"""The cells of `OUTPUT_COLUMNS`; None is "no value"."""
_MOST_KEYS = 1_000_000


@dataclass(slots=True)
class Counts:
    """What became of rows.

    Parameters
    ----------
    rows
        Rows read, by status: `mapped`, `unmapped`, `no-map`, `conditional`.
    unmapped
        Rows by key without a target; of the first million keys, so that a file of nothing but strange codes is bounded.
    written
        Rows that came out.
    """

    rows: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[tuple[str, ...]] = field(default_factory=Counter)
    written: int = 0

    def add(self, key: tuple[str, ...], answer: Answer, rows: int = 1) -> None:
        """Count rows of one key."""
        self.rows[answer.status] += rows
        self.written += rows * len(answer.lines)
        if answer.status != "mapped" and (key in self.unmapped or len(self.unmapped) < _MOST_KEYS):
            self.unmapped[key] += rows

    @property
    def total(self) -> int:
        """All rows."""
        return self.rows.total()

    @property
    def unmapped_share(self) -> float:
        """Rows without a target among all, 0 to 1."""
        return 1 - self.rows["mapped"] / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of every row with one key.

    Parameters
    ----------
    lines
        The cells of the rows that come out: one, several, or none where rows are dropped.
    """

    status: str
    lines: tuple[Cells, ...]


class CodeTranslator:
    """Answers keys of `order.key_columns`; each distinct one is asked once. Memory: a million distinct keys at most."""

    def __init__(
        self, terminology: Terminology, order: BulkOrder, locked: Sequence[PinnedMap] | None = None, lock_name: str = ""
    ) -> None:
        self._terminology = terminology
        self._order = order
        self._answers: dict[tuple[str, ...], Answer] = {}
        self._by_system: dict[str, tuple[PinnedMap, ...]] = {}
        self._locked = None if locked is None else tuple(locked)
        if locked is not None:
            here = [_pinned(item) for items in terminology.catalogue().concept_maps.values() for item in items]
            check_lock(locked, here, name=lock_name)
        self._named = None if order.map_url is None else self._named_map(order.map_url)

    @property
    def maps_used(self) -> tuple[PinnedMap, ...]:
        """The maps that answered so far, by URL."""
        used = {item for items in self._by_system.values() for item in items}
        return tuple(sorted(used, key=lambda item: (item.url, item.version)))

    def answer(self, key: tuple[str, ...]) -> Answer:
        """The answer for the cells of `key_columns`.

        Raises
        ------
        BadInput
            If the order says that an unmapped code, or one with several targets, is an error.
        """
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= _MOST_KEYS:
                self._answers.clear()
            found = self._answers[key] = self._translated(key)
        return found

    def _translated(self, key: tuple[str, ...]) -> Answer:
        order = self._order
        code = key[0]
        system = order.system if order.system is not None else key[1]
        values = key[len(key) - len(order.dependencies) :] if order.dependencies else ()
        given = tuple((name, (value,)) for (name, _), value in zip(order.dependencies, values, strict=True) if value)
        matches: list[TranslateMatch] = []
        if code and system:
            for pinned in self._maps_for(system):
                request = TranslateRequest(
                    (Coding(system, code),),
                    map_url=pinned.url,
                    map_version=pinned.version,
                    target_systems=order.target_systems,
                    dependencies=given,
                )
                matches += self._terminology.translate(request).matches
        return self._answer_of(code, system, matches, dict(given))

    def _answer_of(
        self, code: str, system: str, matches: Sequence[TranslateMatch], given: dict[str, tuple[str, ...]]
    ) -> Answer:
        usable = [match for match in matches if match.target is not None and match.relationship in CLOSENESS]
        certain = [match for match in usable if all(item.attribute in given for item in match.depends_on)]
        if certain:
            return Answer("mapped", self._lines(code, certain))
        status = "conditional" if usable else "no-map" if matches else "unmapped"
        if self._order.unmapped is Unmapped.ERROR:
            raise BadInput(f"The code '{code[:100]}' of {system} has no target ({status}); nothing was written.")
        if self._order.unmapped is Unmapped.DROP:
            return Answer(status, ())
        if self._order.unmapped is Unmapped.SOURCE:
            return Answer(status, ((code, None, system, None, None, status),))
        return Answer(status, ((None, None, None, None, None, status),))

    def _lines(self, code: str, matches: Sequence[TranslateMatch]) -> tuple[Cells, ...]:
        lines = tuple(_cells(match) for match in sorted(matches, key=_closeness))
        lines = tuple(dict.fromkeys(lines))
        if len(lines) == 1 or self._order.multiple is Multiple.EXPLODE:
            return lines
        if self._order.multiple is Multiple.FIRST:
            return lines[:1]
        if self._order.multiple is Multiple.ERROR:
            targets = ", ".join(line[0] or "" for line in lines)
            raise BadInput(f"The code '{code[:100]}' has {len(lines)} targets ({targets}); nothing was written.")
        columns = list(zip(*lines, strict=True))
        return ((*("|".join(cell or "" for cell in column) for column in columns[:-1]), "mapped"),)

    # -------------------------------------------------------------- which maps

    def _maps_for(self, system: str) -> tuple[PinnedMap, ...]:
        found = self._by_system.get(system)
        if found is None:
            catalogue = self._terminology.catalogue()
            canonical = catalogue.canonical_system(system)
            if self._named is not None:
                found = (self._named,)
            else:
                fitting = [_pinned(item) for item in catalogue.maps_by_source.get(canonical, ())]
                if self._locked is not None:
                    # The newest of today may be newer than the lock: what counts is what was locked
                    sources = {
                        item.canonical
                        for item in self._locked
                        if _translates_from(self._stored(item), canonical, catalogue.canonical_system)
                    }
                    fitting = [item for item in self._locked if item.canonical in sources]
                found = tuple(fitting)
            if not found and self._order.system is not None:
                raise NotFound(f"No active map translates from {system[:200]}; name one with --map, or load it.")
            self._by_system[system] = found
        return found

    def _named_map(self, canonical: str) -> PinnedMap:
        url, _, version = canonical.partition("|")
        if self._locked is not None:
            locked = [item for item in self._locked if item.url == url and version in ("", item.version)]
            if len(locked) != 1:
                raise BadInput(f"The lock does not pin the map {canonical}; write a new lock.")
            return locked[0]
        catalogue = self._terminology.catalogue()
        versions = catalogue.concept_maps.get(url, ())
        stored = (
            catalogue.named_maps.get(url)
            if not version
            else choose(versions, lambda item: item.header.version, version)
        )
        if stored is None:
            known = ", ".join(item.header.version for item in versions[:10])
            raise NotFound(
                f"There is no concept map {canonical}" + (f"; versions here: {known}" if known else " on this server")
            )
        return _pinned(stored)

    def _stored(self, pinned: PinnedMap) -> StoredConceptMap:
        versions = self._terminology.catalogue().concept_maps[pinned.url]
        return next(item for item in versions if item.header.version == pinned.version)


def _translates_from(stored: StoredConceptMap, system: str, canonical_system: Callable[[str], str]) -> bool:
    return any(canonical_system(group.source) == system for group in stored.header.groups)


def _pinned(stored: StoredConceptMap) -> PinnedMap:
    return PinnedMap(stored.header.url, stored.header.version, stored.content_hash)


def _closeness(match: TranslateMatch) -> int:
    return CLOSENESS[match.relationship] if match.relationship is not None else len(CLOSENESS)


def _cells(match: TranslateMatch) -> Cells:
    target, relationship = match.target, match.relationship
    if target is None or relationship is None:
        raise AssertionError("only matches with a target become cells")
    return (target.code, target.display, target.system, relationship.value, match.origin_map, "mapped")


def columns_of(lines: Sequence[Cells], place: int) -> list[str | None]:
    """One column of several lines.

    >>> columns_of([("a", None), ("b", "c")], 1)
    [None, 'c']
    """
    return [line[place] for line in lines]
