"""`termserver load-map`: maps that others made, served as concept maps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database
from termserver.errors import BadInput

if TYPE_CHECKING:
    from termserver.loaders.maps.map_lines import LoadedMap
    from termserver.store.concept_maps import StoredConceptMap

_SHOWN_PROBLEMS = 20
# As `loaders.maps.registry.MAP_FORMATS`, which is not imported for --help; a test compares them
MAP_FORMAT_NAMES = ("fhir-r4", "fhir-r5", "sssom", "rf2", "omop-concepts", "transcoding", "usagi", "table")


@click.command(name="load-map")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--format", "format_name", type=click.Choice(MAP_FORMAT_NAMES), help="Where the content does not tell.")
@click.option("--url", default="", help="Canonical URL of the map, where the file does not say it.")
@click.option("--version", default="", help="Version of the map, where the file does not say it.")
@click.option("--title", default="", help="Title of the map.")
@click.option(
    "--source-system", default="", metavar="URL", help="Code system of the source codes (url or url|version)."
)
@click.option(
    "--target-system", default="", metavar="URL", help="Code system of the target codes (url or url|version)."
)
@click.option(
    "--column", "columns", multiple=True, metavar="KIND=NAME", help="Which column is what, e.g. source_code=old."
)
@click.option(
    "--vocabulary", "vocabularies", multiple=True, metavar="NAME=URL", help="OMOP: code system of a vocabulary_id."
)
@click.option(
    "--omop-concepts",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="OMOP: CONCEPT.csv of the vocabularies, to name the targets by their own codes.",
)
@click.option("--on-error", type=click.Choice(("stop", "continue")), default="stop", show_default=True)
@data_option
def load_map(
    file: Path,
    format_name: str | None,
    url: str,
    version: str,
    title: str,
    source_system: str,
    target_system: str,
    columns: tuple[str, ...],
    vocabularies: tuple[str, ...],
    omop_concepts: Path | None,
    on_error: str,
    data: Path | None,
) -> None:
    """Load maps from FHIR, SSSOM, an RF2 map reference set, Usagi, OMOP's or MyHealth@EU's tables, any table.

    FHIR: a ConceptMap, a Bundle of them or NDJSON; JSON or XML; R4, R4B or R5. OMOP: source_to_concept_map, or a zip of
    CONCEPT.csv and CONCEPT_RELATIONSHIP.csv (or one beside the other).

    With --on-error stop, one line that cannot be read keeps the whole map out; `continue` leaves such lines out and
    names them. Nothing is half-stored either way.
    """
    from termserver.loaders.maps.map_lines import MapHeader
    from termserver.loaders.maps.map_table import named_columns
    from termserver.loaders.maps.omop_vocabularies import named_vocabularies
    from termserver.loaders.maps.registry import opened_maps

    named = named_columns(columns, "--column")
    known = named_vocabularies(vocabularies, "--vocabulary")
    header = MapHeader(url, version, title, source_system, target_system, known)
    with opened_maps(file, header, format_name=format_name, columns=named, omop_concepts=omop_concepts) as maps:
        for loaded in maps:
            _tell_problems(loaded)
        if on_error == "stop" and any(loaded.problems for loaded in maps):
            raise BadInput(
                f"{file.name}: nothing was stored; correct the lines, or take --on-error continue to leave them out."
            )
        stored = _store(maps, data)
    for loaded, one in zip(maps, stored, strict=True):
        counts = loaded.counts
        click.echo(f"{one.header.canonical}: {one.element_count:,} source codes stored, ConceptMap/{one.fhir_id}.")
        for note in loaded.notes:
            click.echo(f"  {note}.")
        click.echo(
            f"  {counts.rows:,} lines read, {counts.refused:,} refused, {counts.merged:,} said again what stood before."
        )


def _store(maps: list[LoadedMap], data: Path | None) -> list[StoredConceptMap]:
    """All of them, or none."""
    from termserver.curation.foreign_maps import store_concept_map

    _, database = open_database(data=data)
    try:
        with database.session(write=True) as session:
            return [store_concept_map(session, None, loaded.concept_map, loaded.rows) for loaded in maps]
    finally:
        database.close()


def _tell_problems(loaded: LoadedMap) -> None:
    for problem in loaded.problems[:_SHOWN_PROBLEMS]:
        place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
        click.echo(f"  refused: {place}: {problem.message}", err=True)
    if len(loaded.problems) > _SHOWN_PROBLEMS:
        click.echo(f"  … {len(loaded.problems):,} in all.", err=True)
