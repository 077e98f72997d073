"""Which formats there are, and one door to all: format name → writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from termserver.errors import BadInput
from termserver.exports.concept_map import write_fhir
from termserver.exports.csv_table import write_csv
from termserver.exports.rows import rows_from_map
from termserver.exports.usagi import write_usagi
from termserver.fhir.versions import FhirVersion
from termserver.model.concept_map import ConceptMap
from termserver.model.export_row import ExportRow


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format of export.

    Parameters
    ----------
    write_map
        Writes a concept map; None where the format is written from rows.
    write_rows
        Writes rows; None where the format is written from a concept map.
    """

    name: str
    title: str
    media_type: str
    suffix: str
    write_map: Callable[[ConceptMap], Iterator[bytes]] | None = None
    write_rows: Callable[[Iterable[ExportRow]], Iterator[bytes]] | None = None


_CSV = "text/csv; charset=utf-8"
FORMATS: dict[str, ExportFormat] = {
    item.name: item
    for item in (
        *(
            ExportFormat(
                f"fhir-{version.path}",
                f"FHIR {version.path.upper()} ConceptMap",
                version.content_type,
                ".json",
                write_map=partial(write_fhir, version=version),
            )
            for version in FhirVersion
        ),
        ExportFormat("csv", "Table (CSV)", _CSV, ".csv", write_rows=write_csv),
        ExportFormat("usagi", "Usagi save file", _CSV, ".usagi.csv", write_rows=write_usagi),
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


def write_map(concept_map: ConceptMap, format_name: str, *, rows: Iterable[ExportRow] | None = None) -> Iterator[bytes]:
    """A map in a format, as bytes.

    Parameters
    ----------
    rows
        The rows behind the map, where they are at hand (a project's): tables then show status, people and
        frequencies, and rows without a decision. Without them a table is made from the map.
    """
    chosen = find_format(format_name)
    if chosen.write_rows is not None:
        return chosen.write_rows(rows_from_map(concept_map) if rows is None else rows)
    if chosen.write_map is None:
        raise BadInput(f"'{format_name}' cannot be written from a map")
    return chosen.write_map(concept_map)
