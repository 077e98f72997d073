"""`termserver evaluate`: how well the engine ranks the right targets of a gold map."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from termserver.matching.evaluation import GoldRow
    from termserver.model.candidate import Suggestions, Target


@click.command()
@click.argument("gold", type=click.Path(path_type=Path))
@click.option(
    "--targets",
    "target_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="CSV of targets: code, display, perhaps system, kind. Repeat it to search the union.",
)
@click.option("--target-system", help="Canonical URL of a code system loaded in the database, searched too.")
@click.option("--transformer", help="Folder or hub id of a sentence-transformers model (extra `transformers`).")
@click.option("--cross-encoder", help="Folder or hub id of a cross-encoder that reads the best candidates again.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Folder of weights that `termserver train` wrote; the shipped ones by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate(
    gold: Path,
    target_files: Sequence[Path],
    target_system: str | None,
    transformer: str | None,
    cross_encoder: str | None,
    weights: Path | None,
    as_json: bool,
) -> None:
    """Measure the engine on GOLD, a CSV with source_code, source_term, target_code and perhaps language and context.

    Several rows of one source_code: any of their targets is right. The engine never sees source_code.
    """
    from termserver.errors import BadInput
    from termserver.matching.engine import MatchingEngine
    from termserver.matching.evaluation import RECALL_DEPTHS, figures, read_gold
    from termserver.matching.own_model import WEIGHTS

    rows = read_gold(gold)
    targets = [*targets_from_files(target_files, rows), *(targets_from_store(target_system) if target_system else ())]
    if not targets:
        raise BadInput("there is nothing to search: name --targets FILE.csv, or --target-system URL of loaded content")
    engine = MatchingEngine.build(
        targets, transformer=transformer, cross_encoder=cross_encoder, weights=weights or WEIGHTS
    )
    terms = [row.term for row in rows]
    suggestions = engine.suggest(terms, limit=max(RECALL_DEPTHS), profile=engine.profile(terms))
    found = figures(rows, suggestions)
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:<12} {value}")
    click.echo(f"{'engine':<12} {engine.engine_version}")
    for remark, count in counted_remarks(suggestions):
        click.echo(f"{'remark':<12} {count:,} rows: {remark}")


def counted_remarks(suggestions: Iterable[Suggestions]) -> list[tuple[str, int]]:
    """What the engine found odd about terms, numbers in it left out, and of how many rows; the commonest first."""
    counts = Counter(re.sub(r"\d[\d,]*", "…", remark) for one in suggestions for remark in one.remarks)
    return counts.most_common()


def targets_from_files(paths: Sequence[Path], gold: Sequence[GoldRow]) -> list[Target]:
    """Targets of CSV files. A file without a system column gets the gold's system whose codes it holds most of."""
    from termserver.matching.evaluation import read_targets, system_of_codes

    targets: list[Target] = []
    for path in paths:
        read = list(read_targets(path))
        system = system_of_codes({target.code for target in read}, gold)
        targets.extend(target if target.system else _in_system(target, system) for target in read)
    return list({(target.system, target.code): target for target in targets}.values())


def _in_system(target: Target, system: str) -> Target:
    from dataclasses import replace

    return replace(target, system=system)


def targets_from_store(url: str) -> list[Target]:
    """Targets of a code system loaded in the database of the current settings."""
    from termserver.cli.opening import open_database
    from termserver.curation.engines import targets_for_system

    _, database = open_database(data=None)
    with database.session() as session:
        return list(targets_for_system(session, url))
