"""`termserver train`: make the weights of the matching engine from parallel content."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--data",
    envvar="TERMSERVER_DATA_SOURCES",
    default="../shared/data",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with code_systems/, parallel/, targets/ and gold/.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the weights; the package's own by default.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same bytes.")
@click.option(
    "--write-held-out",
    type=click.Path(path_type=Path),
    help="Only write the held-out rows to this folder, as gold files for `termserver evaluate`.",
)
def train(data: Path, out: Path | None, seed: int, write_held_out: Path | None) -> None:
    """Train own model, ranker and calibration; about 15 minutes on two cores for the whole data folder.

    Nothing is served until a server is started with the new weights.
    """
    from termserver.errors import BadInput
    from termserver.matching.own_model import WEIGHTS
    from termserver.matching.training import run

    if not data.is_dir():
        raise BadInput(f"{data}: no such folder; name it with --data or TERMSERVER_DATA_SOURCES")
    if write_held_out:
        for path in run.write_held_out(data, write_held_out):
            click.echo(path)
        return
    run.train(data, out or WEIGHTS, seed=seed, report=click.echo)
    click.echo(f"Weights and MODEL_CARD.md written to {out or WEIGHTS}.")
