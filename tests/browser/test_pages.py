"""Each page for everybody: axe finds nothing in light and dark, nothing scrolls sideways at 320 px, headers are strict."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from termserver.curation import decisions
from termserver.model.concept_map import ConceptMap, MapElement, MapGroup, MapTarget
from termserver.model.decision import ChosenTarget
from termserver.model.project import Project
from termserver.model.relationship import Relationship
from termserver.store.concept_maps import add_concept_map
from termserver.store.engine import Database
from termserver.store.people import find_person
from termserver.store.rows import RowFilter, list_rows
from tests.browser.seed import ICD, LABS, PASSWORD, seed_project

pytestmark = pytest.mark.browser
SignedIn = Callable[..., Page]

PAGES = (
    "projects",
    "project",
    "review",
    "review-two-targets",
    "review-approval",
    "empty",
    "publish",
    "quality",
    "changes",
)
OTHER_PAGES = ("upload", "upload-columns", "people", "account", "docs", "not-found")
CSV = "Kod;Benämning;Antal;Kommentar\r\nA1;Förmaksflimmer;12;\r\nA2;Hjärtsvikt;7;ring 19121212-1212\r\nA1;Dubbel;1;\r\n"


def open_named(name: str, page: Page, database: Database, folder: Path) -> None:
    """Open one of the pages, in a state with something to see."""
    if name.startswith("upload"):
        page.goto("/upload")
        if name == "upload-columns":
            choose_file(page, folder)
            page.get_by_role("button", name="Check the rows").click()
            expect(page.get_by_role("alert").filter(has_text="Possible personal data")).to_be_visible()
        return
    project = seed_project(database, targets=(ICD, LABS) if name == "review-two-targets" else (ICD,), rows=8)
    base = f"/projects/{project.slug}"
    paths = {
        "projects": "/projects",
        "project": base,
        "empty": f"{base}/review?text=nothing-like-this",
        "publish": f"{base}/publish",
        "quality": f"{base}/quality",
        "changes": f"{base}/changes",
        "people": "/people",
        "account": "/account",
        "docs": "/docs/terminologists",
        "not-found": "/projects/no-such-project",
    }
    if name == "changes":
        publish_two_versions(database, project)
    page.goto(paths.get(name, f"{base}/review"))
    if name == "review-approval":
        decide_as_cia(database, project)
        page.goto(f"{base}/review?status=decided")
    if name.startswith("review"):
        expect(page.locator("#row-h")).to_be_visible()
        page.wait_for_load_state("networkidle")


def decide_as_cia(database: Database, project: Project) -> None:
    with database.session(write=True) as session:
        cia = find_person(session, "cia")
        assert cia is not None
        row = list_rows(session, project.id, RowFilter(), limit=1)[0]
        target = ChosenTarget(ICD, "I21.9", "Acute myocardial infarction, unspecified")
        decisions.decide(session, cia, project, row.id, row.version, targets=[target], comment="As in the register.")


def publish_two_versions(database: Database, project: Project) -> None:
    def published(version: str, *codes: str) -> ConceptMap:
        elements = tuple(
            MapElement(f"D{n}", f"Term {n}", (MapTarget(code, Relationship.EQUIVALENT, "A target"),))
            for n, code in enumerate(codes)
        )
        return ConceptMap(
            project.map_url, version, "Map", groups=(MapGroup(project.source_url, ICD, elements=elements),)
        )

    with database.session(write=True) as session:
        add_concept_map(session, published("1", "I10", "I21"))
        add_concept_map(session, published("2", "I10", "I21.9", "I48"))


def choose_file(page: Page, folder: Path) -> None:
    path = folder / "list.csv"
    path.write_text(CSV, encoding="utf-8")
    page.locator("#file").set_input_files(path)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Check the rows")).to_be_visible()


def test_changes_between_versions_are_shown_side_by_side(
    signed_in: SignedIn, served_database: Database, tmp_path: Path
) -> None:
    page = signed_in("bo")
    open_named("changes", page, served_database, tmp_path)
    expect(page.get_by_role("heading", level=1)).to_have_text("Changes from 1 to 2")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("I21.9")
    page.get_by_role("link", name="Added 1").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("added")


def violations(page: Page) -> str:
    report = Axe().run(page)
    return report.generate_report() if report.violations_count else ""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, *OTHER_PAGES])
def test_axe_finds_nothing(
    signed_in: SignedIn, served_database: Database, tmp_path: Path, name: str, theme: str
) -> None:
    page = signed_in("anna", theme=theme)
    open_named(name, page, served_database, tmp_path)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)
    assert violations(page) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_opened_menus_and_dialogs(
    signed_in: SignedIn, served_database: Database, theme: str
) -> None:
    project = seed_project(served_database)
    page = signed_in("anna", theme=theme)
    page.goto(f"/projects/{project.slug}/review")
    page.keyboard.press("e")
    page.locator("#ts").fill("heart")
    expect(page.locator("#found .cand").first).to_be_visible()
    page.locator(".history summary").click()
    expect(page.locator(".events")).to_contain_text("Nothing happened")
    page.locator("#no-map").click()
    assert violations(page) == ""
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.locator("#help")).to_be_visible()
    assert violations(page) == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_before_the_sign_in(chromium: Browser, address: str, theme: str) -> None:
    context = chromium.new_context(base_url=address, color_scheme="dark" if theme == "dark" else "light")
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_label("Login").fill("anna")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="do not fit")).to_be_visible()
    assert violations(page) == ""
    context.close()


@pytest.mark.parametrize("name", [*PAGES, *OTHER_PAGES])
def test_nothing_scrolls_sideways_at_320_px(
    signed_in: SignedIn, served_database: Database, tmp_path: Path, name: str
) -> None:
    page = signed_in("anna", width=320, height=640)
    open_named(name, page, served_database, tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_page_loads_nothing_from_elsewhere_and_breaks_no_policy(
    signed_in: SignedIn, served_database: Database, address: str
) -> None:
    project = seed_project(served_database)
    page = signed_in("anna")
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    response = page.goto(f"/projects/{project.slug}/review")
    page.keyboard.press("1")
    expect(page.locator("#row-h")).to_have_text("Förmaksflimmer")
    assert response is not None
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert "unsafe" not in response.headers["content-security-policy"]
    assert response.headers["x-frame-options"] == "DENY"
    assert said == []
    assert all(url.startswith(address) for url in asked)


def test_the_theme_is_drawn_by_the_server(signed_in: SignedIn) -> None:
    page = signed_in("anna", theme="light")
    page.goto("/projects")
    page.get_by_role("button", name="Dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Light colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_signing_out_ends_the_session(signed_in: SignedIn) -> None:
    page = signed_in("cia")
    page.goto("/projects")
    page.locator("summary", has_text="Cia Holm").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/projects")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_personal_numbers_stop_the_upload_until_the_column_is_left_out(
    signed_in: SignedIn, served_database: Database, tmp_path: Path
) -> None:
    page = signed_in("cia")
    page.goto("/upload")
    choose_file(page, tmp_path)
    assert "19121212-1212" not in page.content()
    page.get_by_label("Meaning of Kommentar").select_option("context")
    page.get_by_label("Canonical URL").fill("https://termserver.example/CodeSystem/upload-blocked")
    page.get_by_role("checkbox", name="ICD-10").check()
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("alert").filter(has_text="Possible personal data")).to_be_visible()
    expect(page.get_by_text("A publisher or administrator may override")).to_be_visible()
    expect(page.get_by_role("button", name="Make the project")).to_be_disabled()
    assert "19121212-1212" not in page.content()
    page.get_by_label("Meaning of Kommentar").select_option("ignore")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("alert").filter(has_text="Possible personal data")).to_be_hidden()
    expect(page.get_by_role("region", name="Problems of rows, table")).to_contain_text("A1")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="List", exact=True)).to_be_visible()


def test_an_administrator_overrides_personal_numbers_with_a_reason(
    signed_in: SignedIn, served_database: Database, tmp_path: Path
) -> None:
    page = signed_in("anna")
    page.goto("/upload")
    choose_file(page, tmp_path)
    page.get_by_label("Meaning of Kommentar").select_option("context")
    page.get_by_label("Canonical URL").fill("https://termserver.example/CodeSystem/upload-override")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name="Make the project").click()
    expect(page.locator("#problem")).to_contain_text("nothing was stored")
    page.get_by_label("Override").fill("Synthetic numbers of the tax agency's test series.")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()


def test_another_encoding_is_read_again_and_keeps_the_columns(
    signed_in: SignedIn, served_database: Database, tmp_path: Path
) -> None:
    page = signed_in("cia")
    page.goto("/upload")
    choose_file(page, tmp_path)
    page.get_by_label("Meaning of Antal").select_option("context")
    page.get_by_label("Encoding").select_option("cp1257")
    expect(page.get_by_label("Meaning of Benämning")).to_have_count(0)
    page.get_by_label("Encoding").select_option("utf-8")
    expect(page.get_by_label("Meaning of Benämning")).to_have_value("term")
    page.get_by_label("Delimiter").select_option("|")
    expect(page.locator("#problem")).to_contain_text("only one column")


def test_people_need_the_administrator(signed_in: SignedIn, address: str) -> None:
    page = signed_in("cia")
    response = page.goto("/people")
    assert response is not None
    assert response.status == 403
    expect(page.get_by_role("alert").filter(has_text="administrator")).to_be_visible()
    assert PASSWORD not in page.content()
