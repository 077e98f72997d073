"""A file with one map, read whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.loaders.maps.registry import read_maps
from termserver.model.concept_map import MapElement
from termserver.store.json_text import from_text


def read_map(path: Path, header: MapHeader, **options: Any) -> LoadedMap:
    """The map of the file, with its elements in memory."""
    (loaded,) = read_maps(path, header, **options)
    return whole(loaded)


def whole(loaded: LoadedMap) -> LoadedMap:
    """The same with its elements in memory."""
    if loaded.rows is None:
        return loaded
    elements: list[list[MapElement]] = [[] for _ in loaded.concept_map.groups]
    for group, code, body in loaded.rows:
        assert orjson.loads(body)["code"] == code
        elements[group].append(from_text(MapElement, body))
    loaded.rows.close()
    groups = zip(loaded.concept_map.groups, elements, strict=True)
    loaded.concept_map = replace(
        loaded.concept_map, groups=tuple(replace(group, elements=tuple(found)) for group, found in groups)
    )
    return loaded
