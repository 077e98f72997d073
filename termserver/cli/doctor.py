"""`termserver doctor`: what is there, what is wrong, what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from termserver.cli.opening import data_option, open_database

if TYPE_CHECKING:
    from termserver.settings import Settings
    from termserver.store.engine import Database

_LEAST_FREE_MB = 500


@click.command()
@data_option
def doctor(data: Path | None) -> None:
    """Check settings, database, content, people and matching weights; exit code 1 if something stops the work."""
    settings, database = open_database(data=data)
    stops = False
    for good, text in _findings(settings, database):
        stops |= not good
        click.echo(f"{'ok  ' if good else 'FIX '} {text}")
    sys.exit(1 if stops else 0)


def _findings(settings: Settings, database: Database) -> Iterator[tuple[bool, str]]:
    yield True, f"Database {database.safe_url()}, tables up to date"
    free_mb = shutil.disk_usage(settings.data if settings.data.exists() else Path()).free // 1_000_000
    yield free_mb >= _LEAST_FREE_MB, f"{free_mb:,} MB free in the data folder {settings.data.absolute()}"
    yield from _content(database)
    yield from _weights()
    for setting, name in (("transformer", settings.transformer), ("cross_encoder", settings.cross_encoder)):
        if name is not None:
            yield from _transformer(setting, name)


def _content(database: Database) -> Iterator[tuple[bool, str]]:
    from termserver.curation.fhir_core import FHIRS_OWN
    from termserver.store.code_systems import list_code_systems
    from termserver.store.people import count_people
    from termserver.store.projects import list_projects

    with database.session() as session:
        systems, projects, people = list_code_systems(session), list_projects(session), count_people(session)
    own = [one for one in systems if one.recipe in FHIRS_OWN]
    systems = [one for one in systems if one.recipe not in FHIRS_OWN]
    yield True, f"FHIR's own terminology: {len(own):,} code systems, {sum(one.concept_count for one in own):,} concepts"
    for one in systems:
        yield True, f"{one.header.canonical}: {one.concept_count:,} concepts ({one.header.content})"
    if not systems:
        yield False, "No code system is loaded. Begin with: termserver load icd-10-who"
    yield True, f"{len(projects)} projects"
    if people == 0:
        yield True, "Nobody can sign in yet: the first visit creates the administrator (or: termserver person LOGIN)"
    else:
        yield True, f"{people} people"


def _weights() -> Iterator[tuple[bool, str]]:
    from termserver.errors import MatchingError
    from termserver.matching.engine import MatchingEngine
    from termserver.model.candidate import SourceTerm, Target

    try:
        engine = MatchingEngine.build([Target("http://example.org", "1", "Acute myocardial infarction")])
        engine.suggest([SourceTerm("akut hjärtinfarkt", "sv")])
    except MatchingError as error:
        yield False, f"Matching: {error.message}"
    else:
        yield True, f"Matching: {engine.engine_version}"


def _transformer(setting: str, name: str) -> Iterator[tuple[bool, str]]:
    try:
        import sentence_transformers
    except ImportError:
        yield (
            False,
            f"The setting {setting} names {name}, but the extra is absent: pip install 'termserver[transformers]'",
        )
    else:
        yield True, f"The {setting} {name} (sentence-transformers {sentence_transformers.__version__})"
