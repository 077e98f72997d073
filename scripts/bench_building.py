#!/usr/bin/env python
"""How long others wait while a large translation table or index is built: p50, p99 and the longest, over HTTP.

    .venv/bin/python scripts/bench_building.py [--map 500000] [--small-map 30000] [--system 100000]

Fills a database of its own (maps and a code system without files in the index folder), starts a server, and asks $lookup and
$translate of a small code system and map, each over a connection of its own, first with nothing else to do, then while another
client asks for what must be built. Prints a line of JSON a phase.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

SMALL, LARGE = "http://bench.example/small", "http://bench.example/large"


def fill(folder: Path, sizes: dict[str, int], concepts: int) -> None:
    """Maps of some sizes, a small code system and a large one."""
    from termserver.model.code_system import CodeSystem, Concept
    from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
    from termserver.model.relationship import Relationship
    from termserver.settings import Settings
    from termserver.store.code_systems import add_code_system
    from termserver.store.concept_maps import add_concept_map
    from termserver.store.engine import Database

    database = Database(Settings(data=folder).resolved_database_url())
    database.upgrade()
    with database.session(write=True) as session:
        for name, size in ((SMALL, 500), (LARGE, concepts)):
            named = (Concept(f"C{number}", f"Name {number} of many") for number in range(size))
            add_code_system(session, CodeSystem(name, "1", name.rpartition("/")[2].title()), named)
        for name, size in sizes.items():
            elements = tuple(
                MapElement(f"C{number}", f"Name {number}", (MapTarget(f"T{number}", Relationship.EQUIVALENT),))
                for number in range(size)
            )
            groups = (MapGroup(SMALL, "http://bench.example/t", elements=elements),)
            add_concept_map(session, ConceptMap(name, "1", name.rpartition("/")[2], groups=groups))
    database.close()


def translate_path(name: str, code: str) -> str:
    """A $translate by one map."""
    return "/r4/ConceptMap/$translate?" + urlencode({"url": name, "system": SMALL, "code": code})


class Asker(threading.Thread):
    """Asks one question after another and keeps the times, in ms."""

    def __init__(self, port: int, paths: list[str]) -> None:
        super().__init__(daemon=True)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._paths = paths
        self._done = threading.Event()
        self.times_ms: list[float] = []

    def run(self) -> None:
        """Until `stop`; a pause between two questions, for the questions are not what is measured."""
        number = 0
        while not self._done.is_set():
            begun = time.perf_counter()
            self._connection.request("GET", self._paths[number % len(self._paths)])
            answer = self._connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{self._paths[number % len(self._paths)]}: {answer.status}")
            self.times_ms.append((time.perf_counter() - begun) * 1000)
            number += 1
            self._done.wait(0.002)

    def stop(self) -> None:
        """End."""
        self._done.set()
        self.join()


def phase(port: int, asked: str | None, seconds: float) -> dict[str, object]:
    """What others wait while `asked` is answered, or for some seconds of nothing."""
    lookup = "/r4/CodeSystem/$lookup?" + urlencode({"system": SMALL}) + "&code=C"
    plain = "/r4/CodeSystem?" + urlencode({"url": SMALL})
    askers = [
        Asker(port, [f"{lookup}{number}" for number in range(500)]),
        Asker(port, [translate_path(SMALL, f"C{number}") for number in range(100)]),
        Asker(port, [plain]),
    ]
    for asker in askers:
        asker.start()
    begun = time.perf_counter()
    if asked is None:
        time.sleep(seconds)
    else:
        _until_answered(port, asked)
    took_s = time.perf_counter() - begun
    for asker in askers:
        asker.stop()
    found: dict[str, object] = {"took_s": round(took_s, 2)}
    for name, asker in zip(("lookup", "translate", "search"), askers, strict=True):
        times = sorted(asker.times_ms)
        found[name] = {
            "count": len(times),
            "p50_ms": round(times[len(times) // 2], 1),
            "p99_ms": round(times[int(len(times) * 0.99)], 1),
            "longest_ms": round(times[-1], 1),
        }
    return found


def _until_answered(port: int, path: str) -> None:
    for _ in range(60):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            return
        if answer.status != 503:
            raise SystemExit(f"{path}: {answer.status}")
        time.sleep(0.2)
    raise SystemExit(f"{path} is never answered")


def main() -> None:
    """Print a line a phase."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--map", type=int, default=500_000)
    options.add_argument("--small-map", type=int, default=10_000, help="the largest that is built in the server itself")
    options.add_argument("--system", type=int, default=100_000)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        maps = {SMALL: 100, f"{LARGE}-map": given.map, f"{LARGE}-middle": given.small_map}
        fill(folder, maps, given.system)
        command = [sys.executable, "-m", "termserver", "serve", "--data", scratch, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        port = int(server.stdout.readline().split()[-1].rstrip("/").rsplit(":", 1)[1])
        try:
            system = urlencode({"system": LARGE, "codeA": "C1", "codeB": "C2"})
            phase(port, None, 1)
            for name, asked in (
                ("nothing", None),
                (f"table of {given.map} elements", translate_path(f"{LARGE}-map", "C7")),
                (f"table of {given.small_map} elements", translate_path(f"{LARGE}-middle", "C7")),
                (f"index of {given.system} concepts", f"/r4/CodeSystem/$subsumes?{system}"),
                ("nothing", None),
            ):
                print(json.dumps({"while": name, **phase(port, asked, 5)}), flush=True)
        finally:
            server.terminate()
            server.wait(20)


if __name__ == "__main__":
    main()
