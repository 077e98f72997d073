"""`termserver serve` and the server process."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import click

from termserver.cli.opening import data_option, open_database
from termserver.errors import SettingsError


@click.command()
@data_option
@click.option("--host", help="Address to listen on (setting `host`).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one (setting `port`).")
@click.option("--no-worker", is_flag=True, help="Do not run jobs in this process; `termserver worker` does.")
def serve(data: Path | None, host: str | None, port: int | None, no_worker: bool) -> None:
    """Run the FHIR server and the review UI until Ctrl-C."""
    import uvicorn

    from termserver.app import create_app
    from termserver.curation.fhir_core import store_enumerations

    settings, database = open_database(data=data, host=host, port=port, embedded_worker=False if no_worker else None)
    store_enumerations(database)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    listening = _listen(settings.host, settings.port)
    address = f"http://{settings.host}:{listening.getsockname()[1]}"
    click.echo(f"Review UI    {address}/")
    click.echo(f"FHIR         {address}/r4  {address}/r4b  {address}/r5")
    click.echo(f"Docs         {address}/docs/")
    click.echo(f"Data folder  {settings.data.absolute()}", nl=True)
    config = uvicorn.Config(
        create_app(settings, database),
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    uvicorn.Server(config).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {host} port {port}: {error.strerror}. Is another server running? Choose --port."
        ) from None
    listening.listen(2048)
    return listening
