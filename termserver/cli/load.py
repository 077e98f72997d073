"""`termserver load`: code systems and source lists into the database, by recipe, file or folder."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database
from termserver.errors import BadInput, TermserverError

if TYPE_CHECKING:
    from termserver.loaders.recipe import Recipe
    from termserver.loaders.registry import Loadable
    from termserver.loaders.source import LoadedCodeSystem, LoadedList, ReadCounts
    from termserver.model.code_system import CodeSystem, Concept
    from termserver.model.source_list import RowProblem
    from termserver.settings import Settings
    from termserver.store.engine import Database, Session

_SHOWN_PROBLEMS = 20
_PLAIN_STEP = 50_000
# Targets come first, so that lists and supplements find them.
_TARGETS_FIRST = ("icd-10-who", "loinc-sample")


@dataclass(slots=True)
class _Order:
    """What the options ask for, and what went wrong so far."""

    database: Database
    index_folder: Path
    file_format: str | None
    header: CodeSystem
    as_list: bool
    targets: tuple[str, ...]
    override_reason: str | None
    with_supplement: bool
    problems: list[tuple[str, RowProblem]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME_OR_PATH]...")
@click.option("--list", "lists", is_flag=True, help="List the recipes and stop.")
@click.option("--all-recipes", is_flag=True, help="Load every recipe whose files are there.")
@click.option("--format", "file_format", help="Format of the file, where its content does not tell.")
@click.option("--url", help="Canonical URL, where the file does not say it.")
@click.option("--version", "version", help="Version, where the file does not say it.")
@click.option("--language", help="Language of the terms (sv, nb, da, fi, is, et, lv, lt…).")
@click.option("--project", "as_list", is_flag=True, help="Load as a source list to be mapped, not as a code system.")
@click.option(
    "--target", "targets", multiple=True, metavar="SYSTEM", help="Code system to map the list to; repeatable."
)
@click.option(
    "--no-supplement", is_flag=True, help="Do not offer a national edition's titles for the international codes."
)
@click.option("--personal-ids-reason", metavar="TEXT", help="Why cells that look like personal numbers may be stored.")
@click.option(
    "--problems", "problems_file", type=click.Path(path_type=Path, dir_okay=False), help="Write all problems as CSV."
)
@click.option(
    "--sources",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of publishers' files (setting `data_sources`).",
)
@data_option
def load(
    names: tuple[str, ...],
    lists: bool,
    all_recipes: bool,
    file_format: str | None,
    url: str | None,
    version: str | None,
    language: str | None,
    as_list: bool,
    targets: tuple[str, ...],
    no_supplement: bool,
    personal_ids_reason: str | None,
    problems_file: Path | None,
    sources: Path | None,
    data: Path | None,
) -> None:
    """Load recipes, files or folders.

    NAME_OR_PATH is a recipe (`termserver load --list` shows them), a file (CSV, TSV, XLSX, XLS, ODS, FHIR CodeSystem,
    FHIR package, Usagi), a release folder or zip (SNOMED CT RF2, LOINC), or a folder of such files. Usagi files become projects.

    One thing that fails does not stop the others; the exit code is then 1.
    """
    from termserver.model.code_system import CodeSystem

    if lists:
        _list_recipes(sources)
        return
    if not names and not all_recipes:
        raise click.UsageError("Name a recipe, a file or a folder; 'termserver load --list' shows the recipes.")
    settings, database = open_database(data=data, data_sources=sources)
    order = _Order(
        database=database,
        index_folder=settings.index_folder(),
        file_format=file_format,
        header=CodeSystem(url=url or "", version=version or "", name="", language=language),
        as_list=as_list,
        targets=targets,
        override_reason=personal_ids_reason,
        with_supplement=not no_supplement,
    )
    folder = settings.sources_folder()
    names = _without_packages(names, order, settings)
    for loadable in _loadables(names, folder, order, all_recipes=all_recipes):
        with _one_failure_does_not_stop_the_others(loadable.name, order):
            _load_one(loadable, order)
    if problems_file is not None:
        _write_problems(order.problems, problems_file)
    if order.failed:
        click.echo(f"Not loaded: {', '.join(order.failed)}.", err=True)
        raise SystemExit(1)


def _without_packages(names: Sequence[str], order: _Order, settings: Settings) -> tuple[str, ...]:
    """Load those that are FHIR packages or sets of them; the names of the others."""
    from termserver.cli.packages import load_package_file, load_package_set
    from termserver.loaders.fhir_package import find_package_set

    others = []
    for name in names:
        packages = find_package_set(name)
        with _one_failure_does_not_stop_the_others(name, order):
            if packages is not None:
                load_package_set(order.database, settings, packages)
            elif name.endswith(".tgz") and Path(name).is_file():
                load_package_file(order.database, Path(name))
            else:
                others.append(name)
    return tuple(others)


def _loadables(names: Sequence[str], folder: Path | None, order: _Order, *, all_recipes: bool) -> Iterator[Loadable]:
    from termserver.loaders.recipe import find_recipe, recipes_folder
    from termserver.loaders.registry import Loadable, find_loadables

    if all_recipes:
        for recipe in _recipes_in_order():
            if _files_are_there(recipe, folder):
                yield Loadable(name=recipe.name, recipe=recipe, data_folder=folder)
            else:
                click.echo(f"{recipe.name}: skipped, its files are not in {folder or 'a data folder (none is set)'}.")
    for name in names:
        with _one_failure_does_not_stop_the_others(name, order):
            is_recipe = "/" not in name and (recipes_folder() / name / "source.toml").is_file()
            if is_recipe or not Path(name).exists():
                yield Loadable(name=name, recipe=find_recipe(name), data_folder=folder)
            else:
                yield from find_loadables(Path(name))


def _load_one(loadable: Loadable, order: _Order) -> None:
    from termserver.loaders.source import LoadedList

    overrides = order.header if loadable.recipe is None else None
    loaded = loadable.read(file_format=order.file_format, as_list=order.as_list, overrides=overrides)
    try:
        if isinstance(loaded, LoadedList):
            _store_list(loadable, loaded, order)
            return
        _store_code_system(loadable.name, loaded, order, recipe=loadable.recipe.name if loadable.recipe else None)
    finally:
        _report_problems(loadable.name, loaded.problems, order)
    if loadable.recipe is not None and order.with_supplement:
        _store_supplement(loadable, order)


def _store_code_system(
    name: str, loaded: LoadedCodeSystem, order: _Order, *, recipe: str | None, shows_counts: bool = True
) -> None:
    from termserver.curation.content import load_code_system
    from termserver.index.cache import IndexFolder

    index = IndexFolder(order.index_folder)
    with _progress(name, loaded) as concepts:
        stored = load_code_system(order.database, index, None, loaded.header, concepts, recipe=recipe)
    what = "names" if loaded.header.content == "supplement" else "concepts"
    title = loaded.header.title or loaded.header.name
    click.echo(f"{name}: {title}, {stored.header.canonical}: {stored.concept_count:,} {what} stored.")
    if shows_counts:
        click.echo(f"  {_counts(loaded.counts)}")


def _store_list(loadable: Loadable, loaded: LoadedList, order: _Order) -> None:
    from termserver.curation.upload import create_project

    header = loaded.header
    with order.database.session(write=True) as session:
        known = _project_of_list(session, order.header.url or header.url, order.header.version or header.version)
        if known is not None:
            click.echo(f"{loadable.name}: project {known} holds this version of the list already; left as it is.")
            return
        project = create_project(
            session,
            None,
            loaded,
            title=header.title,
            source_url=order.header.url or header.url,
            version=order.header.version or header.version,
            language=order.header.language or header.language,
            country=header.country,
            target_systems=order.targets or header.target_systems,
            override_personal_ids_reason=order.override_reason,
        )
    click.echo(f"{loadable.name}: project {project.slug}, {project.progress.rows:,} rows stored.")
    click.echo(f"  {_counts(loaded.counts)}")
    if not project.target_systems:
        click.echo("  No target: rows can be searched by hand; name one with --target to have candidates suggested.")


def _project_of_list(session: Session, url: str, version: str) -> str | None:
    from termserver.store.projects import list_projects

    found = (one for one in list_projects(session) if (one.source_url, one.source_version) == (url, version))
    return next((project.slug for project in found), None)


def _store_supplement(loadable: Loadable, order: _Order) -> None:
    """Offer a national edition's titles as designations of the international codes."""
    from termserver.loaders.registry import read_recipe
    from termserver.loaders.source import LoadedCodeSystem
    from termserver.store.code_systems import find_code_system

    recipe = loadable.recipe
    if recipe is None or recipe.designations_for is None or recipe.content == "supplement":
        return
    with order.database.session() as session:
        if find_code_system(session, recipe.designations_for) is None:
            click.echo(f"  Its titles can also name {recipe.designations_for}: load that first, then this again.")
            return
    loaded = read_recipe(recipe, loadable.data_folder, as_supplement=True)
    if isinstance(loaded, LoadedCodeSystem):
        _store_code_system(f"{recipe.name} (names)", loaded, order, recipe=recipe.name, shows_counts=False)


@contextmanager
def _progress(name: str, loaded: LoadedCodeSystem) -> Iterator[Iterator[Concept]]:
    """A progress bar on a terminal; otherwise a line every 50,000 concepts."""
    if not sys.stderr.isatty():
        yield _with_lines(name, loaded.concepts)
        return
    click.echo(f"{name}: reading…\r", nl=False, err=True)
    first = list(islice(loaded.concepts, 1))
    concepts = chain(first, loaded.concepts)
    with click.progressbar(
        concepts, length=loaded.expected, label=name, show_pos=True, file=sys.stderr, update_min_steps=500
    ) as bar:
        yield iter(bar)


def _with_lines(name: str, concepts: Iterator[Concept]) -> Iterator[Concept]:
    for number, concept in enumerate(concepts, start=1):
        yield concept
        if number % _PLAIN_STEP == 0:
            click.echo(f"{name}: {number:,} concepts…", err=True)


@contextmanager
def _one_failure_does_not_stop_the_others(name: str, order: _Order) -> Iterator[None]:
    try:
        yield
    except TermserverError as error:
        click.echo(f"{name}: not loaded. {error.message}", err=True)
        order.failed.append(name)
    except OSError as error:
        click.echo(f"{name}: not loaded. {error.filename or name} cannot be read: {error.strerror}", err=True)
        order.failed.append(name)


def _counts(counts: ReadCounts) -> str:
    merged = f", {counts.merged:,} merged into an earlier row" if counts.merged else ""
    return f"{counts.rows:,} rows read, {counts.accepted:,} accepted, {counts.refused:,} refused{merged}."


def _report_problems(name: str, problems: Sequence[RowProblem], order: _Order) -> None:
    """The first 20 problems, refusals first, and how many of each kind there are."""
    order.problems.extend((name, problem) for problem in problems)
    ordered = sorted(problems, key=lambda problem: problem.severity != "error")
    for problem in ordered[:_SHOWN_PROBLEMS]:
        click.echo(f"  {'refused' if problem.severity == 'error' else 'look at'}: {_place(problem)}{problem.message}")
    if len(ordered) > _SHOWN_PROBLEMS:
        kinds = Counter(f"{problem.rule} ({problem.severity})" for problem in ordered)
        summary = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
        click.echo(f"  … {len(ordered):,} in all: {summary}. --problems FILE.csv writes them all.")


def _place(problem: RowProblem) -> str:
    parts = [
        f"line {problem.line}" if problem.line is not None else "",
        f"column {problem.column}" if problem.column else "",
        f"code {problem.code}" if problem.code else "",
    ]
    place = ", ".join(part for part in parts if part)
    return f"{place}: " if place else ""


def _write_problems(problems: Sequence[tuple[str, RowProblem]], path: Path) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["source", "line", "column", "code", "severity", "rule", "message"])
            for name, problem in problems:
                place = (problem.line or "", problem.column or "", problem.code or "")
                writer.writerow([name, *place, problem.severity, problem.rule, problem.message])
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from None
    click.echo(f"{len(problems):,} problems written to {path}.")


def _recipes_in_order() -> list[Recipe]:
    """Targets first, code systems before the lists that map to them."""
    from termserver.loaders.recipe import SOURCE_LIST, list_recipes

    return sorted(
        list_recipes(), key=lambda recipe: (recipe.kind == SOURCE_LIST, recipe.name not in _TARGETS_FIRST, recipe.name)
    )


def _files_are_there(recipe: Recipe, folder: Path | None) -> bool:
    return all(
        not file.path or (recipe.folder / file.path).exists() or (folder is not None and (folder / file.path).exists())
        for file in recipe.files
    )


def _list_recipes(sources: Path | None) -> None:
    from termserver.loaders.fhir_package import list_package_sets
    from termserver.settings import load_settings

    folder = load_settings(data_sources=sources).sources_folder()
    recipes = _recipes_in_order()
    width = max(len(recipe.name) for recipe in recipes)
    for recipe in recipes:
        there = "" if _files_are_there(recipe, folder) else "  [files not here: see --sources]"
        click.echo(f"{recipe.name:{width}}  {recipe.kind:11}  {recipe.language or '':3}  {recipe.title}{there}")
    for packages in list_package_sets():
        click.echo(f"{packages.name:{width}}  {'packages':11}  {'en':3}  {packages.title}")
