"""One training, from the data folder to the weights: own model twice, ranker, calibration, held-out figures, model card.

The ranker must not learn from cosines that the own model has memorised. So a first own model is fitted without `CROSS`, the
ranker on what it says about `CROSS`; then the own model that ships is fitted without `TEST` only, and everything is measured
on `TEST`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from termserver.errors import MatchingError
from termserver.matching.own_model import OwnModel
from termserver.matching.training.fit_own_model import Recipe, fit, make_pairs, quantise
from termserver.matching.training.fit_ranker import fit_calibration, fit_ranker
from termserver.matching.training.held_out import TEST, Fold, held_out_titles, without_held_out, write_gold
from termserver.matching.training.model_card import write_model_card
from termserver.matching.training.rows import (
    Examples,
    example_lists,
    gold_concepts,
    gold_files,
    gold_terms,
    join_examples,
    make_examples,
    with_strangers,
)
from termserver.matching.training.sources import Concept, read_concepts, read_table

Report = Callable[[str], None]
CROSS = Fold(frozenset({2, 3, 4, 5, 6}))
HALVES = (frozenset({2, 3}), frozenset({4, 5, 6}))  # of CROSS


def train(
    data: Path, out: Path, *, seed: int, recipe: Recipe | None = None, report: Report = lambda line: None
) -> None:
    """Train all weights from a data folder into `out`; the same seed on the same machine gives the same bytes.

    Time: about 15 minutes on one core for the whole data folder. Memory: about 2 GB.

    Raises
    ------
    MatchingError
        If the data folder holds no parallel files.
    """
    recipe = recipe or Recipe()
    out.mkdir(parents=True, exist_ok=True)
    concepts = read_concepts(data)
    report(f"{len(concepts)} parallel concepts read from {data}")
    both = Fold(TEST.slots | CROSS.slots)
    first = fit_own_model(data, concepts, both, recipe, seed=seed, report=report)
    fit_ranking(data, first, out, seed=seed, report=report)
    shipped = fit_own_model(data, concepts, TEST, recipe, seed=seed, report=report)
    save_own_model(shipped, out)
    write_model_card(data, out, seed=seed, concepts=concepts, report=report)


def fit_own_model(
    data: Path, concepts: list[Concept], fold: Fold, recipe: Recipe, *, seed: int, report: Report
) -> OwnModel:
    """The own model without what a fold holds out."""
    seen = without_held_out([*concepts, *gold_concepts(data, fold)], fold, gold_terms(data))
    pairs = make_pairs(seen, buckets=recipe.buckets)
    if not len(pairs.left):
        raise MatchingError(f"{data}: no two names of one concept are left to train on")
    report(f"own model: {len(pairs.left)} pairs of {pairs.features.shape[0]} names")
    return OwnModel(*quantise(fit(pairs, recipe, seed=seed, report=report)))


def save_own_model(model: OwnModel, out: Path) -> None:
    """Write `own_vectors.npy` and `own_scales.npy`."""
    np.save(out / "own_vectors.npy", np.asarray(model.vectors))
    np.save(out / "own_scales.npy", model.scales)


def fit_ranking(data: Path, model: OwnModel, out: Path, *, seed: int, report: Report) -> None:
    """Ranker on the rows of `CROSS`; calibration on either half of them with a ranker fitted to the other."""
    halves = [_examples(data, Fold(slots), model) for slots in HALVES]
    report(f"ranker: {sum(len(half.kind) for half in halves)} rows")
    rankers = [fit_ranker(half, seed=seed, report=report) for half in halves]
    fit_calibration([(halves[0], rankers[1]), (halves[1], rankers[0])], seed=seed).save(out / "calibration.npz")
    fit_ranker(join_examples(*halves), seed=seed, report=report).save(out / "ranker.npz")


def _examples(data: Path, fold: Fold, model: OwnModel) -> Examples:
    lists = example_lists(data, fold)
    if not lists:
        raise MatchingError(f"{data}: there are no gold maps or national titles to fit a ranker on")
    return make_examples(with_strangers(lists), model)


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
