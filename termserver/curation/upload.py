"""A local code list becomes a project: list, rows, audit event and job in one transaction, or nothing at all."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from termserver.audit.record import record
from termserver.curation.usagi_decisions import import_usagi_decisions
from termserver.errors import BadInput, NotFound, TooLarge
from termserver.jobs.queue import enqueue
from termserver.loaders.source import LoadedList
from termserver.model.person import Person
from termserver.model.project import Progress, Project
from termserver.model.source_list import RowProblem, SourceRow
from termserver.security.roles import Permission, require
from termserver.settings import Settings
from termserver.store import code_systems, projects
from termserver.store import rows as row_store
from termserver.store.engine import Session

_CHUNK = 1 << 20
_ABANDONED_AFTER_S = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")
_ABSOLUTE_URL = re.compile(r"(https?://|urn:(oid|uuid):)[^\s|]+")


@dataclass(frozen=True, slots=True)
class StagedUpload:
    """A file that waits between its preview and its storing."""

    token: str
    path: Path
    file_name: str
    size_bytes: int


def stage_upload(settings: Settings, file_name: str, stream: BinaryIO) -> StagedUpload:
    """Write an upload to disk, never more than the limit; uploads abandoned for a day are removed.

    Raises
    ------
    TooLarge
        If it has more than `upload_limit_mb`; nothing stays.
    BadInput
        If it is empty.
    """
    _remove_abandoned(settings.uploads_folder())
    token = secrets.token_urlsafe(18)
    folder = settings.uploads_folder() / token
    folder.mkdir(parents=True)
    name = _safe_name(file_name)
    path, limit, size = folder / name, settings.upload_limit_mb * 1_000_000, 0
    try:
        with path.open("wb") as target:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise TooLarge(
                        f"{name} is larger than {settings.upload_limit_mb} MB (setting upload_limit_mb). Split the list, "
                        "or load it on the server with 'termserver load'."
                    )
                target.write(chunk)
        if size == 0:
            raise BadInput(f"{name} is empty.")
    except BaseException:
        _remove(folder)
        raise
    return StagedUpload(token, path, name, size)


def staged_upload(settings: Settings, token: str) -> StagedUpload:
    """The staged file of a token.

    Raises
    ------
    NotFound
        If it was stored or discarded meanwhile.
    """
    folder = settings.uploads_folder() / token
    files = list(folder.iterdir()) if _TOKEN.fullmatch(token) and folder.is_dir() else []
    if not files:
        raise NotFound("This upload is no longer here; choose the file again.")
    return StagedUpload(token, files[0], files[0].name, files[0].stat().st_size)


def discard_upload(settings: Settings, token: str) -> None:
    """Remove a staged file; nothing happens if it is gone already."""
    if _TOKEN.fullmatch(token):
        _remove(settings.uploads_folder() / token)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()


def _remove_abandoned(uploads: Path) -> None:
    """Remove files that somebody chose and never stored: a list is not kept longer than its owner wants it."""
    oldest = time.time() - _ABANDONED_AFTER_S
    for folder in uploads.iterdir() if uploads.is_dir() else ():
        if _TOKEN.fullmatch(folder.name) and folder.stat().st_mtime < oldest:
            _remove(folder)


def _safe_name(file_name: str) -> str:
    name = re.sub(r"[^\w. ()-]+", "_", file_name.replace("\\", "/").rsplit("/", 1)[-1]).strip(". ")
    return name[-120:] or "list"


def create_project(
    session: Session,
    actor: Person | None,
    loaded: LoadedList,
    *,
    title: str,
    source_url: str,
    version: str,
    language: str | None,
    country: str | None,
    target_systems: Sequence[str],
    override_personal_ids_reason: str | None = None,
) -> Project:
    """Store the list as a project and queue the suggestions, in the caller's transaction.

    Parameters
    ----------
    actor
        A mapper or more; None for a command on the server.
    source_url, version
        Canonical URL and version of the local code system.
    target_systems
        Canonical URLs (or aliases) of loaded code systems; empty where rows are only to be searched by hand.
    override_personal_ids_reason
        Why cells that look like personal identity numbers may be stored all the same; needs the role publisher.

    Raises
    ------
    BadInput
        If title, URL or a target cannot be used, the list is empty or holds personal identity numbers.
    """
    if actor is not None:
        require(session, actor, Permission.UPLOAD)
    _check_header(title, source_url, version)
    targets = tuple(dict.fromkeys(_loaded_target(session, url) for url in target_systems))
    rows = list(loaded.rows)
    if not rows:
        raise BadInput(f"{loaded.header.file_name or title}: no row is left to map. {_first_errors(loaded.problems)}")
    _refuse_personal_ids(session, actor, rows, loaded, override_personal_ids_reason)
    project = projects.add_project(
        session,
        title=title.strip(),
        source_url=source_url,
        source_version=version,
        map_url=_map_url(source_url),
        target_systems=targets,
        language=language,
        country=country,
        licence=loaded.header.licence,
        copyright_text=loaded.header.copyright,
        file_name=loaded.header.file_name,
        sha256=loaded.header.sha256,
    )
    count, frequency = row_store.add_rows(session, project.id, _with_language(rows, language))
    projects.add_to_progress(session, project.id, Progress(rows=count, frequency=frequency))
    if loaded.usagi_lines:
        import_usagi_decisions(session, actor, project.id, loaded.usagi_lines)
    if actor is not None:
        projects.set_member_role(session, project.id, actor.id, actor.role)
    if targets:
        enqueue(session, "suggest", project.id, {}, actor)
    record(
        session,
        actor,
        "project.create",
        "project",
        project.slug,
        project_id=project.id,
        file=loaded.header.file_name,
        sha256=loaded.header.sha256,
        rows=count,
        refused=sum(problem.severity == "error" for problem in loaded.problems),
        personal_ids_override=override_personal_ids_reason,
    )
    return projects.read_project(session, project.id)


def _check_header(title: str, source_url: str, version: str) -> None:
    if not title.strip():
        raise BadInput("The list needs a title.", expression="title")
    if not _ABSOLUTE_URL.fullmatch(source_url):
        raise BadInput(
            f"'{source_url[:100]}' is no canonical URL; it begins with https:// or urn:oid: and holds no blank and no |.",
            expression="source_url",
        )
    if not version.strip() or "|" in version or len(version) > 100:
        raise BadInput("The version is empty, holds '|' or is longer than 100 characters.", expression="version")


def _loaded_target(session: Session, url: str) -> str:
    found = code_systems.find_code_system(session, url)
    if found is None:
        raise BadInput(
            f"The target {url} is not loaded. Load it with 'termserver load', or choose another target.",
            expression="target_systems",
        )
    return found.header.url


def _refuse_personal_ids(
    session: Session, actor: Person | None, rows: list[SourceRow], loaded: LoadedList, reason: str | None
) -> None:
    from termserver.loaders.personal_ids import scan_rows

    found = scan_rows(rows)
    loaded.problems.extend(found)
    blocking = [problem for problem in found if problem.severity == "error"]
    if not blocking:
        return
    if reason is None or not reason.strip():
        raise BadInput(
            f"{len(blocking)} cells look like personal identity numbers, so nothing was stored. "
            f"{_first_errors(blocking)} Take them out of the list; a publisher may store it with a reason."
        )
    if actor is not None:
        require(session, actor, Permission.WAIVE_PERSONAL_IDS)


def _first_errors(problems: Sequence[RowProblem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"][:3]
    return " ".join(
        f"Line {problem.line}{f', column {problem.column}' if problem.column else ''}: {problem.message}"
        for problem in errors
    )


def _with_language(rows: list[SourceRow], language: str | None) -> Iterator[SourceRow]:
    from dataclasses import replace

    for row in rows:
        yield row if row.language or not language else replace(row, language=language)


def _map_url(source_url: str) -> str:
    if "/CodeSystem/" in source_url:
        return source_url.replace("/CodeSystem/", "/ConceptMap/", 1)
    return f"{source_url}{':' if source_url.startswith('urn:') else '/'}ConceptMap"
