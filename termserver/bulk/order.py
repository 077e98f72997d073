"""What a bulk translation is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from termserver.errors import BadInput

OUTPUT_COLUMNS = ("target_code", "target_display", "target_system", "relationship", "map", "status")
"""The columns that are added, each with the order's prefix in front."""


class Multiple(StrEnum):
    """What becomes of a row whose code has several targets."""

    EXPLODE = "explode"  # a row a target
    FIRST = "first"  # the closest relationship, then the map's order
    LIST = "list"  # one row, values joined by |
    ERROR = "error"  # stop, naming the code


class Unmapped(StrEnum):
    """What becomes of a row whose code has no target."""

    KEEP = "keep"  # with empty target columns and its status
    DROP = "drop"
    SOURCE = "source"  # the source code stands in the target column, status `unmapped`
    ERROR = "error"  # stop, naming the code


@dataclass(frozen=True, slots=True)
class BulkOrder:
    """A bulk translation.

    Parameters
    ----------
    code_column
        Name of the column with source codes.
    system
        Canonical URL of the source codes' system; None where `system_column` says it row by row.
    map_url
        Canonical URL of the map, `|version` allowed; None takes every active map from the system.
    target_systems
        Only targets in these systems; empty means any.
    dependencies
        (attribute of the map, column with its value): conditional targets are chosen by the row's own value.
    prefix
        In front of the names of `OUTPUT_COLUMNS`.
    """

    code_column: str
    system: str | None = None
    system_column: str | None = None
    map_url: str | None = None
    target_systems: tuple[str, ...] = ()
    dependencies: tuple[tuple[str, str], ...] = ()
    multiple: Multiple = Multiple.EXPLODE
    unmapped: Unmapped = Unmapped.KEEP
    prefix: str = ""

    def __post_init__(self) -> None:
        if (self.system is None) == (self.system_column is None):
            raise BadInput(
                "Name the code system of the codes (--system), or the column that holds it (--system-column)."
            )

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that decide a row's answer: code, system, dependencies."""
        system = () if self.system_column is None else (self.system_column,)
        return (self.code_column, *system, *(column for _, column in self.dependencies))

    @property
    def output_columns(self) -> tuple[str, ...]:
        """The names of the added columns."""
        return tuple(f"{self.prefix}{name}" for name in OUTPUT_COLUMNS)
