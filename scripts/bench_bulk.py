"""Bulk translation of a Parquet file against a raw Polars join of the same columns, in one run.

    scripts/bench bulk [--rows N] [--elements N]

Both read the same file, join it with the same map, and write the same columns; each in a process of its own, the better
of two runs. Prints one JSON object: rows a second, the ratio, peak memory.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SYSTEM = "https://example.org/CodeSystem/bench"
URL = "https://example.org/ConceptMap/bench"


def _make_database(folder: Path, elements: int) -> None:
    from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
    from termserver.model.relationship import Relationship
    from termserver.settings import load_settings
    from termserver.store.concept_maps import add_concept_map
    from termserver.store.engine import Database

    database = Database(load_settings(data=folder).resolved_database_url())
    database.upgrade()
    built = tuple(
        MapElement(f"L{n}", f"Local term {n}", (MapTarget(f"T{n}", Relationship.EQUIVALENT, f"Target {n}"),))
        for n in range(elements)
    )
    with database.session(write=True) as session:
        add_concept_map(
            session, ConceptMap(URL, "1", "Bench", groups=(MapGroup(SYSTEM, f"{SYSTEM}-target", elements=built),))
        )
    database.close()


def _make_rows(path: Path, rows: int, elements: int) -> None:
    import numpy as np
    import polars as pl

    random = np.random.default_rng(1)
    # Frequent codes are frequent: as in real data, some hundred codes make most of the rows; 1 % are not in the map
    codes = (random.pareto(0.9, rows) * 20).astype(np.int64) % elements
    codes[::100] += elements
    frame = pl.DataFrame({"patient": random.integers(0, rows, rows), "code": codes})
    frame.with_columns(pl.format("L{}", "code").alias("code")).write_parquet(path)


def _ours(folder: str, source: str, target: str) -> None:
    from termserver.bulk.codes import CodeTranslator
    from termserver.bulk.order import BulkOrder
    from termserver.bulk.translate import translate_file
    from termserver.settings import load_settings
    from termserver.store.engine import Database
    from termserver.terminology.service import Terminology

    settings = load_settings(data=Path(folder))
    database = Database(settings.resolved_database_url())
    order = BulkOrder("code", system=SYSTEM, map_url=URL)
    translate_file(Path(source), Path(target), order, CodeTranslator(Terminology(database, settings), order))


def _raw(folder: str, source: str, target: str) -> None:
    import polars as pl

    mapping = pl.scan_parquet(Path(folder) / "map.parquet")
    pl.scan_parquet(source).join(mapping, on="code", how="left", maintain_order="left").sink_parquet(target)


def _measured(work: Callable[..., None], *arguments: str) -> tuple[float, float]:
    """(seconds, peak megabytes) of a function in a fresh process."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_timed, args=(work, arguments, queue))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"the measured process ended with {process.exitcode}")
    return queue.get()


def _timed(
    work: Callable[..., None], arguments: tuple[str, ...], queue: multiprocessing.Queue[tuple[float, float]]
) -> None:
    began = time.perf_counter()
    work(*arguments)
    queue.put((time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--elements", type=int, default=100_000)
    options = parser.parse_args()
    import polars as pl

    folder = Path(tempfile.mkdtemp(prefix="bench-bulk-"))
    try:
        _make_database(folder, options.elements)
        source = folder / "rows.parquet"
        _make_rows(source, options.rows, options.elements)
        numbers = range(options.elements)
        pl.DataFrame(
            {
                "code": [f"L{n}" for n in numbers],
                "target_code": [f"T{n}" for n in numbers],
                "target_display": [f"Target {n}" for n in numbers],
                "target_system": f"{SYSTEM}-target",
                "relationship": "equivalent",
                "map": f"{URL}|1",
                "status": "mapped",
            }
        ).write_parquet(folder / "map.parquet")
        found: dict[str, tuple[float, float]] = {}
        for _ in range(2):
            for name, work in (("raw", _raw), ("ours", _ours)):
                measured = _measured(work, str(folder), str(source), str(folder / f"{name}.parquet"))
                found[name] = min(found.get(name, measured), measured)
        ours, raw = found["ours"], found["raw"]
        print(
            json.dumps(
                {
                    "rows": options.rows,
                    "elements": options.elements,
                    "ours_rows_per_second": round(options.rows / ours[0]),
                    "polars_rows_per_second": round(options.rows / raw[0]),
                    "ratio": round(raw[0] / ours[0], 3),
                    "ours_peak_mb": round(ours[1]),
                    "polars_peak_mb": round(raw[1]),
                }
            )
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
