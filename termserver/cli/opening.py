"""What commands share: the options that name the data folder, and an open, current database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from termserver.settings import Settings
    from termserver.store.engine import Database

P = ParamSpec("P")
R = TypeVar("R")


def data_option(command: Callable[P, R]) -> Callable[P, R]:
    """The option `--data DIR`."""
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder (setting `data`)."
    )(command)


def open_database(*, data: Path | None, **overrides: object) -> tuple[Settings, Database]:
    """The settings and the database, brought up to date."""
    from termserver.settings import load_settings
    from termserver.store.engine import Database

    settings = load_settings(data=data, **overrides)
    database = Database(settings.resolved_database_url())
    database.upgrade()
    return settings, database
