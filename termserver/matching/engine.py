"""The engine: targets in, then suggestions for rows and search for words. One engine a target system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import termserver
from termserver.errors import BadInput, MatchingError
from termserver.matching.attributes import AttributeModel
from termserver.matching.calibration import Calibration, row_facts, top_chances
from termserver.matching.evidence import Shown, evidence_of, suggested_relationships
from termserver.matching.features import FEATURES, Described, describe
from termserver.matching.index import TargetIndex, build_index
from termserver.matching.index_files import load_index, save_index
from termserver.matching.learned_names import LearnedNames
from termserver.matching.memory import Memory, Remembered
from termserver.matching.own_model import WEIGHTS, OwnModel
from termserver.matching.pivot import Pivot, SortedWords
from termserver.matching.profile import ListProfile, evenly, profile_of
from termserver.matching.queries import Query, languages_in, query_of
from termserver.matching.ranker import Ranker
from termserver.matching.search import Found, Scope, block_size, find, scope_of
from termserver.matching.setting import settings_of
from termserver.matching.target_search import search_targets
from termserver.matching.transformer import CrossEncoder, Transformers
from termserver.matching.word_costs import WordCosts
from termserver.model.candidate import Candidate, EarlierDecision, SourceTerm, Suggestions, Target
from termserver.model.relationship import Relationship

_TRANSFORMER_WEIGHT = 10.0  # score a unit of cosine below the row's best; the ranker is trained without a transformer
_CROSS_ENCODER_WEIGHT = 4.0  # score a unit of what a cross-encoder says, 0 to 1 of most models
_READ_TOGETHER = 20  # candidates of a row that a cross-encoder reads
_CERTAINTY_ROWS = 300  # of a list, by which it is known how hard it is
_REMEMBERED_SAME, _REMEMBERED_NEARLY = 0.97, 0.85


class MatchingEngine:
    """Everything that proposes targets of one system. Make it with `build` or `load`; it does not change afterwards."""

    def __init__(
        self,
        index: TargetIndex,
        model: OwnModel,
        attributes: AttributeModel,
        costs: WordCosts,
        ranker: Ranker,
        calibration: Calibration,
        memory: Memory,
        transformers: Transformers | None = None,
        pivot: Pivot | None = None,
    ) -> None:
        self._index = index
        self._model = model
        self._attributes = attributes
        self._costs = costs
        self._ranker = ranker
        self._calibration = calibration
        self._memory = memory
        self._transformers = transformers or Transformers()
        self._scopes: dict[str | None, Scope] = {}
        self._chosen: NDArray[np.bool_] | None = None
        self._pivot = pivot or Pivot.empty()
        self._reader = self._pivot.reader(SortedWords(index.names.words))
        self.engine_version = (
            f"termserver {termserver.__version__} / own {model.version} / attributes {attributes.version}"
            f" / words {costs.version} / ranker {ranker.version} / calibration {_calibration_version(calibration)}"
            f"{self._transformers.version}"
        )

    @classmethod
    def build(
        cls,
        targets: Iterable[Target],
        *,
        transformer: str | None = None,
        cross_encoder: str | None = None,
        memory: Iterable[EarlierDecision] = (),
        cache_dir: Path | None = None,
        weights: Path = WEIGHTS,
    ) -> MatchingEngine:
        """Index targets and open the weights.

        Parameters
        ----------
        transformer
            Path of a sentence-transformers model or its hub id; None for the default engine.
        cross_encoder
            The same of a cross-encoder, which reads the best candidates of a row again; None for none.
        memory
            Earlier decisions that the caller's rows may see.
        cache_dir
            Where the vectors of the one and the scores of the other are kept.

        Raises
        ------
        MatchingError
            If there are no targets, the weights are missing, or the transformer cannot be opened.
        """
        model = OwnModel.load(weights)
        index = build_index(targets, model, LearnedNames.load(weights / "learned_names.npz"))
        transformers = Transformers.named(transformer, cross_encoder, cache_dir)
        if transformers.encoder:
            names = transformers.encoder.encode(list(index.targets.displays), role="passage")
            index.transformer_vectors = names.astype(np.float16)
        return cls._assemble(index, model, weights, memory, transformers)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        memory: Iterable[EarlierDecision] = (),
        transformer: str | None = None,
        cross_encoder: str | None = None,
        cache_dir: Path | None = None,
        weights: Path = WEIGHTS,
    ) -> MatchingEngine:
        """Open an engine that `save` wrote.

        Raises
        ------
        MatchingError
            If the folder is no saved engine, or was saved with another own model or transformer.
        """
        model = OwnModel.load(weights)
        transformers = Transformers.named(transformer, cross_encoder, cache_dir)
        stamp = folder / "made_by.txt"
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != _stamp(model, transformers):
            raise MatchingError(f"{folder}: saved by another version or with another model; build the engine again")
        return cls._assemble(load_index(folder), model, weights, memory, transformers)

    @classmethod
    def _assemble(
        cls,
        index: TargetIndex,
        model: OwnModel,
        weights: Path,
        memory: Iterable[EarlierDecision],
        transformers: Transformers,
    ) -> MatchingEngine:
        return cls(
            index,
            model,
            AttributeModel.load(weights / "attributes.npz"),
            WordCosts.load(weights),
            Ranker.load(weights / "ranker.npz"),
            Calibration.load(weights / "calibration.npz"),
            Memory(memory, index.targets.position),
            transformers,
            Pivot.load(weights / "pivot.npz"),
        )

    def with_memory(self, memory: Iterable[EarlierDecision]) -> MatchingEngine:
        """The same engine with other earlier decisions; index and weights are shared, not copied."""
        engine = copy(self)
        engine._memory = Memory(memory, self._index.targets.position)
        return engine

    def within(self, targets: Iterable[tuple[str, str]]) -> MatchingEngine:
        """The same engine with only some targets: those of a value set or of an ECL expression.

        They are chosen before anything is searched or ranked, so the first candidates are the best of them, and a small set costs
        little however large the system is. Index and weights are shared.

        Parameters
        ----------
        targets
            Pairs (system, code); those that the index has not are passed over.
        """
        engine = copy(self)
        engine._chosen = np.zeros(len(self._index.targets), np.bool_)
        positions = (self._index.targets.position(system, code) for system, code in targets)
        engine._chosen[[position for position in positions if position is not None]] = True
        engine._scopes = {}
        return engine

    def save(self, folder: Path) -> None:
        """Write the index to a folder that `load` opens."""
        save_index(self._index, folder)
        (folder / "made_by.txt").write_text(_stamp(self._model, self._transformers), encoding="utf-8")

    def profile(self, rows: Sequence[SourceTerm]) -> ListProfile | None:
        """What a list is about, for `suggest`; None for a list too short to say. Take the whole list, or rows all over it."""
        queries = self._reader.glossed([query_of(row) for row in rows])
        profile = profile_of(self._attributes, queries)
        if profile is None:
            return None
        sample = evenly([query for query in queries if query.skeleton], _CERTAINTY_ROWS)
        chances = []
        for language in languages_in(sample):
            of_language = [query for query in sample if query.language == language]
            for start in range(0, len(of_language), block_size(self._index)):
                block = of_language[start : start + block_size(self._index)]
                found = find(self._index, self._model, block, self._scope(language))
                described = describe(self._index, self._model, self._attributes, self._costs, block, found, profile)
                starts = np.flatnonzero(np.r_[True, found.row[1:] != found.row[:-1]])
                chances.append(top_chances(self._ranker.score(described.values), starts))
        return replace(profile, certainty=float(np.mean(np.concatenate(chances))))

    def suggest(
        self, rows: Sequence[SourceTerm], *, limit: int = 10, profile: ListProfile | None = None
    ) -> list[Suggestions]:
        """Candidates of each row, best first; the same rows and profile give the same answers in any order and batch.

        Parameters
        ----------
        limit
            Candidates a row, 1 or more.
        profile
            Of the list that the rows come from, as `profile` makes it; None for rows that come alone.

        Raises
        ------
        BadInput
            If `limit` is less than 1.
        """
        if limit < 1:
            raise BadInput(f"limit is {limit}; ask for one candidate or more")
        queries = self._reader.glossed([query_of(row) for row in rows])
        suggestions = [Suggestions((), 1.0, self.engine_version, query.remarks) for query in queries]
        size = block_size(self._index)
        for language in languages_in(queries):
            if not self._scope(language).offered.any():
                continue
            positions = [
                number for number, query in enumerate(queries) if query.language == language and query.skeleton
            ]
            for start in range(0, len(positions), size):
                block = positions[start : start + size]
                for number, found in zip(
                    block,
                    self._suggest_block([queries[number] for number in block], language, limit, profile),
                    strict=True,
                ):
                    suggestions[number] = found
        return suggestions

    def search(self, text: str, *, language: str | None = None, limit: int = 20) -> list[Candidate]:
        """Targets for words a curator types: a code or its beginning, several words in any order without accents, then meaning.

        Inactive targets are found, with a warning.
        """
        return search_targets(self._index, self._model, text, language=language, limit=limit)

    def similar_rows(self, rows: Sequence[SourceTerm], *, least: float = 0.9) -> list[tuple[int, int, float]]:
        """Pairs of rows that mean nearly the same, for deciding them together: (row, later row, cosine), the likest first."""
        queries = [query_of(row) for row in rows]
        vectors = self._model.encode([query.with_context for query in queries])
        pairs = []
        for start in range(0, len(rows), 512):
            cosines = vectors[start : start + 512] @ vectors.T
            for row, other in np.argwhere(cosines >= least).tolist():
                if (
                    start + row < other
                    and queries[start + row].typed == queries[other].typed
                    and queries[start + row].numbers == queries[other].numbers
                ):
                    pairs.append((start + row, other, float(min(cosines[row, other], 1.0))))
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))

    def _scope(self, language: str | None) -> Scope:
        if language not in self._scopes:
            self._scopes[language] = scope_of(self._index, language, self._chosen)
        return self._scopes[language]

    def _suggest_block(
        self, queries: Sequence[Query], language: str | None, limit: int, profile: ListProfile | None
    ) -> list[Suggestions]:
        """Suggestions of rows of one language."""
        remembered = {(found.row, found.target): found for found in self._memory.recall(queries)}
        encoder = self._transformers.encoder
        vectors = encoder.encode([query.term for query in queries]) if encoder else None
        found = find(
            self._index, self._model, queries, self._scope(language), extra=list(remembered), transformer=vectors
        )
        described = describe(self._index, self._model, self._attributes, self._costs, queries, found, profile)
        scores = self._ranker.score(described.values)
        if encoder:
            scores += np.float32(_TRANSFORMER_WEIGHT) * described.values[:, FEATURES.index("transformer_gap")]
        if self._transformers.cross_encoder:
            scores += self._read_together(self._transformers.cross_encoder, queries, found, scores)
        if remembered:
            for pair, key in enumerate(zip(found.row.tolist(), found.target.tolist(), strict=True)):
                if key in remembered:
                    scores[pair] += np.float32(_memory_bonus(remembered[key]))
        order = np.lexsort((found.target, -np.round(scores, 5), found.row))
        starts = np.flatnonzero(np.r_[True, found.row[order][1:] != found.row[order][:-1]])
        readable = np.array([query.readable for query in queries])[found.row[order[starts]]]
        first, any_right = (
            readable * chance
            for chance in self._calibration.probabilities(
                row_facts(
                    scores[order],
                    described.values[order],
                    starts,
                    settings_of(
                        [query.language for query in queries],
                        found.row[order],
                        self._index.targets.systems,
                        found.target[order],
                    ),
                    None if profile is None else profile.certainty,
                )
            )
        )
        ends = np.r_[starts[1:], len(order)]
        counts = np.minimum(ends - starts, limit)
        places = _first_places(starts, counts)
        pairs = order[places]
        typical = _typical(described, found, order, starts, ends, pairs)
        shown = Shown(
            found.row[pairs],
            found.target[pairs],
            found.name[pairs],
            found.sources[pairs],
            described.values[pairs],
            self._ranker.shares(described.values[pairs], scores[pairs], typical),
            described.word_cosine[pairs],
            [
                remembered.get(pair)
                for pair in zip(found.row[pairs].tolist(), found.target[pairs].tolist(), strict=True)
            ],
        )
        probabilities = [
            row_probabilities(scores[order[start:end]], float(first[row]), float(any_right[row]))[:limit]
            for row, (start, end) in enumerate(zip(starts, ends, strict=True))
        ]
        candidates = self._candidates(queries, shown, places - np.repeat(starts, counts), scores[pairs], probabilities)
        suggestions = []
        lasts = np.cumsum(counts).tolist()
        for row, (begin, last) in enumerate(zip([0, *lasts], lasts, strict=False)):
            offered = _with_memory(candidates[begin:last])
            none = round(min(1 - float(any_right[row]), 1 - offered[0].probability), 4)
            remarks = queries[row].remarks
            suggestions.append(Suggestions(_with_remarks(offered, remarks), none, self.engine_version, remarks))
        return suggestions

    def _read_together(
        self, cross_encoder: CrossEncoder, queries: Sequence[Query], found: Found, scores: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """What a cross-encoder adds to each score, shape (n_pairs,): for the best of a row by how far each is behind the one it
        likes best, for the others as much as for the last of those.
        """
        order = np.lexsort((found.target, -np.round(scores, 5), found.row))
        starts = np.flatnonzero(np.r_[True, found.row[order][1:] != found.row[order][:-1]])
        place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
        read = order[place < _READ_TOGETHER]
        names = self._index.targets.displays
        pairs = [
            (queries[row].term, names[target])
            for row, target in zip(found.row[read].tolist(), found.target[read].tolist(), strict=True)
        ]
        likes = np.full(len(order), np.inf, np.float32)
        likes[read] = cross_encoder.score(pairs)
        best, least = np.full(len(queries), -np.inf, np.float32), np.full(len(queries), np.inf, np.float32)
        np.maximum.at(best, found.row[read], likes[read])
        np.minimum.at(least, found.row, likes)
        likes = np.where(np.isinf(likes), least[found.row], likes)
        return np.asarray(_CROSS_ENCODER_WEIGHT * (likes - best[found.row]), np.float32)

    def _candidates(
        self,
        queries: Sequence[Query],
        shown: Shown,
        place: NDArray[np.int64],
        scores: NDArray[np.float32],
        probabilities: Sequence[NDArray[np.float64]],
    ) -> list[Candidate]:
        """Candidates with their evidence, in the order in which they are shown.

        Parameters
        ----------
        place, scores
            Shape (n,): 0 for the first of a row; ranking value.
        probabilities
            Of the candidates of each row.
        """
        targets = self._index.targets
        systems = [targets.systems.values[number] or "" for number in targets.systems.numbers[shown.target].tolist()]
        relationships = [
            _offered(remembered.decision.relationship) if remembered and remembered.likeness == 1 else relationship
            for remembered, relationship in zip(
                shown.remembered, suggested_relationships(self._index, queries, shown), strict=True
            )
        ]
        return [
            Candidate(system, code, display, rank + 1, round(score, 5), round(probability, 4), relationship, evidence)
            for system, code, display, rank, score, probability, relationship, evidence in zip(
                systems,
                targets.codes.take(shown.target),
                targets.displays.take(shown.target),
                place.tolist(),
                scores.tolist(),
                np.concatenate(probabilities).tolist(),
                relationships,
                evidence_of(self._index, queries, shown),
                strict=True,
            )
        ]


def _first_places(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first places of each row: `counts` of them from `starts` on.

    >>> _first_places(np.array([0, 5]), np.array([2, 1])).tolist()
    [0, 1, 5]
    """
    begins = np.cumsum(counts) - counts
    return np.asarray(np.arange(counts.sum()) + np.repeat(starts - begins, counts), np.int64)


def _offered(decided: Relationship) -> Relationship:
    """The relationship of an earlier decision, as a candidate can have it."""
    return Relationship.EQUIVALENT if decided is Relationship.NOT_RELATED else decided


def _with_remarks(candidates: list[Candidate], remarks: tuple[str, ...]) -> tuple[Candidate, ...]:
    """The first candidate warns of what is odd about the term."""
    if not remarks:
        return tuple(candidates)
    best = candidates[0]
    evidence = replace(best.evidence, warnings=(*remarks, *best.evidence.warnings))
    return (replace(best, evidence=evidence), *candidates[1:])


def _calibration_version(calibration: Calibration) -> str:
    """Four hexadecimal digits of its content."""
    arrays = (calibration.mean, calibration.scale, calibration.first, calibration.any_right, calibration.steps)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()[:4]


def _stamp(model: OwnModel, transformers: Transformers) -> str:
    """What a saved engine must agree with: the rules of this version, the weights, and the model that made its vectors."""
    return f"{termserver.__version__} {model.version} {transformers.encoder.version if transformers.encoder else ''}"


def row_probabilities(scores: NDArray[np.float32], first: float, any_right: float) -> NDArray[np.float64]:
    """Probability of each candidate of a row: the first's is calibrated, the others share what is left of "any is right".

    Parameters
    ----------
    scores
        Shape (n_candidates,), best first.

    >>> row_probabilities(np.array([3.0, 1.0, 1.0], np.float32), 0.6, 0.8).round(2).tolist()
    [0.6, 0.1, 0.1]
    """
    rest = np.exp(scores[1:].astype(np.float64) - float(scores[0]))
    shared = (any_right - first) * rest / max(float(rest.sum()), 1e-9)
    return np.asarray(np.r_[first, np.minimum(shared, first)], np.float64)


def _memory_bonus(remembered: Remembered) -> float:
    """What an earlier decision adds to a score: enough to lead unless decisions disagree."""
    return (12.0 if remembered.likeness == 1 else 4.0) * remembered.agreeing


def _with_memory(candidates: list[Candidate]) -> list[Candidate]:
    """A first candidate that was decided before is more probable than its texts say."""
    best = candidates[0]
    if best.evidence.memory is None:
        return candidates
    value = next(signal.value for signal in best.evidence.signals if signal.name == "memory")
    floor = _REMEMBERED_SAME if value == 1 else _REMEMBERED_NEARLY
    if best.probability >= floor:
        return candidates
    left = (1 - floor) / max(sum(candidate.probability for candidate in candidates[1:]), 1 - floor)
    return [
        replace(best, probability=floor),
        *(replace(other, probability=other.probability * left) for other in candidates[1:]),
    ]


def _typical(
    described: Described,
    found: Found,
    order: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    shown: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Mean features of each shown pair's row, shape (len(shown), n_features)."""
    sums = np.add.reduceat(described.values[order], starts, axis=0)
    means = sums / (ends - starts)[:, None]
    return np.asarray(means[found.row[shown]], np.float32)


def engine_key(targets: Iterable[Target]) -> str:
    """A name for a saved engine: sixteen hexadecimal digits of the targets' content."""
    digest = hashlib.sha256()
    for target in targets:
        names = "\x1f".join(f"{name.language}\x1e{name.value}" for name in target.designations)
        digest.update(
            f"{target.system}\x1f{target.code}\x1f{target.display}\x1f{target.active}\x1f{target.kind}\x1f{target.parents}\x1f{names}\n".encode()
        )
    return digest.hexdigest()[:16]
