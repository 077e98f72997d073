#!/usr/bin/env python
"""Measure `$translate` over HTTP against a bare ASGI handler with a dict, in one run; print ratios as JSON.

    .venv/bin/python scripts/bench_http.py [--seconds 1] [--rounds 7] [--connections 10] [--sizes 1000,100000]

Servers (uvicorn, httptools, uvloop, one process) and the load generator (asyncio, raw keep-alive sockets) run in
processes of their own. Every server is asked in each of several short rounds, and the median of the rounds' ratios
counts: a machine that is busy with something else for a while then harms all alike.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

SOURCE = "http://bench.example/source"
TARGET = "http://bench.example/target"
MAP = "http://bench.example/ConceptMap/m"


def bare_handler():
    """The floor: parse the query, look into a dict, write bytes."""
    from urllib.parse import parse_qsl

    import orjson

    table = {f"S{number:06d}": f"T{number:06d}" for number in range(100_000)}
    headers = [(b"content-type", b"application/fhir+json; fhirVersion=4.0; charset=utf-8")]

    async def app(scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        target = table.get(query.get("code", ""))
        body = orjson.dumps({"result": target is not None, "code": target})
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [*headers, (b"content-length", str(len(body)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": body})

    return app


def fill(folder: Path, size: int) -> None:
    """A database with one map of `size` elements and its target code system."""
    from termserver.model.code_system import CodeSystem, Concept
    from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
    from termserver.model.relationship import Relationship
    from termserver.settings import Settings
    from termserver.store.code_systems import add_code_system
    from termserver.store.concept_maps import add_concept_map
    from termserver.store.engine import Database

    database = Database(Settings(data=folder).resolved_database_url())
    database.upgrade()
    elements = tuple(
        MapElement(f"S{number:06d}", f"Source {number}", (MapTarget(f"T{number:06d}", Relationship.EQUIVALENT),))
        for number in range(size)
    )
    with database.session(write=True) as session:
        add_code_system(
            session,
            CodeSystem(TARGET, "1", "Target"),
            (Concept(f"T{number:06d}", f"Target {number}") for number in range(size)),
        )
        add_concept_map(session, ConceptMap(MAP, "1", "M", groups=(MapGroup(SOURCE, TARGET, elements=elements),)))
    database.close()


def serve(kind: str, folder: str, port: int) -> None:
    """Run one server in this process."""
    import uvicorn

    if kind == "bare":
        app = bare_handler()
    else:
        from termserver.app import create_app
        from termserver.settings import Settings
        from termserver.store.engine import Database

        settings = Settings(data=Path(folder), embedded_worker=False)
        app = create_app(settings, Database(settings.resolved_database_url()))
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server process that answers."""

    def __init__(self, kind: str, folder: Path, probe: str) -> None:
        self.port = free_port()
        command = [sys.executable, __file__, "--serve", kind, "--folder", str(folder), "--port", str(self.port)]
        self.process = subprocess.Popen(command)
        for _ in range(300):
            if asyncio.run(self._answers(probe)):
                return
            time.sleep(0.1)
        self.stop()
        raise SystemExit(f"The {kind} server does not answer")

    async def _answers(self, path: str) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request_bytes(path))
            head = await asyncio.wait_for(reader.readline(), 60)
            writer.close()
        except (OSError, TimeoutError):
            return False
        if b" 503 " in head:  # the table is being built
            return False
        if b" 200 " not in head:
            raise SystemExit(f"{path}: {head!r}")
        return True

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)


def request_bytes(path: str) -> bytes:
    """A GET as it goes over the wire."""
    return f"GET {path} HTTP/1.1\r\nHost: b\r\nAccept: application/fhir+json\r\n\r\n".encode()


def paths(size: int, *, mode: str = "url") -> list[str]:
    """Random questions about a map of that size."""
    chooser = random.Random(7)  # noqa: S311  the same questions each time
    numbers = [chooser.randrange(size) for _ in range(5_000)]
    if mode == "url":
        begin = f"/r4/ConceptMap/$translate?url={quote(MAP, safe='')}&system={quote(SOURCE, safe='')}&code=S"
    elif mode == "any":
        begin = f"/r4/ConceptMap/$translate?system={quote(SOURCE, safe='')}&code=S"
    else:
        begin = f"/r5/ConceptMap/$translate?targetSystem={quote(TARGET, safe='')}&targetCode=T"
    return [f"{begin}{number:06d}" for number in numbers]


async def drive(port: int, questions: list[bytes], seconds: float, connections: int) -> tuple[float, list[float]]:
    """Ask over keep-alive connections; returns answers a second and times in ms."""
    until = time.perf_counter() + seconds
    times: list[float] = []

    async def one(place: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = place
        while (begun := time.perf_counter()) < until:
            writer.write(questions[number % len(questions)])
            number += connections
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            times.append((time.perf_counter() - begun) * 1000)
        writer.close()

    await asyncio.gather(*(one(place) for place in range(connections)))
    return len(times) / seconds, times


def measure(port: int, questions: list[str], seconds: float, connections: int) -> dict[str, float]:
    """One measurement, by a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--drive",
        "--port",
        str(port),
        "--seconds",
        str(seconds),
        "--connections",
        str(connections),
    ]
    done = subprocess.run(command, input="\n".join(questions), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def batch_bundle(method: str, size: int, first: int) -> bytes:
    """A batch of 1,000 codes, as GET or POST entries."""
    entries = []
    for number in range(first, first + 1_000):
        request = {"method": method, "url": "ConceptMap/$translate"}
        code = f"S{number % size:06d}"
        if method == "GET":
            query = f"url={quote(MAP, safe='')}&system={quote(SOURCE, safe='')}&code={code}"
            entries.append({"request": request | {"url": f"{request['url']}?{query}"}})
            continue
        parameters = [
            {"name": "url", "valueUri": MAP},
            {"name": "coding", "valueCoding": {"system": SOURCE, "code": code}},
        ]
        entries.append(
            {"request": request, "resource": {"resourceType": "Parameters", "parameter": parameters}},
        )
    return json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()


def processor_ms(pid: int) -> float:
    """Processor time of a process so far: unlike the clock, it does not depend on what else runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def measure_batch(server: Server, method: str, size: int, times: int = 15) -> dict[str, float]:
    """Milliseconds from sending a batch of 1,000 codes to its whole answer (median), and the server's processor time."""
    spent = processor_ms(server.process.pid)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    took: list[float] = []
    for number in range(times):
        body = batch_bundle(method, size, number * 1_000)
        begun = time.perf_counter()
        connection.request("POST", "/r4", body, {"Content-Type": "application/fhir+json"})
        answer = connection.getresponse()
        answer.read()
        took.append((time.perf_counter() - begun) * 1000)
        if answer.status != 200:
            raise SystemExit(f"batch: {answer.status}")
    connection.close()
    spent = processor_ms(server.process.pid) - spent
    return {"median": round(statistics.median(took), 1), "processor": round(spent / times, 1)}


def bench(sizes: list[int], seconds: float, connections: int, rounds: int) -> dict[str, object]:
    """All servers stand at once and are asked in turn, round by round; each round gives its own ratios."""
    largest = max(sizes)
    cases = [(size, "url") for size in sizes] + [(largest, "any"), (largest, "reverse")]
    found: list[dict[str, dict[str, float]]] = []
    with tempfile.TemporaryDirectory() as scratch:
        servers: dict[int, Server] = {}
        try:
            for size in sizes:
                folder = Path(scratch) / str(size)
                folder.mkdir()
                fill(folder, size)
                servers[size] = Server("app", folder, paths(size)[0])
            bare = Server("bare", Path(scratch), paths(largest)[0])
            servers[0] = bare
            for size, mode in cases:
                measure(servers[size].port, paths(size, mode=mode), 0.5, connections)
            for _ in range(rounds):
                one = {"bare": measure(bare.port, paths(largest), seconds, connections)}
                for size, mode in cases:
                    one[f"{size}-{mode}"] = measure(servers[size].port, paths(size, mode=mode), seconds, connections)
                found.append(one)
            batches = {method: measure_batch(servers[largest], method, largest) for method in ("GET", "POST")}
        finally:
            for server in servers.values():
                server.stop()
    names = list(found[0])
    small, large = f"{min(sizes)}-url", f"{largest}-url"

    def middle(values: list[float]) -> float:
        return round(statistics.median(values), 3)

    return {
        "rate": {name: middle([one[name]["rate"] for one in found]) for name in names},
        "p99_ms": {name: middle([one[name]["p99_ms"] for one in found]) for name in names},
        "share_of_floor": {name: middle([one[name]["rate"] / one["bare"]["rate"] for one in found]) for name in names},
        "large_to_small": middle([one[large]["rate"] / one[small]["rate"] for one in found]),
        "without_url_to_with": middle([one[f"{largest}-any"]["rate"] / one[large]["rate"] for one in found]),
        "reverse_to_forward": middle([one[f"{largest}-reverse"]["rate"] / one[large]["rate"] for one in found]),
        "batch_of_1000_ms": batches,
    }


def main() -> None:
    """Measure, or play one of the parts of the measurement."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=1, help="of each measurement")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--connections", type=int, default=10)
    options.add_argument("--sizes", default="1000,100000")
    options.add_argument("--serve", choices=["bare", "app"])
    options.add_argument("--drive", action="store_true")
    options.add_argument("--folder", default="")
    options.add_argument("--port", type=int, default=0)
    given = options.parse_args()
    if given.serve:
        serve(given.serve, given.folder, given.port)
    elif given.drive:
        questions = [request_bytes(path) for path in sys.stdin.read().splitlines()]
        import uvloop

        rate, times = uvloop.run(drive(given.port, questions, given.seconds, given.connections))
        times.sort()
        print(
            json.dumps(
                {
                    "rate": round(rate),
                    "p50_ms": round(statistics.median(times), 2),
                    "p99_ms": round(times[int(len(times) * 0.99)], 2),
                }
            )
        )
    else:
        os.environ.setdefault("TERMSERVER_LOG_LEVEL", "warning")
        print(
            json.dumps(
                bench([int(size) for size in given.sizes.split(",")], given.seconds, given.connections, given.rounds),
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
