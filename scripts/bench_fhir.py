#!/usr/bin/env python
"""The FHIR side on a synthetic SNOMED CT release: loading, start, memory, hot GETs against a bare ASGI floor, expansions.

    .venv/bin/python scripts/bench_fhir.py [--concepts 350000] [--data DIR] [--seconds 1] [--rounds 5] [--json]

Writes a release (`synthetic_rf2.py`), loads it with `termserver load`, starts the server and asks over HTTP. `--data` keeps
the data folder, and uses what is loaded there. Ratios compare servers that stand at once and are asked in turn, round by
round; the floor parses the query, looks into a dict and writes bytes. `first` asks each question for the first time, `again`
the same questions again: the server keeps answers. Shares are
of answers a processor second, `by_clock` a second. Prints a table and JSON; `--json` the JSON alone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import bench_http
from synthetic_rf2 import write_release

SNOMED = "http://snomed.info/sct"
FINDING = "404684003"
_SITE, _MORPHOLOGY, _BODY = "363698007", "116676008", "123037004"
_TEXTS = (
    "a", "o", "s", "k", "1", "ac", "ka", "gas", "gastr", "acute", "akut", "left acute", "a c", "s k a", "neph oste",
    "krooniline", "cardi of", "9", "malignant hepat", "vanster", "congenital with", "e", "pneum due", "thyr",
)  # fmt: skip
_GOALS = {
    "load_s": ("load", "wall_s", 240), "load_peak_mb": ("load", "peak_mb", 1500), "restart_s": ("start", "first_answer_s", 2),
    "count_ms": ("expand", "count_p95_ms", 20), "first_page_ms": ("expand", "first_page_p95_ms", 30),
    "text_p95_ms": ("expand", "text_p95_ms", 30), "ecl_ms": ("expand", "ecl_two_refinements_p95_ms", 50),
}  # fmt: skip


def load(data: Path, concepts: int) -> dict[str, float]:
    """Write a release and load it; wall and processor seconds, peak memory of the loading process."""
    with tempfile.TemporaryDirectory() as scratch:
        write_release(Path(scratch), concepts=concepts)
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "termserver", "load", scratch, "--data", data], check=True, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(time.perf_counter() - begun, 1),
        "processor_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mb": round(after.ru_maxrss / 1000),
        "files_mb": round(sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) / 1e6),
    }


class Running:
    """A server on the data folder, as `termserver serve` runs it."""

    def __init__(self, data: Path) -> None:
        self.begun = time.perf_counter()
        command = [sys.executable, "-m", "termserver", "serve", "--data", str(data), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().split()[-1].rstrip("/").rsplit(":", 1)[1])
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, path: str) -> dict:
        """The answer to a GET, which must be a 200."""
        for _ in range(200):
            try:
                self.connection.request("GET", path, headers={"Accept": "application/fhir+json"})
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300].decode()}")
        return json.loads(body)

    def memory_mb(self) -> dict[str, int]:
        """Resident memory, and how much of it is the process's own (not mapped files, which all processes share)."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        found = {
            line.split(":")[0]: int(line.split()[1]) // 1000 for line in lines if line.startswith(("VmRSS", "RssAnon"))
        }
        return {"resident_mb": found["VmRSS"], "own_mb": found["RssAnon"]}

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def running(data: Path) -> Iterator[Running]:
    """A server while the block lasts."""
    server = Running(data)
    try:
        yield server
    finally:
        server.stop()


def expand_path(value_set: str, **parameters: object) -> str:
    """A GET $expand."""
    return f"/r4/ValueSet/$expand?{urlencode({'url': value_set, **parameters})}"


def milliseconds(ask: Callable[[], object], times: int) -> list[float]:
    """How long each of some calls took."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return round(sorted(values)[int(len(values) * 0.95)], 1)


def expansions(server: Running) -> dict[str, object]:
    """Counts, first pages, text filters and ECL over HTTP, one request after another."""
    below = f"{SNOMED}?fhir_vs=isa/{FINDING}"
    total = server.get(expand_path(below, count=0))["expansion"]["total"]
    everything = f"{SNOMED}?fhir_vs"
    texts = [expand_path(everything, filter=text, count=20) for text in _TEXTS]
    ecl = f"{SNOMED}?fhir_vs=ecl/" + quote(f"<< {FINDING} : {_SITE} = << {_BODY}, {_MORPHOLOGY} = << {_BODY}")
    hits = [server.get(path)["expansion"]["total"] for path in texts]
    found: dict[str, object] = {
        "concepts_below": total,
        "count_p95_ms": p95(milliseconds(lambda: server.get(expand_path(below, count=0)), 40)),
        "first_page_p95_ms": p95(milliseconds(lambda: server.get(expand_path(below, count=20)), 40)),
        "text_hits_largest": max(hits),
        "text_p95_ms": p95([one for path in texts for one in milliseconds(lambda: server.get(path), 5)]),  # noqa: B023
    }
    found["ecl_hits"] = server.get(expand_path(ecl, count=20))["expansion"]["total"]
    found["ecl_two_refinements_p95_ms"] = p95(milliseconds(lambda: server.get(expand_path(ecl, count=20)), 20))
    return found


def sample_codes(data: Path, count: int) -> list[str]:
    """Codes from all over the release."""
    from termserver.index.builder import Indexes
    from termserver.settings import Settings
    from termserver.store.code_systems import find_code_system
    from termserver.store.engine import Database

    settings = Settings(data=data)
    database = Database(settings.resolved_database_url())
    with database.session() as session:
        stored = find_code_system(session, SNOMED)
    if stored is None:
        raise SystemExit(f"{data} has no SNOMED CT")
    table = Indexes(database, settings.index_folder()).index(stored).table
    chooser = random.Random(5)  # noqa: S311  the same questions each time
    codes = [table.code_of(chooser.randrange(len(table))) for _ in range(count)]
    database.close()
    return codes


def questions(codes: list[str]) -> dict[str, list[str]]:
    """GETs of each hot operation."""
    system, below = quote(SNOMED, safe=""), quote(f"{SNOMED}?fhir_vs=isa/{FINDING}", safe="")
    pairs = list(zip(codes, codes[1:] + codes[:1], strict=True))
    return {
        "lookup": [f"/r4/CodeSystem/$lookup?system={system}&code={code}" for code in codes],
        "validate-code": [f"/r4/CodeSystem/$validate-code?url={system}&code={code}" for code in codes],
        "subsumes": [f"/r4/CodeSystem/$subsumes?system={system}&codeA={one}&codeB={two}" for one, two in pairs],
        "validate-code in a value set": [
            f"/r4/ValueSet/$validate-code?url={below}&system={system}&code={code}" for code in codes
        ],
    }


def processor_s(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked_of(server: bench_http.Server, paths: list[str], seconds: float, connections: int) -> tuple[float, float]:
    """Answers a second, and answers a processor second of the server: the latter does not mind a busy machine."""
    before = processor_s(server.process.pid)
    rate = bench_http.measure(server.port, paths, seconds, connections)["rate"]
    return rate, rate * seconds / max(processor_s(server.process.pid) - before, 0.01)


def hot(data: Path, seconds: float, rounds: int, connections: int) -> dict[str, dict[str, float]]:
    """Each operation as a share of the floor in the same round, by the clock and by processor time; medians of the rounds."""
    most = int(10_000 * seconds) * rounds
    asked = questions(sample_codes(data, most))
    floor = bench_http.paths(100_000)
    app = bench_http.Server("app", data, next(iter(asked.values()))[0])
    bare = bench_http.Server("bare", data, floor[0])
    found: dict[str, dict[str, list[float]]] = {name: {} for name in asked}
    try:
        for paths in asked.values():  # opens the index, by the common way
            bench_http.measure(app.port, paths[:50], 0.2, connections)
        bench_http.measure(bare.port, floor, 0.5, connections)
        for turn in range(rounds):
            for name, paths in asked.items():
                part = paths[turn * most // rounds : (turn + 1) * most // rounds]
                base, base_work = asked_of(bare, floor, seconds, connections)
                for kind, some in (("first", part), ("again", part[:500])):
                    rate, work = asked_of(app, some, seconds, connections)
                    found[name].setdefault(kind, []).append(work / base_work)
                    found[name].setdefault(f"{kind}_by_clock", []).append(rate / base)
                    found[name].setdefault(f"{kind}_rate", []).append(rate)
    finally:
        app.stop()
        bare.stop()
    return {
        name: {kind: round(statistics.median(values), 2) for kind, values in one.items()} for name, one in found.items()
    }


def bench(data: Path, concepts: int, seconds: float, rounds: int, connections: int) -> dict[str, object]:
    """Everything, in one run."""
    found: dict[str, object] = {"bench": "fhir", "concepts": concepts, "processors": os.cpu_count()}
    if not (data / "termserver.sqlite3").exists():
        found["load"] = load(data, concepts)
    path = f"/r4/CodeSystem/$lookup?{urlencode({'system': SNOMED, 'code': FINDING})}"
    with running(data) as server:
        server.get(path)
        start = {"first_answer_s": round(time.perf_counter() - server.begun, 2)}
        found["start"] = {**start, **server.memory_mb()}
        found["expand"] = expansions(server)
        found["memory_after"] = server.memory_mb()
    found["hot_share_of_floor"] = hot(data, seconds, rounds, connections)
    found["goals"] = {name: goal for name, (_, _, goal) in _GOALS.items()} | {"hot_share_of_floor": 0.5}
    return found


def table(found: dict[str, object]) -> str:
    """What was found beside what is wanted."""
    lines = [f"{found['concepts']:,} concepts, {found['processors']} processors"]
    for name, (part, key, goal) in _GOALS.items():
        values = found.get(part)
        if isinstance(values, dict) and key in values:
            lines.append(f"  {name:34} {values[key]:>9}   goal {goal}")
    for name, shares in found["hot_share_of_floor"].items():  # type: ignore[attr-defined]
        by_clock = f"by the clock {shares['first_by_clock']}, again {shares['again']}"
        lines.append(f"  {name:34} {shares['first']:>9}   goal 0.5 of the floor ({by_clock})")
    memory = found["memory_after"]
    lines.append(f"  server: {memory['resident_mb']} MB resident, {memory['own_mb']} MB its own")  # type: ignore[index]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--concepts", type=int, default=350_000)
    options.add_argument("--data", type=Path, help="data folder to keep, and to use if it is filled")
    options.add_argument("--seconds", type=float, default=1, help="of each measurement")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, default=10)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    os.environ.setdefault("TERMSERVER_LOG_LEVEL", "warning")
    with tempfile.TemporaryDirectory() as scratch:
        data = given.data or Path(scratch)
        found = bench(data, given.concepts, given.seconds, given.rounds, given.connections)
    if not given.json:
        print(table(found))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
