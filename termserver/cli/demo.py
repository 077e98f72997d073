"""`termserver demo`: the sample content, suggested and ready to be looked at; what the first `scripts/start` does."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.settings import Settings
    from termserver.store.engine import Database

TARGETS = ("icd-10-who", "loinc-sample")
COUNTRIES = ("se", "no", "dk", "is", "fi", "ee", "lv", "lt")
KINDS = ("diagnoses", "laboratory")
SIGN_IN_FILE = "first-sign-in.txt"
_PEOPLE = (("mapper", "Maja Mapper", "mapper"), ("publisher", "Pirkko Publisher", "administrator"))


@click.command()
@data_option
def demo(data: Path | None) -> None:
    """Load FHIR's own terminology, ICD-10, a LOINC sample and sixteen lists of eight countries, suggest, create two people.

    What is there already is left as it is; a second run takes up where the first one stopped.
    """
    settings, database = open_database(data=data)
    _load_fhir_core(database, settings)
    for name in TARGETS:
        _load_target(database, settings, name)
    added = [_load_list(database, f"sample-{country}-{kind}") for country in COUNTRIES for kind in KINDS]
    if any(added):
        _suggest(database, settings)
    _people(database, settings)


def _load_fhir_core(database: Database, settings: Settings) -> None:
    """What FHIR clients expect to be there: all of it with npm, the common enumerations without."""
    from termserver.cli.packages import load_package_set
    from termserver.curation.fhir_core import FHIR_CORE, has_packages, store_enumerations
    from termserver.errors import TermserverError
    from termserver.loaders.fhir_package import find_package_set

    packages = find_package_set(FHIR_CORE)
    if packages is None or has_packages(database):
        return
    try:
        load_package_set(database, settings, packages)
    except TermserverError as error:
        store_enumerations(database)
        click.echo(f"FHIR's own terminology: only the common enumerations. {error.message}")
        click.echo("  'termserver load fhir-core' loads the rest later.")


def _load_target(database: Database, settings: Settings, name: str) -> None:
    from termserver.curation.content import load_code_system
    from termserver.index.cache import IndexFolder
    from termserver.loaders.recipe import find_recipe
    from termserver.loaders.registry import read_recipe
    from termserver.loaders.source import LoadedCodeSystem
    from termserver.store.code_systems import find_code_system

    recipe = find_recipe(name)
    with database.session() as session:
        if find_code_system(session, recipe.url) is not None:
            return
    loaded = read_recipe(recipe)
    assert isinstance(loaded, LoadedCodeSystem)
    index = IndexFolder(settings.index_folder())
    stored = load_code_system(database, index, None, loaded.header, loaded.concepts, recipe=name)
    click.echo(f"Loaded {stored.header.title or name}: {stored.concept_count:,} concepts")


def _load_list(database: Database, name: str) -> bool:
    from termserver.curation.upload import create_project
    from termserver.loaders.recipe import find_recipe
    from termserver.loaders.registry import read_recipe
    from termserver.loaders.source import LoadedList
    from termserver.store.projects import list_projects

    recipe = find_recipe(name)
    loaded = read_recipe(recipe)
    assert isinstance(loaded, LoadedList)
    header = loaded.header
    with database.session(write=True) as session:
        if any(project.source_url == header.url for project in list_projects(session)):
            return False
        project = create_project(
            session,
            None,
            loaded,
            title=header.title,
            source_url=header.url,
            version=header.version,
            language=header.language,
            country=header.country,
            target_systems=header.target_systems,
        )
    click.echo(f"Loaded {project.title}: {project.progress.rows} rows")
    return True


def _suggest(database: Database, settings: Settings) -> None:
    from termserver.curation.engines import Engines
    from termserver.worker import Worker

    worker, done = Worker(database, settings, Engines(database, settings)), 0
    while worker.run_one():
        done += 1
    click.echo(f"Suggested candidates for {done} lists")


def _people(database: Database, settings: Settings) -> None:
    """Two people with random passwords, printed and kept in a file that only the owner reads."""
    from termserver.curation.people import any_person, create_person
    from termserver.model.person import Role

    path = settings.data / SIGN_IN_FILE
    with database.session(write=True) as session:
        if not any_person(session):
            lines = []
            for login, name, role in _PEOPLE:
                password = "-".join(secrets.token_hex(2) for _ in range(3))
                create_person(session, None, login=login, name=name, password=password, role=Role(role))
                lines.append(f"{login}  {password}  ({role})")
            path.touch(mode=0o600)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if path.exists():
        click.echo(f"Sign in as (also in {path}; delete it once you have changed the passwords):")
        click.echo("".join(f"  {line}\n" for line in path.read_text(encoding="utf-8").splitlines()), nl=False)
