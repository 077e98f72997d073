"""Measure a large ConceptMap over HTTP: PUT and GET, JSON and XML, time and the server's peak memory.

    python scripts/bench_large_map.py --elements 500000 --port 8350

Starts a server of its own on an empty database, and stops it again.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_HEAD = (
    '{"resourceType":"ConceptMap","id":"big","url":"http://bench.example/map","version":"1","name":"Big",'
    '"status":"active","group":[{"source":"http://bench.example/s","target":"http://bench.example/t","element":['
)


def body(elements: int, *, r5: bool) -> Iterator[bytes]:
    """An R4 or R5 map of so many elements, in pieces."""
    kind = '"relationship"' if r5 else '"equivalence"'
    yield _HEAD.encode()
    for start in range(0, elements, 5_000):
        batch = (
            f'{{"code":"S{number}","display":"Source term number {number}","target":[{{"code":"T{number % 70_000}",'
            f'"display":"Target term number {number % 70_000}",{kind}:"equivalent"}}]}}'
            for number in range(start, min(start + 5_000, elements))
        )
        yield (("," if start else "") + ",".join(batch)).encode()
    yield b"]}]}"


def peak_mb(pid: int) -> int:
    """The most memory that the process ever had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def cpu_s(pid: int) -> float:
    """Processor time of the process so far: unlike the clock, it does not depend on what else runs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print a line a measurement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--elements", type=int, default=500_000)
    parser.add_argument("--port", type=int, default=8350)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        base = [sys.executable, "-m", "termserver"]
        data = ["--data", folder]
        subprocess.run(
            [*base, "person", "bench", "--role", "administrator", "--password", "a long sentence", *data], check=True
        )
        token = subprocess.run(
            [*base, "person", "bench", "--token-days", "1", *data], check=True, capture_output=True, text=True
        ).stdout.strip()
        server = subprocess.Popen([*base, "serve", "--port", str(options.port), *data])
        try:
            _wait(options.port)
            _measure(options.port, token, options.elements, server.pid)
        finally:
            server.terminate()
            server.wait()
    return 0


def _wait(port: int) -> None:
    for _ in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def _measure(port: int, token: str, elements: int, pid: int) -> None:
    print(f"{elements} elements; server at rest {peak_mb(pid)} MB")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    for path, accept, payload in (
        ("/r4/ConceptMap/big", "application/fhir+json", body(elements, r5=False)),
        ("/r4/ConceptMap/big", "application/fhir+json", None),
        ("/r5/ConceptMap/big", "application/fhir+xml", None),
        ("/r4/ConceptMap/big", "application/fhir+json", body(elements, r5=False)),
    ):
        begun, cpu_before_s = time.perf_counter(), cpu_s(pid)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        method = "GET" if payload is None else "PUT"
        connection.request(method, path, body=payload, headers=headers | {"Accept": accept})
        response = connection.getresponse()
        size = 0
        while chunk := response.read(1 << 20):
            size += len(chunk)
        took_s = time.perf_counter() - begun
        spent_s = cpu_s(pid) - cpu_before_s
        print(
            f"{method} {path} {accept}: {response.status}, {took_s:.1f} s ({spent_s:.1f} s of processor), "
            f"{size / 1e6:.0f} MB out, peak {peak_mb(pid)} MB"
        )


if __name__ == "__main__":
    sys.exit(main())
