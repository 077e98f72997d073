"""The own model taught a language by a list of `code; title` that shares its codes with a target: national titles of ICD-10, say.

The model in use is trained on, from where it stands, with pairs (title, name of the target with the same code). Beside them the
names that the targets have in other languages are shown again, so that these are not forgotten. Ranker and probabilities stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from termserver.errors import BadInput
from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import GoldRow, right_ranks
from termserver.matching.index import code_key, untagged
from termserver.matching.own_model import OwnModel
from termserver.matching.profile import evenly
from termserver.matching.training.comparison import Comparison, Measured, comparison_of
from termserver.matching.training.fit_own_model import Recipe, fit, make_pairs
from termserver.matching.training.held_out import TEST
from termserver.matching.training.sources import Concept
from termserver.model.candidate import SourceTerm, Target

LEAST_TITLES = 200  # fewer cannot teach a language; 500 already do much
MOST_MEASURED = 400
EPOCHS = 12
MOST_REPEATED = 3  # targets shown again a taught title, at most
RATE = 0.05  # a quarter of what training from nothing takes: what is known should bend, not break
REPEATED_WEIGHT = 0.5  # of names in other languages, shown again
Report = Callable[[str], None]


def fit_to_titles(
    titles: Mapping[str, str],
    language: str,
    targets: Sequence[Target],
    base: Path,
    out: Path,
    *,
    seed: int,
    report: Report = lambda line: None,
) -> Comparison:
    """Write `own_vectors.npy` and `own_scales.npy` that know the titles; a tenth of the codes is held out and measured.

    Parameters
    ----------
    titles
        Code → title. Codes are compared without punctuation.
    language
        BCP-47 tag of the titles.
    targets
        With the names they have; those in the titles' language are not used.
    base
        Folder of the weights in use.
    out
        Folder of a whole set of weights, whose own model is replaced.

    Raises
    ------
    BadInput
        If fewer than `LEAST_TITLES` codes are codes of targets.
    """
    by_key = {code_key(code): title for code, title in titles.items() if title.strip()}
    known = [_without(target, language) for target in targets]
    shared = [(target, by_key[code_key(target.code)]) for target in known if code_key(target.code) in by_key]
    if len(shared) < LEAST_TITLES:
        raise BadInput(
            f"{len(shared):,} of {len(by_key):,} codes are codes of the target, {LEAST_TITLES} are needed; "
            "is it the list of this system, and is the column of codes the right one?"
        )
    report(f"{len(shared):,} of {len(by_key):,} titles have a target")
    taught = [(target, title) for target, title in shared if not TEST.holds_code(target.code)]
    model = OwnModel.load(base)
    repeated = evenly(_repeated(known), MOST_REPEATED * len(taught))
    learned = teach(model, [*_taught(taught, language), *repeated], seed=seed, report=report)
    learned.save(out)
    held = [
        GoldRow(SourceTerm(title, language), frozenset({(target.system, target.code)}))
        for target, title in shared
        if TEST.holds_code(target.code)
    ][:MOST_MEASURED]
    old, new = (_measured(known, held, weights) for weights in (base, out))
    return comparison_of(old, new, learned_from=f"{len(taught):,} titles in '{language}'", seed=seed)


def teach(model: OwnModel, concepts: Sequence[Concept], *, seed: int, report: Report = lambda line: None) -> OwnModel:
    """The model trained on with further names of concepts."""
    start = model.bucket_vectors(slice(None))
    recipe = Recipe(
        dimensions=model.dimensions, epochs=EPOCHS, learning_rate=RATE, batch=512, buckets=len(model.vectors)
    )
    pairs = make_pairs(concepts, buckets=recipe.buckets)
    return OwnModel.of(fit(pairs, recipe, seed=seed, start=start, report=report))


def _without(target: Target, language: str) -> Target:
    """The target without its names in a language: they may be the very titles."""
    primary = language.split("-", maxsplit=1)[0].lower()
    return replace(
        target,
        designations=tuple(
            name for name in target.designations if (name.language or "").split("-")[0].lower() != primary
        ),
    )


def _taught(pairs: Sequence[tuple[Target, str]], language: str) -> list[Concept]:
    return [
        Concept(
            f"taught:{target.system}:{target.code}",
            ((language, title), ("en", untagged(target.display, target.kind))),
            "titles",
        )
        for target, title in pairs
    ]


def _repeated(targets: Sequence[Target]) -> list[Concept]:
    """What the targets are called in other languages."""
    return [
        Concept(
            f"known:{target.system}:{target.code}",
            (
                ("en", untagged(target.display, target.kind)),
                *((name.language or "und", name.value) for name in target.designations if name.language != "en"),
            ),
            "targets",
            REPEATED_WEIGHT,
        )
        for target in targets
        if target.designations
    ]


def _measured(targets: Sequence[Target], rows: Sequence[GoldRow], weights: Path) -> Measured:
    engine, terms = MatchingEngine.build(targets, weights=weights), [row.term for row in rows]
    suggestions = engine.suggest(terms, limit=25, profile=engine.profile(terms))
    first = [one.candidates[0].probability if one.candidates else 0.0 for one in suggestions]
    return right_ranks(rows, suggestions), np.array(first)
