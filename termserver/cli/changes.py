"""`termserver changes`: what became different between two versions of a map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.model.concept_map import MapElement
    from termserver.model.map_changes import MapChanges


@click.command()
@click.argument("map_url")
@click.option("--from", "old", required=True, metavar="VERSION", help="The version that is compared with.")
@click.option("--to", "new", metavar="VERSION", help="The other one; the version in force if absent.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(("added", "removed", "changed", "renamed")),
    help="List only these; repeatable.",
)
@click.option("--limit", default=100, show_default=True, type=click.IntRange(0), help="How many to list.")
@click.option("--json", "as_json", is_flag=True, help="As a FHIR Parameters resource.")
@data_option
def changes(
    map_url: str, old: str, new: str | None, kinds: tuple[str, ...], limit: int, as_json: bool, data: Path | None
) -> None:
    """Compare two versions of a published map, source code by source code.

    `renamed` are codes of which only displays differ. The exit code is 0 whether anything differs or not.
    """
    from termserver.model.map_changes import ChangeKind, MapChangesRequest
    from termserver.terminology.service import Terminology

    settings, database = open_database(data=data)
    terminology = Terminology(database, settings)
    try:
        wanted = tuple(ChangeKind(kind) for kind in kinds)
        found = terminology.changes(MapChangesRequest(map_url, old, new, wanted, 0, limit))
    finally:
        terminology.close()
        database.close()
    if as_json:
        import orjson

        from termserver.fhir.changes_parameters import write_changes

        click.echo(orjson.dumps(write_changes(found), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(found)


def _print(found: MapChanges) -> None:
    click.echo(f"{found.old}  sha256:{found.old_hash[:12]}…")
    click.echo(f"{found.new}  sha256:{found.new_hash[:12]}…")
    counted = ", ".join(f"{count} {kind.value}" for kind, count in found.counts.items())
    click.echo(f"{counted}, {found.unchanged} unchanged")
    for note in found.notes:
        click.echo(f"  {note}")
    for change in found.changes:
        click.echo(f"{change.kind.value:8} {change.code}: {_said(change.before)} → {_said(change.after)}")
    left = sum(found.counts.values()) - len(found.changes)
    if left > 0:
        click.echo(f"… and {left} more (--limit, --kind)")


def _said(elements: tuple[MapElement, ...]) -> str:
    """The targets with the sign of their relationship: `=I21.9, <I21`."""
    if not elements:
        return "—"
    targets = [target for element in elements for target in element.targets]
    if not targets:
        return "no map" if any(element.no_map for element in elements) else "no target"
    return ", ".join(f"{target.relationship.sign}{target.code or target.value_set}" for target in targets)
