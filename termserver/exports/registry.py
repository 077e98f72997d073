"""Which formats there are, and one door to all: format name → writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from termserver.errors import BadInput
from termserver.exports.concept_map import write_fhir
from termserver.exports.csv_table import write_csv
from termserver.exports.omop import write_extended_source_to_concept_map, write_source_to_concept_map
from termserver.exports.omop_concepts import write_local_concepts
from termserver.exports.parquet import write_parquet
from termserver.exports.rf2 import write_extended_map, write_simple_map
from termserver.exports.rows import rows_from_map
from termserver.exports.snap2snomed import write_snap2snomed
from termserver.exports.spreadsheet import write_xlsx
from termserver.exports.sssom import write_sssom
from termserver.exports.transcoding import write_transcoding
from termserver.exports.usagi import write_usagi
from termserver.fhir.versions import FhirVersion
from termserver.model.concept_map import ConceptMap
from termserver.model.export_row import ExportRow
from termserver.model.map_export import ExportOptions, MapExport


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of export.

    Parameters
    ----------
    write
        Writes a map and its rows as bytes.
    suffix
        Of a file in this format.
    """

    name: str
    title: str
    media_type: str
    suffix: str
    write: Callable[[MapExport], Iterator[bytes]]


_CSV = "text/csv; charset=utf-8"
_TSV = "text/tab-separated-values; charset=utf-8"
_ZIP = "application/zip"
_PARQUET = "application/vnd.apache.parquet"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: dict[str, ExportFormat] = {
    item.name: item
    for item in (
        *(
            ExportFormat(
                f"fhir-{version.path}",
                f"FHIR {version.path.upper()} ConceptMap",
                version.content_type,
                ".json",
                partial(write_fhir, version=version),
            )
            for version in FhirVersion
        ),
        ExportFormat("csv", "Table (CSV)", _CSV, ".csv", write_csv),
        ExportFormat("xlsx", "Table (spreadsheet)", _XLSX, ".xlsx", write_xlsx),
        ExportFormat("parquet", "Table to join with (Parquet)", _PARQUET, ".parquet", write_parquet),
        ExportFormat("usagi", "Usagi save file", _CSV, ".usagi.csv", write_usagi),
        ExportFormat("omop", "OMOP source_to_concept_map", _CSV, ".stcm.csv", write_source_to_concept_map),
        ExportFormat(
            "omop-extended",
            "OMOP source_to_concept_map, extended",
            _CSV,
            ".stcm-extended.csv",
            write_extended_source_to_concept_map,
        ),
        ExportFormat("omop-concepts", "OMOP local concepts", _ZIP, ".omop.zip", write_local_concepts),
        ExportFormat("sssom", "SSSOM mapping set", _TSV, ".sssom.tsv", write_sssom),
        ExportFormat("rf2-simple", "RF2 simple map", _TSV, ".simplemap.txt", write_simple_map),
        ExportFormat("rf2-extended", "RF2 extended map", _TSV, ".extendedmap.txt", write_extended_map),
        ExportFormat("snap2snomed", "Snap2SNOMED", _CSV, ".snap2snomed.csv", write_snap2snomed),
        ExportFormat("transcoding", "MyHealth@EU transcoding tables", _ZIP, ".transcoding.zip", write_transcoding),
    )
}


def find_format(name: str) -> ExportFormat:
    """The format of that name.

    Raises
    ------
    BadInput
        Listing the formats there are.
    """
    found = FORMATS.get(name)
    if found is None:
        raise BadInput(f"'{name}' is no format of export; there are {', '.join(FORMATS)}")
    return found


def write_map(
    concept_map: ConceptMap,
    format_name: str,
    *,
    rows: Iterable[ExportRow] | None = None,
    options: ExportOptions | None = None,
) -> Iterator[bytes]:
    """A map in a format, as bytes.

    Parameters
    ----------
    rows
        The rows behind the map, where they are at hand (a project's): tables then show status, people and
        frequencies, and rows without a decision. Without them a table is made from the map.
    options
        What the format needs beyond them.

    Raises
    ------
    BadInput
        If there is no such format, or it cannot hold this map; the text says what to change.
    """
    chosen = find_format(format_name)
    given = rows_from_map(concept_map) if rows is None else rows
    return chosen.write(MapExport(concept_map, given, options or ExportOptions()))
