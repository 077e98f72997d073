"""Run HL7's terminology tests (`txtests.py`) against a started server and compare with the baseline, which may only rise."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASELINE = ROOT / "tests" / "conformance" / "baseline.json"
VERSIONS = ("r4", "r5")
MODES = ("general", "snomed")
# Written for one server each, over content that is not among the subsets: counted, and bound by no baseline
INFORMATIVE_MODES = ("tx.fhir.org", "omop", "icd-11")
_START_TIMEOUT_S = 60

Passing = dict[str, dict[str, dict[str, list[str]]]]
"""FHIR version → suite → `strict` and `loose` → names of the tests that pass so; `loose` are those that Java would pass."""


def main() -> int:
    """Run, print, compare; 1 if something passes no longer."""
    arguments = _arguments()
    outcomes: dict[str, dict[str, list[dict[str, object]]]] = {}
    informative: dict[str, dict[str, list[dict[str, object]]]] = {}
    with tempfile.TemporaryDirectory(prefix="termserver-conformance-") as folder:
        data = Path(folder)
        with _server(arguments.shared, data) if not arguments.base else _nothing(arguments.base) as base:
            for version in VERSIONS:
                address = f"{base}/{version}"
                outcomes[version] = _run(arguments.shared, address, data / f"{version}.json", MODES)
                if arguments.all_modes:
                    report = data / f"{version}-informative.json"
                    informative[version] = _run(arguments.shared, address, report, INFORMATIVE_MODES)
    now = {version: _passing(suites) for version, suites in outcomes.items()}
    _print_table(outcomes)
    if informative:
        print(f"for information, modes {', '.join(INFORMATIVE_MODES)}:")
        _print_table(informative)
    if arguments.failures:
        _print_failures(outcomes)
        _print_failures(informative)
    lost = _lost(_baseline(), now)
    for line in lost:
        print(f"conformance: passes no longer: {line}")
    if arguments.update:
        BASELINE.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"conformance: {BASELINE.relative_to(ROOT)} written")
        return 0
    if not lost and _lost(now, _baseline()):
        print("conformance: more passes than the baseline says; write it with scripts/conformance --update")
    return 1 if lost else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder with tools/ and tx-ecosystem/")
    parser.add_argument("--base", help="a server that runs already, such as http://127.0.0.1:8000")
    parser.add_argument("--update", action="store_true", help="write the baseline")
    parser.add_argument("--all-modes", action="store_true", help="count the tests written for one server each, too")
    parser.add_argument("--failures", action="store_true", help="say what differs in each test that fails")
    return parser.parse_args()


@contextmanager
def _nothing(base: str) -> Iterator[str]:
    yield base.rstrip("/")


@contextmanager
def _server(shared: Path, data: Path) -> Iterator[str]:
    """A server over a fresh data folder with the subsets; its address."""
    started = time.monotonic()
    for name in ("snomed", "loinc"):
        source = shared / "tx-ecosystem" / "tx-source" / name
        loaded = subprocess.run(
            [*_termserver("load", data), str(source)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        if loaded.returncode != 0:
            print(f"conformance: {name} is not loaded: {loaded.stderr.strip() or loaded.stdout.strip()}")
    print(f"conformance: subsets loaded in {time.monotonic() - started:.1f} s", flush=True)
    log = (data / "server.log").open("w+", encoding="utf-8")
    process = subprocess.Popen([*_termserver("serve", data), "--port", "0"], stdout=log, stderr=log, cwd=ROOT)
    try:
        yield _address(process, data / "server.log")
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _termserver(command: str, data: Path) -> list[str]:
    return [sys.executable, "-m", "termserver", command, "--data", str(data)]


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """The address that the server prints once it listens."""
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"http://[\d.]+:\d+", log.read_text(encoding="utf-8"))
        if found:
            return found.group()
        time.sleep(0.1)
    raise SystemExit(f"conformance: the server did not start:\n{log.read_text(encoding='utf-8')}")


def _run(shared: Path, base: str, report: Path, modes: tuple[str, ...]) -> dict[str, list[dict[str, object]]]:
    """All tests against one base; outcomes by suite."""
    started = time.monotonic()
    command = [sys.executable, str(shared / "tools" / "txtests.py"), "--base", base, "--json", str(report)]
    tests = str(shared / "tx-ecosystem" / "tests")
    done = subprocess.run(
        [*command, "--tests", tests, "--mode", *modes], capture_output=True, text=True, check=False, env=os.environ
    )
    if not report.is_file():
        raise SystemExit(f"conformance: no report for {base}: {done.stderr.strip()}")
    written = json.loads(report.read_text(encoding="utf-8"))
    print(
        f"conformance: {base}: {done.stdout.strip().splitlines()[-1]}, {time.monotonic() - started:.0f} s", flush=True
    )
    return dict(written["suites"])


def _passing(suites: dict[str, list[dict[str, object]]]) -> dict[str, dict[str, list[str]]]:
    return {
        suite: {
            "strict": sorted(str(one["name"]) for one in members if one["passed"]),
            "loose": sorted(str(one["name"]) for one in members if one["loose"] and not one["passed"]),
        }
        for suite, members in suites.items()
    }


def _baseline() -> Passing:
    return json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}


def _lost(before: Passing, after: Passing) -> list[str]:
    """What passed before and does so no longer, or only as Java counts."""
    lost = []
    for version, suites in before.items():
        for suite, passing in suites.items():
            now = after.get(version, {}).get(suite, {"strict": [], "loose": []})
            enough = {"strict": set(now["strict"]), "loose": {*now["strict"], *now["loose"]}}
            for kind, names in passing.items():
                lost += [f"{version} {suite}/{name} ({kind})" for name in names if name not in enough[kind]]
    return lost


def _print_table(outcomes: dict[str, dict[str, list[dict[str, object]]]]) -> None:
    """Passed of all, a line a suite; `+n` more as the Java runner counts."""
    suites = list(dict.fromkeys(suite for version in outcomes.values() for suite in version))
    print(f"{'suite':26}" + "".join(f"{version:>18}" for version in outcomes))
    for suite in suites:
        print(f"{suite:26}" + "".join(f"{_cell(version.get(suite, [])):>18}" for version in outcomes.values()))
    totals = [[one for members in version.values() for one in members] for version in outcomes.values()]
    print(f"{'all':26}" + "".join(f"{_cell(members):>18}" for members in totals))


def _cell(members: list[dict[str, object]]) -> str:
    strict = sum(bool(one["passed"]) for one in members)
    loose = sum(bool(one["loose"]) and not one["passed"] for one in members)
    return f"{strict} of {len(members)}" + (f" +{loose}" if loose else "")


def _print_failures(outcomes: dict[str, dict[str, list[dict[str, object]]]]) -> None:
    for version, suites in outcomes.items():
        for suite, members in suites.items():
            for one in members:
                if not one["passed"]:
                    mark = " [loose]" if one["loose"] else ""
                    place = f"{version} {suite}/{one['name']}{mark}: {one['path']}"
                    print(f"{place}\n    expected {_short(one['expected'])}\n    got      {_short(one['got'])}")


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:300] + "…"


if __name__ == "__main__":
    sys.exit(main())
