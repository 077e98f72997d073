"""What a request is answered from."""

from __future__ import annotations

from dataclasses import dataclass

from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.terminology.service import Terminology


@dataclass(frozen=True, slots=True)
class Service:
    """The engine for reading, the database for writing, the settings."""

    terminology: Terminology
    database: Database
    settings: Settings
