"""FHIR packages for `termserver load` and `termserver demo`: fetched, read, stored, told about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from termserver.loaders.fhir_package import Package, PackageSet
    from termserver.settings import Settings
    from termserver.store.engine import Database

_SHOWN_FAULTS = 5


def load_package_set(database: Database, settings: Settings, packages: PackageSet) -> None:
    """Fetch what is not in the data folder yet, and store it.

    Raises
    ------
    NotFound
        If a package is not there and cannot be fetched; those before it are stored.
    BadFile
        If a package is not the published one.
    """
    from termserver.loaders.npm import fetch_package

    for package in packages.packages:
        path = fetch_package(package, settings.packages_folder())
        _store(database, path, packages.name, package)


def load_package_file(database: Database, path: Path) -> None:
    """Store the code systems and value sets of a FHIR package in a file."""
    _store(database, path, path.name.removesuffix(".tgz"), None)


def _store(database: Database, path: Path, name: str, package: Package | None) -> None:
    from termserver.curation.fhir_core import store_package
    from termserver.loaders.fhir_package import read_package, release_of_package

    release = package.release if package is not None else release_of_package(path)
    with database.session(write=True) as session:
        counts = store_package(session, name, read_package(path, package), release)
    title = f"{package.name} {package.version}" if package is not None else path.name
    click.echo(
        f"{title}: {counts.code_systems:,} code systems with {counts.concepts:,} concepts, {counts.value_sets:,} value sets "
        f"and {counts.naming_systems:,} naming systems stored; {counts.known:,} known, {counts.without_list:,} without codes."
    )
    for fault in counts.faults[:_SHOWN_FAULTS]:
        click.echo(f"  left out: {fault}")
    if len(counts.faults) > _SHOWN_FAULTS:
        click.echo(f"  … {len(counts.faults):,} left out in all.")
