"""Which file holds which kind of map, and one door to all."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from termserver.errors import BadFile
from termserver.fhir.versions import FhirVersion
from termserver.loaders.archive import is_zip
from termserver.loaders.fhir_json import looks_like_fhir_json
from termserver.loaders.fhir_xml import looks_like_fhir_xml
from termserver.loaders.maps.fhir_maps import is_r5, read_fhir_maps
from termserver.loaders.maps.map_lines import LoadedMap, MapHeader, check_header
from termserver.loaders.maps.map_table import read_map_table
from termserver.loaders.maps.omop_concepts import read_omop_map
from termserver.loaders.maps.omop_tables import is_omop_file
from termserver.loaders.maps.rf2_map import is_rf2_map_file, read_rf2_map
from termserver.loaders.maps.sssom import is_sssom_file, read_sssom
from termserver.loaders.maps.transcoding import is_transcoding_file, read_transcoding
from termserver.loaders.maps.usagi_map import read_usagi_map
from termserver.loaders.table import is_spreadsheet
from termserver.loaders.usagi import is_usagi_file

MAP_FORMATS = ("fhir-r4", "fhir-r5", "sssom", "rf2", "omop-concepts", "transcoding", "usagi", "table")


def read_maps(
    path: Path,
    header: MapHeader,
    *,
    format_name: str | None = None,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
    omop_concepts: Path | None = None,
) -> Iterator[LoadedMap]:
    """Read the maps of a file, recognised by its content; only FHIR's forms hold several.

    Parameters
    ----------
    format_name
        One of `MAP_FORMATS`, to overrule recognition. `table` is ours, Snap2SNOMED's, OMOP's or any other.
    columns
        See `read_map_table`.
    omop_concepts
        CONCEPT.csv of the OMOP vocabularies, to name the targets of OMOP's tables.

    Raises
    ------
    BadFile
        If the file is damaged, or is no map.
    BadInput
        If the map cannot be called as the header says.
    """
    name = name or path.name
    check_header(header)
    if not path.is_file():
        raise BadFile("there is no such file", file=str(path))
    chosen = format_name or recognise_map(path)
    if chosen not in MAP_FORMATS:
        raise BadFile(f"the format '{chosen}' is unknown; use one of: {', '.join(MAP_FORMATS)}", file=name)
    with _naming_damage(path, name):
        if chosen.startswith("fhir"):
            yield from read_fhir_maps(
                path, header, FhirVersion.R5 if chosen == "fhir-r5" else FhirVersion.R4, name=name
            )
        elif chosen == "sssom":
            yield read_sssom(path, header, name=name)
        elif chosen == "rf2":
            yield read_rf2_map(path, header, name=name)
        elif chosen == "omop-concepts":
            yield read_omop_map(path, header, name=name, further_concepts=omop_concepts)
        elif chosen == "usagi":
            yield read_usagi_map(path, header, name=name)
        elif chosen == "transcoding":
            yield read_transcoding(path, header, name=name)
        else:
            yield read_map_table(path, header, columns=columns, name=name)


@contextmanager
def _naming_damage(path: Path, name: str) -> Iterator[None]:
    """What the libraries of text and archives raise, as the one error that names the file and, in a text, the line."""
    try:
        yield
    except UnicodeDecodeError:
        raise BadFile("it is not UTF-8; save it anew as UTF-8", file=name, line=_line_that_is_not_utf8(path)) from None
    except csv.Error as error:
        raise BadFile(f"it cannot be read as a table: {error}", file=name) from None
    except (zipfile.BadZipFile, zlib.error) as error:
        raise BadFile(f"the archive is damaged: {error}", file=name) from None
    except (EOFError, OSError, RuntimeError) as error:  # a truncated or an encrypted archive, an unknown compression
        if not is_zip(path):
            raise
        raise BadFile(f"the archive is damaged, or of a kind that is not read: {error}", file=name) from None


def _line_that_is_not_utf8(path: Path) -> int | None:
    """The first such line, from 1; None in an archive."""
    if is_zip(path):
        return None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


@contextmanager
def opened_maps(
    path: Path,
    header: MapHeader,
    *,
    format_name: str | None = None,
    columns: Mapping[str, str] | None = None,
    name: str | None = None,
    omop_concepts: Path | None = None,
) -> Iterator[list[LoadedMap]]:
    """All maps of a file, as `read_maps` reads them; what they hold on disk is there while the block lasts.

    Raises
    ------
    BadFile
        If the file is damaged, or is no map.
    """
    maps: list[LoadedMap] = []
    try:
        maps.extend(
            read_maps(path, header, format_name=format_name, columns=columns, name=name, omop_concepts=omop_concepts)
        )
        yield maps
    finally:
        for loaded in maps:
            if loaded.rows is not None:
                loaded.rows.close()


def recognise_map(path: Path) -> str:
    """The format of a map's file, by its content; R5 is told by what only R5 says."""
    if is_transcoding_file(path):
        return "transcoding"
    if is_omop_file(path):
        return "omop-concepts"
    if is_spreadsheet(path):
        return "table"
    if looks_like_fhir_json(path) or looks_like_fhir_xml(path):
        return "fhir-r5" if is_r5(path) else "fhir-r4"
    if is_sssom_file(path):
        return "sssom"
    if is_usagi_file(path):
        return "usagi"
    return "rf2" if is_rf2_map_file(path) else "table"
