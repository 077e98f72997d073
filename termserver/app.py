"""The web application: the FHIR edge, the review UI and the embedded worker, put together."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from termserver.settings import Settings
from termserver.store.engine import Database

_log = logging.getLogger(__name__)
_TIDY_FIRST_AFTER_S = 60.0
_TIDY_EACH_S = 6 * 3600.0

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from termserver.terminology.service import Terminology


def create_app(settings: Settings, database: Database) -> ASGIApp:
    """The application of one server process; the database must be up to date (`Database.upgrade`)."""
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response

    from termserver.curation.engines import Engines
    from termserver.rest.hot import HotPath
    from termserver.rest.routes import build_routes as build_rest_routes
    from termserver.terminology.service import Terminology
    from termserver.ui.routes import build_routes as build_ui_routes
    from termserver.worker import Worker

    engines = Engines(database, settings)
    terminology = Terminology(database, settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        worker = Worker(database, settings, engines) if settings.embedded_worker else None
        if worker is not None:
            worker.start()
        ended = threading.Event()
        threading.Thread(target=_tidy_up, args=(terminology, ended), name="tidying", daemon=True).start()
        gc.freeze()  # the program itself stays: looking through it for garbage would stop all requests for 0.1 s
        yield
        gc.unfreeze()
        ended.set()
        if worker is not None:
            worker.stop()
        terminology.close()

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    app = FastAPI(title="termserver", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(build_rest_routes(database, settings, terminology=terminology))
    app.router.add_route("/health", health, methods=["GET"])
    app.router.routes.extend(build_ui_routes(database, settings, engines))
    return HotPath(app, terminology)  # around everything: the one request that comes thousands of times a second


def _tidy_up(terminology: Terminology, ended: threading.Event) -> None:
    """Remove index folders that nobody needs, a while after the start and then every few hours."""
    wait_s = _TIDY_FIRST_AFTER_S
    while not ended.wait(wait_s):
        wait_s = _TIDY_EACH_S
        try:
            terminology.remove_unused_indexes()
        except Exception:  # noqa: BLE001  the database or the disk may be away for a moment; the next round tries again
            _log.exception("unused index folders could not be removed")
