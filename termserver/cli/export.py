"""`termserver export`: a project's working map, or a published map, as a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.model.project import Project
    from termserver.store.engine import Session

_FORMATS = ("fhir-r4", "fhir-r4b", "fhir-r5", "csv", "usagi")


@click.command()
@click.argument("map_or_project", metavar="PROJECT_OR_MAP_URL")
@click.option("--format", "format_name", type=click.Choice(_FORMATS), default="fhir-r4", show_default=True)
@click.option(
    "--working", is_flag=True, help="The project as it stands, undecided rows included; not what is published."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File; standard output if absent."
)
@data_option
def export(map_or_project: str, format_name: str, working: bool, output: Path | None, data: Path | None) -> None:
    """Write a map as FHIR, CSV or Usagi.

    PROJECT_OR_MAP_URL is the short name of a project, or the canonical URL of a published map (`url|version` pins it).
    """
    _, database = open_database(data=data)
    try:
        with database.session() as session:
            chunks = _chunks(session, map_or_project, format_name, working=working)
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


def _chunks(session: Session, named: str, format_name: str, *, working: bool) -> Iterator[bytes]:
    from termserver.curation.publish import export_rows, working_map
    from termserver.errors import BadInput
    from termserver.exports.registry import write_map

    project = _project(session, named)
    if working:
        if project is None:
            raise BadInput(f"--working needs the short name of a project; '{named}' is none")
        return write_map(working_map(session, None, project), format_name, rows=export_rows(session, None, project))
    return _published(session, named if project is None else project.map_url, format_name)


def _published(session: Session, canonical: str, format_name: str) -> Iterator[bytes]:
    from termserver.errors import NotFound
    from termserver.exports.registry import write_map
    from termserver.store.concept_maps import find_concept_map, read_concept_map

    url, _, version = canonical.partition("|")
    stored = find_concept_map(session, url, version or None)
    if stored is None:
        raise NotFound(f"Nothing is published as '{canonical}'; --working writes a project as it stands")
    return write_map(read_concept_map(session, stored.id), format_name)


def _project(session: Session, named: str) -> Project | None:
    from termserver.store.projects import list_projects

    return next((project for project in list_projects(session) if project.slug == named), None)
