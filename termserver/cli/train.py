"""`termserver train`: make the weights of the matching engine from parallel content, from decisions, or from titles."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from termserver.matching.training.comparison import Comparison
    from termserver.model.candidate import Target


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
@click.option("--from-decisions", is_flag=True, help="Fit ranker and probabilities to this deployment's decisions.")
@click.option(
    "--titles",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of `code` and `title` (or two columns): teach the own model a language. With --language and a target.",
)
@click.option("--language", help="BCP-47 tag of the --titles, e.g. is.")
@click.option("--target-system", help="Canonical URL of the loaded code system whose codes the --titles have.")
@click.option(
    "--targets",
    "target_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="CSV of targets (code, display) instead of a loaded --target-system.",
)
@click.option("--deployment", type=click.Path(path_type=Path, file_okay=False), help="Data folder (setting `data`).")
@click.option("--name", help="Name of the new weights in the deployment; the time by default.")
@click.option("--switch", is_flag=True, help="Use the new weights at once; without it nothing changes.")
def train(
    data: Path,
    out: Path | None,
    seed: int,
    write_held_out: Path | None,
    from_decisions: bool,
    titles: Path | None,
    language: str | None,
    target_system: str | None,
    target_files: Sequence[Path],
    deployment: Path | None,
    name: str | None,
    switch: bool,
) -> None:
    """Train own model, ranker and calibration; about 15 minutes on two cores for the whole data folder.

    With --from-decisions or --titles: fit the weights in use to what this deployment has, into its data folder, and compare old
    and new on held-out rows. Nothing is served until it is told to: --switch, or `termserver weights use NAME`.
    """
    from termserver.errors import BadInput

    if from_decisions and titles:
        raise BadInput("--from-decisions and --titles are two trainings; run one after the other")
    if from_decisions:
        _in_deployment(deployment, name, "decisions", _decisions_fit(deployment, seed), switch=switch)
        return
    if titles:
        if not language or not (target_system or target_files):
            raise BadInput("--titles needs --language, and --target-system URL or --targets FILE")
        fit = _titles_fit(read_titles(titles), language, _targets(deployment, target_system, target_files), seed)
        _in_deployment(deployment, name, f"titles-{language.lower()}", fit, switch=switch)
        return
    _from_sources(data, out, seed, write_held_out)


def _from_sources(data: Path, out: Path | None, seed: int, write_held_out: Path | None) -> None:
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


def _decisions_fit(deployment: Path | None, seed: int) -> Callable[[Path, Path], Comparison]:
    """Base folder, folder of the new set → comparison."""
    from termserver.cli.opening import open_database
    from termserver.curation.training import decided_lists
    from termserver.matching.training.from_decisions import fit_to_decisions, require_enough

    _, database = open_database(data=deployment)
    lists = decided_lists(database)
    require_enough([row for _, _, rows in lists for row in rows])
    return lambda base, out: fit_to_decisions(lists, base, out, seed=seed, report=click.echo)


def _titles_fit(
    titles: dict[str, str], language: str, targets: Sequence[Target], seed: int
) -> Callable[[Path, Path], Comparison]:
    from termserver.matching.training.from_titles import fit_to_titles

    return lambda base, out: fit_to_titles(titles, language, targets, base, out, seed=seed, report=click.echo)


def _targets(deployment: Path | None, target_system: str | None, files: Sequence[Path]) -> list[Target]:
    from termserver.cli.opening import open_database
    from termserver.curation.training import names_of_system
    from termserver.matching.evaluation import read_targets

    targets = [target for path in files for target in read_targets(path, default_system=path.stem)]
    if target_system:
        _, database = open_database(data=deployment)
        with database.session() as session:
            targets += names_of_system(session, target_system)
    return targets


def _in_deployment(
    deployment: Path | None, name: str | None, kind: str, fit: Callable[[Path, Path], Comparison], *, switch: bool
) -> None:
    """Make a set of weights, say what it changes, and switch only when told."""
    from termserver.matching.weight_sets import WeightSets
    from termserver.settings import load_settings

    sets = WeightSets(load_settings(data=deployment).weights_folder())
    before = sets.in_use()
    name = name or f"{kind}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    found: list[Comparison] = []
    folder = sets.add(name, lambda made: found.append(fit(sets.folder(before), made)))
    report = "\n".join(found[0].lines())
    (folder / "REPORT.txt").write_text(f"Learned beside '{before}'.\n{report}\n", encoding="utf-8")
    click.echo(report)
    if switch:
        sets.use(name)
        click.echo(f"'{name}' is in use now. Back: termserver weights use {before}")
    else:
        click.echo(f"'{name}' is ready; '{before}' stays in use. Switch: termserver weights use {name}")


def read_titles(path: Path) -> dict[str, str]:
    """Code → title of a CSV: the columns `code` and `title` (or `display`), or the first two; comma, semicolon or tab.

    Raises
    ------
    BadFile
        If the file cannot be read or has one column only.
    """
    from termserver.errors import BadFile

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadFile(f"cannot be opened ({error.strerror})", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadFile(f"is not UTF-8 (byte {error.start}); save it as CSV UTF-8", file=str(path)) from error
    first = text.partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter))
    if not rows or len(rows[0]) < 2:
        raise BadFile("needs two columns, code and title", file=str(path), line=1)
    header = [cell.strip().lower() for cell in rows[0]]
    code, title = 0, 1
    if "code" in header:
        code = header.index("code")
        title = next(
            (header.index(one) for one in ("title", "display", "name", "term") if one in header), 1 - min(code, 1)
        )
        rows = rows[1:]
    longest = max(code, title)
    return {row[code].strip(): row[title].strip() for row in rows if len(row) > longest and row[code].strip()}
