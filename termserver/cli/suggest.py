"""`termserver suggest`: run the engine over a project now, as the worker would."""

from __future__ import annotations

from pathlib import Path

import click

from termserver.cli.opening import data_option, open_database
from termserver.errors import NotFound


@click.command()
@click.argument("project")
@data_option
def suggest(project: str, data: Path | None) -> None:
    """Suggest candidates for all rows of PROJECT (its short name, as in its address)."""
    from termserver.curation.engines import Engines
    from termserver.curation.suggest import queue_suggestions
    from termserver.store import jobs, projects
    from termserver.worker import Worker

    settings, database = open_database(data=data)
    with database.session(write=True) as session:
        found = projects.find_project(session, project)
        if found is None:
            known = ", ".join(one.slug for one in projects.list_projects(session)) or "none yet"
            raise NotFound(f"No project '{project}'. Projects: {known}.")
        job = queue_suggestions(session, None, found)
    running = Worker(database, settings, Engines(database, settings))
    while running.run_one():
        with database.session() as session:
            done = jobs.read_job(session, job.id)
        if done is not None and done.is_over:
            click.echo(f"{found.title}: {done.state.value}. {done.message}")
            return
