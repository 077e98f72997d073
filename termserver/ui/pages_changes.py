"""What became different between two published versions of a project's map."""

from __future__ import annotations

from starlette.responses import Response

from termserver.curation import projects
from termserver.curation.publish import published_maps
from termserver.errors import BadInput
from termserver.model.map_changes import ChangeKind, MapChangesRequest
from termserver.store.revision import catalogue_revision
from termserver.terminology.map_changes import changes_between
from termserver.terminology.registry import read_catalogue
from termserver.ui.edge import Call

PAGE = 200
KIND_WORDS = {
    ChangeKind.ADDED: ("added", "ok", "plus"),
    ChangeKind.REMOVED: ("removed", "bad", "cross"),
    ChangeKind.CHANGED: ("changed", "warn", "undo"),
    ChangeKind.RENAMED: ("renamed", "info", "info"),
}
"""Kind of change → word, look, icon."""


def changes_page(call: Call) -> Response:
    """Two versions side by side: by default the newest and the one before it."""
    project = projects.get_project(call.session, call.actor, call.path_text("slug"))
    published = published_maps(call.session, call.actor, project)
    versions = [stored.header.version for stored in published]
    if len(versions) < 2:
        raise BadInput("There are not two published versions to compare yet.")
    new = call.query("to") or versions[0]
    old = call.query("from") or next(version for version in versions if version != new)
    kind = next((item for item in ChangeKind if item.value == call.query("kind")), None)
    offset = int(call.query("offset")) if call.query("offset").isdecimal() else 0
    found = changes_between(
        call.session,
        read_catalogue(call.session, catalogue_revision(call.session)),
        MapChangesRequest(project.map_url, old, new, (kind,) if kind else (), min(offset, 10**9), PAGE),
    )
    listed = found.counts[kind] if kind else sum(found.counts.values())
    return call.render(
        "changes.html",
        project=project,
        versions=versions,
        old=old,
        new=new,
        found=found,
        kind=kind.value if kind else "",
        kinds=KIND_WORDS,
        listed=listed,
        offset=offset,
        following=offset + PAGE if offset + PAGE < listed else None,
        previous=max(0, offset - PAGE) if offset else None,
    )
