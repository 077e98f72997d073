"""One training, from the data folder to the weights: own models, ranker, calibration, held-out figures, model card.

The ranker must not learn from cosines that the own model has memorised. So for each fold of `CROSS` an own model is fitted
without it, and the ranker on what each says about its fold; the own model that ships is fitted without `TEST` only. Each
fold is small, so that the models the ranker learns from know nearly as much as the one that ships. Probabilities are calibrated
with the model that ships, on one half of `TEST`, and measured on the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from termserver.errors import MatchingError, TermserverError
from termserver.matching.attributes import AttributeModel
from termserver.matching.learned_names import LearnedNames
from termserver.matching.normalise.common import skel
from termserver.matching.own_model import OwnModel
from termserver.matching.pivot import Pivot
from termserver.matching.ranker import Ranker
from termserver.matching.training.composed_titles import composed_titles
from termserver.matching.training.fit_attributes import fit_attributes, labelled_texts
from termserver.matching.training.fit_own_model import Recipe, fit, make_pairs, merge
from termserver.matching.training.fit_pivot import fit_pivot
from termserver.matching.training.fit_ranker import Outcome, fit_calibration, fit_ranker, ranking_outcomes
from termserver.matching.training.fit_word_costs import with_word_costs
from termserver.matching.training.held_out import CALIBRATION, TEST, Fold, held_out_titles, without_held_out, write_gold
from termserver.matching.training.model_card import held_out_figures, write_model_card
from termserver.matching.training.rows import (
    CALIBRATED_SAMPLES,
    SAMPLES,
    Examples,
    Knowledge,
    RankedList,
    analyte_concepts,
    example_lists,
    gold_concepts,
    gold_files,
    gold_terms,
    joined,
    make_examples,
    of_titles,
    sample_lists,
    small_systems,
    thinned,
    with_nonsense,
)
from termserver.matching.training.sources import Concept, core_lexicon, read_concepts, read_table
from termserver.matching.word_costs import WordCosts

Report = Callable[[str], None]
T = TypeVar("T")
WHO_TITLES = "code_systems/icd-10-who/icd10_who_en.tsv"
MOST_ROWS = 600  # of a list, for ranker and calibration
LEARNED_LANGUAGES = frozenset({"la", "en"})
CROSS = (Fold(frozenset({2, 3, 4})), Fold(frozenset({5, 6, 7})))
HALVES = (0, 1)  # of the lists, one for each process


def train(
    data: Path, out: Path, *, seed: int, recipe: Recipe | None = None, report: Report = lambda line: None
) -> None:
    """Train all weights from a data folder into `out`; the same seed on the same machine gives the same bytes.

    The own models are fitted side by side, each in a process with one thread of linear algebra: the order of sums, and
    so the bytes, must not depend on how many processors there are.

    Time: about 15 minutes on two cores for the whole data folder. Memory: about 2 GB a process.

    Raises
    ------
    MatchingError
        If the data folder holds no parallel files.
    """
    recipe = recipe or Recipe()
    out.mkdir(parents=True, exist_ok=True)
    concepts = read_concepts(data)
    report(f"{len(concepts)} parallel concepts read from {data}")
    with _single_threaded(), ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as workers:
        crossed = [workers.submit(_apart, fit_own_model, data, beside_test(fold), recipe, seed=seed) for fold in CROSS]
        shipped = workers.submit(_apart, fit_own_model, data, TEST, recipe, seed=seed)
        report(f"own models: fitting {len(CROSS)} for the ranker, then the one that ships")
        ranking = workers.submit(_apart, fit_ranking, data, [model.result() for model in crossed], out, seed=seed)
        report("own models for the ranker fitted")
        shipped.result().save(out)
        report("own model fitted")
        ranking.result()
        report("ranker fitted")
        tables = workers.submit(_apart, save_names_and_readings, data, out)
        workers.submit(_apart, save_attributes, data, out, seed=seed).result()
        tables.result()
        report("learned names, word tables and attributes fitted")
        seen = [workers.submit(_apart, calibration_outcomes, data, out, half, seed=seed) for half in HALVES]
        outcomes = [one for half in seen for one in half.result()]
        workers.submit(_apart, calibrate, outcomes, out).result()
        report("probabilities calibrated")
        measured = [workers.submit(_apart, held_out_figures, data, out, half) for half in HALVES]
        write_model_card(data, out, [line for half in measured for line in half.result()], seed=seed)


def _apart(work: Callable[..., T], *parts: object, **named: object) -> T:
    """Call in another process: an error of ours travels back as its message."""
    try:
        return work(*parts, **named)
    except TermserverError as error:
        raise MatchingError(str(error)) from None


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Processes started inside use one thread of linear algebra each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def seen_concepts(data: Path, fold: Fold) -> list[Concept]:
    """All concepts and curated pairs without what a fold holds out, laboratory names without their specimens beside them."""
    titles = {row["code"]: row["title_en"] for row in read_table(data / WHO_TITLES)}
    concepts = [*read_concepts(data), *composed_titles(core_lexicon(data), titles), *gold_concepts(data, fold)]
    seen = without_held_out(concepts, fold, gold_terms(data))
    return [*seen, *analyte_concepts(seen)]


def fit_own_model(data: Path, fold: Fold, recipe: Recipe, *, seed: int) -> OwnModel:
    """The own model without what a fold holds out.

    Raises
    ------
    MatchingError
        If too little is left to train on.
    """
    pairs = make_pairs(seen_concepts(data, fold), buckets=recipe.buckets)
    if not len(pairs.left):
        raise MatchingError(f"{data}: no two names of one concept are left to train on")
    return OwnModel.of(fit(pairs, recipe, seed=seed))


def learn_names(data: Path, seen: Iterable[Concept], model: OwnModel) -> LearnedNames:
    """Latin and second English names of the ICD-10 codes among the concepts that training may see, by WHO's title."""
    titles = {row["code"]: row["title_en"] for row in read_table(data / WHO_TITLES)}
    pairs: dict[tuple[str, str], None] = {}
    for concept in merge(seen):
        title = titles.get(concept.key.removeprefix("icd:"))
        if title and concept.key.startswith("icd:"):
            for language, name in concept.names:
                if language in LEARNED_LANGUAGES and skel(name) != skel(title):
                    pairs[skel(title), skel(name)] = None
    vectors = model.encode([name for _, name in pairs])
    return LearnedNames.of(
        [(title, vector) for (title, _), vector in zip(pairs, vectors, strict=True)], model.dimensions
    )


def beside_test(fold: Fold) -> Fold:
    """A fold and what nothing may see."""
    return Fold(TEST.slots | fold.slots)


def fit_ranking(data: Path, models: Sequence[OwnModel], out: Path, *, seed: int) -> None:
    """Fit the ranker on the rows of each fold of `CROSS`, as the own model that was fitted without it sees them."""
    parts: list[Examples] = []
    for fold, model in zip(CROSS, models, strict=True):
        own_share = frozenset(range(len(parts), 20, len(CROSS)))  # of our samples' terms, which no own model saw
        samples = sample_lists(data, Fold(SAMPLES.slots & own_share))
        knowledge = learn_rest(data, model, beside_test(fold), WordCosts.none(), seed=seed)
        parts.append(make_examples(_shown([*example_lists(data, fold), *samples], data), knowledge))
    parts, costs = with_word_costs(parts, seed=seed)
    costs.save(out)
    fit_ranker(joined(parts), seed=seed).save(out / "ranker.npz")


def learn_rest(data: Path, model: OwnModel, fold: Fold, costs: WordCosts, *, seed: int) -> Knowledge:
    """What is learned beside the own model, without what a fold holds out.

    The titles of a held-out code have no learned names beside them; other terms meet those of its code, as they do in use.
    """
    seen = seen_concepts(data, fold)
    for_titles = learn_names(data, seen, model)
    for_terms = for_titles if fold == TEST else learn_names(data, seen_concepts(data, TEST), model)
    attributes = fit_attributes(labelled_texts(data, seen, fold), seed=seed)
    return Knowledge(
        model, attributes, costs, fit_pivot(seen), lambda name: for_titles if of_titles(name) else for_terms
    )


def save_names_and_readings(data: Path, out: Path) -> None:
    """Write the learned names and the word tables that ship."""
    seen = seen_concepts(data, TEST)
    learn_names(data, seen, OwnModel.load(out)).save(out / "learned_names.npz")
    fit_pivot(seen).save(out / "pivot.npz")


def save_attributes(data: Path, out: Path, *, seed: int) -> None:
    """Write the attributes that ship."""
    fit_attributes(labelled_texts(data, seen_concepts(data, TEST), TEST), seed=seed).save(out / "attributes.npz")


def shipped_knowledge(out: Path) -> Knowledge:
    """What was learned, as a server reads it."""
    names = LearnedNames.load(out / "learned_names.npz")
    return Knowledge(
        OwnModel.load(out),
        AttributeModel.load(out / "attributes.npz"),
        WordCosts.load(out),
        Pivot.load(out / "pivot.npz"),
        lambda _list: names,
    )


def calibration_outcomes(data: Path, out: Path, half: int, *, seed: int) -> list[Outcome]:
    """How the weights that ship rank unseen rows of every second list."""
    lists = [*example_lists(data, CALIBRATION), *sample_lists(data, CALIBRATED_SAMPLES)]
    lists += small_systems(lists, seed)
    shown = _shown(lists, data)[half :: len(HALVES)]
    if not shown:
        return []
    return ranking_outcomes(make_examples(shown, shipped_knowledge(out)), Ranker.load(out / "ranker.npz"), seed=seed)


def calibrate(outcomes: Sequence[Outcome], out: Path) -> None:
    """Fit the probabilities to what `calibration_outcomes` found."""
    fit_calibration(outcomes).save(out / "calibration.npz")


def _shown(lists: list[RankedList], data: Path) -> list[RankedList]:
    """The rows of the lists that examples are made of."""
    if not lists:
        raise MatchingError(f"{data}: there are no gold maps or national titles to fit a ranker on")
    return with_nonsense(thinned(lists, MOST_ROWS))


def write_held_out(data: Path, folder: Path) -> list[Path]:
    """Write the rows of `TEST` as gold files: national titles of unseen ICD-10 codes, unseen gold terms."""
    written = []
    for name, rows in held_out_titles(data, TEST).items():
        written.append(folder / f"icd10_{name}.csv")
        write_gold(written[-1], rows)
    for path in gold_files(data):
        kept = [row for row in read_table(path) if TEST.holds_term(row["source_term"])]
        if kept:
            written.append(folder / path.name)
            write_gold(written[-1], kept)
    return written
