"""Quality problems, publishing a version, and the exports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from starlette.responses import HTMLResponse, Response, StreamingResponse

from termserver.curation import projects
from termserver.curation.publish import export_rows, publish, published_maps, working_map
from termserver.curation.quality import RULES, QualityProblem, problems
from termserver.errors import BadInput, Conflict
from termserver.exports.registry import find_format, write_map
from termserver.model.project import Project
from termserver.security.roles import Permission, may
from termserver.store.concept_maps import StoredConceptMap
from termserver.ui.catalogue import EXPORT_FORMATS, published_map
from termserver.ui.edge import Call

_LISTED_PROBLEMS = 500
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class QualityCheck:
    """One rule and what it found."""

    rule: str
    name: str
    severity: str
    found: tuple[QualityProblem, ...]


def publish_page(call: Call) -> Response:
    """What stops the publication, what to waive by name, and what is published."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    return _page(call, project, "", {}, "")


def publish_version(call: Call) -> Response:
    """Publish the approved decisions as a new version; on a fault the form comes back as it was."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    version = call.field("version")
    waived = {rule: reason for rule in RULES if (reason := call.field(f"waive_{rule}"))}
    try:
        publish(call.session, call.actor, project, version=version, waived=waived)
    except (BadInput, Conflict) as error:
        call.session.rollback()
        return _page(call, project, error.message, waived, version, error.http_status)
    return call.redirect(f"/projects/{project.slug}/publish?published=1")


def quality_page(call: Call) -> Response:
    """Every problem, of one rule where the URL names one."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    checks = quality_checks(problems(call.session, call.actor, project))
    rule = call.query("rule") if call.query("rule") in RULES else ""
    found = [problem for check in checks if rule in {"", check.rule} for problem in check.found]
    return call.render(
        "quality.html",
        project=project,
        checks=checks,
        rule=rule,
        rules=RULES,
        found=found[:_LISTED_PROBLEMS],
        found_count=len(found),
    )


def export_map(call: Call) -> Response:
    """The map as a file: the working map, or a published version."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    wanted = find_format(call.path_text("format"))
    version = call.query("version")
    file = _export(call, project, wanted.name, version)
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", f"{project.slug}-{version or 'working'}-{wanted.name}{wanted.suffix}")
    return StreamingResponse(
        _chunks(file), media_type=wanted.media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def quality_checks(found: Sequence[QualityProblem]) -> list[QualityCheck]:
    """The problems by rule: what stops first, then warnings, then what passed."""
    by_rule: dict[str, list[QualityProblem]] = {rule: [] for rule in RULES}
    for problem in found:
        by_rule.setdefault(problem.rule, []).append(problem)
    checks = [
        QualityCheck(
            rule,
            RULES.get(rule, rule),
            "passed" if not its else "error" if any(one.severity == "error" for one in its) else "warning",
            tuple(its),
        )
        for rule, its in by_rule.items()
    ]
    return sorted(checks, key=lambda check: ("error", "warning", "passed").index(check.severity))


def next_version(published: Sequence[StoredConceptMap], year: int) -> str:
    """A version to propose: the year and a running number.

    >>> next_version([], 2026)
    '2026.1'
    """
    used = {stored.header.version for stored in published}
    number = 1
    while f"{year}.{number}" in used:
        number += 1
    return f"{year}.{number}"


def _page(
    call: Call, project: Project, message: str, waived: dict[str, str], version: str, status: int = 200
) -> HTMLResponse:
    published = published_maps(call.session, call.actor, project)
    return call.render(
        "publish.html",
        status,
        project=project,
        checks=quality_checks(problems(call.session, call.actor, project)),
        published=published,
        message=message,
        waived=waived,
        version=version or next_version(published, datetime.now(UTC).year),
        export_formats=EXPORT_FORMATS,
        may_publish=may(call.session, call.actor, Permission.PUBLISH, on=project),
        is_fresh=call.query("published") == "1" and bool(published),
    )


def _export(call: Call, project: Project, format_name: str, version: str) -> BinaryIO:
    """The export, written to a temporary file that is gone once it is closed: large maps never lie whole in memory."""
    if version:
        chunks = write_map(published_map(call.session, project, version), format_name)
    else:
        chunks = write_map(
            working_map(call.session, call.actor, project),
            format_name,
            rows=export_rows(call.session, call.actor, project),
        )
    file = SpooledTemporaryFile(max_size=_CHUNK_BYTES)  # noqa: SIM115  `_chunks` closes it, once it is sent
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    return cast(BinaryIO, file)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
