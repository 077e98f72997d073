"""What a request is answered from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from termserver.rest.answers import Answer
from termserver.rest.hot import HotTranslate
from termserver.rest.request import FhirRequest
from termserver.settings import Settings
from termserver.store.engine import Session
from termserver.terminology.service import Terminology


class Sessions(Protocol):
    """Where sessions come from: a database, or a transaction that is open."""

    def session(self, *, write: bool = False) -> AbstractContextManager[Session]:
        """See `store.engine.Database.session`."""


@dataclass(frozen=True, slots=True)
class Service:
    """The engine for reading, the database for writing, the settings; `hot` answers plain $translate from memory."""

    terminology: Terminology
    database: Sessions
    settings: Settings
    hot: HotTranslate


Serve = Callable[[Service, FhirRequest], Answer]
"""How an entry of a Bundle is answered: as a request of its own."""
