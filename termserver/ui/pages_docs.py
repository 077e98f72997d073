"""The guides of `termserver/docs`, as pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import FileResponse, Response

from termserver.errors import NotFound
from termserver.ui.edge import Call

DOCS_FOLDER = Path(__file__).parents[1] / "docs"
_PAGE = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
_PICTURE = re.compile(r"[a-z0-9][a-z0-9_-]*\.png")


def docs_page(call: Call) -> Response:
    """One guide; open to everybody, also before the sign-in."""
    path = call.path_text("path").removesuffix(".md") or "terminologists"
    if _PAGE.fullmatch(path) is None or not (DOCS_FOLDER / f"{path}.md").is_file():
        raise NotFound(f"There is no guide '{path[:80]}'.")
    text = (DOCS_FOLDER / f"{path}.md").read_text(encoding="utf-8")
    return call.render("docs.html", title=_title(text), body=render_markdown(text), pages=_pages(), current=path)


def docs_picture(call: Call) -> Response:
    """A picture of a guide."""
    name = call.path_text("name")
    file = DOCS_FOLDER / "pictures" / name
    if _PICTURE.fullmatch(name) is None or not file.is_file():
        raise NotFound(f"There is no picture '{name[:80]}'.")
    return FileResponse(file, headers={"Cache-Control": "public, max-age=3600"})


def render_markdown(text: str) -> Markup:
    """Markdown as HTML; HTML inside it is shown as text, and links lead to guides of the same server.

    >>> print(render_markdown("a <b> *c*").strip())
    <p>a &lt;b&gt; <em>c</em></p>
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return Markup(parser.render(text))  # noqa: S704  html is off: the parser escapes


@cache
def _pages() -> list[tuple[str, str]]:
    paths = sorted(DOCS_FOLDER.rglob("*.md"))
    named = [(str(path.relative_to(DOCS_FOLDER).with_suffix("")), path) for path in paths]
    return [
        (name, _title(path.read_text(encoding="utf-8"))) for name, path in named if not name.startswith("decisions/")
    ]


def _title(text: str) -> str:
    return next((line.removeprefix("# ").strip() for line in text.splitlines() if line.startswith("# ")), "Guide")
