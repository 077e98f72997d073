"""Every URL of the pages, on one page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from termserver.curation.engines import Engines
from termserver.settings import Settings
from termserver.store.engine import Database
from termserver.ui import (
    pages_changes,
    pages_docs,
    pages_people,
    pages_projects,
    pages_publish,
    pages_review,
    pages_sign_in,
    pages_upload,
)
from termserver.ui.edge import Edge, Page, endpoint
from termserver.ui.templating import STATIC_FOLDER


def build_routes(database: Database, settings: Settings, engines: Engines | None = None) -> list[BaseRoute]:
    """The routes of the pages.

    Parameters
    ----------
    engines
        The matching engines of the process, for the search in the target; made here if the caller has none.
    """
    edge = Edge(database, settings, engines or Engines(database, settings))

    def get(path: str, page: Page) -> Route:
        return Route(path, endpoint(edge, page), methods=["GET"])

    def post(path: str, page: Page, *, takes_file: bool = False, writes: bool = True) -> Route:
        return Route(path, endpoint(edge, page, takes_file=takes_file, writes=writes), methods=["POST"])

    project = "/projects/{slug}"
    row = project + "/review/{row:int}"
    return [
        get("/", pages_sign_in.start_page),
        get("/sign-in", pages_sign_in.sign_in_form),
        post("/sign-in", pages_sign_in.sign_in_person),
        post("/sign-out", pages_sign_in.sign_out_person),
        get("/setup", pages_sign_in.setup_form),
        post("/setup", pages_sign_in.create_administrator),
        post("/preferences", pages_sign_in.set_preferences, writes=False),
        get("/account", pages_people.account_page),
        post("/account", pages_people.change_own_password),
        get("/people", pages_people.people_page),
        post("/people", pages_people.create_person),
        post("/people/{login}", pages_people.change_person),
        get("/projects", pages_projects.project_list),
        get(project, pages_projects.project_page),
        post(project + "/members", pages_projects.set_member),
        post(project + "/suggest", pages_projects.suggest_again),
        get("/jobs/{job:int}", pages_projects.job_state),
        post("/jobs/{job:int}/cancel", pages_projects.cancel_job),
        get("/upload", pages_upload.choose_file),
        post("/upload", pages_upload.receive_file, takes_file=True, writes=False),
        get("/upload/{token}", pages_upload.map_columns),
        post("/upload/{token}/preview", pages_upload.map_columns_again, writes=False),
        post("/upload/{token}/check", pages_upload.check_rows, writes=False),
        post("/upload/{token}/store", pages_upload.store_list),
        post("/upload/{token}/discard", pages_upload.discard_file, writes=False),
        get(project + "/review", pages_review.review_page),
        get(project + "/queue", pages_review.queue_part),
        get(project + "/concept", pages_review.concept_part),
        get(project + "/search", pages_review.search_part),
        post(project + "/approve-all", pages_review.approve_filter),
        get(row, pages_review.row_page),
        get(row + "/next", pages_review.next_row),
        get(row + "/previous", pages_review.previous_row),
        get(row + "/neighbours", pages_review.neighbours_part),
        get(row + "/history", pages_review.history_part),
        post(row + "/comment", pages_review.comment_row),
        post(row + "/decide", pages_review.decide_row),
        post(row + "/no-map", pages_review.decide_no_map),
        post(row + "/skip", pages_review.skip_row),
        post(row + "/flag", pages_review.flag_row),
        post(row + "/undo", pages_review.undo_row),
        post(row + "/approve", pages_review.approve_row),
        post(row + "/reject", pages_review.reject_row),
        get(project + "/publish", pages_publish.publish_page),
        post(project + "/publish", pages_publish.publish_version),
        get(project + "/quality", pages_publish.quality_page),
        get(project + "/export/{format}", pages_publish.export_map),
        get(project + "/changes", pages_changes.changes_page),
        Route("/docs", _to_the_guide, methods=["GET"]),
        get("/docs/pictures/{name}", pages_docs.docs_picture),
        get("/docs/{path:path}", pages_docs.docs_page),
        Route("/favicon.ico", _favicon, methods=["GET"]),
        Mount("/static", _StaticFiles(directory=STATIC_FOLDER)),
    ]


class _StaticFiles(StaticFiles):
    """Static files; one asked for with its content hash may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        is_hashed = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if is_hashed else "public, max-age=300"
        )
        return response


async def _to_the_guide(_request: Request) -> Response:
    return RedirectResponse("/docs/terminologists", status_code=303)


async def _favicon(_request: Request) -> Response:
    return FileResponse(STATIC_FOLDER / "favicon.svg", media_type="image/svg+xml")
