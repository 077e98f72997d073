"""Waiting for what another thread does: by its result, not by the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_LONGEST_S = 20.0


def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds; fail if it never does."""
    until = time.monotonic() + _LONGEST_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        pause.wait(0.005)
