"""A map as Parquet, one line a target: what Spark, Polars, DuckDB and dbt join with.

| column | |
|---|---|
| `source_system`, `source_code`, `source_display` | |
| `target_system`, `target_code`, `target_display` | null where the map says that there is no target |
| `relationship` | R5's code, source to target |
| `closeness` | 0 equivalent, 1 narrower, 2 broader, 3 related, 9 not related or no target: the smallest is the best |
| `position` | place in the map, from 0 |
| `conditional` | true where the target depends on something that a join by code cannot see |
| `no_map` | true where the map says that there is no target |
| `comment`, `map` | `map` is `url|version` |

Needs the extra `bulk`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from termserver.errors import BadInput, NotSupported
from termserver.model.map_export import MapExport
from termserver.model.relationship import CLOSENESS

FARTHEST = 9
_TEXTS = (
    "source_system", "source_code", "source_display", "target_system", "target_code", "target_display", "relationship",
)  # fmt: skip


def write_parquet(export: MapExport) -> Iterator[bytes]:
    """The file as bytes. Memory: the map.

    Raises
    ------
    BadInput
        If the map has a rule for unmapped codes, which a table of codes cannot say.
    NotSupported
        If Polars is not installed.
    """
    try:
        import polars as pl
    except ImportError:
        raise NotSupported("Parquet needs Polars: pip install 'termserver[bulk]'.") from None
    concept_map = export.concept_map
    columns: dict[str, list[object]] = {}
    names = (*_TEXTS, "closeness", "position", "conditional", "no_map", "comment", "map")
    for name in names:
        columns[name] = []
    for line in _lines(export):
        for name, value in zip(names, (*line, concept_map.canonical), strict=True):
            columns[name].append(value)
    schema = {
        **dict.fromkeys(_TEXTS, pl.String),
        "closeness": pl.Int8,
        "position": pl.Int64,
        "conditional": pl.Boolean,
        "no_map": pl.Boolean,
        "comment": pl.String,
        "map": pl.String,
    }
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema=schema).write_parquet(buffer)
    yield buffer.getvalue()


def _lines(export: MapExport) -> Iterator[tuple[object, ...]]:
    position = 0
    for group in export.concept_map.groups:
        if group.unmapped is not None:
            raise BadInput(
                f"The map has a rule for unmapped codes ({group.unmapped.mode}), which a table of codes cannot say; "
                "take 'termserver translate', which follows it."
            )
        for element in group.elements:
            source = (group.source, element.code, element.display)
            if element.no_map or not element.targets:
                yield (*source, group.target, None, None, None, FARTHEST, position, False, True, element.comment)
                position += 1
            for target in element.targets:
                yield (
                    *source, group.target, target.code, target.display, target.relationship.value,
                    CLOSENESS.get(target.relationship, FARTHEST), position, bool(target.depends_on), False, target.comment,
                )  # fmt: skip
                position += 1
