"""A short run of scripts/fuzz: nothing that a client sends ends in a 5xx. The long run has 20,000 requests."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scripts.fuzz_api import open_app, run
from termserver.store.engine import Database


@pytest.mark.parametrize("seed", [1, 2])
def test_random_requests_never_fail_the_server(database: Database, tmp_path: Path, seed: int) -> None:
    app, fuzzer = open_app(tmp_path, database)
    fuzzer.random.seed(seed)
    counts, failures = asyncio.run(run(app, fuzzer, 400))
    assert failures == []
    assert counts[200] > 20
    assert counts[400] > 100
