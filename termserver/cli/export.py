"""`termserver export`: a project's working map, or a published map, as a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.model.concept_map import ConceptMap
    from termserver.model.export_row import ExportRow
    from termserver.model.map_export import ExportOptions
    from termserver.model.project import Project
    from termserver.store.engine import Session

# As `exports.registry.FORMATS`, which is not imported for --help; a test compares them
FORMAT_NAMES = (
    "fhir-r4", "fhir-r4b", "fhir-r5", "csv", "xlsx", "parquet", "usagi", "omop", "omop-extended", "omop-concepts", "sssom",
    "rf2-simple", "rf2-extended", "snap2snomed", "transcoding",
)  # fmt: skip


@click.command()
@click.argument("map_or_project", metavar="PROJECT_OR_MAP_URL")
@click.option("--format", "format_name", type=click.Choice(FORMAT_NAMES), default="fhir-r4", show_default=True)
@click.option(
    "--working", is_flag=True, help="The project as it stands, undecided rows included; not what is published."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File; standard output if absent."
)
@click.option("--licence", help="SSSOM: URL of the map's licence.")
@click.option("--source-vocabulary", help="OMOP: source_vocabulary_id, at most 20 characters.")
@click.option(
    "--omop-concepts",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="OMOP: CONCEPT.csv of the vocabularies, to find concept ids in.",
)
@click.option("--refset-id", help="RF2: SNOMED CT identifier of the map reference set.")
@click.option("--module-id", help="RF2: SNOMED CT identifier of its module.")
@click.option("--effective-time", help="RF2: YYYYMMDD; the map's date if absent.")
@data_option
def export(
    map_or_project: str,
    format_name: str,
    working: bool,
    output: Path | None,
    licence: str | None,
    source_vocabulary: str | None,
    omop_concepts: Path | None,
    refset_id: str | None,
    module_id: str | None,
    effective_time: str | None,
    data: Path | None,
) -> None:
    """Write a map as FHIR, table, Usagi, OMOP, SSSOM, RF2, Snap2SNOMED or transcoding tables.

    PROJECT_OR_MAP_URL is the short name of a project, or the canonical URL of a published map (`url|version` pins it).
    """
    from termserver.model.map_export import ExportOptions

    options = ExportOptions(
        licence=licence,
        source_vocabulary=source_vocabulary,
        refset_id=refset_id,
        module_id=module_id,
        effective_time=effective_time,
    )
    _, database = open_database(data=data)
    try:
        with database.session() as session:
            concept_map, rows = _map_and_rows(session, map_or_project, working=working)
            chunks = _chunks(concept_map, rows, format_name, options, omop_concepts)
            if output is None:
                for chunk in chunks:
                    sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            else:
                _write_file(output, chunks)
    finally:
        database.close()


def _write_file(path: Path, chunks: Iterator[bytes]) -> None:
    """Whole or not at all: a reader never sees half a map."""
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _chunks(
    concept_map: ConceptMap,
    rows: Iterator[ExportRow] | None,
    format_name: str,
    options: ExportOptions,
    omop_concepts: Path | None,
) -> Iterator[bytes]:
    from termserver.exports.registry import write_map
    from termserver.loaders.omop_concepts import read_omop_concepts

    if omop_concepts is not None:
        wanted = {
            (group.target, target.code)
            for group in concept_map.groups
            for element in group.elements
            for target in element.targets
        }
        options = replace(options, omop_concepts=read_omop_concepts(omop_concepts, wanted))
    return write_map(concept_map, format_name, rows=rows, options=options)


def _map_and_rows(session: Session, named: str, *, working: bool) -> tuple[ConceptMap, Iterator[ExportRow] | None]:
    """The map, and the rows behind it for a project as it stands."""
    from termserver.curation.publish import export_rows, working_map
    from termserver.errors import BadInput

    project = _project(session, named)
    if not working:
        return _published(session, named if project is None else project.map_url), None
    if project is None:
        raise BadInput(f"--working needs the short name of a project; '{named}' is none")
    return working_map(session, None, project), export_rows(session, None, project)


def _published(session: Session, canonical: str) -> ConceptMap:
    from termserver.errors import NotFound
    from termserver.store.concept_maps import find_concept_map, read_concept_map

    url, _, version = canonical.partition("|")
    stored = find_concept_map(session, url, version or None)
    if stored is None:
        raise NotFound(f"Nothing is published as '{canonical}'; --working writes a project as it stands")
    return read_concept_map(session, stored.id)


def _project(session: Session, named: str) -> Project | None:
    from termserver.store.projects import list_projects

    return next((project for project in list_projects(session) if project.slug == named), None)
