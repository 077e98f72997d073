"""The same rows, targets and weights give the same suggestions: in any batch, process and thread, with any threads of BLAS."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from termserver.matching.engine import MatchingEngine
from termserver.model.candidate import SourceTerm, Suggestions, Target

WORDS = (
    "akut",
    "kronisk",
    "infarkt",
    "bronkit",
    "lunga",
    "höger",
    "vänster",
    "diabetes",
    "typ 2",
    "fraktur",
    "lårben",
    "barn",
)
ROWS = [
    SourceTerm(
        f"{first} {second} {third}", ("sv", "nb", None)[place % 3], context={"unit": "g/L"} if place % 4 == 0 else {}
    )
    for place, (first, second, third) in enumerate(
        (first, second, third) for first in WORDS for second in WORDS[::3] for third in WORDS[1::4]
    )
]
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from termserver.matching.engine import MatchingEngine
from test_determinism import ROWS, digest
engine = MatchingEngine.load(Path({folder!r}), weights=Path({weights!r}))
print(digest(engine.suggest(ROWS)), engine.engine_version)
"""


def digest(suggestions: list[Suggestions]) -> str:
    """A name for all that is in the suggestions."""
    return hashlib.sha256(repr(suggestions).encode()).hexdigest()


@pytest.fixture(scope="module")
def saved(
    small_weights: Path, icd_targets: Callable[..., list[Target]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("engine")
    MatchingEngine.build(icd_targets(), weights=small_weights).save(folder)
    return folder


@pytest.mark.parametrize("threads", ["1", "2"])
def test_processes_agree_whatever_their_threads(threads: str, saved: Path, small_weights: Path) -> None:
    here = MatchingEngine.load(saved, weights=small_weights)
    script = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(saved), weights=str(small_weights))
    environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"{digest(here.suggest(ROWS))} {here.engine_version}"


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_agree_however_the_rows_are_shared(workers: int, saved: Path, small_weights: Path) -> None:
    engine = MatchingEngine.load(saved, weights=small_weights)
    together = engine.suggest(ROWS)
    parts = [ROWS[start : start + 17] for start in range(0, len(ROWS), 17)]
    with ThreadPoolExecutor(workers) as pool:
        apart = [one for part in pool.map(engine.suggest, parts) for one in part]
    assert apart == together


def test_built_twice_is_built_the_same(
    small_weights: Path, icd_targets: Callable[..., list[Target]], saved: Path, tmp_path: Path
) -> None:
    """The order in which targets come does not matter either."""
    MatchingEngine.build(list(icd_targets())[::-1], weights=small_weights).save(tmp_path)
    for path in sorted(saved.iterdir()):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name
