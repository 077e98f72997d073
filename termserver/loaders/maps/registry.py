"""Which file holds which kind of map, and one door to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from termserver.errors import BadFile, BadInput
from termserver.fhir.concept_map import read_concept_map
from termserver.fhir.versions import FhirVersion
from termserver.loaders.fhir_json import looks_like_fhir_json
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader
from termserver.loaders.maps.map_table import read_map_table
from termserver.loaders.maps.rf2_map import is_rf2_map_file, read_rf2_map
from termserver.loaders.maps.sssom import is_sssom_file, read_sssom
from termserver.loaders.table import is_spreadsheet

MAP_FORMATS = ("fhir-r4", "fhir-r5", "sssom", "rf2", "table")


def read_map(
    path: Path,
    header: MapHeader,
    *,
    format_name: str | None = None,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
) -> LoadedMap:
    """Read a map, recognised by its content.

    Parameters
    ----------
    format_name
        One of `MAP_FORMATS`, to overrule recognition. `table` is ours, Snap2SNOMED's, OMOP's or any other.
    columns
        See `read_map_table`.

    Raises
    ------
    BadFile
        If the file is damaged, or is no map.
    """
    name = name or path.name
    if not path.is_file():
        raise BadFile("there is no such file", file=str(path))
    chosen = format_name or recognise_map(path)
    if chosen not in MAP_FORMATS:
        raise BadFile(f"the format '{chosen}' is unknown; use one of: {', '.join(MAP_FORMATS)}", file=name)
    if chosen.startswith("fhir"):
        return _read_fhir(path, chosen, header, name=name)
    if chosen == "sssom":
        return read_sssom(path, header, name=name)
    if chosen == "rf2":
        return read_rf2_map(path, header, name=name)
    return read_map_table(path, header, columns=columns, name=name)


def recognise_map(path: Path) -> str:
    """The format of a map's file, by its content; R5 is told by what only R5 says."""
    if is_spreadsheet(path):
        return "table"
    if looks_like_fhir_json(path):
        text = path.read_bytes()
        return "fhir-r5" if b'"relationship"' in text or b'"noMap"' in text else "fhir-r4"
    if is_sssom_file(path):
        return "sssom"
    return "rf2" if is_rf2_map_file(path) else "table"


def _read_fhir(path: Path, chosen: str, header: MapHeader, *, name: str) -> LoadedMap:
    """Memory: the whole map. The REST API takes larger ones as a stream."""
    import orjson

    version = FhirVersion.R5 if chosen == "fhir-r5" else FhirVersion.R4
    try:
        concept_map = read_concept_map(orjson.loads(path.read_bytes()), version)
    except orjson.JSONDecodeError as error:
        raise BadFile(f"this is no JSON: {error.msg}", file=name, line=error.lineno) from None
    except BadInput as error:
        raise BadFile(error.message, file=name) from None
    named = {key: value for key in ("url", "version", "title") if (value := getattr(header, key))}
    loaded = LoadedMap(replace(concept_map, **named))
    loaded.counts.rows = sum(len(group.elements) for group in concept_map.groups)
    return loaded
