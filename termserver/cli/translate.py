"""`termserver translate`: $translate for files of any size, for pipelines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database
from termserver.errors import BadInput

if TYPE_CHECKING:
    from termserver.bulk.codes import CodeTranslator
    from termserver.bulk.text_files import BulkResult

TOO_MANY_UNMAPPED = 3
"""Exit code where more rows than --max-unmapped allows have no target; the file is written all the same."""
_SHOWN = 10


@click.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("-"),
    help="File; standard output if absent.",
)
@click.option("--code", "code_column", required=True, metavar="COLUMN", help="Column with the source codes.")
@click.option("--system", metavar="URL", help="Code system of the codes.")
@click.option("--system-column", metavar="COLUMN", help="Column with the code system, where rows differ.")
@click.option(
    "--map", "map_url", metavar="URL", help="Concept map, url or url|version; every active map that fits if absent."
)
@click.option(
    "--target-system", "target_systems", multiple=True, metavar="URL", help="Only targets in this system; repeatable."
)
@click.option(
    "--dependency",
    "dependencies",
    multiple=True,
    metavar="ATTRIBUTE=COLUMN",
    help="A condition of the map and the column with its value; repeatable.",
)
@click.option(
    "--multiple",
    type=click.Choice(("explode", "first", "list", "error")),
    default="explode",
    show_default=True,
    help="What becomes of a code with several targets.",
)
@click.option(
    "--unmapped",
    type=click.Choice(("keep", "drop", "source", "error")),
    default="keep",
    show_default=True,
    help="What becomes of a code without a target.",
)
@click.option("--prefix", default="", help="In front of the names of the added columns.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(("csv", "tsv", "ndjson", "parquet", "arrow")),
    help="Where the file's name does not tell.",
)
@click.option("--delimiter", help="Of delimited text; a comma, or a tab in TSV.")
@click.option(
    "--on-error",
    type=click.Choice(("stop", "continue")),
    default="stop",
    show_default=True,
    help="What a row that cannot be read does.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the codes without a target as CSV, the most frequent first.",
)
@click.option(
    "--max-unmapped",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help=f"Exit code {TOO_MANY_UNMAPPED} if more rows have no target.",
)
@click.option(
    "--lock",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Pin the map versions: written on the first run, checked on later ones.",
)
@data_option
def translate(
    source: Path,
    target: Path,
    code_column: str,
    system: str | None,
    system_column: str | None,
    map_url: str | None,
    target_systems: tuple[str, ...],
    dependencies: tuple[str, ...],
    multiple: str,
    unmapped: str,
    prefix: str,
    file_format: str | None,
    delimiter: str | None,
    on_error: str,
    report: Path | None,
    max_unmapped: float | None,
    lock: Path | None,
    data: Path | None,
) -> None:
    """Translate the codes of a file: CSV, TSV, NDJSON, Parquet or Arrow; `-` is standard input.

    All columns are kept; target_code, target_display, target_system, relationship, map and status are added.
    The output appears whole or not at all. Exit code 0: done; 1: nothing was written, the message says why; 3: see
    --max-unmapped.
    """
    from termserver.bulk.codes import CodeTranslator
    from termserver.bulk.lock import read_lock, write_lock
    from termserver.bulk.order import BulkOrder, Multiple, Unmapped
    from termserver.bulk.report import write_report
    from termserver.bulk.translate import translate_file
    from termserver.terminology.service import Terminology

    order = BulkOrder(
        code_column=code_column,
        system=system,
        system_column=system_column,
        map_url=map_url,
        target_systems=target_systems,
        dependencies=tuple(_pair(item) for item in dependencies),
        multiple=Multiple(multiple),
        unmapped=Unmapped(unmapped),
        prefix=prefix,
    )
    locked = read_lock(lock) if lock is not None and lock.exists() else None
    settings, database = open_database(data=data)
    terminology = Terminology(database, settings)
    try:
        translator = CodeTranslator(terminology, order, locked, lock.name if lock else "")
        result = translate_file(
            source,
            target,
            order,
            translator,
            file_format=file_format,
            delimiter=delimiter,
            goes_on=on_error == "continue",
            on_progress=lambda rows: click.echo(f"{rows:,} rows…", err=True),
        )
        if report is not None:
            write_report(report, order, translator, result)
        if lock is not None and locked is None:
            write_lock(lock, translator.maps_used)
    finally:
        terminology.close()
        database.close()
    _say(result, translator)
    if max_unmapped is not None and result.counts.unmapped_share * 100 > max_unmapped:
        click.echo(f"More than {max_unmapped:g} % of the rows have no target.", err=True)
        raise SystemExit(TOO_MANY_UNMAPPED)


def _say(result: BulkResult, translator: CodeTranslator) -> None:
    counts = result.counts
    parts = ", ".join(f"{rows:,} {status}" for status, rows in counts.rows.most_common())
    click.echo(f"{counts.total:,} rows: {parts or 'none'}.", err=True)
    for item in translator.maps_used:
        click.echo(f"  by {item.canonical} (sha256 {item.content_hash[:12]}…)", err=True)
    for line, reason in result.broken[:_SHOWN]:
        click.echo(f"  left out: line {line}: {reason}", err=True)
    if result.broken_count > _SHOWN:
        click.echo(f"  … {result.broken_count:,} rows left out in all.", err=True)


def _pair(text: str) -> tuple[str, str]:
    attribute, mark, column = text.rpartition("=")
    if not mark or not attribute or not column:
        raise BadInput(f"--dependency {text}: write ATTRIBUTE=COLUMN.")
    return attribute, column
