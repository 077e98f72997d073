"""`termserver worker`: a worker as a process of its own, beside servers started with `--no-worker`."""

from __future__ import annotations

import logging
import signal
from pathlib import Path

import click

from termserver.cli.opening import data_option, open_database


@click.command()
@data_option
@click.option("--once", is_flag=True, help="Run the jobs that wait now, then end.")
def worker(data: Path | None, once: bool) -> None:
    """Run jobs (suggestions) until Ctrl-C."""
    from termserver.curation.engines import Engines
    from termserver.worker import Worker

    settings, database = open_database(data=data)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    running = Worker(database, settings, Engines(database, settings))
    if once:
        while running.run_one():
            pass
        return
    signal.signal(signal.SIGTERM, lambda *_: running.stop(timeout_s=0))
    click.echo(f"Worker {running.name} waits for jobs.")
    running.run()
