"""`termserver weights`: which sets of weights there are, and which one serves."""

from __future__ import annotations

from pathlib import Path

import click

from termserver.cli.opening import data_option


@click.group()
def weights() -> None:
    """List the sets of matching weights of this deployment, or choose one.

    Sets are made by `termserver train --from-decisions` and `--titles`; `shipped` is the package's own.
    """


@weights.command("list")
@data_option
def list_sets(data: Path | None) -> None:
    """Show the sets; the one in use has a star."""
    from termserver.matching.weight_sets import WeightSets
    from termserver.settings import load_settings

    sets = WeightSets(load_settings(data=data).weights_folder())
    current = sets.in_use()
    for name in sets.names():
        click.echo(f"{'*' if name == current else ' '} {name:<24} {sets.folder(name)}")


@weights.command("use")
@click.argument("name")
@data_option
def use_set(name: str, data: Path | None) -> None:
    """Let the set NAME serve; `shipped` goes back to the package's own. Running servers follow at the next question."""
    from termserver.matching.weight_sets import WeightSets
    from termserver.settings import load_settings

    sets = WeightSets(load_settings(data=data).weights_folder())
    before = sets.in_use()
    sets.use(name)
    click.echo(f"'{name}' is in use now; before it was '{before}'. New suggestions name it in their engine version.")
