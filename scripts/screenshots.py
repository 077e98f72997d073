"""Take the pictures of README and guide: start the product on its sample content, work a little, look at each page.

Usage: .venv/bin/python scripts/screenshots.py [--data DIR] [--out DIR]
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from termserver.curation import decisions, projects, publish, quality, queue, review
from termserver.curation.people import reset_password
from termserver.curation.queue import RowFilter
from termserver.model.decision import ChosenTarget, NoMapReason, RowStatus
from termserver.model.person import Person
from termserver.model.project import Project, Row
from termserver.store.engine import Database, Session
from termserver.store.people import find_person

PICTURES = Path(__file__).parents[1] / "termserver" / "docs" / "pictures"
SAMPLES = Path(__file__).parents[1] / "code_systems"
SIZE = {"width": 1440, "height": 900}
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHARES = (0.93, 0.48, 0.71, 0.22, 1.0, 0.35, 0.6, 0.12)
"""Share of the rows that are decided in the first projects, so that the list of projects has something to show."""
SHOWN_ROW = "Akut hjärtinfarkt"


def main() -> None:
    """Prepare, serve, look."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--out", type=Path, default=PICTURES)
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="termserver-pictures-") as temporary:
        data = options.data or Path(temporary) / "data"
        command(data, "demo")
        password = secrets.token_hex(12)
        slug = work_a_little(data, password)
        with serving(data) as address:
            take_pictures(address, slug, password, options.out, Path(temporary))
    print("\n".join(str(path) for path in sorted(options.out.glob("*.png"))))


def command(data: Path, *arguments: str) -> None:
    """A command of the product on the data folder."""
    subprocess.run([sys.executable, "-m", "termserver", *arguments, "--data", str(data)], check=True)


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """`termserver serve` on the folder; yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "termserver", "serve", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"(http://[\d.]+:\d+)/", line):
                yield found.group(1)
                break
    finally:
        process.terminate()
        process.wait()


def work_a_little(data: Path, password: str) -> str:
    """Decide, approve and publish a part of the samples; returns the slug of the project that the pictures show."""
    database = Database(f"sqlite:///{data.absolute() / 'termserver.sqlite3'}")
    with database.session(write=True) as session:
        mapper, publisher = person(session, "mapper"), person(session, "publisher")
        reset_password(session, None, publisher.login, password)
        found = projects.list_projects(session, publisher)
        swedish = next(project for project in found if project.language == "sv" and "Diagnos" in project.title)
        ordered = [swedish, *(project for project in found if project.id != swedish.id)]
        for share, project in zip(SHARES, ordered, strict=False):
            decide_share(session, mapper, project, 0.55 if project is swedish else share)
            approve_share(session, publisher, project, 0.8)
        complete = next(project for share, project in zip(SHARES, ordered, strict=False) if share == 1.0)
        review.approve_many(session, publisher, complete, RowFilter())
        waived = dict.fromkeys(quality.RULES, "Synthetic sample")
        publish.publish(session, publisher, complete, version="2026.1", waived=waived)
        review.approve_many(session, publisher, swedish, RowFilter())
    database.close()
    return swedish.slug


def person(session: Session, login: str) -> Person:
    """The person with this login, who must exist."""
    found = find_person(session, login)
    assert found is not None
    return found


def decide_share(session: Session, actor: Person, project: Project, share: float) -> None:
    """Take the engine's first candidate in the most frequent rows; say "no map" where it has none, flag what is unsure."""
    rows = queue.rows_page(session, actor, project, RowFilter(order="frequency"), limit=200).rows
    for number, short in enumerate(rows[: round(share * len(rows))]):
        if SHOWN_ROW in short.term or (share < 1 and number % 11 == 7) or short.status is not RowStatus.OPEN:
            continue
        row = queue.get_row(session, actor, project, short.id)
        if not row.candidates or row.candidates[0].probability < 0.05:
            reason = NoMapReason.NO_TARGET
            decisions.decide_no_map(session, actor, project, row.id, row.version, reason=reason)
        else:
            decisions.decide(session, actor, project, row.id, row.version, targets=first_targets(row), took_ms=3100)
        if number % 17 == 5:
            flagged = queue.get_row(session, actor, project, short.id)
            decisions.set_flag(session, actor, project, flagged.id, flagged.version, flagged=True)


def first_targets(row: Row) -> list[ChosenTarget]:
    """The best candidate as a decision."""
    best = row.candidates[0]
    return [ChosenTarget(best.system, best.code, best.display, best.relationship)]


def approve_share(session: Session, actor: Person, project: Project, share: float) -> None:
    """Approve a part of what waits for a second person."""
    decided = RowFilter(status=(RowStatus.DECIDED,))
    rows = queue.rows_page(session, actor, project, decided, limit=200).rows
    for row in rows[: round(share * len(rows))]:
        review.approve(session, actor, project, row.id, row.version)


def take_pictures(address: str, slug: str, password: str, out: Path, temporary: Path) -> None:
    """Sign in and photograph each page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        context = browser.new_context(base_url=address, viewport=SIZE, color_scheme="light")
        page = context.new_page()
        sign_in(page, password)
        picture(page, "/projects", out / "projects.png")
        upload(page, temporary)
        page.screenshot(path=out / "upload.png")
        picture(page, f"/projects/{slug}/review?status=all", out / "queue.png")
        open_row(page, slug)
        page.screenshot(path=out / "row.png")
        picture(page, f"/projects/{slug}/publish", out / "publish.png")
        context.add_cookies([{"name": "termserver_theme", "value": "dark", "url": address}])
        open_row(page, slug)
        page.screenshot(path=out / "row-dark.png")
        browser.close()


def sign_in(page: Page, password: str) -> None:
    """Sign in as the publisher."""
    page.goto("/sign-in")
    page.get_by_label("Login").fill("publisher")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/projects")


def picture(page: Page, url: str, path: Path) -> None:
    """One page, once it is quiet."""
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path)


def open_row(page: Page, slug: str) -> None:
    """The review at the row that the pictures show."""
    page.goto(f"/projects/{slug}/review?status=todo")
    page.locator("#qlist a", has_text=SHOWN_ROW).first.click()
    expect(page.locator("#row-h")).to_contain_text(SHOWN_ROW)
    page.wait_for_load_state("networkidle")


def upload(page: Page, temporary: Path) -> None:
    """The columns of a Swedish laboratory list, in the encoding that hospitals still send."""
    path = temporary / "labbkatalog_2026.csv"
    text = (SAMPLES / "sample-se-laboratory" / "list.csv").read_text(encoding="utf-8")
    path.write_bytes(text.encode("cp1252", errors="replace"))
    page.goto("/upload")
    page.locator("#file").set_input_files(path)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Check the rows")).to_be_visible()


if __name__ == "__main__":
    main()
