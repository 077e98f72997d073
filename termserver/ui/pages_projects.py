"""The list of projects, one project's overview, its members, and the state of jobs."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from termserver.curation import projects
from termserver.curation.publish import published_maps
from termserver.curation.queue import rows_page
from termserver.curation.suggest import queue_suggestions
from termserver.jobs import queue as job_queue
from termserver.model.job import Job
from termserver.model.person import Role
from termserver.model.project import Project
from termserver.security.roles import Permission, may, require
from termserver.ui.catalogue import EXPORT_FORMATS, target_systems
from termserver.ui.edge import Call
from termserver.ui.pages_people import read_role
from termserver.ui.row_filter import QueueFilter


@dataclass(frozen=True, slots=True)
class ProjectEntry:
    """A project in the list, with its latest job."""

    project: Project
    job: Job | None


def project_list(call: Call) -> Response:
    """All projects the person may see, with progress by rows and by frequency."""
    found = projects.list_projects(call.session, call.actor)
    entries = [ProjectEntry(project, _latest_job(call, project)) for project in found]
    return call.render(
        "projects.html",
        entries=entries,
        total_rows=sum(project.progress.rows for project in found),
        open_rows=sum(project.progress.rows - project.progress.decided for project in found),
        next_project=next((one for one in found if one.progress.decided < one.progress.rows), None),
        systems=target_systems(call.session),
        may_upload=may(call.session, call.actor, Permission.UPLOAD),
    )


def project_page(call: Call) -> Response:
    """One project: progress, where to begin, jobs, members, exports, published versions."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    return call.render(
        "project.html",
        project=project,
        bands=_bands(call, project),
        jobs=job_queue.list_jobs(call.session, project.id)[:5],
        members=projects.members(call.session, call.actor, project),
        roles=list(Role),
        export_formats=EXPORT_FORMATS,
        published=published_maps(call.session, call.actor, project),
        may_manage=may(call.session, call.actor, Permission.MANAGE_MEMBERS, on=project),
        may_review=may(call.session, call.actor, Permission.REVIEW, on=project),
        may_cancel=may(call.session, call.actor, Permission.UPLOAD, on=project),
        may_suggest=_may_suggest(call, project),
    )


def set_member(call: Call) -> Response:
    """Give somebody a role in the project."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    projects.set_member(call.session, call.actor, project, call.field("login"), read_role(call.field("role")))
    return call.redirect(f"/projects/{project.slug}")


def suggest_again(call: Call) -> Response:
    """Queue a new run of the engine; decisions are kept."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    queue_suggestions(call.session, call.actor, project)
    return call.redirect(f"/projects/{project.slug}")


def job_state(call: Call) -> Response:
    """The state of a job, as a part of a page."""
    require(call.session, call.actor, Permission.VIEW)
    return _job_part(call, job_queue.get_job(call.session, call.path_number("job")))


def cancel_job(call: Call) -> Response:
    """Cancel a job that is not over."""
    require(call.session, call.actor, Permission.UPLOAD)
    job = job_queue.get_job(call.session, call.path_number("job"))
    job_queue.cancel(call.session, job.id)
    return _job_part(call, job_queue.get_job(call.session, job.id))


def _job_part(call: Call, job: Job) -> Response:
    may_cancel = may(call.session, call.actor, Permission.UPLOAD)
    response = call.render("job.html", job=job, may_cancel=may_cancel)
    if job.is_over and call.is_htmx:
        response.headers["HX-Refresh"] = "true"  # the counters around it changed too
    return response


def _may_suggest(call: Call, project: Project) -> bool:
    job = _latest_job(call, project)
    is_idle = job is None or job.is_over
    return is_idle and bool(project.target_systems) and may(call.session, call.actor, Permission.DECIDE, on=project)


def _latest_job(call: Call, project: Project) -> Job | None:
    return next(iter(job_queue.list_jobs(call.session, project.id)), None)


def _bands(call: Call, project: Project) -> list[tuple[str, str, str, int]]:
    """(name, probability in words, query, number of rows to do) of each band."""
    wanted = (
        ("Likely right", "0.9 and above", QueueFilter(band="high")),
        ("To judge", "0.5 to 0.9", QueueFilter(band="middle")),
        ("Hard", "below 0.5", QueueFilter(band="low")),
        ("Without candidates", "–", QueueFilter(candidates="none")),
        ("Skipped", "any", QueueFilter(status="skipped")),
        ("Sent back by a reviewer", "any", QueueFilter(status="rejected")),
    )
    return [
        (
            name,
            words,
            chosen.query,
            rows_page(call.session, call.actor, project, chosen.row_filter(), limit=1).total,
        )
        for name, words, chosen in wanted
    ]
