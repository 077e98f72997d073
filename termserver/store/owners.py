"""Who is at work on something that lasts longer than a transaction, and whether that process still lives."""

from __future__ import annotations

import os
import socket


def own_name() -> str:
    """This process, as `host:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_dead(owner: str) -> bool:
    """True if the name is of this machine and its process no longer exists.

    Processes of other machines are known to be dead by their lost heartbeat alone.
    """
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname() or not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
