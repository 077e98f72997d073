"""Start and memory: `--help`, server start to its first answer, resident memory with the sample content."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

COMMAND = Path(sys.executable).with_name("termserver")


def help_s() -> float:
    """Best of five runs of `termserver --help`, in seconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([COMMAND, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS"))


def main() -> None:
    """Measure and print one JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        subprocess.run([COMMAND, "demo", "--data", folder], check=True, capture_output=True)
        demo_s = time.perf_counter() - start
        start = time.perf_counter()
        server = subprocess.Popen(
            [COMMAND, "serve", "--data", folder, "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split()[-1]
            while True:
                try:
                    urllib.request.urlopen(f"{url}health", timeout=5).read()
                    break
                except OSError:
                    if server.poll() is not None or time.perf_counter() - start > 60:
                        raise
                    time.sleep(0.01)
            start_s = time.perf_counter() - start
            for path in (
                "r4/metadata",
                "r4/ValueSet/$expand?url=http://hl7.org/fhir/sid/icd-10?fhir_vs&filter=infarct&count=20",
            ):
                urllib.request.urlopen(url + path, timeout=60).read()
            memory = resident_mb(server.pid)
        finally:
            server.terminate()
            server.wait(20)
    print(
        json.dumps(
            {
                "bench": "start",
                "help_s": round(help_s(), 3),
                "server_start_s": round(start_s, 2),
                "demo_s": round(demo_s, 1),
                "resident_mb": round(memory),
                "goals": {"help_s": 0.5, "server_start_s": 2, "resident_mb": 300},
            }
        )
    )


if __name__ == "__main__":
    main()
