"""A request body that may not grow beyond a bound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from termserver.errors import TooLarge

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def bounded_receive(receive: Receive, limit_bytes: int, error: TooLarge) -> Receive:
    """An ASGI `receive` that raises `error` once more than `limit_bytes` of the body have come."""
    received = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit_bytes:
            raise error
        return message

    return bounded
